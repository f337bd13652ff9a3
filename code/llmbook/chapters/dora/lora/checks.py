"""Checks for the page on LoRA: how many numbers, how they start, their gradients, and more rank for a trained one."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from llmbook.exercises.by_hand import without, without_autograd
from llmbook.exercises.compare import (
    Mistake,
    as_number,
    as_tensor,
    draw,
    expect_items,
    expect_number,
    expect_tensor,
    same,
)
from llmbook.exercises.registry import exercise

Shapes = list[tuple[int, int]]


def expect_count(f, shapes: Shapes, rank: int, magnitudes: bool) -> None:
    """Compare with R (out + in) for each matrix, and one number for each output with magnitudes."""
    thin = sum(rank * (outputs + inputs) for outputs, inputs in shapes)
    rows, columns = (sum(shape[axis] for shape in shapes) for axis in (0, 1))
    right = thin + rows * magnitudes
    magnitude = [
        (thin, "DoRA trains a magnitude as well, one for each output"),
        (thin + columns, "there is one magnitude for each output, that is for each row of an (out, in) weight"),
        (thin + rows + columns, "only one magnitude for each output: the inputs have none"),
        (thin + rank * rows, "a magnitude is one number for each output: the rank has no part in it"),
        (thin + len(shapes), "a matrix has one magnitude for each output, not one in all"),
        (2 * thin, "a magnitude is a vector, no third matrix"),
    ]
    first, distinct = shapes[0], sum(rank * sum(shape) + magnitudes * shape[0] for shape in set(shapes))
    mistakes = [
        (distinct, "a shape that stands in the list several times is several weights"),
        (len(shapes) * (rank * sum(first) + magnitudes * first[0]), "that is as if all were like the first one"),
        (right - len(shapes) * rank**2, "numbers that leave B A as it is are still trained, and stored: count them"),
        (right / 1e6, "count the numbers themselves, not in millions"),
        *(magnitude if magnitudes else [(thin + rows, "LoRA has no magnitude")]),
        (rank * sum(outputs * inputs for outputs, inputs in shapes), "B A is never stored: count A and B"),
        (sum(2 * rank * inputs for _, inputs in shapes), "B has as many rows as the layer has outputs"),
        (sum(2 * rank * outputs for outputs, _ in shapes), "A has as many columns as the layer has inputs"),
        (right + sum(outputs * inputs for outputs, inputs in shapes), "the base is frozen: do not count it"),
    ]
    expect_number(f(shapes, rank, magnitudes), right, [pair for pair in mistakes if pair[0] != right])


def llama_7b() -> Shapes:
    """Query, key, value, up and down of the 32 layers."""
    return 32 * [(4096, 4096), (4096, 4096), (4096, 4096), (11_008, 4096), (4096, 11_008)]


@exercise("dora-ex-count")
def numbers_of_lora(f):
    """LoRA on LLaMA 7B, rank 32, and on a narrow key matrix"""
    expect_count(f, llama_7b(), 32, False)
    expect_count(f, [(256, 2048)], 8, False)


@exercise("dora-ex-count")
def numbers_of_dora(f):
    """DoRA on the same"""
    expect_count(f, llama_7b(), 32, True)
    expect_count(f, [(256, 2048), (2048, 256), (2048, 256)], 8, True)


def expect_start(f, inputs: int, outputs: int, rank: int) -> None:
    """Judge shapes, zeros, and the spread of A, which is random."""
    got = expect_items(f(inputs, outputs, rank), 2, "A and B")
    lora_A, lora_B = as_tensor(got[0], "A"), as_tensor(got[1], "B")
    for name, value, shape in (("A", lora_A, (rank, inputs)), ("B", lora_B, (outputs, rank))):
        if value.shape != shape:
            raise Mistake(f"{name} has shape {tuple(value.shape)}, expected {shape}")
    if not lora_A.any():
        raise Mistake("A is zero: if B is zero too, both gradients are, and nothing ever learns")
    if lora_B.any():
        raise Mistake("B is not zero, so the model changes before the first step")
    if torch.linalg.matrix_rank(lora_A.double(), rtol=1e-4) < rank:
        raise Mistake("rows of A repeat each other, so the update never has the rank you pay for: draw every number")
    expect_spread(lora_A.double(), inputs, outputs, rank)


def expect_spread(lora_A: Tensor, inputs: int, outputs: int, rank: int) -> None:
    """Insist on a uniform start within +-1 / sqrt(in)."""
    largest, spread = lora_A.abs().max().item(), lora_A.std().item()
    near = lambda value, other: abs(value / other - 1) < 0.05  # noqa: E731
    bound = inputs**-0.5
    if near(spread, (3 * rank) ** -0.5):
        raise Mistake("the bound is 1 / sqrt(rank): it must come from the number of inputs, so A starts far too large")
    if near(spread, bound):
        raise Mistake("1 / sqrt(in) is the bound of the uniform numbers; their standard deviation is smaller")
    if lora_A.min() >= 0:
        raise Mistake("all numbers of A are positive: draw between minus the bound and the bound")
    if near(spread, (3 * outputs) ** -0.5):
        raise Mistake("that is the bound by the number of outputs: A multiplies the inputs")
    if near(spread, 3**-0.5 / inputs):
        raise Mistake("the bound is 1 / sqrt(in): the root is missing")
    if near(spread, bound / math.sqrt(12)):
        raise Mistake("that is half as wide: the numbers lie between minus the bound and the bound")
    if near(spread, bound * math.sqrt(2)):
        raise Mistake("that is `kaiming_uniform_` with a=0, its own default: this start has a=sqrt(5)")
    if largest > bound * (1 + 1e-6) and near(spread, bound / math.sqrt(3)):
        raise Mistake("the spread is right but the numbers are not uniform: some lie outside of the bound")
    if largest <= bound and not 0.475 < (lora_A.abs() < bound / 2).double().mean() < 0.525:
        raise Mistake("the numbers are not spread evenly: half of them lie within half of the bound")
    if not near(spread, bound / math.sqrt(3)):
        raise Mistake(f"A has standard deviation {spread:.4g}, expected about {bound / math.sqrt(3):.4g}")


@exercise("dora-ex-start")
def start_of_a_wide_layer(f):
    """1,024 inputs, 48 outputs, rank 16"""
    expect_start(f, 1024, 48, 16)


@exercise("dora-ex-start")
def start_of_a_narrow_layer(f):
    """256 inputs, 512 outputs, rank 64"""
    expect_start(f, 256, 512, 64)


def expect_gradients(f, tokens: int, inputs: int, outputs: int, rank: int, scaling: float) -> None:
    """Compare with autograd."""
    x, upstream = draw(0, tokens, inputs), draw(1, tokens, outputs)
    lora_A, lora_B = draw(2, rank, inputs).requires_grad_(), draw(3, outputs, rank).requires_grad_()
    (scaling * (x @ lora_A.T @ lora_B.T) * upstream).sum().backward()
    given = x, upstream, lora_A.detach(), lora_B.detach(), scaling
    got = expect_items(without_autograd(f)(*given), 2, "the gradients of A and of B")
    gradients, grad_A, grad_B = (lora_A.grad, lora_B.grad), scaling * upstream[0] @ lora_B, scaling * lora_A @ x[0]
    first = torch.outer(grad_A, x[0]).detach(), torch.outer(upstream[0], grad_B).detach()
    for value, gradient, other, alone, name in zip(got, gradients, gradients[::-1], first, "AB", strict=True):
        mistakes = [
            (alone, "that is the gradient from the first token alone: add those of all tokens"),
            (other, "the two gradients are exchanged: that of A comes first"),
            (gradient / scaling, "the scale s is missing"),
            (gradient * scaling, "the scale s is there twice"),
            (-gradient, "that is the direction of a step: return the gradient, not the step"),
            (gradient / tokens, "that is the mean over the tokens: the gradient of a sum is a sum"),
            (gradient.T, "that is the transpose: a gradient has the shape of its parameter"),
        ]
        expect_tensor(value, gradient, mistakes, name=f"the gradient of {name}")


@exercise("dora-ex-lora-gradients")
def gradients_of_a_small_layer(f):
    """7 tokens, 5 inputs, 4 outputs, rank 2"""
    expect_gradients(f, 7, 5, 4, 2, 0.5)
    large = "a matrix of the size of W is formed on the way: multiply by the thin matrix first"
    expect_gradients(without(f, lambda given, made: {4, 5} <= set(made.shape), large), 7, 5, 4, 2, 0.5)


@exercise("dora-ex-lora-gradients")
def gradients_of_a_square_layer(f):
    """6 tokens, 6 inputs, 6 outputs, rank 6: every wrong order of the matrices still has the right shape"""
    expect_gradients(f, 6, 6, 6, 6, 3.0)


@exercise("dora-ex-lora-gradients")
def gradients_that_a_large_matrix_loses(f):
    """2 tokens, 4 inputs, 3 outputs: in a matrix of the size of W, huge numbers would swallow what counts"""
    huge = 2.0**56  # a power of two, so that huge numbers cancel without a rest, in whatever order
    x, upstream, lora_A, lora_B = draw(8, 2, 4), draw(9, 2, 3), draw(2, 2, 4), draw(3, 3, 2)
    x[0], upstream[0] = torch.tensor([1.0, -1, 0, 0]), torch.tensor([huge, -huge, 0])
    lora_A[:, 1], lora_B[1] = lora_A[:, 0], lora_B[0]
    got = expect_items(f(x, upstream, lora_A, lora_B, 0.5), 2, "the gradients of A and of B")
    right = 0.5 * torch.outer(upstream[1] @ lora_B, x[1]), 0.5 * torch.outer(upstream[1], lora_A @ x[1])
    lost = "if you form a matrix of the size of W, small numbers are lost in it beside the huge ones"
    for value, gradient, name in zip(got, right, "AB", strict=True):
        expect_tensor(value, gradient, otherwise=lost, name=f"the gradient of {name}")


def expect_grown(f, rank: int, new_rank: int) -> None:
    """The same update, and a gradient for every new direction."""
    lora_A, lora_B, alpha = draw(4, rank, 9), draw(5, 7, rank), 13.0
    got = expect_items(f(lora_A, lora_B, alpha, new_rank), 3, "A, B and alpha")
    new_A, new_B, new_alpha = as_tensor(got[0], "A").float(), as_tensor(got[1], "B").float(), as_number(got[2])
    for name, value, shape in (("A", new_A, (new_rank, 9)), ("B", new_B, (7, new_rank))):
        if value.shape != shape:
            raise Mistake(f"{name} has shape {tuple(value.shape)}, expected {shape}")
    before = alpha / rank * lora_B @ lora_A
    after = new_alpha / new_rank * new_B @ new_A
    ratio = new_rank / rank
    kept = new_alpha / new_rank * new_B[:, :rank] @ new_A[:rank]
    crossed = same(new_A[-rank:], lora_A) and not same(new_A[:rank], lora_A)
    extra = "the new parts of A and B are both random, so the update changes: one of them must be zero"
    mistakes = [
        (before / ratio, "the scale is alpha / R, and R has grown: alpha must grow with it"),
        (0 * before, "what was learned is gone: keep A and B, and put the new rows and columns beside them"),
        (before / ratio**0.5, "the scale is alpha / R, not alpha / sqrt(R): alpha grows as the rank does"),
        (before * (alpha * new_rank // rank) / (alpha * ratio), "alpha need not be a whole number: use /, not //"),
        (before / new_rank, "you return the scale alone: the layer divides alpha by the new rank once more"),
        (before * ratio, "the scale has grown twice: adjust alpha or one of the matrices, not both"),
        *([(after, "a row of A meets the column of B in the same place: add both at the same end")] * crossed),
        *([(after, extra)] if torch.allclose(kept, before, rtol=1e-4) and not torch.allclose(after, kept) else []),
    ]
    expect_tensor(after, before, mistakes, name="the update s B A")
    expect_new_directions(new_A, new_B, rank)


def expect_new_directions(new_A: Tensor, new_B: Tensor, rank: int) -> None:
    """Every new row of A or its column of B is there, and no combination of the others."""
    new_rows, new_columns = new_A[rank:], new_B[:, rank:]
    if not (new_rows.abs().sum(1) + new_columns.abs().sum(0)).all():
        raise Mistake("a new row of A and its column of B are both zero: each has the other as its gradient's factor, "
                      "so neither ever learns")  # fmt: skip
    for name, parts in (("rows of A", new_A), ("columns of B", new_B.T)):
        there = F.normalize(parts[parts.any(1)].double(), dim=1)  # a small row is a direction as well
        if torch.linalg.matrix_rank(there, rtol=1e-4) < len(there):
            raise Mistake(f"the new {name} are combinations of others, so they add no direction: draw them at random")


@exercise("dora-ex-grow", points=2)
def from_rank_2_to_4(f):
    """From rank 2 to 4"""
    expect_grown(f, 2, 4)


@exercise("dora-ex-grow")
def from_rank_2_to_5(f):
    """From rank 2 to 5"""
    expect_grown(f, 2, 5)
