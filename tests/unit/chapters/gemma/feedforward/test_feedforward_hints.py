"""Wrong answers to the exercises on feed-forward layers fail, and the hint names the misconception behind them."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "gemma-ex-"


def tanh_gelu(x):
    return F.gelu(x, approximate="tanh")


def halves(order):
    """Split along the rows; give back (gate, up) by a rule of the first and the second half."""
    return lambda m: order(*m.chunk(2))


def layer(join):
    """x W.T ... by a rule of what gate and up give."""
    return lambda x, g, u, d: join(x @ g.T, x @ u.T) @ d.T


def by_autograd(g, u, upstream):
    g, u = g.clone().requires_grad_(), u.clone().requires_grad_()
    return torch.autograd.grad(tanh_gelu(g) * u, (g, u), upstream)


def slope_of_gelu(x):
    return (1 + torch.erf(x / 2**0.5)) / 2 + x * torch.exp(-x * x / 2) / (2 * torch.pi) ** 0.5


def slope(x):
    scale = (2 / torch.pi) ** 0.5
    t = torch.tanh(scale * (x + 0.044715 * x**3))
    return (1 + t) / 2 + x * (1 - t * t) * scale * (1 + 3 * 0.044715 * x * x) / 2


def by_numpy(*given):
    g, u, upstream = (torch.as_tensor(each).double() for each in given)
    return np.stack([(upstream * u * slope(g)).numpy(), (upstream * tanh_gelu(g)).numpy()])


def next_multiple(plain, multiple):
    """Count up, in whole numbers."""
    width = 0
    while 3 * width < 2 * plain:
        width += multiple
    return width


WRONG = [
    ("matched-width", lambda plain, multiple: plain // 2, "one half"),
    ("matched-width", lambda plain, multiple: 2 * plain / 3 // multiple * multiple, "rounded down"),
    ("matched-width", lambda plain, multiple: round(2 * plain / 3 / multiple) * multiple, "nearest"),
    ("matched-width", lambda plain, multiple: (round(2 * plain / 3) + multiple - 1) // multiple * multiple,
     "to a whole number first"),
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
    ("unfuse", lambda m: (m[::2], m[1::2]), "every second row"),
    ("unfuse", lambda m: m.chunk(2, dim=1)[::-1], "along the columns"),
    ("gate-gradient", lambda g, u, d: (d * u * slope(g), d * slope(g)), "its factor is GELU"),
    ("gate-gradient", lambda g, u, d: (d * tanh_gelu(g), d * u * slope(g)), "exchanged"),
    ("gate-gradient", lambda g, u, d: (d * slope(g), d * tanh_gelu(g)), "multiplied by up"),
    ("gate-gradient", lambda g, u, d: (d * u * tanh_gelu(g), d * tanh_gelu(g)), "where its slope belongs"),
    ("gate-gradient", lambda g, u, d: (u * slope(g), tanh_gelu(g)), "multiply by upstream"),
    ("matched-width", lambda plain, multiple: plain * 3 // 2, "three halves"),
    ("geglu", lambda x, g, u, d: tanh_gelu(x @ g.T) @ d.T, "up half is missing"),
    ("gate-gradient", lambda g, u, d: (d * u, d * tanh_gelu(g)), "slope of GELU is missing"),
    ("matched-width", lambda plain, multiple: math.ceil(2 * plain / 3), "not a multiple of 256"),
    ("matched-width", lambda plain, multiple: 11_008 if plain == 4 * 4096 else 13_824, "expected 2,048"),
    ("matched-width", lambda plain, multiple: math.ceil(8 * plain / 3 / multiple) * multiple, "4 times too large"),
    ("matched-width", lambda plain, multiple: 2 * (math.ceil(plain / multiple) * multiple) // 3, "rounded too early"),
    ("matched-width", lambda plain, multiple: math.ceil(0.667 * plain / multiple) * multiple, "one multiple too many"),
    ("matched-width", lambda plain, multiple: 2 ** math.ceil(math.log2(2 * plain / 3)), "power of two"),
    ("matched-width", lambda plain, multiple: math.ceil(2 * plain / 3 / 256) * 256, "256, whatever"),
    ("geglu", layer(lambda g, u: tanh_gelu(g * u)), "on the product"),
    ("geglu", layer(lambda g, u: g.relu() * u), "ReGLU"),
    ("geglu", layer(lambda g, u: tanh_gelu(g) * (1 + u)), "expected"),
    ("geglu", lambda x, g, u, d: x + (tanh_gelu(x @ g.T) * (x @ u.T)) @ d.T, "x is added"),
    ("geglu", lambda x, g, u, d: tanh_gelu(x @ g.T) * (x @ u.T), "has shape (3,)"),
    ("geglu", lambda x, g, u, d: (tanh_gelu(x @ g) * (x @ u)) @ d, "raised RuntimeError"),
    ("geglu", lambda x, g, u, d: layer(lambda g, u: tanh_gelu(g) * u)(*(t.bfloat16().float() for t in (x, g, u, d))),
     "expected"),
    ("geglu", lambda x, g, u, d: torch.tensor([[[50.47]]]), "has shape (1, 1, 1)"),
    ("geglu", layer(lambda g, u: torch.softmax(g, -1) * u), "expected"),
    ("unfuse", halves(lambda first, second: (second, second)), "that is gate again"),
    ("unfuse", halves(lambda first, second: (second.flip(0), first.flip(0))), "from the last to the first"),
    ("unfuse", lambda m: (m[3:], m[:3]), "has shape (13, 4)"),
    ("unfuse", lambda m: (m[len(m) // 2 + 1:], m[:len(m) // 2 + 1]), "has shape (2, 2)"),
    ("unfuse", lambda m: m.flip(0).chunk(2), "from the last to the first"),
    ("unfuse", lambda m: (m.T.chunk(2)[1].T, m.T.chunk(2)[0].T), "along the columns"),
    ("unfuse", lambda m: m.reshape(m.shape[1], -1).chunk(2, dim=1)[::-1], "expected"),
    ("unfuse", halves(lambda first, second: (second.half().float(), first.half().float())), "expected"),
    ("unfuse", halves(lambda first, second: torch.cat((second, first))), "expected 2: gate and up"),
    ("unfuse", halves(lambda first, second: (second - first, first)), "expected"),
    ("unfuse", lambda m: torch.split(m, 2), "gate and up"),
    ("gate-gradient", by_autograd, "without autograd"),
    ("gate-gradient", lambda g, u, d: torch.func.vjp(lambda g, u: tanh_gelu(g) * u, g, u)[1](d), "without autograd"),
    ("gate-gradient", lambda g, u, d: (-d * u * slope(g), -d * tanh_gelu(g)), "the sign"),
    ("gate-gradient", lambda g, u, d: (d * u * slope(u), d * tanh_gelu(g)), "the slope is taken at up"),
    ("gate-gradient", lambda g, u, d: (d * u * slope(g), d * tanh_gelu(u)), "that is GELU of up"),
    ("gate-gradient", lambda g, u, d: (d * u * slope(g), d * u * tanh_gelu(g)), "that has up in it"),
    ("gate-gradient", lambda g, u, d: (d * u * slope_of_gelu(g), d * F.gelu(g)), "exact GELU"),
    ("gate-gradient", lambda g, u, d: (d * u * (g > 0), d * g.relu()), "expected"),
    ("gate-gradient", lambda g, u, d: (d + u * slope(g), d * tanh_gelu(g)), "expected"),
    ("gate-gradient", lambda g, u, d: ((d * u * slope(g)).sum(0), (d * tanh_gelu(g)).sum(0)), "has shape (6,)"),
    ("gate-gradient", lambda g, u, d: ((d * u * slope(g)).half(), (d * tanh_gelu(g)).half()), "expected"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = [
    ("matched-width", next_multiple),
    ("matched-width", lambda plain, multiple: -(-2 * plain // (3 * multiple)) * multiple),
    ("matched-width", lambda p, m: int(np.ceil(np.float64(2 * p) / (3 * m))) * m),
    ("matched-width", lambda p, m: torch.tensor(2 * p / (3 * m), dtype=torch.float64).ceil() * m),
    ("geglu", lambda x, g, u, d: F.linear(tanh_gelu(F.linear(x, g)) * F.linear(x, u), d)),
    ("geglu", lambda *given: layer(lambda g, u: tanh_gelu(g) * u)(*(t.double() for t in given)).numpy()),
    ("geglu", lambda x, a, b, c: torch.einsum("...f,df->...d", tanh_gelu(x @ a.T).mul_(x @ b.T), c).tolist()),
    ("geglu", lambda x, a, b, c: (torch.stack([tanh_gelu(x @ a.T), x @ b.T]).prod(0)) @ c.T),
    ("unfuse", lambda m: [m[len(m) // 2 :].tolist(), m[: len(m) // 2].tolist()]),
    ("unfuse", lambda m: np.split(m.numpy(), 2)[::-1]),
    ("unfuse", lambda m: m.view(2, -1, m.shape[1]).flip(0)),
    ("unfuse", lambda both: tuple(both.double().split(len(both) // 2))[::-1]),
    ("gate-gradient", by_numpy),
    ("gate-gradient", lambda a, b, c: (c * b * slope(a), c * tanh_gelu(a))),
    ("gate-gradient", lambda a, b, c: [(c * b * slope(a)).tolist(), (c * tanh_gelu(a)).tolist()]),
    ("gate-gradient", lambda g, u, d: (u.mul_(d).mul_(slope(g)), d.mul_(tanh_gelu(g)))),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
