"""Checks for the pages on DoRA: its weight and its output."""

import torch
from torch import Tensor

from llmbook.exercises.by_hand import among, without
from llmbook.exercises.compare import draw, expect_tensor
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
        (m * (weight + scaling**2 * update) / rows(weight + scaling**2 * update), "the scale s is there twice"),
        (m * weight / rows(weight) + scaling * update, "the update is added after the division: it belongs under it"),
        (m * weight / rows(weight), "the update is missing: the rows turn with s B A"),
        ((m * moved / rows(moved)).half(), "that is right, and rounded to 16 bits: leave it as it is"),
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


MERGED = "you multiply by W', or by W + s B A: multiply by W and by the thin matrices, and scale what comes out"


def expect_dora_output(f, outputs: int, inputs: int, tokens: int) -> None:
    """Compare with a product with the merged weight."""
    weight, lora_A, lora_B, magnitude, scaling = adapted(outputs, inputs, 2)
    x, bias = draw(4, tokens, inputs), draw(5, outputs)
    moved = weight + scaling * lora_B @ lora_A
    factor = magnitude / moved.norm(dim=1)
    base, update = x @ weight.T, x @ lora_A.T @ lora_B.T
    by = lambda norm: magnitude / norm * (base + scaling * update) + bias  # noqa: E731
    right = by(moved.norm(dim=1))
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
        (by(weight.norm(dim=1)), "that is the norm of W: take that of W + s B A"),
        (by((weight + lora_B @ lora_A).norm(dim=1)), "the norm lacks the scale"),
        (by(moved.norm()), "that is the norm of the whole matrix: take each row's"),
    ]
    built = moved, moved / moved.norm(dim=1, keepdim=True), factor[:, None] * moved

    def multiplies(given: list[Tensor], made: Tensor) -> bool:
        return among(made, built[2:]) or (any(among(each, built) for each in given)
                                          and any(among(each, [x, *x]) for each in given))  # fmt: skip

    expect_tensor(without(f, multiplies, MERGED)(x, weight, bias, lora_A, lora_B, magnitude, scaling), right, mistakes)


@exercise("dora-ex-forward")
def output_of_a_wide_layer(f):
    """5 outputs, 3 inputs, 6 tokens, with a bias"""
    expect_dora_output(f, 5, 3, 6)


@exercise("dora-ex-forward")
def output_of_a_square_layer(f):
    """4 outputs, 4 inputs, 4 tokens"""
    expect_dora_output(f, 4, 4, 4)


@exercise("dora-ex-forward")
def output_of_a_layer_that_swallows_its_update(f):
    """3 outputs, 4 inputs: a weight so large that an update added to it is lost, and tokens that it maps to zero"""
    huge = 2.0**56  # a power of two, so that huge numbers cancel without a rest, in whatever order
    _, lora_A, lora_B, magnitude, scaling = adapted(3, 4, 2)
    weight, x, bias = torch.zeros(3, 4), draw(4, 5, 4), draw(5, 3)
    weight[:, 0], weight[:, 1], x[:, 1] = huge, -huge, x[:, 0]
    magnitude = magnitude * huge
    factor = magnitude / weight.norm(dim=1)
    right = factor * scaling * (x @ lora_A.T @ lora_B.T) + bias
    lost = "if you multiply by W', or by W + s B A, the update is lost in it"
    expect_tensor(f(x, weight, bias, lora_A, lora_B, magnitude, scaling), right, otherwise=lost)
