"""Checks for the page that compares models: cells of a table, windows, experts, stacked matrices."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from llmbook.data import read_table
from llmbook.exercises.by_hand import MOST_LINES, without_loop
from llmbook.exercises.compare import Mistake, as_tensor, draw, expect_items, expect_number, expect_tensor
from llmbook.exercises.registry import exercise


def named(columns: list[dict], wrong: Callable[[float, int], bool]) -> list[str]:
    """The models whose cell a rule finds wrong, told the tokens of a batch and what is printed."""
    return [each["model"] for each in columns if wrong(each["rows"] * each["length"], each["printed"])]


def expect_named(f, columns: list[dict]) -> None:
    """Compare with the cells that are not the product, rounded to millions; the order does not count."""
    right = named(columns, lambda tokens, printed: abs(tokens / 1e6 - printed) > 0.5)
    slips = [
        (lambda tokens, printed: abs(tokens / 1e6 - printed) <= 0.5, "those are the cells that are right"),
        (lambda tokens, printed: round(tokens / 2**20) != printed, "a million is 1,000,000 here, not 1,024 x 1,024"),
        (lambda tokens, printed: tokens // 10**6 != printed, "that cuts decimals off: round to the nearest million"),
        (lambda tokens, printed: math.ceil(tokens / 1e6) != printed, "that rounds up: round to the nearest million"),
        (lambda tokens, printed: tokens != printed * 10**6, "a rounded cell is not wrong: compare after rounding"),
        (lambda tokens, printed: abs(tokens / 1e6 / printed - 1) > 0.1, "a share of the number is another rule: round"),
        (lambda tokens, printed: abs(tokens / 1e6 - printed) > 1, "a whole million off is too much to allow: round"),
        (lambda tokens, printed: tokens / 1e6 > printed + 0.5, "a cell can also be too large"),
        (lambda tokens, printed: False, "not every cell is right"),
    ]
    got = f(columns)
    if not isinstance(got, list | tuple | set | np.ndarray) or any(not isinstance(each, str) for each in got):
        raise Mistake(f"return a list of names; yours is {got!r}")
    if sorted(got) != sorted(right):
        found = [hint for wrong, hint in slips if sorted(got) == sorted(named(columns, wrong))]
        raise Mistake(f"you name {sorted(got) or 'nobody'}" + (f": {found[0]}" if found else f", expected {right}"))


@exercise("olmo-ex-audit-batch")
def the_batches_of_the_paper(f):
    """The five columns of the paper"""
    table = {row["property"]: row for row in read_table("olmo_architecture")}
    models = [name for name in table["sequence_length"] if name.endswith("B")]
    given = "batch_size_instances", "sequence_length", "batch_size_tokens"
    cells = [[table[row][model] for row in given] for model in models]
    expect_named(f, [
        {"model": model, "rows": int(rows), "length": int(length), "printed": int(printed.strip("~M"))}
        for model, (rows, length, printed) in zip(models, cells, strict=True)
    ])  # fmt: skip


@exercise("olmo-ex-audit-batch", points=2)
def other_batches(f):
    """Cells that were made up, small and large"""
    cells = {"A": (3000, 1000, 3), "B": (1500, 1024, 1), "C": (900, 1000, 1), "D": (2450, 1024, 2),
             "E": (1900, 2000, 5), "F": (12_650, 4000, 50), "G": (600, 4000, 2), "H": (400, 1000, 1),
             "I": (1735, 2000, 3)}  # fmt: skip
    columns = [{"model": name, "rows": rows, "length": length, "printed": printed}
               for name, (rows, length, printed) in cells.items()]  # fmt: skip
    expect_named(f, columns)
    expect_named(f, columns[:3:2])


def pairs(length: int, window: int) -> int:
    """Query-key pairs of a causal window: a triangle, then whole windows."""
    seen = min(length, window)
    return seen * (seen + 1) // 2 + (length - seen) * window


def expect_pairs(f, length: int, window: int) -> None:
    """Compare with the triangle and the band."""
    triangle = length * (length + 1) // 2
    mistakes = [
        (pairs(length, window + 1), "a window of w keys includes the token's own: you let it see one more"),
        (length * window, "the first tokens have fewer than w keys to look at: the count starts with a triangle"),
        (pairs(length, window - 1), "a window of w keys includes the token's own: you let it see one fewer"),
        (triangle, "that is the count without a window"),
        (length * length, "that counts keys in the future"),
        (pairs(length, window) - length, "every token sees itself too"),
        (window * (window + 1) // 2 - abs(length - window) * window,
         "a text shorter than the window is an ordinary triangle"),
        (window * (window + 1) // 2 + (length - window) * window,
         "a text shorter than the window is an ordinary triangle"),
    ]  # fmt: skip
    allowed = without_loop(f) if length > MOST_LINES else f  # what a function imports, it imports in the short cases
    expect_number(allowed(length, window), pairs(length, window), mistakes)


@exercise("olmo-ex-window")
def pairs_of_a_long_text(f):
    """A text longer than the window"""
    expect_pairs(f, 7, 3)
    expect_pairs(f, 8192, 4096)
    expect_pairs(f, 3_000_000, 4096)  # a mask of all pairs does not fit into any memory


@exercise("olmo-ex-window")
def pairs_of_a_short_text(f):
    """A text that fits into the window"""
    expect_pairs(f, 5, 9)
    expect_pairs(f, 7, 7)


def expect_route(f, experts: int, chosen: int) -> None:
    """Compare with the softmax over the chosen scores."""
    scores = draw(0, 5, experts) - 1
    best = scores.topk(chosen, -1)
    out = torch.zeros_like(scores)
    right = out.scatter(-1, best.indices, best.values.softmax(-1))
    mask = right > 0
    least = (-scores).topk(chosen, -1).indices
    mistakes = [
        (scores.softmax(-1), "every expert gets a share: only the chosen ones may run"),
        (scores.softmax(-1) * mask, "the weights of a position must add up to 1: take the softmax of the chosen"),
        ((scores * mask).softmax(-1), "a score of 0 is not a weight of 0: exp(0) is 1; set the others to -inf"),
        (mask / chosen, "the chosen experts get equal shares: their scores decide"),
        (best.values.softmax(-1), "the weights stand in order of size: put each at the place of its expert"),
        (out.scatter(-1, least, scores.gather(-1, least).softmax(-1)), "those are the experts with the lowest scores"),
        (scores.masked_fill(~mask, 0), "those are scores: the weights are their softmax"),
    ]
    got = as_tensor(f(scores, chosen))
    expect_tensor(got, right, mistakes)
    expect_zeros(got, mask)


def expect_zeros(got: Tensor, mask: Tensor) -> None:
    """Insist on weights of exactly 0 outside the mask."""
    if (got[~mask] != 0).any():
        raise Mistake("small is not 0: an expert with any weight runs; give the others minus infinity, or no place")


@exercise("olmo-ex-router")
def route_to_two_of_eight(f):
    """2 of 8 experts, as in Mixtral"""
    expect_route(f, 8, 2)


@exercise("olmo-ex-router")
def route_to_three_of_five(f):
    """3 of 5 experts"""
    expect_route(f, 5, 3)


@exercise("olmo-ex-router")
def route_with_a_tie(f):
    """Two scores that tie for the last place"""
    scores, chosen = torch.tensor([[0.5, 2.0, 0.5, -1.0], [3.0, 3.0, 3.0, 3.0]]), 2
    got = as_tensor(f(scores, chosen))
    if got.shape == scores.shape and (((got != 0).sum(-1)) > chosen).any():
        raise Mistake("more than k experts run: of equal scores take any, but never k + 1 experts")
    best = scores.topk(chosen, -1).values.softmax(-1)
    expect_tensor(got.topk(chosen, -1).values, best, name="the chosen weights, sorted")
    expect_tensor(got.sort(-1).values[:, :-chosen], torch.zeros(2, 2), exact=True, name="the other weights")
    if not (got[0, 1] > got[0].sum() / 2):
        raise Mistake("the best expert has the largest weight")


def expect_split(f, heads: int, size: int, width: int) -> None:
    """Compare with all queries, then one key, then one value."""
    stacked = draw(1, (heads + 2) * size, width)
    query, key, value = expect_items(f(stacked, heads, size), 3, "the matrices of queries, keys and values")
    right = stacked.split([heads * size, size, size])
    rows = len(stacked)
    equal = "those are equal thirds: there are `heads` queries to one key and one value"
    queries = [
        (stacked[: rows // 3], equal),
        (stacked[2 * size :], "queries come first, then key, then value"),
        (stacked[:heads], "that is one row for each head: a head has head_size rows"),
        (stacked[:, : heads * size], "that cuts columns: the outputs of a linear map are the rows"),
    ]
    queries += [
        (right[0].unflatten(0, (size, heads)).transpose(0, 1).flatten(0, 1), "the rows are in another order"),
        (right[0].t(), "it is transposed: outputs stay rows"),
        (right[0].unflatten(0, (heads, size)), "the heads have an axis of their own: return the rows as they are"),
        (stacked[: (heads - 1) * size], "a head is missing from the queries"),
    ]
    keys = [
        (stacked[heads * size : heads * size + 1], "that is one row: the key has head_size rows"),
        (right[2], "key and value are exchanged: the key comes first"),
        (stacked[rows // 3 : 2 * rows // 3], equal),
        (stacked[heads * size :], "that is key and value together: each has head_size rows"),
    ]
    expect_tensor(query, right[0], queries, name="the query matrix")
    expect_tensor(key, right[1], keys, name="the key matrix")
    values = [
        (right[1], "that is the key again: the value comes behind it"),
        (right[2][:-1], "the last row is missing: a slice ends before its second number"),
    ]
    expect_tensor(value, right[2], values, name="the value matrix")


@exercise("olmo-ex-split-qkv")
def split_of_four_heads(f):
    """4 heads of size 3"""
    expect_split(f, 4, 3, 12)


@exercise("olmo-ex-split-qkv")
def split_of_seven_heads(f):
    """7 heads of size 2"""
    expect_split(f, 7, 2, 14)
