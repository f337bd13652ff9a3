"""The experiment and the explorer of the page "The scaled embedding"."""

import math

import pytest
import torch

from llmbook.chapters.gemma.embedding.experiment import BATCH, WIDTH, run_factor, small_decoder
from llmbook.chapters.gemma.embedding.explorer import (
    DTYPES,
    FACTORS,
    SCHEMES,
    entry_std,
    explore_embedding_scale,
    sizes,
    verdict,
)
from llmbook.experiments.number_sentences import best_loss
from llmbook.experiments.results import read_result

IDS = torch.tensor([[0, 1, 2, 3]])


def test_models_with_and_without_the_factor_share_every_weight():
    with_factor, without = (dict(small_decoder(0, scaled=scaled, tied=True).named_parameters())
                            for scaled in (True, False))
    assert all(torch.equal(with_factor[name], without[name]) for name in with_factor)
    assert "lm_head.weight" not in with_factor
    assert "lm_head.weight" in dict(small_decoder(0, scaled=True, tied=False).named_parameters())


def test_the_factor_changes_what_enters_the_stream_and_nothing_else():
    scaled, plain = (small_decoder(0, scaled=scaled, tied=True).embed_tokens(IDS) for scaled in (True, False))
    assert torch.allclose(scaled, plain * math.sqrt(WIDTH))
    assert not torch.allclose(scaled, plain)


def test_changes_reach_the_config():
    assert len(small_decoder(0, scaled=True, tied=True, layers=3).layers) == 3


def test_training_is_repeatable_and_learns():
    runs = [run_factor(0, steps=12, learning_rate=1e-2, scaled=True, tied=True) for _ in range(2)]
    assert runs[0] == runs[1]
    assert runs[0].losses[-1] < runs[0].losses[0] - 0.5
    assert runs[0].excess == pytest.approx(sum(runs[0].losses[2:]) / 10 - best_loss()), "of the last ten steps"
    assert run_factor(0, steps=1, learning_rate=1e-2, scaled=False, tied=True).losses[0] != runs[0].losses[0]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_predicted_sizes_are_those_of_drawn_tables(scheme):
    width, generator = 512, torch.Generator().manual_seed(0)
    std = entry_std(scheme, width)
    if scheme == "linear":
        table = torch.nn.Linear(width, 400, bias=False).weight.detach()
    elif scheme == "normal":
        table = torch.nn.Embedding(400, width).weight.detach()
    else:
        table = torch.randn(400, width, generator=generator) * std
    final = torch.nn.functional.rms_norm(torch.randn(300, width, generator=generator), (width,))
    found = sizes(scheme, width, "sqrt", "float32")
    assert float(table.std()) == pytest.approx(found["stored entry"], rel=0.02)
    assert float((table * math.sqrt(width)).std()) == pytest.approx(found["entry in the stream"], rel=0.02)
    assert float((final @ table.T).std()) == pytest.approx(found["logit, if tied"], rel=0.05)


def test_the_factor_is_rounded_in_bfloat16_only():
    stream = {dtype: sizes("normal", 3072, "sqrt", dtype)["entry in the stream"] for dtype in DTYPES}
    assert stream["bfloat16"] == 55.5
    assert stream["float32"] == pytest.approx(math.sqrt(3072), rel=1e-6)
    assert sizes("normal", 3072, "none", "bfloat16")["entry in the stream"] == 1.0


@pytest.mark.parametrize(("entry", "logit", "words"), [
    (1.0, 1.0, "Both ends"), (1.0, 55.0, "Only the stream is"), (0.02, 1.0, "Only the logits are"),
    (55.0, 55.0, "Neither"),
])  # fmt: skip
def test_the_verdict(entry, logit, words):
    assert verdict(entry, logit).startswith(words)


def test_only_one_start_with_the_factor_fits_both_ends_at_every_width():
    fits = {(scheme, factor) for scheme in SCHEMES for factor in FACTORS
            if all(verdict(values["entry in the stream"], values["logit, if tied"]).startswith("Both")
                   for width in (256, 1024, 8192) for values in [sizes(scheme, width, factor, "float32")])}
    assert fits == {("fan_in", "sqrt"), ("linear", "sqrt")}


def test_every_control_changes_the_picture_and_the_sentence():
    explorer = explore_embedding_scale()
    start = explorer.frame(**explorer.defaults)
    for key, control in explorer.controls.items():
        other = next(value for value in control.drawn if value != control.default)
        frame = explorer.frame(**(explorer.defaults | {key: other}))
        assert frame.svg != start.svg, key
        assert frame.sentence != start.sentence, key


# --- the stored seeds ----------------------------------------------------------------------------------------------

STORED = read_result("embedding_factor")
ARMS = {
    "1/√D, factor": {"tied": True, "scaled": True},
    "1/√D, no factor": {"tied": True, "scaled": False},
    "size 1, no factor": {"tied": True, "scaled": False, "embedding_std": 1.0},
    "untied, 1/√D, factor": {"tied": False, "scaled": True},
    "untied, size 1, no factor": {"tied": False, "scaled": False, "embedding_std": 1.0},
}


def first_loss(row, arm):
    """The loss before the first step, made again."""
    rate = STORED["settings"]["learning_rate"]
    return run_factor(row["seed"], steps=1, learning_rate=rate, **ARMS[arm]).losses[0]


def test_the_stored_seeds_are_complete():
    assert {(row["arm"], row["seed"]) for row in STORED["rows"]} == {
        (arm, seed) for arm in ARMS for seed in STORED["settings"]["seeds"]}
    assert len(STORED["rows"]) == 100
    assert (STORED["settings"]["width"], STORED["settings"]["batch"]) == (WIDTH, BATCH)


@pytest.mark.parametrize("place", [0, 25, 59, 99])
def test_a_stored_run_starts_as_a_new_one_and_not_as_one_of_another_arm(place):
    row = STORED["rows"][place]
    assert first_loss(row, row["arm"]) == pytest.approx(row["first_loss"], abs=0.01)
    for other in ARMS:  # untied, two of them start from nearly the same loss
        if other != row["arm"] and not (other.startswith("untied") and row["arm"].startswith("untied")):
            assert abs(first_loss(row, other) - row["first_loss"]) > 0.1
