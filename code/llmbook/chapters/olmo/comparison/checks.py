"""Checks for the page that compares models: columns of a table, windows, experts, stacked matrices."""

import torch

from llmbook.exercises.by_hand import MOST_LINES, without_loop
from llmbook.exercises.compare import Mistake, draw, expect_items, expect_number, expect_tensor
from llmbook.exercises.registry import exercise


def expect_column(f, dimension: int, heads: int, variant: str) -> None:
    """Compare the two sizes; GQA leaves the second unknown."""
    what = "head_size and kv_heads"
    head_size, kv_heads = expect_items(f(dimension, heads, variant), 2, what)
    sizes = [
        (heads, "that is the number of heads: the size is the dimension divided by it"),
        (dimension, "that is the whole dimension: divide it by the number of heads"),
    ]
    expect_number(head_size, dimension // heads, sizes)
    if variant == "GQA":
        if kv_heads is not None:
            raise Mistake(f"kv_heads is {kv_heads!r} for GQA: the table does not say how many groups, so return None")
        return
    counts = [
        (heads, "all heads have keys of their own only when attention is full: with MQA they share one"),
        (1, "one key-value head is MQA: with full attention every head has its own"),
        (0, "a model without key-value heads has nothing to look at"),
    ]
    expect_number(kv_heads, heads if variant == "full" else 1, counts)


@exercise("olmo-ex-column")
def column_of_full_attention(f):
    """OLMo 7B: 4,096, 32 heads, full"""
    expect_column(f, 4096, 32, "full")


@exercise("olmo-ex-column")
def columns_of_multi_query(f):
    """Falcon 7B and PaLM 8B: MQA"""
    expect_column(f, 4544, 71, "MQA")
    expect_column(f, 4096, 16, "MQA")


@exercise("olmo-ex-column")
def column_of_grouped_query(f):
    """Llama 2 7B as printed: GQA"""
    expect_column(f, 4096, 32, "GQA")


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
    expect_tensor(f(scores, chosen), right, mistakes)


@exercise("olmo-ex-router")
def route_to_two_of_eight(f):
    """2 of 8 experts, as in Mixtral"""
    expect_route(f, 8, 2)


@exercise("olmo-ex-router")
def route_to_three_of_five(f):
    """3 of 5 experts"""
    expect_route(f, 5, 3)


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
    keys = [
        (right[2], "key and value are exchanged: the key comes first"),
        (stacked[rows // 3 : 2 * rows // 3], equal),
        (stacked[heads * size :], "that is key and value together: each has head_size rows"),
    ]
    expect_tensor(query, right[0], queries, name="the query matrix")
    expect_tensor(key, right[1], keys, name="the key matrix")
    expect_tensor(value, right[2], name="the value matrix")


@exercise("olmo-ex-split-qkv")
def split_of_four_heads(f):
    """4 heads of size 3"""
    expect_split(f, 4, 3, 12)


@exercise("olmo-ex-split-qkv")
def split_of_seven_heads(f):
    """7 heads of size 2"""
    expect_split(f, 7, 2, 14)
