"""Wrong answers to the exercises on feed-forward layers fail, and the hint names the misconception behind them."""

import pytest
import torch
from torch.nn import functional as F
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "gemma-ex-"


def tanh_gelu(x):
    return F.gelu(x, approximate="tanh")


def slope(x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(tanh_gelu(x).sum(), x)[0]


WRONG = [
    ("matched-width", lambda plain, multiple: plain // 2, "one half"),
    ("matched-width", lambda plain, multiple: 2 * plain / 3 // multiple * multiple, "rounded down"),
    ("matched-width", lambda plain, multiple: round(2 * plain / 3 / multiple) * multiple, "nearest"),
    ("matched-width", lambda plain, multiple: -(-int(2 * plain / 3) // multiple) * multiple, "cut off before rounding"),
    ("matched-width", lambda plain, multiple: 2 * plain / 3, "not a multiple of 256"),
    ("matched-width", lambda plain, multiple: (int(2 * plain / 3 / multiple) + 1) * multiple, "one multiple too many"),
    ("geglu", lambda x, g, u, d: (tanh_gelu(x @ u.T) * (x @ g.T)) @ d.T, "wrong half"),
    ("geglu", lambda x, g, u, d: (tanh_gelu(x @ g.T) * tanh_gelu(x @ u.T)) @ d.T, "both halves"),
    ("geglu", lambda x, g, u, d: (F.gelu(x @ g.T) * (x @ u.T)) @ d.T, "exact GELU"),
    ("geglu", lambda x, g, u, d: (F.silu(x @ g.T) * (x @ u.T)) @ d.T, "SwiGLU"),
    ("geglu", lambda x, g, u, d: (torch.sigmoid(x @ g.T) * (x @ u.T)) @ d.T, "sigmoid on the gate"),
    ("geglu", lambda x, g, u, d: ((x @ g.T) * (x @ u.T)) @ d.T, "bilinear"),
    ("geglu", lambda x, g, u, d: (tanh_gelu(x @ g.T) + x @ u.T) @ d.T, "the gate multiplies"),
    ("unfuse", lambda m: m.chunk(2), "gate and up are exchanged"),
    ("unfuse", lambda m: (m[1::2], m[::2]), "every second row"),
    ("unfuse", lambda m: m.chunk(2, dim=1)[::-1], "along the columns"),
    ("gate-gradient", lambda g, u, d: (d * u * slope(g), d * slope(g)), "its factor is GELU"),
    ("gate-gradient", lambda g, u, d: (d * tanh_gelu(g), d * u * slope(g)), "exchanged"),
    ("gate-gradient", lambda g, u, d: (d * slope(g), d * tanh_gelu(g)), "multiplied by up"),
    ("gate-gradient", lambda g, u, d: (d * u * tanh_gelu(g), d * tanh_gelu(g)), "where its slope belongs"),
    ("gate-gradient", lambda g, u, d: (u * slope(g), tanh_gelu(g)), "multiply by upstream"),
    ("matched-width", lambda plain, multiple: plain * 3 // 2, "three halves"),
    ("geglu", lambda x, g, u, d: tanh_gelu(x @ g.T) @ d.T, "up half is missing"),
    ("gate-gradient", lambda g, u, d: (d * u, d * tanh_gelu(g)), "slope of GELU is missing"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
