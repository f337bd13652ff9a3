"""Checks for the page on DoRA: its weight, its output, its gradients, the norm without the matrix, the way back."""

import torch
from torch import Tensor

from llmbook.exercises.by_hand import among, without
from llmbook.exercises.compare import Mistake, as_tensor, draw, expect_items, expect_tensor
from llmbook.exercises.registry import exercise


def adapted(outputs: int, inputs: int, rank: int) -> tuple[Tensor, Tensor, Tensor, Tensor, float]:
    """A weight, A, B, a magnitude that is not the norm, and the scale, as if somewhere in a training."""
    weight, lora_A, lora_B = draw(0, outputs, inputs), draw(1, rank, inputs), draw(2, outputs, rank)
    magnitude = weight.norm(dim=1) * (1.5 + draw(3, outputs).tanh())
    return weight, lora_A, lora_B, magnitude, 0.7


def expect_dora_weight(f, outputs: int, inputs: int, rank: int) -> None:
    """Compare with rows of W + s B A at the length of their magnitude."""
    weight, lora_A, lora_B, magnitude, scaling = adapted(outputs, inputs, rank)
    update = lora_B @ lora_A
    moved, unscaled = weight + scaling * update, weight + update
    rows = lambda value: value.norm(dim=1, keepdim=True)  # noqa: E731
    m = magnitude[:, None]
    of_the_rows = "the magnitude multiplies the columns: each row has its own, so write magnitude[:, None]"
    down_the_columns = "the norm runs down the columns: each output has a row, and that row has a length"
    mistakes = [
        *(pair for _ in range(outputs == inputs) for pair in (
            (moved / moved.norm(dim=0) * magnitude, down_the_columns), (magnitude * moved, of_the_rows),
            (magnitude * moved / rows(moved), of_the_rows), (magnitude * moved / moved.norm(dim=1), of_the_rows),
        )),
        (m * moved / moved.norm(dim=0), down_the_columns),
        (m * moved / rows(weight), "that is the norm of W: divide by the norm of W + s B A"),
        (weight + m * scaling * update / rows(update), "only the update is divided: W belongs under the fraction too"),
        (m * unscaled / rows(unscaled), "the scale s is missing in front of B A"),
        (moved / rows(moved), "the rows have length 1: multiply them by the magnitude"),
        (moved, "that is LoRA: the rows do not have the length of their magnitude yet"),
        (m * moved, "the division by the norm is missing"),
        (m * moved / moved.norm(), "that is the norm of the whole matrix: every row has its own"),
        (m * moved / moved.square().sum(1, keepdim=True), "the root is missing from the norm"),
        (m * moved / moved.abs().sum(1, keepdim=True), "that is the sum of absolute values: the norm is Euclidean"),
    ]  # fmt: skip
    expect_tensor(f(weight, lora_A, lora_B, magnitude, scaling), m * moved / rows(moved), mistakes)


@exercise("dora-ex-weight")
def weight_with_five_outputs(f):
    """5 outputs, 3 inputs"""
    expect_dora_weight(f, 5, 3, 2)


@exercise("dora-ex-weight")
def weight_of_a_square_layer(f):
    """4 outputs, 4 inputs, where a wrong axis has the right shape"""
    expect_dora_weight(f, 4, 4, 2)


def expect_dora_output(f, outputs: int, inputs: int, tokens: int) -> None:
    """Compare with a product with the merged weight."""
    weight, lora_A, lora_B, magnitude, scaling = adapted(outputs, inputs, 2)
    x, bias = draw(4, tokens, inputs), draw(5, outputs)
    factor = magnitude / (weight + scaling * lora_B @ lora_A).norm(dim=1)
    base, update = x @ weight.T, x @ lora_A.T @ lora_B.T
    right = factor * (base + scaling * update) + bias
    mistakes = [
        (factor * (base + scaling * update + bias), "the bias is multiplied too: it is added at the end, as it is"),
        (factor * (base + scaling * update), "the bias is missing"),
        (factor * base + scaling * update + bias, "the factor belongs on the low-rank path as well"),
        (base + factor * scaling * update + bias, "the factor belongs on the base's output as well"),
        (base + factor * (base + scaling * update) + bias, "the base counts twice: with it outside, take factor - 1"),
        (base + scaling * update + bias, "that is LoRA: the factor is missing"),
        (factor * (base + update) + bias, "the scale s is missing"),
        (magnitude * (base + scaling * update) + bias, "divide the magnitude by the norm of W + s B A"),
        ((base + scaling * update) / factor + bias, "the factor is upside down: magnitude over norm"),
    ]
    moved = weight + scaling * lora_B @ lora_A
    built = moved, moved / moved.norm(dim=1, keepdim=True), factor[:, None] * moved
    hint = "you multiply by W', or by W + s B A: multiply by W and by the thin matrices, and scale what comes out"

    def multiplies(given: list[Tensor], made: Tensor) -> bool:
        return among(made, built[2:]) or (any(among(each, built) for each in given)
                                          and any(among(each, [x, *x]) for each in given))  # fmt: skip

    expect_tensor(without(f, multiplies, hint)(x, weight, bias, lora_A, lora_B, magnitude, scaling), right, mistakes)


@exercise("dora-ex-forward")
def output_of_a_wide_layer(f):
    """5 outputs, 3 inputs, 6 tokens, with a bias"""
    expect_dora_output(f, 5, 3, 6)


@exercise("dora-ex-forward")
def output_of_a_square_layer(f):
    """4 outputs, 4 inputs, 4 tokens"""
    expect_dora_output(f, 4, 4, 4)


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
    asked = "the norm is a constant here: take nothing away" if detach else \
        "the part along the row must be taken away: the norm is not a constant here"  # fmt: skip
    got = expect_items(f(upstream, *(t.clone() for t in (weight, lora_A, lora_B, magnitude)), scaling, detach), 3,
                       "the gradients of A, B and the magnitude")  # fmt: skip
    wrong_A = [
        (scaling * lora_B.T @ other, asked),
        (right[0] / scaling, "the scale s is missing"),
        (scaling * lora_B.T @ upstream, "that is LoRA's gradient: each row has the factor magnitude / norm"),
    ]
    wrong_B = [
        (scaling * other @ lora_A.T, asked),
        (right[1] / scaling, "the scale s is missing"),
        (scaling * upstream @ lora_A.T, "that is LoRA's gradient: each row has the factor magnitude / norm"),
    ]
    wrong_m = [
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
    """The weight that was there before"""
    weight, lora_A, lora_B, magnitude, scaling = adapted(5, 4, 2)
    update = scaling * lora_B @ lora_A
    norm = (weight + update).norm(dim=1)
    factor = (magnitude / norm)[:, None]
    merged = factor * (weight + update)
    mistakes = [
        (merged - update, "that undoes LoRA: first give the rows back their old length"),
        ((merged - update) / factor, "the wrong order: divide by the factor first, then subtract the update"),
        (merged / factor, "the update is still in there: subtract it"),
        (merged * factor - update, "the factor was multiplied when merging: now divide by it"),
        (merged / magnitude[:, None] - update, "those are rows of length 1: multiply by the old norm"),
        (merged / factor - update / scaling, "the scale s is missing"),
        (merged / factor + update, "the update must be subtracted"),
    ]
    expect_tensor(f(merged, lora_A, lora_B, magnitude, scaling, norm), weight, mistakes)
