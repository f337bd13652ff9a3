"""OLMo 1's "mitchell" initialization against its formula, written out here a second time; and plain 0.02."""

import math
from dataclasses import replace

import pytest
import torch
from tiny_decoders import seeded

from llmbook.models import Decoder, initialization, initialize_, initialize_mitchell_, olmo

CONFIG = replace(
    olmo.tiny(), width=96, layers=3, heads=4, kv_heads=4, head_size=24, feedforward_width=200, vocab_size=300
)
CUT = math.sqrt(1 - 6 * math.exp(-4.5) / math.sqrt(2 * math.pi) / math.erf(3 / math.sqrt(2)))
"""The standard deviation of a normal distribution cut at three of its own: 0.9866."""


def expected_stds() -> dict[str, float]:
    """The table of olmo/model.py with D = 96 and F = 200, without looking at shapes."""
    table = {"embed_tokens.weight": 96**-0.5, "lm_head.weight": 96**-0.5}
    for layer in range(3):
        reads = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "mlp.gate_proj", "mlp.up_proj")
        table |= {f"layers.{layer}.{name}.weight": 96**-0.5 for name in reads}
        table[f"layers.{layer}.self_attn.o_proj.weight"] = 1 / math.sqrt(2 * 96 * (layer + 1))
        table[f"layers.{layer}.mlp.down_proj.weight"] = 1 / math.sqrt(2 * 200 * (layer + 1))
    return table


def wrong_matrices(model: Decoder) -> list[str]:
    """Matrices whose measured standard deviation, or whose largest number, is not the formula's."""
    wrong = []
    for name, std in expected_stds().items():
        matrix = model.get_parameter(name).detach()
        within = 5 / math.sqrt(2 * matrix.numel())  # five standard errors
        measured = float(matrix.std()) / (std * CUT)
        largest = float(matrix.abs().max()) / std
        if abs(measured - 1) > within or not 2.8 < largest <= 3.0001 or abs(float(matrix.mean())) > std * within * 2:
            wrong.append(name)
    return wrong


def test_every_matrix_has_the_spread_of_the_formula():
    model = initialize_mitchell_(Decoder(CONFIG), seeded())
    assert set(expected_stds()) == {name for name, _ in model.named_parameters()}
    assert wrong_matrices(model) == []


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("plain 0.02", 23),
        ("not cut", 23),
        ("no depth", 6),
        ("depth of the last layer everywhere", 4),
        ("layers counted from 0", 4),
        ("outputs for inputs", 3 * 3 + 2),
    ],
)
def test_fault(fault, found, monkeypatch):
    right = initialization.mitchell_std

    def depth(name, matrix, factor):
        return (matrix.shape[1] * factor) ** -0.5 if "o_proj" in name or "down_proj" in name else right(name, matrix)

    faults = {
        "no depth": lambda name, matrix: depth(name, matrix, 1),
        "depth of the last layer everywhere": lambda name, matrix: depth(name, matrix, 6),
        "layers counted from 0": lambda name, matrix: depth(name, matrix, 2 * max(1, int((name + ".0").split(".")[1]))
                                                            if "layers" in name else 1),
        "outputs for inputs": lambda name, matrix: right(name, matrix.T),
    }  # fmt: skip
    if fault == "plain 0.02":
        model = initialize_(Decoder(CONFIG), seeded())
    elif fault == "not cut":
        monkeypatch.setattr(initialization, "CUTOFF", 50.0)
        model = initialize_mitchell_(Decoder(CONFIG), seeded())
    else:
        monkeypatch.setattr(initialization, "mitchell_std", faults[fault])
        model = initialize_mitchell_(Decoder(CONFIG), seeded())
    assert len(wrong_matrices(model)) == found


def test_norms_and_biases_start_neutral_and_a_seed_repeats():
    config = replace(CONFIG, norm="layer", bias=True)
    model = initialize_mitchell_(Decoder(config), seeded())
    for name, tensor in model.named_parameters():
        if tensor.ndim == 1:
            assert (tensor == float("norm.weight" in name)).all(), name
    again, other = (initialize_mitchell_(Decoder(config), seeded(seed)) for seed in (0, 1))
    assert torch.equal(model.lm_head.weight, again.lm_head.weight)
    assert not torch.equal(model.lm_head.weight, other.lm_head.weight)


