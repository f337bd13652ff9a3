"""A check of the page on activations: a short list of inputs that tells faulty GELUs from the right one."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from llmbook.chapters.gemma.activations.checks import tanh_form
from llmbook.exercises.compare import Mistake, as_tensor
from llmbook.exercises.registry import exercise
from llmbook.layers.activation import TANH_CUBIC, TANH_SCALE, gelu, gelu_tanh

MOST, APART = 3, 3e-4
"""How many inputs are allowed, and how far two values must be apart to be told from each other."""


def by_exponentials(x: Tensor) -> Tensor:
    """The tanh written with exponentials, which overflow."""
    grown = torch.exp(2 * TANH_SCALE * (x + TANH_CUBIC * x**3))
    return x / 2 * (1 + (grown - 1) / (grown + 1))


NEAR = {
    "calls the exact GELU": gelu,
    "forgets the cubic term": lambda x: tanh_form(x, cubic=0.0),
    "forgets the factor sqrt(2 / pi)": lambda x: tanh_form(x, scale=1.0),
    "takes SiLU": F.silu,
    "takes the sigmoid approximation": lambda x: x * torch.sigmoid(1.702 * x),
}
FAR = {
    "gives 0 for every negative number": lambda x: gelu_tanh(x.relu()),
    "gives x for every positive number": lambda x: torch.where(x > 0, x, gelu_tanh(x)),
    "cuts off what is larger than 6": lambda x: gelu_tanh(x).clamp(max=6),
    "writes the tanh with exponentials, which overflow": by_exponentials,
}
WHERE = {
    "calls the exact GELU": "the two differ by less than 0.0005, and most at about 2.7 and -2.7",
    "gives 0 for every negative number": "ask at a negative number that is not too far out",
    "gives x for every positive number": "ask at a positive number, or change the list as a whole",
    "cuts off what is larger than 6": "ask at a large number",
    "writes the tanh with exponentials, which overflow": "in float32 an exponential overflows above about 88",
}


def points_of(f: Callable) -> Tensor:
    """The inputs that the reader chose, as float32."""
    points = as_tensor(f(), "your list").flatten().float()
    if not 1 <= len(points) <= MOST:
        raise Mistake(f"your list has {len(points)} inputs: from one to {MOST} are allowed")
    if not points.isfinite().all():
        raise Mistake("an input is not finite: choose numbers that float32 can hold")
    return points


def expect_told(f: Callable, faults: dict[str, Callable[[Tensor], Tensor]]) -> None:
    """Insist that each fault gives another value than the tanh GELU at one of the inputs or more."""
    points = points_of(f)
    right = gelu_tanh(points)
    for name, faulty in faults.items():
        gap = (faulty(points) - right).abs()
        if not bool(((gap > APART) | gap.isnan()).any()):
            hint = WHERE.get(name, "it differs most at numbers between 1 and 3, of either sign")
            shown = [round(each, 4) for each in points.tolist()]
            raise Mistake(f"at {shown} a function that {name} looks right: {hint}")


@exercise("gemma-ex-telling-points")
def faults_near_zero(f):
    """Five other formulas, told apart"""
    expect_told(f, NEAR)


@exercise("gemma-ex-telling-points")
def faults_far_out(f):
    """Four faults at one side or far out, told apart"""
    expect_told(f, FAR)
