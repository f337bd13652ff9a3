"""Wrong answers to the exercises on norms fail, and the hint names the misconception behind them."""

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
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
