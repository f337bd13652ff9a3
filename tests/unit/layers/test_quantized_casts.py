"""A quantized layer under autocast and through casts: a plain layer's dtypes, and codes and scales that stay."""

import copy

import pytest
import torch
from torch import nn

from llmbook.adapters import adapter_layers, inject
from llmbook.debug import relative_difference
from llmbook.layers import quantized_linear
from llmbook.layers.quantization import integer_levels, normal_levels
from llmbook.layers.quantized_linear import QuantizedLinear, dequantize_linears_, quantize_linears_
from llmbook.models import Decoder, initialize_, llama
from llmbook.training.loop import next_token_loss

NAMES = ["q_proj", "up_proj"]
IDS = torch.randint(64, (2, 9), generator=torch.Generator().manual_seed(3))
CASTS = {
    "half": lambda module: module.half(),
    "bfloat16": lambda module: module.bfloat16(),
    "to a dtype": lambda module: module.to(torch.bfloat16),
    "to a device and a dtype": lambda module: module.to("cpu", torch.float16),
    "to a dtype by keyword": lambda module: module.to(dtype=torch.float64),
    "type": lambda module: module.type(torch.bfloat16),  # which casts whole numbers too
}
FORMATS = {
    "nf4": {},
    "nf4, scales as they are": {"double": False},
    "eight bits": {"levels": integer_levels(8), "block": 128},
    "two bits": {"levels": normal_levels(2), "block": 32, "double": False},
}


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def a_layer(bias=True, **options):
    """A quantized map from 128 to 64 numbers, in which every bias is large."""
    base = nn.Linear(128, 64, bias=bias)
    with torch.no_grad():
        for seed, tensor in enumerate(base.parameters()):
            tensor.copy_(normal(*tensor.shape, seed=seed))
    return QuantizedLinear(base, **options)


def plain(layer):
    """The plain layer whose weight the codes stand for."""
    return dequantize_linears_(nn.ModuleDict({"layer": layer}))["layer"]


def model_of(kind, quantized=True):
    model = initialize_(Decoder(llama.tiny(vocab_size=64)), torch.Generator().manual_seed(0), std=0.2)
    if quantized:
        quantize_linears_(model, NAMES)
    return inject(model, NAMES, kind=kind, rank=2, generator=torch.Generator().manual_seed(1)) if kind else model


# --- autocast ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("options", FORMATS.values(), ids=FORMATS)
def test_under_autocast_it_is_the_plain_layer(options, bias):
    """Output and gradient in the dtypes of a plain layer, and equal up to the rounding of the bias."""
    layer = a_layer(bias, **options)
    results = []
    for each in (layer, plain(copy.deepcopy(layer))):
        x = normal(5, 128, seed=2).requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = each(x)
        (gradient,) = torch.autograd.grad(y, x, torch.ones_like(y))
        results.append((y, gradient))
    (y, gradient), (expected_y, expected) = results
    assert y.dtype is expected_y.dtype is torch.bfloat16 and gradient.dtype is expected.dtype is torch.float32
    assert relative_difference(y.float(), expected_y.float()) < 0.02 and torch.equal(gradient, expected)
    assert bias or torch.equal(y, expected_y)


