"""Norms equal torch's, and have the properties that the chapter claims."""

import pytest
import torch
from torch.nn import functional as F

from llmbook.layers.norm import NORMS, LayerNorm, RMSNorm, build_norm, layer_norm, rms_norm

WIDTH = 32


def draw(*shape: int, seed: int = 0, scale: float = 1.0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * scale


def close(a, b, tolerance=1e-5) -> bool:
    return a.shape == b.shape and float((a - b).abs().max()) <= tolerance * float(b.abs().max())


@pytest.mark.parametrize("scale", [1e-3, 1.0, 100.0])
@pytest.mark.parametrize("eps", [1e-6, 1e-5])
def test_layer_norm_equals_torch(scale, eps):
    x, weight, bias = draw(2, 5, WIDTH, scale=scale) + scale, draw(WIDTH, seed=1), draw(WIDTH, seed=2)
    for parameters in ((None, None), (weight, None), (weight, bias)):
        assert close(layer_norm(x, *parameters, eps=eps), F.layer_norm(x, (WIDTH,), *parameters, eps))
    assert not close(layer_norm(x, weight, bias, eps=eps), F.layer_norm(x, (WIDTH,), weight, -bias, eps))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 100.0])
@pytest.mark.parametrize("eps", [1e-6, 1e-5])
def test_rms_norm_equals_torch(scale, eps):
    x, weight = draw(2, 5, WIDTH, scale=scale) + scale, draw(WIDTH, seed=1)
    assert close(rms_norm(x, eps=eps), F.rms_norm(x, (WIDTH,), None, eps))
    assert close(rms_norm(x, weight, eps=eps), F.rms_norm(x, (WIDTH,), weight, eps))
    assert close(rms_norm(x, weight, eps=eps, unit_offset=True), F.rms_norm(x, (WIDTH,), 1 + weight, eps))
    assert not close(rms_norm(x, weight, eps=eps, unit_offset=True), F.rms_norm(x, (WIDTH,), weight, eps))
    assert not close(rms_norm(x, eps=eps), F.layer_norm(x, (WIDTH,), None, None, eps))


@pytest.mark.parametrize("kind", NORMS)
def test_modules_equal_their_functions(kind):
    module, x = build_norm(kind, WIDTH, 1e-5).requires_grad_(False), draw(3, WIDTH)
    for index, tensor in enumerate(module.parameters()):
        tensor.data = draw(WIDTH, seed=index + 1)
    expected = {
        "layer": lambda: F.layer_norm(x, (WIDTH,), draw(WIDTH, seed=1), draw(WIDTH, seed=2), 1e-5),
        "layer_free": lambda: F.layer_norm(x, (WIDTH,), None, None, 1e-5),
        "rms": lambda: F.rms_norm(x, (WIDTH,), draw(WIDTH, seed=1), 1e-5),
        "rms_unit": lambda: F.rms_norm(x, (WIDTH,), 1 + draw(WIDTH, seed=1), 1e-5),
    }[kind]()
    assert close(module(x), expected)


@pytest.mark.parametrize("kind", NORMS)
def test_a_fresh_norm_has_gain_one(kind):
    """A unit-offset gain that starts at 1 would double every norm."""
    x = draw(4, WIDTH)
    out = build_norm(kind, WIDTH, 1e-12).requires_grad_(False)(x)
    centered = x - x.mean(-1, keepdim=True) if kind.startswith("layer") else x
    assert close(out, centered / centered.square().mean(-1, keepdim=True).sqrt())
    assert torch.allclose(out.square().mean(-1), torch.ones(4), atol=1e-5)


def test_parameters_of_each_kind():
    shapes = {kind: [tuple(tensor.shape) for tensor in build_norm(kind, WIDTH, 1e-5).parameters()] for kind in NORMS}
    assert shapes == {"layer": [(WIDTH,)] * 2, "layer_free": [], "rms": [(WIDTH,)], "rms_unit": [(WIDTH,)]}


def test_layer_norm_removes_the_mean_and_rms_norm_does_not():
    x = draw(6, WIDTH) + 5.0
    assert float(layer_norm(x, eps=1e-5).mean(-1).abs().max()) < 1e-5
    assert float(rms_norm(x, eps=1e-5).mean(-1).abs().min()) > 0.5


