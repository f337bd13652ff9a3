"""Checks for the page on activations: tanh GELU, the derivative of SiLU, the gap between the two GELUs."""

import math

import torch
from torch import Tensor

from llmbook.exercises.by_hand import without, without_autograd
from llmbook.exercises.compare import as_number, expect_items, expect_number, expect_tensor, same
from llmbook.exercises.registry import exercise
from llmbook.layers.activation import TANH_CUBIC, TANH_SCALE, gelu, gelu_tanh, silu_derivative

GRID = torch.linspace(-4, 4, 160)  # without 0, where the gate could not be told from its product with x
FAR = torch.tensor([-100.0, -30.0, 30.0, 100.0])


def tanh_form(x: Tensor, scale: float = TANH_SCALE, cubic: float = TANH_CUBIC, power: int = 3) -> Tensor:
    """The formula with its constants open."""
    return 0.5 * x * (1 + torch.tanh(scale * (x + cubic * x**power)))


def finished_gelu(given: list[Tensor], made: Tensor) -> bool:
    """Whether one operation turned all the numbers into their tanh GELU."""
    all_of_them = len(given) == 1 and given[0].shape == made.shape == GRID.shape
    return all_of_them and same(made, gelu_tanh(given[0].float()))


@exercise("gemma-ex-gelu-tanh")
def gelu_near_zero(f):
    """160 points from -4 to 4"""
    right = gelu_tanh(GRID)
    mistakes = [
        (gelu(GRID), "that is the exact GELU, with the error function; Gemma was trained with the tanh form"),
        (2 * right, "your result is twice too large: the formula starts with x / 2"),
        (tanh_form(GRID, cubic=0.0), "the cubic term 0.044715 x^3 is missing inside the tanh"),
        (tanh_form(GRID, scale=1.0), "the factor sqrt(2 / pi) is missing inside the tanh"),
        (tanh_form(GRID, scale=2 / math.pi), "the factor inside the tanh is the square root of 2 / pi"),
        (GRID * torch.sigmoid(1.702 * GRID), "that is the sigmoid approximation x sigmoid(1.702 x), a coarser one"),
        (GRID * torch.sigmoid(GRID), "that is SiLU, the activation of Llama and OLMo"),
        (right / GRID, "that is the factor on x: x itself is missing"),
        (tanh_form(GRID, power=2), "that takes the square of x inside the tanh: its cube is asked for"),
        (tanh_form(GRID, cubic=0.44715), "0.44715 is ten times too large: 0.044715"),
        (tanh_form(GRID, cubic=-TANH_CUBIC), "the cubic term is added to x, not subtracted"),
        (tanh_form(GRID, cubic=TANH_CUBIC / TANH_SCALE), "sqrt(2 / pi) multiplies the whole bracket, the cubic too"),
        (2 * right - GRID, "the 1 before the tanh is missing, and half of x: x / 2 times (1 + tanh)"),
    ]
    expect_tensor(f(GRID), right, mistakes)


@exercise("gemma-ex-gelu-tanh")
def gelu_far_out(f):
    """Far from zero: 0 on the left, x on the right"""
    overflow = "far from zero an exponential overflows: torch.tanh does not"
    expect_tensor(f(FAR), gelu_tanh(FAR), otherwise=overflow)


@exercise("gemma-ex-gelu-tanh")
def gelu_by_formula(f):
    """The same points, from a formula"""
    finished = "write the formula itself: this task is to be done without PyTorch's GELU"
    expect_tensor(without(f, finished_gelu, finished)(GRID), gelu_tanh(GRID))


