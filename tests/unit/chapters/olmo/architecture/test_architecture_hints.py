"""Wrong answers to the exercises on the architecture fail, and the hint names the misconception behind them."""

import pytest
import torch
from torch.nn import functional as F
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "olmo-ex-"


def backward(x, upstream, eps, average=1.0, along=1.0, power=1, unbiased=False, added=False):
    """The gradient of the norm with its terms open."""
    centered = x - x.mean(-1, keepdim=True)
    variance = x.var(-1, keepdim=True, unbiased=unbiased)
    sigma = variance.sqrt() + eps if added else (variance + eps).sqrt()
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
    ("fold-norm", lambda g, s, w, b: (w, w @ s + b), "gain has no effect"),
    ("fold-norm", lambda g, s, w, b: (w / g, w @ s + b), "divides by the gain"),
    ("fold-norm", lambda g, s, w, b: (w * g, (s if len(s) == len(b) else w @ s) + b), "shift is added as it is"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, eps, average=0, along=0), "only the division is there"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, eps, added=True), "eps is added to the root"),
    ("fused", fused(lambda gate, up: gate * up), "gate has no activation"),
    ("fused", fused(lambda gate, up: torch.sigmoid(gate) * up), "sigmoid on the gate"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
