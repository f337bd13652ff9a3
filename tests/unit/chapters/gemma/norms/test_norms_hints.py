"""Wrong answers to the exercises on norms fail, and the hint names the misconception behind them."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "gemma-ex-"


def rooted(x, eps=0.0, mean=True):
    total = x.float().square().mean(-1, keepdim=True) * (1 if mean else x.shape[-1])
    return x.float() / (total + eps).sqrt()


def normed(x, eps):
    return (x.float() * torch.rsqrt(x.float().square().mean(-1, keepdim=True) + eps)).to(x.dtype)


def place(pre, post, both):
    """A residual step that takes the given formulas."""
    n = lambda v: normed(v, 1e-6)  # noqa: E731
    return lambda x, w, name: {"pre": pre, "post": post, "both": both}[name](x, lambda v: v @ w.T, n)


PRE, POST = (lambda x, f, n: x + f(n(x))), (lambda x, f, n: n(x + f(x)))
BOTH = lambda x, f, n: x + n(f(n(x)))  # noqa: E731


def wide_norm(x, w, eps):
    return (rooted(x, eps) * (1 + w.float())).to(x.dtype)


def by_double(x, w, eps):
    wide = x.double()
    return (wide / (wide.square().mean(-1, keepdim=True) + eps).sqrt() * (1 + w.double())).to(x.dtype)


def by_numpy(x, w, eps):
    rows = x.float().numpy()
    normed = rows / np.sqrt(np.mean(rows**2, axis=-1, keepdims=True) + np.float32(eps))
    return torch.from_numpy(normed * (1 + w.float().numpy())).to(x.dtype)


def in_a_loop(gain, rate, decay, steps, unit_offset, number=float):
    """One step after the other, on what is stored."""
    stored = number(gain - unit_offset)
    for _ in range(steps):
        stored -= rate * decay * stored
    return stored + unit_offset


def after(wrong):
    """The gain by a rule of rate times decay and of the steps, for what is stored."""
    return lambda gain, rate, decay, steps, offset: offset + (gain - offset) * wrong(rate * decay, steps)


def columns(x):
    """The norm of the wrong axis."""
    return x * torch.rsqrt(x.square().mean(-2, keepdim=True) + 1e-6)


WRONG = [
    ("unit-offset", lambda x, w, eps: normed(x, eps) * w, "that gives zeros"),
    ("unit-offset", lambda x, w, eps: normed(x, eps) * (2 + w), "twice too large"),
    ("unit-offset", lambda x, w, eps: F.layer_norm(x, x.shape[-1:], eps=eps) * (1 + w), "as LayerNorm does"),
    ("unit-offset", lambda x, w, eps: x / (x.square().mean(-1, keepdim=True).sqrt() + eps) * (1 + w), "under the root"),
    ("unit-offset", lambda x, w, eps: rooted(x) * (1 + w), "eps is missing"),
    ("unit-offset", lambda x, w, eps: rooted(x, eps, mean=False) * (1 + w), "divides by the length"),
    ("unit-offset", lambda x, w, eps: normed(x, eps) * (1 + w), "float32 and cast last"),
    ("unit-offset", lambda x, w, eps: (normed(x.float(), eps) * (1 + w).float()).to(x.dtype), "1 + 0.003 is 1"),
    ("unit-offset", lambda x, w, eps: normed(x.float(), eps) * (1 + w.float()), "expected bfloat16"),
    ("weight-decay", lambda g, rate, decay, n, offset: g * (1 - rate * decay) ** n, "what is stored and decays is w"),
    ("weight-decay", lambda g, rate, decay, n, offset: 1 + (g - 1) * (1 - rate * decay) ** n, "without the offset"),
    ("weight-decay", lambda g, rate, decay, n, offset: offset + (g - offset) * (1 - n * rate * decay), "the same"),
    ("weight-decay", lambda g, rate, decay, n, offset: offset + (g - offset) * (1 - decay) ** n, "rate is missing"),
    ("weight-decay", lambda g, rate, decay, n, offset: (g - offset) * (1 - rate * decay) ** n, "that is w"),
    ("norm-place", place(POST, POST, BOTH), "that is post-norm"),
    ("norm-place", place(lambda x, f, n: n(x) + f(n(x)), POST, BOTH), "must carry x itself"),
    ("norm-place", place(PRE, lambda x, f, n: x + n(f(x)), BOTH), "output of the sublayer, before the addition"),
    ("norm-place", place(PRE, POST, lambda x, f, n: n(x + f(n(x)))), "and the whole sum"),
    ("norm-place", place(PRE, POST, lambda x, f, n: f(n(x))), "x is not added"),
    ("unit-offset", lambda x, w, eps: normed(x, eps), "weight has no effect"),
    ("unit-offset", lambda x, w, eps: normed(x, eps) + w, "added to the result"),
    ("unit-offset", lambda x, w, eps: x / (x.square().mean(-1, keepdim=True) + eps) * (1 + w), "the root is missing"),
    ("unit-offset", lambda x, w, eps: x / (x.square().mean() + eps).sqrt() * (1 + w), "one mean over all"),
    ("unit-offset", lambda x, w, eps: x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * (1 + w),
     "in bfloat16: convert"),
    ("weight-decay", lambda g, rate, decay, n, offset: offset + (g - offset) * (1 - rate) ** n, "decay is missing"),
    ("weight-decay", lambda g, rate, decay, n, offset: offset + (g - offset) * (1 - rate * decay), "there are more"),
    ("unit-offset", lambda x, w, eps: (rooted(x, eps) * (1 + w.abs())).to(x.dtype), "expected"),
    ("unit-offset", lambda x, w, eps: (x.float() / (x.float().std(-1, keepdim=True) + eps) * (1 + w)).to(x.dtype),
     "expected"),
    ("unit-offset", lambda x, w, eps: F.rms_norm(x, x.shape[-1:], 1 + w), "expected"),
    ("unit-offset", lambda x, w, eps: (rooted(x, 1e-5) * (1 + w)).to(x.dtype), "expected"),
    ("weight-decay", lambda *given: 1.9 if given[-1] else 1.8, "expected"),
    ("weight-decay", after(lambda share, n: math.exp(-share * n)), "the limit of many small steps"),
    ("weight-decay", after(lambda share, n: (1 - share) ** (n - 1)), "one step too few"),
    ("weight-decay", after(lambda share, n: (1 - share) ** (n + 1)), "one step too many"),
    ("weight-decay", lambda g, rate, decay, n, offset: offset + g * (1 - rate * decay) ** n, "the stored number is w"),
    ("weight-decay", lambda *given: round(in_a_loop(*given), 2), "expected"),
    ("weight-decay", after(lambda share, n: (1 + share) ** n), "expected"),
    ("weight-decay", lambda g, rate, decay, n, offset: offset + (g - offset) * (1 - rate - decay) ** n, "expected"),
    ("norm-place", place(PRE, POST, lambda x, f, n: x + f(n(n(x)))), "expected"),
    ("norm-place", place(PRE, POST, lambda x, f, n: x + n(f(x))), "output of the sublayer, before the addition"),
    ("norm-place", place(PRE, lambda x, f, n: f(n(x)) + n(x), BOTH), "must carry x itself"),
    ("norm-place", place(POST, PRE, BOTH), "that is post-norm"),
    ("norm-place", lambda x, w, name: place(PRE, POST, BOTH)(x, w.T, name), "x @ weight instead of x @ weight.T"),
    ("norm-place", lambda x, w, name: place(PRE, POST, BOTH)(x, w, "pre"), "that is pre-norm"),
    ("norm-place", place(lambda x, f, n: x + f(columns(x)), POST, BOTH), "along another axis"),
    ("norm-place", place(lambda x, f, n: x + f(F.layer_norm(x, x.shape[-1:])), POST, BOTH), "that is LayerNorm"),
    ("norm-place", place(lambda x, f, n: (x + f(n(x))) / 2**0.5, POST, BOTH), "expected"),
    ("norm-place", place(PRE, POST, lambda x, f, n: n(x) + n(f(n(x)))), "must carry x itself"),
    ("norm-place", place(PRE, lambda x, f, n: f(x + n(x)), BOTH), "expected"),
    ("norm-place", place(lambda x, f, n: x + f(n(x)).half(), POST, BOTH), "expected"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = [
    ("unit-offset", wide_norm),
    ("unit-offset", by_numpy),
    ("unit-offset", by_double),
    ("unit-offset", lambda h, gain, small: F.rms_norm(h.float(), h.shape[-1:], 1 + gain.float(), small).to(h.dtype)),
    ("weight-decay", in_a_loop),
    ("weight-decay", lambda *given: in_a_loop(*given, number=np.float32)),
    ("weight-decay", lambda *given: in_a_loop(*given, number=torch.tensor)),
    ("weight-decay", after(lambda share, n: math.exp(n * math.log1p(-share)))),
    ("weight-decay", lambda g, a, b, n, off: np.where(off, 1 + (g - 1) * (1 - a * b) ** n, g * (1 - a * b) ** n)),
    ("norm-place", place(PRE, POST, BOTH)),
    ("norm-place", lambda h, w, where: place(PRE, POST, BOTH)(h.double(), w.double(), where)),
    ("norm-place", lambda x, w, name: place(PRE, POST, BOTH)(x, w, name).tolist()),
    ("norm-place", place(lambda x, f, n: f(n(x)).add_(x), lambda x, f, n: n(x.add_(f(x))), BOTH)),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
