"""Wrong answers to the exercises on activations fail, and the hint names the misconception behind them."""

import math

import numpy as np
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


SCALE = math.sqrt(2 / math.pi)


def cubed_in_place(x):
    """x is a cube before it is used the second time."""
    return x / 2 * (1 + torch.tanh(SCALE * (0.044715 * x.pow_(3) + x)))


def by_autograd(x):
    x = x.clone().requires_grad_()
    F.silu(x).sum().backward()
    return x.grad


def by_tangent(x):
    return torch.func.jvp(F.silu, (x,), (torch.ones_like(x),))[1]


def by_difference(x, step=1e-5):
    x = x.double()
    return (F.silu(x + step) - F.silu(x - step)) / (2 * step)


def shifted(x):
    """The right gap, at the next point of the grid."""
    index = absolute_gap(x).argmax()
    return x[min(int(index) + 1, len(x) - 1)], absolute_gap(x).max()


def first_above(x, bound=4e-4):
    """The first point at which the gap is above a bound, or the last one."""
    gap = absolute_gap(x)
    index = int((gap > bound).float().argmax())
    return x[index], gap[index]


def on_the_right(x):
    gap = absolute_gap(x) * (x > 0)
    return x[gap.argmax()].item(), gap.max().item()


def best_of(x, gap):
    return x[gap.argmax()].item(), absolute_gap(x)[gap.argmax()].item()