def test_which_changes_of_the_input_are_invisible():
    x, tiny = draw(6, WIDTH), 1e-12
    assert close(layer_norm(x + 3, eps=tiny), layer_norm(x, eps=tiny), 1e-4)
    assert not close(rms_norm(x + 3, eps=tiny), rms_norm(x, eps=tiny), 0.1)
    for norm in (layer_norm, rms_norm):
        assert close(norm(7 * x, eps=tiny), norm(x, eps=tiny))
        assert close(norm(-x, eps=tiny), -norm(x, eps=tiny))
        assert not close(norm(1e-3 * x, eps=1e-5), norm(x, eps=1e-5), 1e-2), "eps limits how far a tiny input grows"


@pytest.mark.parametrize(("norm", "x"), [(rms_norm, [1e-3, 1e-3]), (layer_norm, [1e-3, -1e-3])])
def test_eps_stands_under_the_root(norm, x):
    """Mean square 1e-6 and eps 1e-6: the root of their sum gives 1/sqrt(2); outside the root it would be 0.999."""
    assert float(norm(torch.tensor(x), eps=1e-6)[0]) == pytest.approx(0.5**0.5, rel=1e-5)


def test_the_variance_is_the_biased_one():
    x = torch.tensor([1.0, -1.0])
    assert float(layer_norm(x, eps=1e-12)[0]) == pytest.approx(1.0)  # dividing by D - 1 gives 0.707


def test_zeros_stay_zeros():
    for norm in (layer_norm, rms_norm):
        assert not norm(torch.zeros(2, WIDTH), eps=1e-6).any()


def test_large_low_precision_inputs_do_not_overflow():
    """The square of 300 is above what float16 holds; the arithmetic is in float32."""
    for norm in (layer_norm, rms_norm):
        out = norm(torch.tensor([300.0, -300.0], dtype=torch.float16), eps=1e-5)
        assert out.dtype == torch.float16 and out.tolist() == [1.0, -1.0]


def test_cast_order_in_bfloat16():
    """Gemma casts last, Llama before the gain; 1 + 0.003 is 1 in bfloat16, so the first order matters to Gemma."""
    x, weight = draw(64, WIDTH).bfloat16(), draw(WIDTH, seed=1, scale=0.1).bfloat16()
    plain = F.rms_norm(x.float(), (WIDTH,), None, 1e-6)
    gemma = rms_norm(x, weight, eps=1e-6, unit_offset=True)
    llama = rms_norm(x, weight, eps=1e-6)
    assert torch.equal(gemma, (plain * (1 + weight.float())).bfloat16())
    assert torch.equal(llama, plain.bfloat16() * weight)
    assert not torch.equal(gemma, plain.bfloat16() * (1 + weight)), "the other order must show"
    assert not torch.equal(llama, (plain * weight.float()).bfloat16())
    small = torch.full((WIDTH,), 0.003, dtype=torch.bfloat16)
    assert torch.equal(1 + small, torch.ones_like(small))
    assert not torch.equal(rms_norm(x, small, eps=1e-6, unit_offset=True), plain.bfloat16())


@pytest.mark.parametrize("kind", NORMS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_dtype_is_kept(kind, dtype):
    assert build_norm(kind, WIDTH, 1e-5).to(dtype)(draw(2, WIDTH).to(dtype)).dtype == dtype


@pytest.mark.parametrize("module", [LayerNorm(8, eps=1e-5), LayerNorm(8, eps=1e-5, affine=False), RMSNorm(8, eps=1e-5)])
@pytest.mark.parametrize("width", [1, 7, 16])
def test_wrong_width_raises(module, width):
    """Width 1 is the trap: a gain of 8 numbers would silently stretch it."""
    with pytest.raises(ValueError, match="the last axis must be 8"):
        module(torch.ones(2, width))


def test_unknown_kind_and_missing_eps():
    with pytest.raises(ValueError, match="rms_unit"):
        build_norm("batch", 8, 1e-5)
    for call in (lambda: rms_norm(torch.ones(3)), lambda: layer_norm(torch.ones(3)), lambda: RMSNorm(8)):
        with pytest.raises(TypeError, match="eps"):
            call()
