"""Checks for the page on the architecture: folded norms, the gradient of a norm, tests of a gate."""

import torch
from torch import Tensor
from torch.nn import functional as F

from llmbook.exercises.by_hand import without_autograd
from llmbook.exercises.compare import Mistake, as_tensor, draw, expect_items, expect_tensor
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
        (weight * (1 + gain), "that is Gemma's 1 + gain: here the gain itself multiplies"),
        (folded.T, "it is transposed: outputs are rows, as in the old matrix"),
        *((weight * gain[:, None], "the gain multiplies the rows: it belongs to the inputs, which are the columns")
          for _ in range(outputs == inputs)),
    ]  # fmt: skip
    biases = [
        (bias, "the shift has no effect on your bias: it goes through the old matrix first"),
        (weight @ shift, "the old bias is lost: add it"),
        (weight @ shift - bias, "the old bias has the wrong sign: add it"),
        (weight @ (shift / gain) + bias, "the shift is added after the gain: do not divide it"),
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
    across = x - x.mean(0)
    across = across / (across.square().mean(0) + eps).sqrt()
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
        (gradient(sigma, along=-1.0), "the part along y has the wrong sign: take it away"),
        ((upstream - upstream.mean(0) - across * (upstream * across).mean(0)) / (x.var(0, correction=0) + eps).sqrt(),
         "those are means over the batch: each vector is normed by itself"),
        ((upstream - mean(upstream) - centered * mean(upstream * centered / sigma)) / sigma,
         "that takes c where y belongs: both times it is c / s"),
        (gradient(sigma, along=x.shape[-1]), "that sums upstream * y over the entries: take the mean"),
        (gradient(variance.sqrt()), "eps is missing from s"),
        (gradient(variance.sqrt() + eps), "eps is added to the root: it belongs under the root"),
        (gradient(x.std(-1, keepdim=True)), "that is the variance with D - 1: the norm divides by D"),
        (gradient((x.var(-1, keepdim=True) + eps).sqrt()), "that is the variance with D - 1: the norm divides by D"),
    ]  # fmt: skip
    expect_tensor(without_autograd(f)(x, upstream, eps), right, mistakes)


@exercise("olmo-ex-norm-gradient")
def gradient_at_long_vectors(f):
    """Long vectors, eps = 1e-5"""
    expect_norm_gradient(f, 7 * draw(4, 3, 6) + 2, 1e-5)


@exercise("olmo-ex-norm-gradient")
def gradient_where_eps_counts(f):
    """Short vectors, eps = 0.1"""
    expect_norm_gradient(f, 0.5 * draw(6, 3, 6) + 1, 0.1)


FEW, LOUD, SEEN = 3, 1.0, 0.05
"""How many pairs a test may have, how large their numbers may be, and which difference it sees."""

ACTIVATION = [
    (lambda a, b: a * b, "a gate without an activation passes your test"),
    (lambda a, b: F.silu(a) * F.silu(b), "SiLU on both halves passes your test: up must stay linear"),
    (lambda a, b: F.gelu(a) * b, "GELU on the gate passes your test: close to 0 the two are alike"),
    (lambda a, b: torch.sigmoid(a) * b, "a sigmoid on the gate passes your test: at a gate of 1 it equals SiLU"),
]
HALVES = [
    (lambda a, b: F.silu(b) * a, "the exchanged halves pass your test: with small or equal numbers nobody sees them"),
    (lambda a, b: F.silu(a * b), "SiLU of the product passes your test"),
    (lambda a, b: F.silu(a) + b, "a sum in place of the product passes your test"),
    (lambda a, b: F.silu(a.abs()) * b, "a gate that has lost its sign passes your test: no gate is below 0"),
    (lambda a, b: F.silu(a) * b.abs(), "an up that has lost its sign passes your test: no up is below 0"),
]


def expect_pairs(f) -> Tensor:
    """Insist on few quiet pairs, and give them back as columns."""
    pairs = as_tensor(f(), "your list of pairs").double()
    if pairs.ndim != 2 or pairs.shape[-1] != 2 or not 1 <= len(pairs) <= FEW:
        raise Mistake(f"return one to three pairs (gate, up); yours has shape {tuple(pairs.shape)}")
    if not (pairs.abs() <= LOUD).all():
        raise Mistake("a number is not between -1 and 1: louder numbers are not to be had in this test")
    return pairs.T


def expect_seen(f, faults: list) -> None:
    """Insist that each fault differs visibly at some pair."""
    gate, up = expect_pairs(f)
    passed = [hint for fault, hint in faults if (fault(gate, up) - F.silu(gate) * up).abs().max() <= SEEN]
    if passed:
        more = f"; so do {len(passed) - 1} other faults of this kind" if len(passed) > 1 else ""
        raise Mistake(f"{passed[0]}{more}")


@exercise("olmo-ex-gate-tests")
def faults_of_the_activation(f):
    """Faults of the activation are seen"""
    expect_seen(f, ACTIVATION)


@exercise("olmo-ex-gate-tests", points=2)
def faults_of_the_halves(f):
    """Exchanged halves and lost signs are seen"""
    expect_seen(f, HALVES)
