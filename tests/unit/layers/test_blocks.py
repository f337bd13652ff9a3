"""A linear map in blocks: what each format holds, worked by hand; and a layer that keeps its bytes whatever is cast."""

import copy

import pytest
import torch
from tiny_decoders import seeded
from torch import nn
from torch.nn import functional as F

from llmbook.layers.block_linear import BlockLinear
from llmbook.layers.blocks import FORMATS, Blocks, dequantize
from llmbook.layers.quantized_linear import dequantize_linears_


def half(number):
    """A float16 as two bytes."""
    return torch.tensor([number], dtype=torch.float16).view(torch.uint8).tolist()


def read(name, *parts):
    """One block from lists of bytes."""
    raw = torch.tensor([[byte for part in parts for byte in part]], dtype=torch.uint8)
    assert raw.shape[1] == FORMATS[name].size
    return dequantize(raw, FORMATS[name])[0]


COUNTING = [low | (15 - low) << 4 for low in range(16)]  # lower halves 0 to 15, upper ones 15 to 0
CODES = torch.tensor([*range(16), *range(15, -1, -1)], dtype=torch.float32)
FIFTH = [0b10000001, 0, 0, 0b10000000]  # of weights 0, 7 and 31
WITH_FIFTH = CODES + 16 * torch.tensor([float(place in (0, 7, 31)) for place in range(32)])


def test_blocks_worked_by_hand():
    signed = [*range(16), *range(240, 256)]  # 0 to 15, then -16 to -1
    assert torch.equal(read("Q8_0", half(0.5), signed), torch.tensor([*range(16), *range(-16, 0)]) * 0.5)
    assert torch.equal(read("Q4_0", half(-2.0), COUNTING), (CODES - 8) * -2)
    assert torch.equal(read("Q4_1", half(0.25), half(-3.0), COUNTING), CODES * 0.25 - 3)
    assert torch.equal(read("Q5_0", half(0.5), FIFTH, COUNTING), (WITH_FIFTH - 16) * 0.5)
    assert torch.equal(read("Q5_1", half(0.5), half(1.0), FIFTH, COUNTING), WITH_FIFTH * 0.5 + 1)
    assert torch.equal(read("BF16", torch.tensor([-1.5]).bfloat16().view(torch.uint8).tolist()), torch.tensor([-1.5]))


def test_blocks_of_256_worked_by_hand():
    """Scales 1 to 8 and minima 8 to 1, of which the last four are spread over two bytes; one has upper bits too."""
    scales, minima = [1, 2, 3, 4, 5, 6, 7, 8 + 32], [8, 7, 6, 5, 4, 3, 2, 1 + 48]
    packed = [scales[place] | scales[4 + place] >> 4 << 6 for place in range(4)]
    packed += [minima[place] | minima[4 + place] >> 4 << 6 for place in range(4)]
    packed += [scales[4 + place] & 15 | (minima[4 + place] & 15) << 4 for place in range(4)]
    wanted = torch.tensor(scales) * 0.5 * torch.tensor([3.0, 9.0] * 4) - torch.tensor(minima) * 0.25
    found = read("Q4_K", half(0.5), half(0.25), packed, [3 | 9 << 4] * 128).view(8, 32)
    assert torch.equal(found, wanted[:, None].expand(8, 32))
    upper = [0b11100100] * 64  # 0, 1, 2, 3 for the four quarters of a half
    found = read("Q6_K", [1 | 2 << 4] * 128, upper, [*range(8), *range(248, 256)], half(2.0)).view(16, 16)
    code = torch.tensor([1, 1, 17, 17, 34, 34, 50, 50] * 2) - 32.0
    code[2:4], code[4:6] = 1 + 16 - 32, 2 + 32 - 32
    assert torch.equal(found[:, 0], 2 * torch.tensor([*range(8), *range(-8, 0)]) * code)


@pytest.fixture
def layer():
    """A layer of Q4_1 blocks with a bias."""
    raw = torch.randint(0, 256, (8, 2 * 20), dtype=torch.uint8, generator=seeded())
    for block in (0, 20):
        raw[:, block : block + 4] = torch.tensor(half(0.25) + half(-1.5), dtype=torch.uint8)
    return BlockLinear(Blocks(raw, FORMATS["Q4_1"]), torch.arange(8.0))


def test_it_is_the_linear_map_of_its_weight(layer):
    x = torch.randn(3, 64, generator=seeded(), requires_grad=True)
    plain = nn.Linear(64, 8)
    plain.weight, plain.bias = nn.Parameter(layer.weight), nn.Parameter(torch.arange(8.0))
    torch.testing.assert_close(layer(x), plain(x))
    found, wanted = (torch.autograd.grad(each(x).square().sum(), x)[0] for each in (layer, plain))
    torch.testing.assert_close(found, wanted)
    assert layer.weight.shape == (8, 64) == (layer.out_features, layer.in_features) and "Q4_1" in repr(layer)
    assert not any(tensor.requires_grad for tensor in layer.parameters())
    assert layer.stored().bits_per_weight() == 5.0


def test_a_cast_leaves_the_bytes(layer):
    before, weight = layer.codes.clone(), layer.weight
    low = copy.deepcopy(layer).bfloat16()
    assert low.weight.dtype == low.bias.dtype == torch.bfloat16 and torch.equal(low.codes, before)
    assert torch.equal(low.float().weight, weight)
    other = BlockLinear(Blocks(torch.zeros_like(before), FORMATS["Q4_1"]), torch.zeros(8))
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other.weight, weight)


def test_it_becomes_a_plain_layer(layer):
    model = dequantize_linears_(nn.Sequential(layer))
    assert type(model[0]) is nn.Linear and torch.equal(model[0].weight, layer.weight)
    x = torch.ones(1, 64)
    torch.testing.assert_close(model(x), F.linear(x, layer.weight, layer.bias))
