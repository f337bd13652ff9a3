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
