"""Fused gate and up matrices: the order is part of the format, and the wrong one is silent."""

import pytest
import torch
from torch.nn import functional as F

from llmbook.debug import randomize_, relative_difference
from llmbook.layers.feedforward import GatedFeedForward
from llmbook.layers.fused import ORDERS, join_fused, split_fused
from llmbook.models import Decoder, initialize_, olmo

WIDTH, HIDDEN = 6, 10


def make_layer(seed=0):
    return randomize_(GatedFeedForward(WIDTH, HIDDEN, "silu"), seed).requires_grad_(False)


def olmo_forward(x, fused, down):
    """OLMo's own arithmetic: the second half of the product goes through SiLU."""
    up, gate = F.linear(x, fused).chunk(2, dim=-1)
    return F.linear(F.silu(gate) * up, down)


def inputs():
    return torch.randn(3, WIDTH, generator=torch.Generator().manual_seed(1))


def loaded(fused, down, order):
    layer = GatedFeedForward(WIDTH, HIDDEN, "silu").requires_grad_(False)
    gate, up = split_fused(fused, order)
    layer.load_state_dict({"gate_proj.weight": gate, "up_proj.weight": up, "down_proj.weight": down})
    return layer


def test_a_matrix_of_olmo_gives_olmos_numbers():
    generator = torch.Generator().manual_seed(2)
    fused, down = (torch.randn(*shape, generator=generator) for shape in ((2 * HIDDEN, WIDTH), (WIDTH, HIDDEN)))
    expected = olmo_forward(inputs(), fused, down)
    assert relative_difference(loaded(fused, down, "up_gate")(inputs()), expected) < 1e-5
    assert relative_difference(loaded(fused, down, "gate_up")(inputs()), expected) > 0.1, "the twin: Llama's habit"


@pytest.mark.parametrize("order", ORDERS)
def test_joined_and_split_again(order):
    layer = make_layer()
    fused = join_fused(layer.gate_proj.weight, layer.up_proj.weight, order)
    assert fused.shape == (2 * HIDDEN, WIDTH)
    gate, up = split_fused(fused, order)
    assert torch.equal(gate, layer.gate_proj.weight)
    assert torch.equal(up, layer.up_proj.weight)
    other = next(each for each in ORDERS if each != order)
    assert torch.equal(split_fused(fused, other)[0], layer.up_proj.weight), "the twin: the other order exchanges them"


def swap(model):
    for block in model.layers:
        fused = join_fused(block.mlp.gate_proj.weight, block.mlp.up_proj.weight, "gate_up")
        gate, up = split_fused(fused, "up_gate")
        block.mlp.load_state_dict(block.mlp.state_dict() | {"gate_proj.weight": gate, "up_proj.weight": up})
    return model


@pytest.mark.parametrize(("init", "low", "high"), [("quiet", 1e-4, 0.1), ("loud", 0.3, 5.0)])
def test_the_wrong_order_is_loud_only_with_loud_weights(init, low, high):
    """SiLU is x/2 near zero, so small branches can be exchanged almost without a trace."""
    config, ids = olmo.tiny(), torch.arange(24).view(2, 12)
    model = Decoder(config).requires_grad_(False)
    if init == "loud":
        randomize_(model, 0)
    else:
        initialize_(model, torch.Generator().manual_seed(0))
    right = model(ids)
    assert low < relative_difference(swap(model)(ids), right) < high
    assert relative_difference(swap(model)(ids), right) == 0, "exchanged twice, they are right again"


def test_what_cannot_be_split_is_refused():
    with pytest.raises(ValueError, match="up_gate, gate_up"):
        split_fused(torch.zeros(4, 2), "up")
    with pytest.raises(ValueError, match="even number of rows"):
        split_fused(torch.zeros(5, 2), "up_gate")
    with pytest.raises(ValueError, match="one shape"):
        join_fused(torch.zeros(2, 2), torch.zeros(3, 2), "up_gate")