def by_numpy(x):
    x = x.numpy().astype(np.float64)
    exact = x / 2 * (1 + np.array([math.erf(each / math.sqrt(2)) for each in x]))
    gap = np.abs(exact - x / 2 * (1 + np.tanh(SCALE * (x + 0.044715 * x**3))))
    return np.array([x[gap.argmax()], gap.max()])


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
    ("gelu-tanh", tanh_gelu, "write the formula"),
    ("gelu-tanh", torch.nn.GELU("tanh"), "write the formula"),
    ("gelu-tanh", lambda x: F.gelu(x.double(), approximate="tanh"), "write the formula"),
    ("gelu-tanh", lambda x: (1 + torch.tanh(SCALE * (x + 0.044715 * x**3))) / 2, "x itself is missing"),
    ("gelu-tanh", lambda x: x / 2 * (1 + torch.tanh(SCALE * (x + 0.044715 * x**2))), "the square of x"),
    ("gelu-tanh", lambda x: x / 2 * (1 + torch.tanh(SCALE * (x + 0.44715 * x**3))), "0.44715 is ten times"),
    ("gelu-tanh", lambda x: x / 2 * (1 + torch.tanh(SCALE * x + 0.044715 * x**3)), "multiplies the whole bracket"),
    ("gelu-tanh", lambda x: x / 2 * (1 + torch.tanh(SCALE * (x - 0.044715 * x**3))), "added"),
    ("gelu-tanh", lambda x: x * torch.tanh(SCALE * (x + 0.044715 * x**3)), "1 before the tanh"),
    ("gelu-tanh", lambda x: ((y := x.half()) / 2 * (1 + torch.tanh(SCALE * (y + 0.044715 * y**3)))), "expected"),
    ("gelu-tanh", cubed_in_place, "expected"),
    ("silu-derivative", by_autograd, "without autograd"),
    ("silu-derivative", by_tangent, "without autograd"),
    ("silu-derivative", by_difference, "difference quotient"),
    ("silu-derivative", lambda x: (F.silu(x + 1e-3) - F.silu(x)) / 1e-3, "difference quotient"),
    ("silu-derivative", lambda x: (x > 0).float(), "slope of ReLU"),
    ("silu-derivative", lambda x: slope(1.702 * x), "expected"),
    ("silu-derivative", lambda x: (s := torch.sigmoid(x)) + x * s * (1 - s) ** 2, "expected"),
    ("silu-derivative", lambda x: (e := torch.exp(x)) / (1 + e) + x * e / (1 + e) ** 2, "contains nan"),
    ("silu-derivative", lambda x: slope(x.half()).float(), "expected"),
    ("silu-derivative", lambda x: slope(x.clamp(-6, 6)), "expected 0 at position|expected 1|expected -"),
    ("silu-derivative", lambda x: (s := torch.sigmoid(x)) + s * (1 - s), "the factor x is missing"),
    ("silu-derivative", lambda x: slope(x).mean(), "has shape ()"),
    ("gelu-gap", shifted, "the point after it"),
    ("gelu-gap", lambda x: best_of(x, absolute_gap(x) / F.gelu(x).abs().clamp(min=1e-300)), "as a share of GELU(x)"),
    ("gelu-gap", lambda x: (2.699, 0.000473), "expected"),
    ("gelu-gap", lambda x: (x[int(absolute_gap(x).argmax()) - 1], absolute_gap(x).max()), "the point before it"),
    ("gelu-gap", first_above, "expected"),
    ("gelu-gap", lambda x: best_of(x, absolute_gap(x))[::-1], "the place comes first"),
    ("gelu-gap", lambda x: best_of(x, -absolute_gap(x)), "expected"),
    ("gelu-gap", on_the_right, "expected"),
    ("gelu-gap", lambda x: best_of(x, (F.gelu(x) - F.silu(x)).abs()), "expected"),
    ("gelu-gap", lambda x: [round(each, 4) for each in best_of(x, absolute_gap(x))], "expected"),
    ("gelu-gap", lambda x: (x[-1], absolute_gap(x)[-1]), "expected"),
    ("gelu-gap", lambda x: (round(best_of(x, absolute_gap(x))[0], 1), absolute_gap(x).max()), "expected"),
    ("gelu-gap", lambda x: (best_of(x, absolute_gap(x))[0], absolute_gap(x).sum()), "the sum of all gaps"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = [
    ("gelu-tanh", lambda x: [t / 2 * (1 + math.tanh(SCALE * (t + 0.044715 * t**3))) for t in x.tolist()]),
    ("gelu-tanh", lambda z: (n := z.numpy()) / 2 * (1 + np.tanh(SCALE * (n + 0.044715 * n**3)))),
    ("gelu-tanh", lambda x: x * torch.sigmoid(2 * SCALE * (x + 0.044715 * x**3))),
    ("gelu-tanh", lambda x: x.double().mul(0.5) * (1 + torch.tanh(SCALE * (x.double() + 0.044715 * x.double() ** 3)))),
    ("gelu-tanh", lambda x: x.mul_((SCALE * (x + 0.044715 * x**3)).tanh_().add_(1).mul_(0.5))),
    ("silu-derivative", lambda x: torch.sigmoid(x) * (1 + x * torch.sigmoid(-x))),
    ("silu-derivative", lambda x: (y := F.silu(x)) + torch.sigmoid(x) * (1 - y)),
    ("silu-derivative", lambda x: [(s := torch.sigmoid(t).item()) * (1 + t.item() * (1 - s)) for t in x]),
    ("silu-derivative", lambda z: (s := (1 + np.tanh(z.numpy() / 2)) / 2) * (1 + z.numpy() * (1 - s))),
    ("silu-derivative", lambda x: slope(x.double())),
    ("silu-derivative", lambda x: x.mul_((s := torch.sigmoid(x)) * (1 - s)).add_(s)),
    ("gelu-gap", lambda x: best_of(x, absolute_gap(x))),
    ("gelu-gap", lambda grid: best_of(grid.float(), absolute_gap(grid.float()))),
    ("gelu-gap", by_numpy),
    ("gelu-gap", lambda x: torch.stack([x[(gap := absolute_gap(x)).topk(1).indices[0]], gap.max()])),
    ("gelu-gap", lambda x: tuple(np.float32(each) for each in best_of(x, absolute_gap(x)))),
    ("gelu-gap", lambda x: max(zip(absolute_gap(x).tolist(), x.tolist(), strict=True))[::-1]),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