@pytest.mark.parametrize("kind", [None, "lora", "dora"])
def test_an_adapter_on_a_quantized_base_trains_under_autocast(kind):
    model = model_of(kind)
    gradients = []
    for each in (model, dequantize_linears_(copy.deepcopy(model))):
        each.embed_tokens.requires_grad_(True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = next_token_loss(each, IDS)
        loss.backward()
        gradients.append([parameter.grad for parameter in each.parameters() if parameter.requires_grad])
    assert len(gradients[0]) == len(gradients[1])
    for ours, expected in zip(*gradients, strict=True):
        assert not expected.any() or relative_difference(ours, expected) < 0.03


def test_a_gradient_in_the_dtype_of_the_weight_fails_under_autocast(monkeypatch):
    """The twin: the backward pass runs where autocast has ended."""
    def backward(ctx, gradient):
        return gradient @ ctx.layer.weight, None

    monkeypatch.setattr(quantized_linear._Multiply, "backward", staticmethod(backward))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = a_layer()(normal(5, 128).requires_grad_())
    with pytest.raises(RuntimeError, match="dtype"):
        y.sum().backward()


# --- casts -------------------------------------------------------------------------------------------------------

def stored(layer):
    return {name: tensor.clone() for name, tensor in layer.named_buffers()}


@pytest.mark.parametrize("cast", CASTS.values(), ids=CASTS)
@pytest.mark.parametrize("options", FORMATS.values(), ids=FORMATS)
def test_codes_and_scales_stay_through_casts(cast, options):
    layer = a_layer(**options)
    before, weight, x = stored(layer), layer.weight, normal(3, 128)
    cast(layer)
    dtype = layer.weight.dtype
    assert dtype is layer.bias.dtype and dtype is not torch.float32
    assert torch.equal(layer.weight, weight.to(dtype)) and layer(x.to(dtype)).dtype is dtype
    for name, tensor in layer.named_buffers():
        assert tensor.dtype is before[name].dtype and torch.equal(tensor, before[name])
    assert torch.equal(layer.float().weight, weight)


def test_a_cast_of_everything_loses_digits(monkeypatch):
    """The twin: scales that are cast with the model, as those of any other layer would be."""
    monkeypatch.delattr(QuantizedLinear, "_apply")
    layer = a_layer(double=False)
    weight = layer.weight
    with pytest.raises(RuntimeError, match="dtype"):
        layer.bfloat16()(normal(3, 128).bfloat16())
    assert 1e-4 < relative_difference(layer.float().weight, weight) < 1e-2


@pytest.mark.parametrize("kind", ["lora", "dora"])
def test_a_cast_model_reads_and_comes_back(kind):
    """Evaluating, so that DoRA remembers its norms: after a cast they are those of the weight as it is read now."""
    model = model_of(kind).eval()
    before = model(IDS).detach()
    low = model.bfloat16()(IDS)
    assert low.dtype is torch.bfloat16 and relative_difference(low.float(), before) < 0.1
    fresh = copy.deepcopy(model)  # a copy remembers nothing
    assert torch.equal(fresh(IDS), low)
    for name, layer in adapter_layers(model.float()).items():
        assert torch.equal(layer.frozen_weight, adapter_layers(model_of(kind))[name].frozen_weight)


def test_another_device_gets_the_same_buffers():
    layer = a_layer().to("meta", torch.bfloat16)
    assert all(tensor.is_meta for tensor in layer.buffers()) and layer.weight.dtype is torch.bfloat16
    assert {name: tensor.dtype for name, tensor in layer.named_buffers()} == {
        name: tensor.dtype for name, tensor in a_layer().named_buffers()}  # fmt: skip
    empty = layer.to_empty(device="cpu")
    assert not any(tensor.is_meta for tensor in empty.buffers())


@pytest.mark.parametrize("options", FORMATS.values(), ids=FORMATS)
def test_a_state_goes_into_a_cast_layer_and_back(options):
    layer, other = a_layer(**options), QuantizedLinear(nn.Linear(128, 64), **options)
    assert not torch.equal(other.weight, layer.weight)
    other.bfloat16().load_state_dict(layer.half().state_dict())
    assert torch.equal(other.float().weight, layer.float().weight)
    assert torch.equal(other.bias, layer.bias.bfloat16().float())


# --- dequantization ----------------------------------------------------------------------------------------------

def test_the_bias_comes_through():
    """Into the quantized layer and out again; without it the output is another."""
    layer = a_layer()
    x, bias = normal(3, 128), layer.bias.clone()
    y, dense = layer(x), plain(layer)
    assert type(dense) is nn.Linear and torch.equal(dense.bias, bias) and not dense.bias.requires_grad
    assert relative_difference(dense(x), y) < 1e-6
    assert relative_difference(dense(x) - bias, y) > 0.01
    assert plain(a_layer(bias=False)).bias is None


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_comes_through(training):
    """An adapter takes it over: in a model that is evaluated no dropout may run."""
    model = Decoder(llama.tiny(vocab_size=64)).train(training)
    quantize_linears_(model, NAMES)
    assert {module.training for module in model.modules()} == {training}
    inject(model, NAMES, rank=2, dropout=0.5)
    assert {module.training for module in model.modules()} == {training}
    assert {module.training for module in dequantize_linears_(model).modules()} == {training}
