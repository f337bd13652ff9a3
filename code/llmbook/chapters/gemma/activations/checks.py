"""Checks for the page on activations: tanh GELU, the derivative of SiLU, the gap between the two GELUs."""

import math

import torch
from torch import Tensor

from llmbook.exercises.compare import expect_items, expect_number, expect_tensor
from llmbook.exercises.registry import exercise
from llmbook.layers.activation import TANH_CUBIC, TANH_SCALE, gelu, gelu_tanh, silu_derivative

GRID = torch.linspace(-4, 4, 161)
FAR = torch.tensor([-100.0, -30.0, 30.0, 100.0])


def tanh_form(x: Tensor, scale: float = TANH_SCALE, cubic: float = TANH_CUBIC) -> Tensor:
    """The formula with its two constants open."""
    return 0.5 * x * (1 + torch.tanh(scale * (x + cubic * x**3)))


@exercise("gemma-ex-gelu-tanh")
def gelu_near_zero(f):
    """161 points from -4 to 4"""
    right = gelu_tanh(GRID)
    mistakes = [
        (gelu(GRID), "that is the exact GELU, with the error function; Gemma was trained with the tanh form"),
        (2 * right, "your result is twice too large: the formula starts with x / 2"),
        (tanh_form(GRID, cubic=0.0), "the cubic term 0.044715 x^3 is missing inside the tanh"),
        (tanh_form(GRID, scale=1.0), "the factor sqrt(2 / pi) is missing inside the tanh"),
        (tanh_form(GRID, scale=2 / math.pi), "the factor inside the tanh is the square root of 2 / pi"),
        (GRID * torch.sigmoid(1.702 * GRID), "that is the sigmoid approximation x sigmoid(1.702 x), a coarser one"),
        (GRID * torch.sigmoid(GRID), "that is SiLU, the activation of Llama and OLMo"),
    ]
    expect_tensor(f(GRID), right, mistakes)


@exercise("gemma-ex-gelu-tanh")
def gelu_far_out(f):
    """Far from zero: 0 on the left, x on the right"""
    overflow = "far from zero an exponential overflows: torch.tanh does not"
    expect_tensor(f(FAR), gelu_tanh(FAR), otherwise=overflow)


@exercise("gemma-ex-silu-derivative")
def silu_slope(f):
    """161 points from -4 to 4"""
    gate = torch.sigmoid(GRID)
    mistakes = [
        (gate, "that is the slope if the gate sigmoid(x) were constant: the product rule has a second term"),
        (GRID * gate * (1 - gate), "that is only the second term of the product rule: the gate itself is missing"),
        (gate * (1 - gate), "that is the slope of the sigmoid, not of x sigmoid(x)"),
        (GRID * gate, "that is SiLU itself, not its slope"),
        (gate * (1 + GRID * gate), "a factor (1 - sigmoid(x)) lost its minus: the slope of the sigmoid is s (1 - s)"),
    ]
    expect_tensor(f(GRID), silu_derivative(GRID), mistakes)


@exercise("gemma-ex-silu-derivative")
def silu_slope_far_out(f):
    """Far from zero: slope 0 on the left, 1 on the right"""
    overflow = "far from zero exp(-x) overflows in float32: use torch.sigmoid, which does not"
    expect_tensor(f(FAR), silu_derivative(FAR), otherwise=overflow)


def expect_gap(f, low: float, high: float) -> None:
    """Compare the place and the size of the largest gap on a grid of steps of 0.001."""
    x = torch.linspace(low, high, round((high - low) * 1000) + 1, dtype=torch.float64)
    place, size = expect_items(f(x), 2, "the place x and the gap there")
    gap = gelu(x) - gelu_tanh(x)
    top = int(gap.abs().argmax())
    relative = (gap / gelu(x)).nan_to_num(0).abs()
    index = "that is the index in the grid; return x at that index"
    signed = "that is where the gap is largest with its sign; a large negative gap is large too: take absolute values"
    share = "that is where the gap is largest as a share of GELU(x); the absolute gap is asked for"
    mistakes = [
        (top, index), (len(x) - 1 - top, index),
        *((sign * x[gap.argmax()].abs().item(), signed) for sign in (1, -1)),
        (x[relative.argmax()].item(), share),
    ]  # fmt: skip
    # The gap is the same at x and -x; either place is right where the grid has both.
    sign = -1 if low < 0 and isinstance(place, float | Tensor) and place < 0 else 1
    expect_number(place, sign * x[top].abs().item(), mistakes, rtol=1e-2)
    minus = (-gap[top].abs().item(), "the gap has the wrong sign: return its absolute value")
    expect_number(size, gap[top].abs().item(), [minus], rtol=1e-3)


@exercise("gemma-ex-gelu-gap")
def gap_on_the_right(f):
    """The grid from 0 to 6"""
    expect_gap(f, 0.0, 6.0)


@exercise("gemma-ex-gelu-gap")
def gap_on_both_sides(f):
    """The grid from -6 to 6"""
    expect_gap(f, -6.0, 6.0)


@exercise("gemma-ex-gelu-gap")
def gap_near_zero(f):
    """The grid from 0 to 2, where the peak lies elsewhere"""
    expect_gap(f, 0.0, 2.0)