def test_a_tied_model_draws_its_matrix_once():
    model = initialize_mitchell_(Decoder(replace(CONFIG, tie_embeddings=True)), seeded())
    assert model.lm_head is None
    assert float(model.embed_tokens.weight.std()) == pytest.approx(96**-0.5 * CUT, rel=0.03)


def test_the_stream_grows_slowly_with_depth():
    """What the depth is for: twice as many layers add a constant, not a factor of the square root of two."""

    def stream(start, layers):
        model = start(Decoder(replace(CONFIG, layers=layers, norm="layer_free")), seeded())
        model.norm = torch.nn.Identity()
        ids = torch.randint(300, (2, 32), generator=seeded(1))
        with torch.no_grad():
            return float(model.hidden_states(ids).square().mean().sqrt())

    def plain(model, generator):
        return initialize_(model, generator, std=96**-0.5)

    assert stream(initialize_mitchell_, 32) / stream(initialize_mitchell_, 8) < 1.35
    assert stream(plain, 32) / stream(plain, 8) > 1.7


def test_the_starts_of_the_experiment_differ_in_what_their_names_say():
    from llmbook.chapters.olmo.architecture.experiment import STARTS

    models = {name: start(Decoder(CONFIG), seeded()) for name, start in STARTS.items()}
    stds = {
        name: [model.get_parameter(f"layers.2.{part}.weight").std().item() for part in ("mlp.up_proj", "mlp.down_proj")]
        for name, model in models.items()
    }
    expected = {
        "mitchell": (96**-0.5 * CUT, 1200**-0.5 * CUT),
        "fan-in, no depth": (96**-0.5 * CUT, 200**-0.5 * CUT),
        "0.02, as at width 4,096": (1.28 / 96**0.5, 1.28 / 96**0.5),
        "0.02": (0.02, 0.02),
    }
    assert stds.keys() == expected.keys()
    for name, pair in stds.items():
        assert pair == pytest.approx(expected[name], rel=0.03), name


def test_the_stored_runs_are_those_that_the_experiment_describes():
    from llmbook.chapters.olmo.architecture.experiment import LAYERS, SEEDS, STARTS, STEPS
    from llmbook.experiments.results import read_result

    stored = read_result("initialization_runs")
    assert stored["settings"] == {"layers": LAYERS, "steps": STEPS, "seeds": list(SEEDS)}
    assert {(row["start"], row["seed"]) for row in stored["rows"]} == {(s, n) for s in STARTS for n in SEEDS}
    assert len(stored["rows"]) == len(STARTS) * len(SEEDS)


def test_the_stream_is_measured_before_and_after_each_block():
    from llmbook.chapters.olmo.architecture.experiment import STARTS, stream_sizes

    ids = torch.randint(300, (2, 8), generator=seeded(1))
    sizes = stream_sizes("mitchell", CONFIG, ids, 0)
    model = STARTS["mitchell"](Decoder(CONFIG), seeded())
    model.norm = torch.nn.Identity()
    with torch.no_grad():
        last, first = model.hidden_states(ids), model.embed_tokens(ids)
    assert len(sizes) == 4
    assert sizes[0] == pytest.approx(float(first.square().mean().sqrt()))
    assert sizes[-1] == pytest.approx(float(last.square().mean().sqrt()), rel=1e-5)


def test_the_figures_show_the_numbers():
    import numpy as np

    from llmbook.chapters.olmo.architecture.plots import plot_stream_growth
    from llmbook.metrics.intervals import mean_interval
    from llmbook.plots.training import plot_intervals

    curves = {"one": np.array([[1.0, 2.0, 4.0], [1.0, 3.0, 4.0]]), "two": np.ones((2, 3))}
    ax = plot_stream_growth(curves).axes[0]
    assert [list(line.get_ydata()) for line in ax.lines] == [[1.0, 2.5, 4.0], [1.0, 1.0, 1.0]]
    assert {text.get_text() for text in ax.texts} == {"one", "two"} and ax.get_yscale() == "log"

    points = {"late": np.array([0.1, 0.2, 0.3])}
    found = {name: mean_interval(values) for name, values in points.items()}
    ax = plot_intervals(found, points=points, xlabel="nats").axes[0]
    null, *drawn = [list(line.get_xdata()) for line in ax.lines]
    assert null == [0.0, 0.0]
    assert drawn[1] == [found["late"].low, found["late"].high] and drawn[0] == [0.1, 0.2, 0.3]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["late"]
