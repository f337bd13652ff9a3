"""Quantization: the levels, the blocks, the bits, the linear map that keeps nothing, and adapters on top of it."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from llmbook.accounting.meter import kept_tensors, storage_bytes
from llmbook.adapters import adapter_layers, inject, merge
from llmbook.adapters.files import load_adapter, save_adapter
from llmbook.debug import relative_difference
from llmbook.layers.quantization import (
    integer_levels,
    normal_levels,
    pack,
    quantize,
    quantize_scales,
    stored_bits,
    unpack,
)
from llmbook.layers.quantized_linear import QuantizedLinear, dequantize_linears_, quantize_linears_
from llmbook.models import Decoder, initialize_, llama
from llmbook.training.loop import next_token_loss, train

BITSANDBYTES = [  # the sixteen levels that bitsandbytes stores for "nf4"
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]  # fmt: skip
EVERY = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def error(weight, levels, **options):
    return ((quantize(weight, levels, **options).read() - weight).square().mean() / weight.square().mean()).sqrt()


# --- levels ------------------------------------------------------------------------------------------------------

def test_normal_levels_are_those_of_the_library():
    assert (normal_levels() - torch.tensor(BITSANDBYTES)).abs().max() < 5e-7


@pytest.mark.parametrize("wrong", [integer_levels(4), normal_levels().flip(0).neg()])
def test_other_levels_are_not(wrong):
    """The twin: evenly spaced ones, and the mirror image."""
    assert len(wrong) != 16 or (wrong - torch.tensor(BITSANDBYTES)).abs().max() > 0.01


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_levels_end_at_one_and_have_a_zero(bits):
    for levels, count in ((normal_levels(bits), 2**bits), (integer_levels(bits), 2**bits - 1)):
        assert len(levels) == count and levels[0] == -1 and levels[-1] == 1
        assert (levels == 0).sum() == 1 and (levels.diff() > 0).all()


# --- blocks ------------------------------------------------------------------------------------------------------

def test_by_hand():
    """Largest 4, so the scaled block is 1, -0.5, 0.1, 0; with levels -1, 0, 1 the tie at -0.5 goes down."""
    stored = quantize(torch.tensor([4.0, -2.1, 0.4, 0.0, 0.0, 0.0, 0.0, 0.0]), integer_levels(2), block=4)
    assert stored.scales.read().tolist() == [4.0, 0.0]
    assert unpack(stored.codes).tolist() == [2, 0, 1, 1, 1, 1, 1, 1]
    assert stored.read().tolist() == [4.0, -4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def test_each_weight_gets_its_nearest_level():
    weight, levels = normal(8, 64), normal_levels()
    read = quantize(weight, levels, block=64).read()
    scales = weight.abs().amax(1, keepdim=True)
    best = (weight[..., None] - scales[..., None] * levels).abs().amin(-1)
    assert torch.allclose((read - weight).abs(), best, atol=1e-6)
    wrong = scales * levels[torch.bucketize(weight / scales, levels).clamp(max=15)]  # the twin: rounded up
    assert not torch.allclose((wrong - weight).abs(), best, atol=1e-2)


def test_error_grows_with_the_block_and_shrinks_with_the_bits():
    weight = normal(256, 256)
    errors = [error(weight, normal_levels(), block=block) for block in (16, 64, 256, 4096)]
    assert errors == sorted(errors)
    assert error(weight, integer_levels(8)) < 0.1 * errors[0]
    assert errors[1] < error(weight, integer_levels(4))


def test_quantizing_twice_changes_nothing():
    once = quantize(normal(32, 64), normal_levels()).read()
    again = quantize(once, normal_levels()).read()
    assert torch.allclose(once, again, atol=1e-6)
    assert not torch.allclose(once, quantize(once, integer_levels(4)).read(), atol=1e-3)


def test_codes_are_packed_in_pairs():
    codes = torch.randint(16, (100,), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    assert len(pack(codes)) == 50 and torch.equal(unpack(pack(codes)), codes)
    assert not torch.equal(unpack(pack(codes)), codes.flip(0))


@pytest.mark.parametrize("shape", [(3, 5), (10, 7)])
def test_a_tensor_that_cannot_be_cut_is_refused(shape):
    with pytest.raises(ValueError, match="cannot be cut into blocks of 64; choose"):
        quantize(torch.zeros(shape), normal_levels())


@pytest.mark.parametrize(("count", "packed"), [(2, True), (16, True), (17, False), (256, False)])
def test_up_to_16_levels_share_a_byte_and_up_to_256_have_one(count, packed):
    levels, weight = torch.linspace(-1, 1, count), normal(4, 64)
    stored = quantize(weight, levels, block=256)  # one block, of exactly all numbers
    assert len(stored.codes) == (128 if packed else 256)
    scale = weight.abs().max()
    best = (weight[..., None] - scale * levels).abs().amin(-1)
    assert torch.allclose((stored.read() - weight).abs(), best, atol=1e-6)
    with pytest.raises(ValueError, match="at most 256 levels, not of 257"):
        quantize(weight, torch.linspace(-1, 1, 257))


@pytest.mark.parametrize("count", [1, 255, 256, 257, 512])
def test_scales_in_chunks_of_exact_length_and_of_others(count):
    """Each 256 have an outer scale of their own; no code belongs to what fills up the last."""
    scales = normal(count).abs() + 0.1
    stored = quantize_scales(scales)
    assert len(stored.values) == count and len(stored.outer) == -(-count // 256)
    steps = torch.cat([(part - scales.mean()).abs().amax().expand(len(part)) for part in scales.split(256)]) / 127
    assert ((stored.read() - scales).abs() <= 0.5 * steps + 1e-6).all()


# --- bits --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("block", [32, 64, 256])
@pytest.mark.parametrize(("bits", "levels"), [(4, normal_levels()), (8, integer_levels(8))])
def test_bits_by_formula_are_the_bits_that_are_stored(bits, levels, block, double):
    stored = quantize(normal(512, 1024), levels, block=block, double=double).bits_per_weight()
    assert stored == pytest.approx(stored_bits(bits, block=block, double=double), abs=1e-4)  # one mean a tensor
    assert stored != pytest.approx(stored_bits(bits, block=block, double=not double), abs=1e-2)


def test_the_arithmetic_of_the_paper():
    """Blocks of 64 and 256: from 0.5 bits a weight to 0.127, which saves 0.373."""
    assert stored_bits() == 4.5
    assert stored_bits() - stored_bits(double=True) == pytest.approx(0.373, abs=5e-4)
    assert stored_bits(scale_bits=16) == 4.25
    assert stored_bits(8, block=32, scale_bits=16, double=True) == 8 + 8 / 32 + 16 / (32 * 256)


def test_double_quantization_costs_little_error():
    weight = normal(512, 512)
    single, double = (quantize(weight, normal_levels(), double=double) for double in (False, True))
    assert relative_difference(double.scales.read(), single.scales.read()) < 0.01
    assert double.read().ne(single.read()).float().mean() > 0.9  # something happened
    assert error(weight, normal_levels(), double=True) < 1.005 * error(weight, normal_levels())
    assert error(weight, normal_levels(), block=128) > 1.005 * error(weight, normal_levels())  # what bits saved


def test_scales_lose_more_without_their_mean():
    """Scales are all positive: centered, they use both halves of the levels."""
    scales = normal(512, 64).abs().amax(1)
    centered = (quantize_scales(scales).read() - scales).abs().mean()
    outer = scales.view(-1, 256).amax(1, keepdim=True)
    plain = (scales.view(-1, 256) / outer * 127).round() / 127 * outer
    assert centered < 0.8 * (plain.flatten() - scales).abs().mean()


# --- the linear map ----------------------------------------------------------------------------------------------

@pytest.fixture
def pair():
    """A linear map with bias, and its quantized twin."""
    base = nn.Linear(128, 64)
    with torch.no_grad():
        base.weight.copy_(normal(64, 128)), base.bias.copy_(normal(64, seed=1))
    return base, QuantizedLinear(base)


def test_forward_and_gradient_are_those_of_the_weight_it_stands_for(pair):
    base, quantized = pair
    x = normal(5, 128, seed=2).requires_grad_()
    y = quantized(x)
    (gradient,) = torch.autograd.grad(y.square().sum(), x)
    expected = F.linear(x, quantized.weight, base.bias)
    (reference,) = torch.autograd.grad(expected.square().sum(), x)
    assert relative_difference(y, expected) < 1e-6 and relative_difference(gradient, reference) < 1e-5
    assert relative_difference(y, base(x)) > 0.01  # quantized, after all


def test_it_keeps_no_weight_for_the_backward_pass(pair):
    base, quantized = pair
    x = normal(5, 128).requires_grad_()
    assert kept_tensors(lambda: quantized(x).sum(), [x, *quantized.buffers()]) == []
    dense = kept_tensors(lambda: F.linear(x, quantized.weight).sum(), [x, *quantized.buffers()])
    assert storage_bytes(dense) == base.weight.nbytes  # the twin


def test_it_trains_nothing_and_keeps_the_dtype(pair):
    base, quantized = pair
    assert not [p for p in quantized.parameters() if p.requires_grad]
    assert QuantizedLinear(base.bfloat16())(normal(2, 128).bfloat16()).dtype == torch.bfloat16


# --- under an adapter --------------------------------------------------------------------------------------------

def small_model(kind):
    model = initialize_(Decoder(llama.tiny(vocab_size=64)), torch.Generator().manual_seed(0), std=0.2)
    quantize_linears_(model, EVERY, block=16)
    return inject(model, EVERY, kind=kind, rank=4, alpha=8, generator=torch.Generator().manual_seed(1))


IDS = torch.randint(64, (5, 17), generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("kind", ["lora", "dora"])
def test_an_adapter_on_a_quantized_base_trains_and_merges_into_what_it_was_trained_on(kind, tmp_path):
    model = small_model(kind)
    codes = {name: buffer.clone() for name, buffer in model.named_buffers()}
    losses = [record.loss for record in train(model, [IDS] * 15, steps=15, learning_rate=0.02)]
    assert losses[-1] < losses[0] - 0.3
    assert all(torch.equal(buffer, codes[name]) for name, buffer in model.named_buffers())
    model.eval()
    before = model(IDS).detach()
    save_adapter(model, tmp_path)
    with pytest.raises(ValueError, match=r"quantized.*dequantize_linears_"):
        merge(model)
    assert relative_difference(merge(dequantize_linears_(model))(IDS), before) < 1e-5
    original = initialize_(Decoder(llama.tiny(vocab_size=64)), torch.Generator().manual_seed(0), std=0.2)
    onto_original = load_adapter(original, tmp_path).eval()
    assert relative_difference(onto_original(IDS), before) > 0.01  # the twin: the weights before quantization


@pytest.mark.parametrize("kind", ["lora", "dora"])
def test_an_adapter_makes_nobody_keep_a_weight(kind):
    model = small_model(kind).train()
    next_token_loss(model, IDS).backward()
    owned = [*model.parameters(), *model.buffers()]
    kept = kept_tensors(lambda: next_token_loss(model, IDS), owned)
    weights = {tuple(layer.frozen_weight.shape) for layer in adapter_layers(model).values()}
    assert not weights & {tuple(tensor.shape) for tensor in kept}
    dense = dequantize_linears_(small_model(kind))
    assert len(list(dense.buffers())) == 0


def test_a_name_that_is_no_linear_map_is_refused():
    with pytest.raises(ValueError, match="no linear map is called qproj"):
        quantize_linears_(Decoder(llama.tiny()), ["qproj", "v_proj"])
