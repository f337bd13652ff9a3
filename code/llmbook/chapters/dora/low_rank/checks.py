"""Checks for the page on low rank: where an adapter stops paying, what is cut off, the rank of a gradient."""

import torch
from torch import Tensor

from llmbook.exercises.compare import Mistake, as_number, expect_number
from llmbook.exercises.registry import exercise


def expect_largest_rank(f, outputs: int, inputs: int) -> None:
    """Compare with the largest rank whose two thin matrices hold fewer numbers than the whole one."""
    small, together = min(outputs, inputs), outputs + inputs
    right = (outputs * inputs - 1) // together
    mistakes = [
        (outputs * inputs // together, "at that rank both hold the same number: the adapter must hold fewer"),
        (right + 1, "at that rank the adapter is the larger one: round down"),
        (small // 2, "half of the shorter side: try a long and narrow matrix by hand"),
        (max(outputs, inputs) // 2, "half of the longer side: for a narrow matrix that is far beyond its full rank"),
        ((outputs * inputs - 1) // (2 * max(outputs, inputs)), "the two have one side each: R (outputs + inputs)"),
        (right * together, "that is how many numbers the two hold at that rank: return the rank"),
        (outputs * inputs // together - 1, "that takes one away too often: only where nothing remains"),
        (small, "that is the largest rank the matrix itself can have; the two thin matrices are larger long before"),
        (small - 1, "below full rank the two thin matrices can still hold more numbers than the matrix: count them"),
    ]
    got = as_number(f(outputs, inputs))
    if got != int(got):
        raise Mistake(f"your result is {got:.6g}, and a rank is a whole number: take the next one below")
    if right == 0 and got > 0:
        raise Mistake(f"{outputs} x {inputs}: rank 1 takes {together} numbers already; then the answer is 0")
    expect_number(got, right, mistakes)


@exercise("dora-ex-break-even")
def a_square_matrix(f):
    """4,096 x 4,096, as a query matrix of OLMo 7B, and 7 x 7"""
    expect_largest_rank(f, 4096, 4096)
    expect_largest_rank(f, 7, 7)


@exercise("dora-ex-break-even")
def long_and_narrow_matrices(f):
    """11,008 x 4,096, and 256 x 2,048, as a key matrix of Gemma 2B"""
    expect_largest_rank(f, 11_008, 4096)
    expect_largest_rank(f, 256, 2048)


@exercise("dora-ex-break-even")
def matrices_where_no_rank_pays(f):
    """2 x 2, and a single row"""
    expect_largest_rank(f, 2, 2)
    expect_largest_rank(f, 1, 768)


def expect_tail(f, values: Tensor, rank: int) -> None:
    """Compare with the root of the sum of the squares that are left out."""
    tail = values[rank:]
    whole = values.square().sum()
    right = tail.square().sum().sqrt()
    mistakes = [
        (tail[0], "that is the first value left out, the error in the spectral norm: here all that are left out count"),
        (tail.sum(), "singular values of orthogonal parts do not add: add their squares, then take the root"),
        (tail.square().sum(), "the root is missing"),
        (values[:rank].square().sum().sqrt(), "that is the part you keep; the error is the part you leave out"),
        (values[max(rank - 1, 0) :].square().sum().sqrt(), "one value too many is left out: rank 2 keeps two"),
        (values[rank + 1 :].square().sum().sqrt(), "one value too few is left out: rank 2 keeps two"),
        (values[-rank:].norm(), "those are the last `rank` values: leave out all that come after the first `rank`"),
        (values[: len(values) - rank].norm(), "the values fall, so the small ones stand at the end: leave out those"),
        (values.norm() - values[:rank].norm(), "lengths at a right angle do not subtract: their squares do"),
        (tail.norm().round(), "do not round: the error is no whole number here"),
        ((tail.square().sum() / whole).sqrt(), "that is the error as a share of the matrix: return it as it is"),
        (tail.square().sum() / whole, "that is a share of the squares: return the error itself"),
        (tail.square().mean().sqrt(), "that is a mean over the values: add them"),
    ]
    expect_number(f(values, rank), right.item(), [(wrong.item(), hint) for wrong, hint in mistakes], rtol=1e-5)


@exercise("dora-ex-tail")
def error_of_a_diagonal_matrix(f):
    """Values 12, 4, 3, kept: 1, 2, and all"""
    values = torch.tensor([12.0, 4.0, 3.0])
    expect_tail(f, values, 1)
    expect_tail(f, values, 2)
    if not abs(error := as_number(f(values, 3))) < 1e-3:
        raise Mistake(f"your result is {error:.6g} where all three are kept: nothing is left out, so the error is 0")


@exercise("dora-ex-tail")
def error_of_a_random_matrix(f):
    """The values of a random matrix, kept: 0 and 5"""
    values = torch.linalg.svdvals(torch.randn(9, 14, generator=torch.Generator().manual_seed(0)))
    expect_tail(f, values, 5)
    expect_tail(f, values, 0)


def expect_gradient_rank(f, sequences: int, tokens: int, inputs: int, outputs: int, steps: int) -> None:
    """Compare with one outer product for each token of each step, at most the shorter side."""
    full, seen = min(inputs, outputs), sequences * tokens * steps
    mistakes = [
        (seen, "rank does not add up without limit: a matrix has no more independent rows than rows"),
        (min(full, sequences * steps), "each token adds an outer product of its own, not each sequence"),
        (min(full, sequences * tokens), "the steps add up as well: each brings outer products of its own"),
        (min(full, tokens * steps), "every sequence of the batch counts"),
        (min(full, steps), "one step is a sum of outer products, one for each token of the batch"),
        (full, "few tokens cannot make a matrix of full rank: count the outer products"),
        (min(max(inputs, outputs), seen), "the shorter side is the limit"),
        (min(inputs, seen), "the shorter side is the limit, be it that of the inputs or of the outputs"),
        (min(outputs, seen), "the shorter side is the limit, be it that of the inputs or of the outputs"),
        (min(full, sequences * (tokens - 1) * steps), "the tokens are given as the layer sees them: all of them count"),
        (min(full, (sequences + tokens) * steps), "sequences times tokens, times steps: times, not plus"),
        (min(full, sequences * tokens + steps), "sequences times tokens, times steps: times, not plus the steps"),
    ]
    right = min(full, seen)
    expect_number(f(sequences, tokens, inputs, outputs, steps), right, [m for m in mistakes if m[0] != right])


@exercise("dora-ex-gradient-rank")
def rank_of_few_tokens(f):
    """2 sequences of 3 tokens; 3 of 5, one step and two"""
    expect_gradient_rank(f, 2, 3, 64, 48, 1)
    expect_gradient_rank(f, 3, 5, 64, 48, 1)
    expect_gradient_rank(f, 3, 5, 64, 48, 2)


@exercise("dora-ex-gradient-rank")
def rank_of_many_tokens(f):
    """The same after ten steps, and with the sides exchanged"""
    expect_gradient_rank(f, 3, 5, 64, 48, 10)
    expect_gradient_rank(f, 2, 4, 20, 90, 9)
