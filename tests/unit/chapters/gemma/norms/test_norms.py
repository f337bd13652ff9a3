"""The experiment and the explorer of the page "Norms"."""

import numpy as np
import pytest
import torch

from llmbook.chapters.gemma.norms.experiment import (
    FEEDFORWARDS,
    PLACES,
    WIDTH,
    Start,
    gradient_ratios,
    measure_seeds,
    run_place,
    small_decoder,
)
from llmbook.chapters.gemma.norms.explorer import describe, explore_norm_places, gradients
from llmbook.experiments.number_sentences import best_loss
from llmbook.experiments.results import read_result


def matrices(place, start="full"):
    return {name: tensor.detach() for name, tensor in small_decoder(place, 2, 0, start=start).named_parameters()
            if tensor.ndim == 2}


def test_placements_share_their_matrices_and_seeds_differ():
    pre, post, both = (matrices(place) for place in PLACES)
    assert all(torch.equal(pre[name], post[name]) and torch.equal(pre[name], both[name]) for name in pre)
    assert not torch.equal(pre["lm_head.weight"], dict(small_decoder("pre", 2, 1).named_parameters())["lm_head.weight"])


@pytest.mark.parametrize(("name", "full"), [("embed_tokens.weight", 1.0), ("lm_head.weight", WIDTH**-0.5),
                                            ("layers.0.mlp.up_proj.weight", WIDTH**-0.5),
                                            ("layers.0.mlp.down_proj.weight", (2 * WIDTH) ** -0.5)])
def test_sizes_of_the_two_starts(name, full):
    assert float(matrices("pre")[name].std()) == pytest.approx(full, rel=0.1)
    weak = 0.02 if name.startswith("layers") else full
    assert float(matrices("pre", "weak")[name].std()) == pytest.approx(weak, rel=0.1)


def test_the_stream_follows_the_arithmetic_of_the_page():
    """Post-norm keeps the size at one; "both" adds two vectors of size one a block."""
    size = {place: np.mean([each.stream[-1] for each in measure_seeds(place, 8, seeds=2)]) for place in PLACES}
    assert size["post"] == pytest.approx(1.0, abs=1e-3)
    assert size["both"] == pytest.approx((1 + 2 * 8) ** 0.5, rel=0.05)
    assert 1.5 < size["pre"] < size["both"]


def test_gradients_explode_under_post_norm_only_with_a_gate():
    def ratio(**options):
        values = gradients(measure_seeds(layers=16, seeds=2, **options))
        return float((values[:, 0] / values[:, -1]).mean())

    gated = ratio(place="post")
    assert gated > 4
    assert gated > 2 * ratio(place="post", gated=False)
    assert ratio(place="post", start="weak") == pytest.approx(1.0, abs=0.3)


def test_training_is_repeatable_and_learns():
    runs = [run_place("pre", 1, 0, steps=12, learning_rate=1e-2) for _ in range(2)]
    assert runs[0] == runs[1]
    assert runs[0].losses[-1] < runs[0].losses[0] - 0.5
    assert runs[0].excess == pytest.approx(sum(runs[0].losses[2:]) / 10 - best_loss()), "of the last ten steps"
    assert run_place("pre", 1, 1, steps=2, learning_rate=1e-2).losses != runs[0].losses[:2]


def test_warmup_starts_gently():
    plain, warm = (run_place("pre", 1, 0, steps=2, learning_rate=1e-2, warmup=n) for n in (0, 100))
    assert plain.losses[0] == warm.losses[0]
    assert warm.losses[1] > plain.losses[1]


def test_the_stored_runs_are_complete_and_the_first_comes_out_again():
    stored = read_result("norm_places")
    keys = [tuple(row[key] for key in ("place", "layers", "start", "learning_rate", "warmup", "seed"))
            for row in stored["rows"]]
    assert len(set(keys)) == len(keys) == 70
    assert set(stored["settings"]["seeds"]) == {row["seed"] for row in stored["rows"]}
    row = stored["rows"][0]
    run = run_place(row["place"], row["layers"], row["seed"], steps=stored["settings"]["steps"], learning_rate=0.003)
    assert run.excess == pytest.approx(row["excess_loss"], abs=0.02)


def test_ratios_of_gradients_are_those_of_the_blocks():
    """The same model by ``measure_seeds``; without the gate another number comes out."""
    measured = measure_seeds("post", 3, seeds=1)[0].gradient
    found = gradient_ratios("post", 3, 0, "GeGLU")
    assert found["matrices"] == pytest.approx(measured[0] / measured[-1])
    assert found["down"] != pytest.approx(found["matrices"], rel=1e-3)
    assert gradient_ratios("post", 3, 0, "ReLU")["matrices"] != pytest.approx(found["matrices"], rel=1e-3)


def test_the_stored_gradients_are_complete_and_say_what_the_page_says():
    stored = read_result("norm_gradients")
    seeds = stored["settings"]["seeds"]
    rows = {(row["place"], row["feedforward"], row["seed"]): row for row in stored["rows"]}
    assert set(rows) == {(p, f, s) for p in PLACES for f in FEEDFORWARDS for s in seeds} and len(seeds) == 20
    assert len(rows) == len(stored["rows"])
    first = stored["rows"][0]
    again = gradient_ratios(first["place"], stored["settings"]["layers"], first["seed"], first["feedforward"])
    assert again["matrices"] == pytest.approx(first["first_over_last_matrices"], rel=1e-2)
    for what in ("matrices", "down"):  # the second is the matrix that the cited paper looks at
        mean = {(p, f): np.exp(np.mean([np.log(rows[p, f, s][f"first_over_last_{what}"]) for s in seeds]))
                for p in PLACES for f in FEEDFORWARDS}
        assert mean["post", "ReLU"] < 0.6 < 10 < mean["post", "GeGLU"]
        assert all(mean[p, "ReLU"] > 2.5 and mean[p, "GeGLU"] > 1.5 * mean[p, "GELU"] for p in ("pre", "both"))


def test_the_explorer_measures_once_and_says_what_it_shows():
    calls = []

    def measure(place, layers, *, start):
        calls.append((place, layers, start))
        grows = np.linspace(2.0 if place == "post" else 1.0, 1.0, layers)
        return [Start([1.0], [1.0], list(grows * (seed + 1))) for seed in range(5)]

    explorer = explore_norm_places(measure)
    _, sentence = explorer.draw(layers=8, place="post", start="full")
    assert calls == [(place, 8, "full") for place in PLACES]
    assert "8 blocks, post-norm" in sentence
    assert "2 times" in sentence
    assert explorer.draw(layers=8, place="pre", start="full")[1] != sentence
    assert describe(8, "post", "full", np.ones((5, 8))) != sentence
