"""Checks for the pages on DoRA: its gradients, the norms without the matrix, the way back from a merged weight."""

import torch
from torch import Tensor
from torch.nn import functional as F

from llmbook.chapters.dora.decomposition.checks import adapted
from llmbook.exercises.compare import Mistake, as_tensor, draw, expect_items, expect_tensor
from llmbook.exercises.registry import exercise


def expect_dora_gradients(f, detach: bool) -> None:
    """Compare with autograd of the formula."""
    weight, lora_A, lora_B, magnitude, scaling = adapted(5, 4, 2)
    upstream = draw(6, 5, 4)
    leaves = [tensor.clone().requires_grad_() for tensor in (lora_A, lora_B, magnitude)]
    moved = weight + scaling * leaves[1] @ leaves[0]
    norm = moved.norm(dim=1, keepdim=True)
    product = leaves[2][:, None] * moved / (norm.detach() if detach else norm)
    right = torch.autograd.grad((product * upstream).sum(), leaves)
    moved, norm = moved.detach(), norm.detach()
    unit = moved / norm
    plain = magnitude[:, None] / norm * upstream
    projected = plain - (plain * unit).sum(1, keepdim=True) * unit
    other = projected if detach else plain
    by_moved = plain - (plain * moved).sum(1, keepdim=True) * moved
    old = F.normalize(weight)
    by_old = plain - (plain * old).sum(1, keepdim=True) * old
    asked = "the norm is a constant here: take nothing away" if detach else \
        "the part along the row must be taken away: the norm is not a constant here"  # fmt: skip
    got = expect_items(f(upstream, *(t.clone() for t in (weight, lora_A, lora_B, magnitude)), scaling, detach), 3,
                       "the gradients of A, B and the magnitude")  # fmt: skip
    wrong_A = [
        (scaling * lora_B.T @ other, asked),
        (right[0] / scaling, "the scale s is missing"),
        (right[0] * scaling, "the scale s is there twice"),
        (scaling * lora_B.T @ by_moved, "take away the part along u: u has length 1, and v has not"),
        (scaling * lora_B.T @ by_old, "that is the part along the row of W: take that along the row of W + s B A"),
        (scaling * lora_B.T @ upstream, "that is LoRA's gradient: each row has the factor magnitude / norm"),
    ]
    wrong_B = [
        (scaling * other @ lora_A.T, asked),
        (right[1] / scaling, "the scale s is missing"),
        (scaling * upstream @ lora_A.T, "that is LoRA's gradient: each row has the factor magnitude / norm"),
    ]
    wrong_m = [
        (0 * right[2], "only the norm is a constant: the magnitude learns in both cases"),
        ((upstream * old).sum(1), "that is the row of W: the magnitude multiplies that of W + s B A, at length 1"),
        ((upstream * moved).sum(1), "divide by the norm: the magnitude multiplies a direction of length 1"),
        (magnitude * right[2], "the magnitude itself does not appear in its own gradient"),
        ((upstream * unit).mean(1), "that is the mean over the inputs: add"),
    ]
    for value, gradient, mistakes, name in zip(
        got, right, (wrong_A, wrong_B, wrong_m), ("A", "B", "the magnitude"), strict=True
    ):
        expect_tensor(value, gradient, mistakes, name=f"the gradient of {name}")


@exercise("dora-ex-gradient", points=2)
def gradient_with_a_constant_norm(f):
    """The norm detached, as in the paper's Section 4.3"""
    expect_dora_gradients(f, True)


@exercise("dora-ex-gradient", points=2)
def gradient_through_the_norm(f):
    """The norm with its own gradient"""
    expect_dora_gradients(f, False)


