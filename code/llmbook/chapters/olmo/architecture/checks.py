"""Checks for the page on the architecture: folded norms, the gradient of a norm, fused matrices."""

import torch
from torch import Tensor
from torch.nn import functional as F

from llmbook.exercises.by_hand import without_autograd
from llmbook.exercises.compare import draw, expect_items, expect_tensor
from llmbook.exercises.registry import exercise
from llmbook.layers.norm import layer_norm


def expect_folded(f, outputs: int, inputs: int) -> None:
    """Compare with W diag(gain) and W shift + bias."""
    gain, shift, weight, bias = draw(0, inputs), draw(1, inputs), draw(2, outputs, inputs), draw(3, outputs)
    got_weight, got_bias = expect_items(f(gain, shift, weight, bias), 2, "the new weight and the new bias")
    folded = weight * gain
    weights = [
        (weight, "the gain has no effect on your weight: column i must be multiplied by gain[i]"),
        (weight / gain, "that divides by the gain: the new layer must multiply, as the norm did"),
        *((weight * gain[:, None], "the gain multiplies the rows: it belongs to the inputs, which are the columns")
          for _ in range(outputs == inputs)),
    ]  # fmt: skip
    biases = [
        (bias, "the shift has no effect on your bias: it goes through the old matrix first"),
        (weight @ shift, "the old bias is lost: add it"),
        (folded @ shift + bias, "the gain is counted twice: the shift is added after the gain, so use the old matrix"),
        *((shift + bias, "the shift is added as it is: it must go through the old matrix first")
          for _ in range(outputs == inputs)),
    ]  # fmt: skip
    expect_tensor(got_weight, folded, weights, name="the new weight")
    expect_tensor(got_bias, weight @ shift + bias, biases, name="the new bias")


@exercise("olmo-ex-fold-norm")
def fold_into_seven_outputs(f):
    """5 inputs, 7 outputs"""
    expect_folded(f, 7, 5)


@exercise("olmo-ex-fold-norm")
def fold_into_a_square(f):
    """6 inputs, 6 outputs"""
    expect_folded(f, 6, 6)


def expect_norm_gradient(f, x: Tensor, eps: float) -> None:
    """Compare with autograd."""
    upstream = draw(5, *x.shape) + 0.5
    leaf = x.clone().requires_grad_()
    right = torch.autograd.grad((layer_norm(leaf, eps=eps) * upstream).sum(), leaf)[0]
    mean = lambda value: value.mean(-1, keepdim=True)  # noqa: E731
    centered = x - mean(x)
    variance = mean(centered.square())
    sigma = (variance + eps).sqrt()

    def gradient(sigma: Tensor, average: float = 1.0, along: float = 1.0) -> Tensor:
        y = centered / sigma
        return (upstream - average * mean(upstream) - along * y * mean(upstream * y)) / sigma

    mistakes = [
        (upstream / sigma, "only the division is there: the mean and s depend on x as well"),
        (gradient(sigma, average=0.0), "that is RMSNorm's gradient: the mean of upstream must be taken away too"),
        (gradient(sigma, along=0.0), "s is treated as a constant: the part along y must be taken away too"),
        (gradient(sigma) * sigma, "the last division by s is missing: long vectors get small gradients"),
        (gradient(sigma, along=x.shape[-1]), "that sums upstream * y over the entries: take the mean"),
        (gradient(variance.sqrt()), "eps is missing from s"),
        (gradient(variance.sqrt() + eps), "eps is added to the root: it belongs under the root"),
        (gradient(x.std(-1, keepdim=True)), "that is the variance with D - 1: the norm divides by D"),
        (gradient((x.var(-1, keepdim=True) + eps).sqrt()), "that is the variance with D - 1: the norm divides by D"),
    ]
    expect_tensor(without_autograd(f)(x, upstream, eps), right, mistakes)


@exercise("olmo-ex-norm-gradient")
def gradient_at_long_vectors(f):
    """Long vectors, eps = 1e-5"""
    expect_norm_gradient(f, 7 * draw(4, 3, 6) + 2, 1e-5)


@exercise("olmo-ex-norm-gradient")
def gradient_where_eps_counts(f):
    """Short vectors, eps = 0.1"""
    expect_norm_gradient(f, 0.5 * draw(6, 3, 6) + 1, 0.1)


def expect_fused(f, gate_last: bool) -> None:
    """Compare with SwiGLU by the right halves."""
    x, fused, down = draw(7, 4, 6), draw(8, 10, 6), draw(9, 6, 5)
    first, second = x @ fused[:5].T, x @ fused[5:].T
    gate, up = (second, first) if gate_last else (first, second)
    even, odd = (x @ fused[::2].T, x @ fused[1::2].T)
    hidden = [
        (F.silu(up) * gate, "gate and up are exchanged: look at `gate_last` again"),
        (gate * up, "the gate has no activation: SiLU acts on it"),
        (F.silu(gate) * F.silu(up), "SiLU is on both halves: up stays linear"),
        (F.gelu(gate) * up, "that is GELU on the gate: SwiGLU has SiLU"),
        (torch.sigmoid(gate) * up, "that is a sigmoid on the gate: SwiGLU has SiLU"),
        (F.silu(even) * odd, "those are every second row: the halves lie one after the other"),
        (F.silu(odd) * even, "those are every second row: the halves lie one after the other"),
    ]
    mistakes = [(wrong @ down.T, hint) for wrong, hint in hidden]
    expect_tensor(f(x, fused, down, gate_last), (F.silu(gate) * up) @ down.T, mistakes)


@exercise("olmo-ex-fused")
def fused_in_olmo_order(f):
    """The gate last, as in OLMo's own files"""
    expect_fused(f, True)


@exercise("olmo-ex-fused")
def fused_in_the_other_order(f):
    """The gate first"""
    expect_fused(f, False)