@exercise("gemma-ex-silu-derivative")
def silu_slope(f):
    """160 points from -4 to 4"""
    gate = torch.sigmoid(GRID)
    mistakes = [
        (gate, "that is the slope if the gate sigmoid(x) were constant: the product rule has a second term"),
        (GRID * gate * (1 - gate), "that is only the second term of the product rule: the gate itself is missing"),
        (gate * (1 - gate), "that is the slope of the sigmoid, not of x sigmoid(x)"),
        (GRID * gate, "that is SiLU itself, not its slope"),
        ((GRID > 0).float(), "that is the slope of ReLU, a step"),
        (gate + gate * (1 - gate), "the factor x is missing in the second term of the product rule"),
        (gate * (1 + GRID * gate), "a factor (1 - sigmoid(x)) lost its minus: the slope of the sigmoid is s (1 - s)"),
    ]
    expect_tensor(without_autograd(f)(GRID), silu_derivative(GRID), mistakes)


@exercise("gemma-ex-silu-derivative")
def silu_slope_by_formula(f):
    """The same points in float64, from a formula"""
    wide = GRID.double()

    def nearby(given: list[Tensor], made: Tensor) -> bool:
        return made.shape == wide.shape and 0 < (made.double() - wide).abs().max() < 0.02

    asked = "that is a difference quotient, which rounds: write the formula"
    expect_tensor(without(f, nearby, asked)(wide), silu_derivative(wide))


@exercise("gemma-ex-silu-derivative")
def silu_slope_far_out(f):
    """Far from zero: slope 0 on the left, 1 on the right"""
    overflow = "far from zero exp(-x) overflows in float32: use torch.sigmoid, which does not"
    expect_tensor(f(FAR), silu_derivative(FAR), otherwise=overflow)


def expect_gap(f, x: Tensor) -> None:
    """Compare the place and the size of the largest gap between the two GELUs on a grid."""
    place, size = expect_items(f(x), 2, "the place x and the gap there")
    place, wide = as_number(place), x.double()
    gap = gelu(wide) - gelu_tanh(wide)
    top = int(gap.abs().argmax())
    relative = (gap / gelu(wide)).nan_to_num(0).abs()
    index = "that is the index in the grid; return x at that index"
    signed = "that is where the gap is largest with its sign; a large negative gap is large too: take absolute values"
    share = "that is where the gap is largest as a share of GELU(x); the absolute gap is asked for"
    mistakes = [
        (top, index), (len(x) - 1 - top, index),
        *((sign * x[gap.argmax()].abs().item(), signed) for sign in (1, -1)),
        (x[relative.argmax()].item(), share),
        (x[top - 1].item(), "that is the point before it in the grid"),
        (x[(top + 1) % len(x)].item(), "that is the point after it in the grid"),
        (gap[top].abs().item(), "that is the gap: the place comes first"),
    ]  # fmt: skip
    # The gap is the same at x and -x; either place is right where the grid has both.
    both = bool((x == -x[top]).any())
    expect_number(abs(place) if both else place, (x[top].abs() if both else x[top]).item(), mistakes, rtol=1e-2)
    minus = (-gap[top].abs().item(), "the gap has the wrong sign: return its absolute value")
    total = (gap.abs().sum().item(), "that is the sum of all gaps: the largest is asked for")
    expect_number(size, gap[top].abs().item(), [minus, total], rtol=1e-3)


@exercise("gemma-ex-gelu-gap")
def gap_on_the_right(f):
    """The grid from 0 to 6"""
    expect_gap(f, torch.linspace(0, 6, 6001, dtype=torch.float64))


@exercise("gemma-ex-gelu-gap")
def gap_on_both_sides(f):
    """The grid from -6 to 6, and that from -6 to 1"""
    expect_gap(f, torch.linspace(-6, 6, 12_001, dtype=torch.float64))
    expect_gap(f, torch.linspace(-6, 1, 7001, dtype=torch.float64))


@exercise("gemma-ex-gelu-gap")
def gap_near_zero(f):
    """The grid from 0 to 2, where the peak lies elsewhere"""
    expect_gap(f, torch.linspace(0, 2, 2001, dtype=torch.float64))


@exercise("gemma-ex-gelu-gap")
def gap_on_a_few_points(f):
    """Six points in no order"""
    expect_gap(f, torch.tensor([0.5, 3.5, -1.25, 2.25, 1.5, -4.0], dtype=torch.float64))
