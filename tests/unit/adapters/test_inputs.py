"""Adapters keep their input as it came, and not a wider copy of it."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from llmbook.accounting.meter import kept_tensors
from llmbook.adapters import DoRALinear, LoRALinear
from llmbook.adapters.lora import down

T, I, O, R = 6, 32, 16, 4  # noqa: E741


def pair(shape=(2, T, I), dtype=torch.bfloat16):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(*shape, generator=generator).to(dtype).requires_grad_()
    return x, torch.randn(R, I, generator=generator).requires_grad_()


def widened(x, lora_A):
    return F.linear(x.to(lora_A.dtype), lora_A)


def square(lora_A, x, way):
    return way(x, lora_A).square().sum()


@pytest.mark.parametrize("shape", [(I,), (T, I), (2, T, I)])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_output_and_gradients_are_those_of_the_obvious_way(shape, dtype):
    x, lora_A = pair(shape, dtype)
    pull = torch.randn(*shape[:-1], R, generator=torch.Generator().manual_seed(1))
    ours, obvious = (function(x, lora_A) for function in (down, widened))
    assert torch.equal(ours, obvious) and ours.dtype == torch.float32
    found, expected = (torch.autograd.grad(y, (x, lora_A), pull) for y in (ours, obvious))
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.dtype == theirs.dtype
        torch.testing.assert_close(mine, theirs)
    assert not torch.allclose(found[1], 2 * expected[1])  # the twin


def test_derivatives_by_torch_func_are_right_too():
    x, lora_A = pair((T, I))
    for derive in (torch.func.jacrev, lambda loss: torch.func.jacrev(torch.func.grad(loss))):
        ours, obvious = (derive(square)(lora_A, x, way) for way in (down, widened))
        torch.testing.assert_close(ours, obvious)


def test_no_float32_copy_of_the_input_is_kept():
    x, lora_A = pair((T, I))
    assert kept_tensors(lambda: down(x, lora_A).sum(), [x, lora_A]) == []
    [copy] = kept_tensors(lambda: widened(x, lora_A).sum(), [x, lora_A])  # the twin
    assert copy.nbytes == 2 * x.nbytes


@pytest.mark.parametrize(("kind", "kept"), [(LoRALinear, 4 * T * R), (DoRALinear, 4 * T * (R + O) + 9 * O)])
def test_what_a_bfloat16_layer_keeps(kind, kept):
    layer = kind(nn.Linear(I, O, bias=False).bfloat16(), rank=R, alpha=R)
    x, _ = pair((T, I))
    assert sum(t.nbytes for t in kept_tensors(lambda: layer(x).sum(), [x, *layer.parameters()])) == kept


def test_autocast_decides_the_dtype_as_before():
    x, lora_A = pair((T, I), torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for each in (x, x.detach().bfloat16()):
            y = down(each, lora_A)
            assert y.dtype == torch.bfloat16 and torch.equal(y, widened(each, lora_A))
    y.sum().backward()
    assert lora_A.grad.isfinite().all()
