"""Wrong answers to the exercises on activations fail, and the hint names the misconception behind them."""

import math

import pytest
import torch
from torch.nn import functional as F
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "gemma-ex-"


def tanh_gelu(x):
    return F.gelu(x, approximate="tanh")


def slope(x):
    gate = torch.sigmoid(x)
    return gate * (1 + x * (1 - gate))


def signed_gap(x):
    gap = F.gelu(x) - tanh_gelu(x)
    return x[gap.argmax()], gap.max()


def absolute_gap(x):
    return (F.gelu(x) - tanh_gelu(x)).abs()


WRONG = [
    ("gelu-tanh", F.gelu, "exact GELU"),
    ("gelu-tanh", lambda x: 2 * tanh_gelu(x), "twice too large"),
    ("gelu-tanh", lambda x: x / 2 * (1 + torch.tanh(math.sqrt(2 / math.pi) * x)), "cubic term"),
    ("gelu-tanh", lambda x: x / 2 * (1 + torch.tanh(x + 0.044715 * x**3)), "sqrt(2 / pi) is missing"),
    ("gelu-tanh", lambda x: x * torch.sigmoid(1.702 * x), "sigmoid approximation"),
    ("gelu-tanh", F.silu, "that is SiLU"),
    ("gelu-tanh", lambda x: x / 2 * (1 + (z := torch.exp(2 * 0.7978845608 * (x + 0.044715 * x**3))).sub(1) / (z + 1)),
     "contains nan"),
    ("gelu-tanh", lambda x: tanh_gelu(x) + (x < -50).float(), "your result is 1 at position [0], expected -0"),
    ("silu-derivative", lambda x: slope(x) + 2 * (x < -50), "your result is 2 at position [0], expected -0"),
    ("silu-derivative", torch.sigmoid, "product rule has a second term"),
    ("silu-derivative", lambda x: x * torch.sigmoid(x) * (1 - torch.sigmoid(x)), "gate itself is missing"),
    ("silu-derivative", lambda x: torch.sigmoid(x) * (1 - torch.sigmoid(x)), "slope of the sigmoid"),
    ("silu-derivative", lambda x: (1 + torch.exp(-x) + x * torch.exp(-x)) / (1 + torch.exp(-x)) ** 2, "overflows"),
    ("gelu-gap", signed_gap, "use the absolute value|take absolute values"),
    ("gelu-gap", lambda x: (absolute_gap(x).argmax(), absolute_gap(x).max()), "the index in the grid"),
    ("gelu-gap", lambda x: (x[absolute_gap(x).argmax()], -absolute_gap(x).max()), "return its absolute value"),
    ("gelu-gap", lambda x: absolute_gap(x).max(), "expected 2: the place x and the gap there"),
    ("gelu-tanh", lambda x: x / 2 * (1 + torch.tanh(2 / math.pi * (x + 0.044715 * x**3))),
     "is the square root of 2 / pi"),
    ("silu-derivative", F.silu, "that is SiLU itself"),
    ("silu-derivative", lambda x: torch.sigmoid(x) * (1 + x * torch.sigmoid(x)), "lost its minus"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
