"""Feed-forward layers equal their formulas; the 2/3 rule matches parameter counts."""

import pytest
import torch

from llmbook.layers.activation import ACTIVATIONS
from llmbook.layers.feedforward import FeedForward, GatedFeedForward, matched_width


def count(module: torch.nn.Module) -> int:
    return sum(tensor.numel() for tensor in module.parameters())


def make(kind, name: str, bias: bool = False):
    torch.manual_seed(1)
    return kind(6, 10, name, bias).requires_grad_(False), torch.randn(2, 3, 6)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("bias", [False, True])
def test_gated_formula(name, bias):
    layer, x = make(GatedFeedForward, name, bias)
    gate, up, down = (project.weight.T for project in (layer.gate_proj, layer.up_proj, layer.down_proj))
    b_gate, b_up, b_down = ((p.bias if bias else 0.0) for p in (layer.gate_proj, layer.up_proj, layer.down_proj))
    act = ACTIVATIONS[name]
    expected = (act(x @ gate + b_gate) * (x @ up + b_up)) @ down + b_down
    torch.testing.assert_close(layer(x), expected, rtol=1e-5, atol=1e-6)
    swapped = ((x @ gate + b_gate) * act(x @ up + b_up)) @ down + b_down
    same = torch.allclose(layer(x), swapped, rtol=1e-3, atol=1e-4)
    assert same == (name == "identity"), "only the gate goes through the activation"


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("bias", [False, True])
def test_plain_formula(name, bias):
    layer, x = make(FeedForward, name, bias)
    b_up, b_down = ((p.bias if bias else 0.0) for p in (layer.up_proj, layer.down_proj))
    expected = ACTIVATIONS[name](x @ layer.up_proj.weight.T + b_up) @ layer.down_proj.weight.T + b_down
    torch.testing.assert_close(layer(x), expected, rtol=1e-5, atol=1e-6)
    other = ACTIVATIONS["relu" if name != "relu" else "silu"](x @ layer.up_proj.weight.T + b_up)
    assert not torch.allclose(layer(x), other @ layer.down_proj.weight.T + b_down, atol=1e-3)


def test_each_position_stands_alone():
    layer, x = make(GatedFeedForward, "gelu_tanh")
    changed = x.clone()
    changed[:, 1] += 1
    same = (layer(changed) == layer(x)).all(-1)
    assert same.tolist() == [[True, False, True]] * 2


def test_two_or_three_matrices():
    assert count(FeedForward(6, 10, "relu")) == 2 * 60 and count(FeedForward(6, 10, "relu", bias=True)) == 2 * 60 + 16
    assert count(GatedFeedForward(6, 10, "silu")) == 3 * 60
    assert count(GatedFeedForward(6, 10, "silu", bias=True)) == 3 * 60 + 26


@pytest.mark.parametrize("hidden", [3, 48, 512, 1000, 3072, 4 * 4096])
def test_matched_width(hidden):
    """Three matrices of the matched width hold what two of the full one hold, up to one row of three matrices."""
    width = 16
    plain = count(FeedForward(width, hidden, "relu"))
    gated = count(GatedFeedForward(width, matched_width(hidden), "silu"))
    assert abs(gated - plain) <= 1.5 * width
    assert abs(count(GatedFeedForward(width, hidden, "silu")) - plain) > 1.5 * width


def test_matched_width_of_the_papers():
    """Shazeer 2020: 3072 becomes 2048. Llama: 4 * 4096 becomes 10923, then padded to 11008 by the model."""
    assert matched_width(3072) == 2048 and matched_width(4 * 4096) == 10_923


def test_unknown_activation():
    for kind in (FeedForward, GatedFeedForward):
        with pytest.raises(ValueError, match="unknown activation"):
            kind(6, 10, "swiglu")
