"""Checks for the page that tests DoRA: do the reader's cases tell a right layer from faulty ones?"""

from collections.abc import Callable

import torch
from torch import Tensor

from llmbook.exercises.compare import Mistake, as_number, as_tensor, expect_items
from llmbook.exercises.registry import exercise

MOST_CASES = 3
Case = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, float]
NAMES = ("x", "weight", "bias", "A", "B", "magnitude")


def right_layer(x, weight, bias, lora_A, lora_B, magnitude, scaling) -> Tensor:
    """DoRA's output; a row that has no direction is left as it is."""
    norm = (weight + scaling * lora_B @ lora_A).norm(dim=1)
    factor = torch.where(norm > 0, magnitude / norm, 1.0)
    return factor * (x @ weight.T + scaling * (x @ lora_A.T) @ lora_B.T) + bias


def layer_with(
    norm: Callable[[Tensor, Tensor], Tensor] = lambda weight, moved: moved.norm(dim=1),
    factor: Callable[[Tensor, Tensor], Tensor] = lambda magnitude, norm: magnitude / norm,
    filled: bool = True,
    bias_too: bool = False,
    base_alone: bool = False,
) -> Callable[..., Tensor]:
    """A layer with one of its parts exchanged."""

    def layer(x, weight, bias, lora_A, lora_B, magnitude, scaling):
        length = norm(weight, weight + scaling * lora_B @ lora_A)
        g = factor(magnitude, length)
        g = torch.where(length > 0, g, 1.0) if filled else g
        base, update = x @ weight.T, scaling * (x @ lora_A.T) @ lora_B.T
        return g * base + (1 if base_alone else g) * update + (g if bias_too else 1) * bias

    return layer


def without_scale(x, weight, bias, lora_A, lora_B, magnitude, scaling) -> Tensor:
    """The scale is taken as 1."""
    return right_layer(x, weight, bias, lora_A, lora_B, magnitude, 1.0)


def of_rank_one(x, weight, bias, lora_A, lora_B, magnitude, scaling) -> Tensor:
    """The first row of A alone."""
    return right_layer(x, weight, bias, lora_A[:1], lora_B[:, :1], magnitude, scaling)


COMMON = {
    "one that takes the norm of the columns": layer_with(norm=lambda weight, moved: moved.norm(dim=0)),
    "one that leaves out the scale s": without_scale,
    "one that divides by the norm of W": layer_with(norm=lambda weight, moved: weight.norm(dim=1)),
    "one that multiplies the bias by the factor as well": layer_with(bias_too=True),
    "one whose factor misses the low-rank path": layer_with(base_alone=True),
    "LoRA, whose factor is 1": layer_with(factor=lambda magnitude, norm: torch.ones_like(norm)),
}
RARE = {
    "one that uses the first row of A alone": of_rank_one,
    "one that adds absolute values in place of squares": layer_with(norm=lambda weight, moved: moved.abs().sum(1)),
    "one that makes a negative magnitude positive": layer_with(factor=lambda magnitude, norm: magnitude.abs() / norm),
    "one that divides zero by zero, where a row of W + s B A is zero": layer_with(filled=False),
}


def cases_of(f) -> list[Case]:
    """The reader's cases as tensors, each one that the right layer can be given."""
    got = f()
    if not isinstance(got, list | tuple) or not 1 <= len(got) <= MOST_CASES:
        raise Mistake(f"return a list of one to {MOST_CASES} cases")
    return [read_case(case, f"case {number}") for number, case in enumerate(got, 1)]


def read_case(case: object, name: str) -> Case:
    """Seven things whose shapes fit together, and an output that is finite."""
    *parts, scaling = expect_items(case, 7, f"{name}: x, weight, bias, A, B, magnitude and s")
    tensors = [as_tensor(part, f"{what} of {name}").double() for part, what in zip(parts, NAMES, strict=True)]
    scaling = float(as_number(scaling))
    if any(part.dim() != dims for part, dims in zip(tensors, (2, 2, 1, 2, 2, 1), strict=True)):
        raise Mistake(f"{name}: x, weight, A and B have two axes, bias and magnitude have one")
    (tokens, _), (outputs, inputs), rank = tensors[0].shape, tensors[1].shape, len(tensors[3])
    wanted = {"x": (tokens, inputs), "bias": (outputs,), "A": (rank, inputs),
              "B": (outputs, rank), "magnitude": (outputs,)}  # fmt: skip
    for what, part in zip(NAMES, tensors, strict=True):
        if tuple(part.shape) != wanted.get(what, (outputs, inputs)):
            raise Mistake(f"{what} of {name} has shape {tuple(part.shape)}, expected {wanted[what]}")
    if not right_layer(*tensors, scaling).isfinite().all():
        raise Mistake(f"the right layer gives no finite output for {name}: that tells nothing apart")
    return *tensors, scaling


def told_apart(layer: Callable[..., Tensor], case: Case) -> bool:
    """Whether a layer's output differs clearly from the right one, or there is none."""
    right = right_layer(*case)
    try:
        made = layer(*case)
    except RuntimeError:  # shapes that do not fit
        return True
    if made.shape != right.shape or not made.isfinite().all():
        return True
    return bool((made - right).abs().max() > 1e-3 * right.abs().max())


def expect_told_apart(f, faults: dict[str, Callable[..., Tensor]]) -> None:
    """Every faulty layer is noticed in at least one case."""
    cases = cases_of(f)
    if not any(case[4].any() for case in cases):
        raise Mistake("B is zero in all of your cases: at the start nearly every fault is invisible")
    missed = [name for name, layer in faults.items() if not any(told_apart(layer, case) for case in cases)]
    if missed:
        raise Mistake(f"your cases do not tell the right layer from {'; or '.join(missed)}")


@exercise("dora-ex-cases", points=2)
def faults_of_every_day(f):
    """Six faults that a trained adapter in any layer can show"""
    expect_told_apart(f, COMMON)


@exercise("dora-ex-cases", points=2)
def faults_that_need_a_special_case(f):
    """Four that hide until a case is made for them"""
    expect_told_apart(f, RARE)