def expect_norms(f, outputs: int, inputs: int, rank: int) -> None:
    """Compare with the norms of the matrix that the attempt never sees."""
    weight, lora_A, lora_B, _, scaling = adapted(outputs, inputs, rank)
    squares, projected, gram = weight.square().sum(1), weight @ lora_A.T, lora_A @ lora_A.T
    cross, last = (projected * lora_B).sum(1), ((lora_B @ gram) * lora_B).sum(1)
    right = (weight + scaling * lora_B @ lora_A).norm(dim=1)

    def root(value: Tensor) -> Tensor:
        return value.clamp(min=0).sqrt()

    own = (gram.diagonal() * lora_B.square()).sum(1)
    mistakes = [
        (right.square(), "the root is missing"),
        (root(squares + scaling * cross + scaling**2 * last), "the mixed term comes twice: (a + b)² = a² + 2ab + b²"),
        (root(squares + 2 * scaling * cross + scaling * last), "the last term has the scale squared"),
        (root(squares + 2 * cross + last), "the scale s is missing"),
        (root(squares + scaling**2 * last), "the mixed term is missing: W and B A are not orthogonal"),
        (root(squares + 2 * scaling * cross), "the last term is missing: the update has a length of its own"),
        (root(squares), "that is the norm of W alone"),
        (root(squares + 2 * scaling * cross + scaling**2 * lora_B.square().sum(1)),
         "the rows of A have no length 1: use gram"),
        (root(squares - 2 * scaling * cross + scaling**2 * last), "the mixed term is added: (a + b)² = a² + 2ab + b²"),
        (root(squares) + scaling * root(last), "lengths do not add, unless both point the same way"),
        (root(squares + 2 * scaling * projected.sum(1) * lora_B.sum(1) + scaling**2 * last),
         "an inner product: multiply number by number, then add"),
        (root(squares.square() + 2 * scaling * cross + scaling**2 * last), "`squares` are squared already"),
        (root(squares + 2 * scaling * cross + scaling**2 * own), "the rows of A are not orthogonal: use all of gram"),
    ]
    expect_tensor(f(squares, projected, gram, lora_B, scaling), right, mistakes)


@exercise("dora-ex-row-norm", points=2)
def norms_of_six_rows(f):
    """6 outputs, 9 inputs, rank 3"""
    expect_norms(f, 6, 9, 3)


@exercise("dora-ex-row-norm")
def norms_of_three_rows(f):
    """3 outputs, 8 inputs, rank 3"""
    expect_norms(f, 3, 8, 3)


@exercise("dora-ex-row-norm")
def norms_of_rows_that_vanish(f):
    """200 rows that the update nearly takes away"""
    lora_A, lora_B = draw(1, 3, 8), draw(2, 200, 3)
    weight = -0.7 * lora_B @ lora_A + 1e-5 * draw(0, 200, 8)
    norms = as_tensor(f(weight.square().sum(1), weight @ lora_A.T, lora_A @ lora_A.T, lora_B, 0.7))
    if norms.shape == (200,) and norms.isnan().any():
        raise Mistake("nan: rounding has made a sum negative, and that has no root; nothing below 0 goes under it")
    longest = weight.norm(dim=1).max()  # the sum is right to the last digits of its terms, its root to half as many
    if norms.shape != (200,) or not norms.max() <= 0.01 * longest:
        raise Mistake("the update takes every row of W away, down to a share of 0.01 or less, and not all of yours are")


@exercise("dora-ex-unmerge")
def back_to_the_weight(f):
    """The weight that was there before: 5 outputs, 4 inputs"""
    expect_unmerged(f, 5, 4)


@exercise("dora-ex-unmerge")
def back_to_a_square_weight(f):
    """4 outputs, 4 inputs, where a wrong axis has the right shape"""
    expect_unmerged(f, 4, 4)


def expect_unmerged(f, outputs: int, inputs: int) -> None:
    """Compare with the weight from which the merged one was made."""
    weight, lora_A, lora_B, magnitude, scaling = adapted(outputs, inputs, 2)
    update = scaling * lora_B @ lora_A
    norm = (weight + update).norm(dim=1)
    factor = (magnitude / norm)[:, None]
    merged = factor * (weight + update)
    mistakes = [
        *(pair for _ in range(outputs == inputs) for pair in (
            (merged / factor.T - update, "the factor runs along the columns: each row has its own"),
        )),
        (merged * norm[:, None] - update, "divide by the magnitude: it is what the rows are long"),
        (merged - factor * update, "the update is gone, and the rows still have the length of their magnitude"),
        (weight.bfloat16().float(), "that is right, and rounded to 16 bits: leave it as it is"),
        (merged - update, "that undoes LoRA: first give the rows back their old length"),
        ((merged - update) / factor, "the wrong order: divide by the factor first, then subtract the update"),
        (merged / factor, "the update is still in there: subtract it"),
        (merged * factor - update, "the factor was multiplied when merging: now divide by it"),
        (merged / magnitude[:, None] - update, "those are rows of length 1: multiply by the old norm"),
        (merged / factor - update / scaling, "the scale s is missing"),
        (merged / factor + update, "the update must be subtracted"),
    ]  # fmt: skip
    expect_tensor(f(merged, lora_A, lora_B, magnitude, scaling, norm), weight, mistakes)
