"""Wrong answers to the exercises on the architecture fail, and the hint names the misconception behind them."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "olmo-ex-"


def backward(x, upstream, eps, average=1.0, along=1.0, power=1, unbiased=False, added=False, axis=-1, length=True):
    """The gradient of the norm with its terms open."""
    centered = x - x.mean(axis, keepdim=True)
    variance = x.var(axis, keepdim=True, unbiased=unbiased)
    sigma = variance.sqrt() + eps if added else (variance + eps).sqrt()
    y = centered / sigma
    first = y if length else centered
    means = average * upstream.mean(axis, keepdim=True) + along * first * (upstream * y).mean(axis, keepdim=True)
    return (upstream - means) / sigma**power


def normed(x, eps):
    return F.layer_norm(x, x.shape[-1:], eps=eps)


def by_autograd(x, upstream, eps):
    leaf = x.clone().requires_grad_()
    return torch.autograd.grad((normed(leaf, eps) * upstream).sum(), leaf)[0]


def by_func(x, upstream, eps):
    return torch.func.vjp(lambda x: normed(x, eps), x)[1](upstream)[0]


def pairs_of(*pairs):
    """An answer to the exercise on a gate's tests."""
    return lambda: list(pairs)


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
    ("fold-norm", lambda g, s, w, b: (w, w @ s + b), "gain has no effect"),
    ("fold-norm", lambda g, s, w, b: (w / g, w @ s + b), "divides by the gain"),
    ("fold-norm", lambda g, s, w, b: (w * g, (s if len(s) == len(b) else w @ s) + b), "shift is added as it is"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, eps, average=0, along=0), "only the division is there"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, eps, added=True), "eps is added to the root"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, eps, along=-1.0), "wrong sign"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, eps, axis=0), "means over the batch"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, eps, length=False), "takes c where y belongs"),
    ("norm-gradient", lambda x, g, eps: backward(x.bfloat16(), g.bfloat16(), eps).float(), "your result is"),
    ("norm-gradient", lambda x, g, eps: torch.func.jacrev(lambda x: (normed(x, eps) * g).sum())(x), "without autograd"),
    ("fold-norm", lambda g, s, w, b: (w @ s + b, w * g), "has shape"),
    ("fold-norm", lambda g, s, w, b: w * g, "expected 2"),
    ("fold-norm", lambda g, s, w, b: ((w * g).T, w @ s + b), "it is transposed"),
    ("fold-norm", lambda g, s, w, b: (w * (1 + g), w @ s + b), "Gemma's 1 + gain"),
    ("fold-norm", lambda g, s, w, b: ((w * g).bfloat16().float(), w @ s + b), "the new weight is"),
    ("fold-norm", lambda g, s, w, b: (w * g, w @ s - b), "wrong sign: add it"),
    ("fold-norm", lambda g, s, w, b: (w * g, w @ (s / g) + b), "do not divide it"),
    ("fold-norm", lambda g, s, w, b: (w * g + s, b), "the new weight is"),
    ("gate-tests", pairs_of(), "your list of pairs|one to three pairs"),
    ("gate-tests", pairs_of((0.1, 0.05), (-0.05, 0.1)), "without an activation passes"),
    ("gate-tests", pairs_of((1.0, -1.0), (1.0, 1.0)), "sigmoid on the gate passes"),
    ("gate-tests", pairs_of((1.0, 0.5), (1.0, 1.0)), "no gate is below 0"),
    ("gate-tests", pairs_of((-1.0, 0.5), (0.8, 0.9)), "no up is below 0"),
    ("gate-tests", pairs_of((0.7, 0.7), (-0.7, -0.7)), "nobody sees them"),
    ("gate-tests", pairs_of((3.0, -2.0), (-3.0, -2.0)), "not between -1 and 1"),
    ("gate-tests", pairs_of((1, 1), (-1, 1), (1, -1), (-1, -1)), "one to three pairs"),
    ("gate-tests", pairs_of((0.0, 1.0), (0.0, -1.0)), "SiLU of the product passes|without an activation passes"),
    ("gate-tests", pairs_of((1.0, 0.0), (-1.0, 0.0)), "without an activation passes|both halves passes"),
    ("gate-tests", pairs_of((float("nan"), 1.0)), "not between -1 and 1"),
    ("gate-tests", lambda: [0.5, -0.5], "one to three pairs"),
    ("gate-tests", pairs_of((-0.5, 0.05), (-0.6, -0.05)), "without an activation passes"),
    ("gate-tests", pairs_of((-1.0, 0.3)), "SiLU on both halves passes"),
    ("gate-tests", pairs_of((0.6, 1.0), (0.8, -0.2)), "both halves passes|GELU"),
    ("gate-tests", pairs_of((-1.0, 1.0)), "SiLU of the product passes"),
    ("gate-tests", pairs_of((0.6, -0.633)), "sum in place of the product passes"),
]


def folded_in_place(gain, shift, weight, bias):
    bias += weight @ shift
    weight *= gain
    return [weight, bias]


def folded_lists(g, s, w, b):
    rows, g, s = w.tolist(), g.tolist(), s.tolist()
    biases = [sum(x * y for x, y in zip(row, s, strict=True)) + old for row, old in zip(rows, b.tolist(), strict=True)]
    return [[x * y for x, y in zip(row, g, strict=True)] for row in rows], biases


def folded_by_probing(g, s, w, b):
    layer = lambda y: w @ (g * y + s) + b  # noqa: E731
    origin = layer(torch.zeros(len(g)))
    return torch.stack([layer(one) - origin for one in torch.eye(len(g))], 1), origin


def gradient_by_numpy(x, upstream, eps):
    x, upstream = x.numpy().astype(np.float64), upstream.numpy()
    y = x - x.mean(1, keepdims=True)
    spread = np.sqrt((y**2).mean(1, keepdims=True) + eps)
    y /= spread
    return (upstream - upstream.mean(1, keepdims=True) - y * (upstream * y).mean(1, keepdims=True)) / spread


def gradient_by_jacobian(x, upstream, eps):
    found = []
    for row, arrives in zip(x.double(), upstream.double(), strict=True):
        spread = ((row - row.mean()).square().mean() + eps).sqrt()
        y = (row - row.mean()) / spread
        found.append((torch.eye(len(y)).double() - (1 + y[:, None] * y) / len(y)) @ arrives / spread)
    return torch.stack(found)


def gradient_in_place(x, upstream, eps):
    x -= x.mean(-1, keepdim=True)
    spread = (x.square().mean(-1, keepdim=True) + eps).sqrt()
    x /= spread
    along = (upstream * x).mean(-1, keepdim=True)
    upstream -= upstream.mean(-1, keepdim=True) + x * along
    return upstream / spread


RIGHT = [
    ("fold-norm", folded_in_place),
    ("fold-norm", folded_lists),
    ("fold-norm", folded_by_probing),
    ("fold-norm", lambda g, s, w, b: (np.einsum("oi,i->oi", w, g), w.double() @ s.double() + b)),
    ("norm-gradient", gradient_by_numpy),
    ("norm-gradient", gradient_by_jacobian),
    ("norm-gradient", gradient_in_place),
    ("gate-tests", pairs_of((-1.0, 1.0), (-1.0, -1.0))),
    ("gate-tests", lambda: np.array([[0.8, -1], [-0.8, 0.9], [-1, -1]], dtype=np.float32)),
    ("gate-tests", lambda: torch.tensor([[-1.0, -0.5]])),
    ("gate-tests", lambda: ((-1, 1), [-1, -1])),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
