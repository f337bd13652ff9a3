"""Wrong answers to the exercises on the architecture fail, and the hint names the misconception behind them."""

import pytest
import torch
from torch.nn import functional as F
from wrong_answers import check_hint, check_two_for_each, hint_cases

from llmbook.chapters.olmo.architecture import checks


def backward(x, upstream, eps, average=1.0, along=1.0, power=1, unbiased=False):
    """The gradient of the norm with its terms open."""
    centered = x - x.mean(-1, keepdim=True)
    sigma = (x.var(-1, keepdim=True, unbiased=unbiased) + eps).sqrt()
    y = centered / sigma
    means = average * upstream.mean(-1, keepdim=True) + along * y * (upstream * y).mean(-1, keepdim=True)
    return (upstream - means) / sigma**power


def by_autograd(x, upstream, eps):
    leaf = x.clone().requires_grad_()
    return torch.autograd.grad((F.layer_norm(leaf, leaf.shape[-1:], eps=eps) * upstream).sum(), leaf)[0]


def by_func(x, upstream, eps):
    return torch.func.vjp(lambda x: F.layer_norm(x, x.shape[-1:], eps=eps), x)[1](upstream)[0]


def fused(hidden, swap=False):
    """A fused layer with the hidden numbers open."""
    def layer(x, matrix, down, gate_last):
        first, second = (x @ matrix.T).chunk(2, -1)
        gate, up = (second, first) if gate_last != swap else (first, second)
        return hidden(gate, up) @ down.T
    return layer


def half(weight, heads, first=0):
    by_head = weight.unflatten(0, (heads, -1))
    return torch.cat((by_head[:, first::2], by_head[:, 1 - first :: 2]), 1).flatten(0, 1)


WRONG = [
    ("fold-norm", lambda g, s, w, b: (w * g[:, None] if len(w) == len(g) else w * g, w @ s + b), "multiplies the rows"),
    ("fold-norm", lambda g, s, w, b: (w * g, w @ s), "old bias is lost"),
    ("fold-norm", lambda g, s, w, b: (w * g, (w * g) @ s + b), "counted twice"),
    ("fold-norm", lambda g, s, w, b: (w * g, b), "the shift has no effect"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, eps, average=0), "RMSNorm's gradient"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, eps, along=0), "treated as a constant"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, eps, power=0), "last division by s is missing"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, eps, unbiased=True), "variance with D - 1"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, 0), "eps is missing"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, eps, along=x.shape[-1]), "take the mean"),
    ("norm-gradient", lambda x, g, eps: by_autograd(x, g, eps), "without autograd"),
    ("norm-gradient", lambda x, g, eps: by_func(x, g, eps), "without autograd"),
    ("fused", fused(lambda gate, up: F.silu(gate) * up, swap=True), "exchanged"),
    ("fused", lambda x, m, d, last: fused(lambda gate, up: F.silu(gate) * up)(x, m, d, True), "look at `gate_last`"),
    ("fused", fused(lambda gate, up: F.silu(gate) * F.silu(up)), "both halves"),
    ("fused", fused(lambda gate, up: F.gelu(gate) * up), "GELU on the gate"),
    ("fused", lambda x, m, d, last: (F.silu(x @ m[::2].T) * (x @ m[1::2].T)) @ d.T, "every second row"),
    ("rope-permute", lambda w, heads: w.unflatten(0, (heads, 2, -1)).transpose(1, 2).flatten(0, 2), "the way back"),
    ("rope-permute", lambda w, heads: half(w, 1), "mixes the heads"),
    ("rope-permute", lambda w, heads: half(w, heads, first=1), "turns the other way"),
    ("rope-permute", lambda w, heads: half(w.T, 1).T, "moves columns"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases("olmo-ex-", WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def test_every_exercise_has_at_least_two_wrong_answers():
    check_two_for_each("olmo-ex-", WRONG, checks)


def test_reordered_rows_give_the_scores_of_neighbors():
    from llmbook.layers.rope import apply_rope, rope_angles

    cos, sin = rope_angles(torch.arange(9), 8, 10000.0)
    query, key = torch.randn(2, 16, 4, generator=torch.Generator().manual_seed(0))
    x = torch.randn(9, 4, generator=torch.Generator().manual_seed(1))

    def heads(weight):
        return (x @ weight.T).view(9, 2, 8).transpose(0, 1)

    def neighbors(value):
        even, odd = value[..., ::2], value[..., 1::2]
        return torch.stack((even * cos - odd * sin, odd * cos + even * sin), -1).flatten(-2)

    right = neighbors(heads(query)) @ neighbors(heads(key)).mT
    for order, same in ((lambda w: half(w, 2), True), (lambda w: half(w, 1), False), (lambda w: w, False)):
        turned = [apply_rope(heads(order(weight)), cos, sin) for weight in (query, key)]
        assert torch.allclose(turned[0] @ turned[1].mT, right, atol=1e-4) == same
