"""Checks for the page that assembles Gemma: the mask with a cache, top-p, rotary positions."""

import math

import torch
from torch import Tensor

from llmbook.exercises.compare import Mistake, Mistakes, as_tensor, draw, expect_tensor
from llmbook.exercises.registry import exercise
from llmbook.layers.attention import causal_mask
from llmbook.layers.rope import apply_rope, rope_angles


def expect_mask(f, queries: int, keys: int) -> None:
    """Compare with the mask aligned at the last query and the last key."""
    right = causal_mask(queries, keys)
    rows = torch.ones(queries, keys, dtype=torch.bool)
    mistakes = [
        (rows.tril(), "the first query is aligned with the first key: with a cache the last query must see the last "
         "key, so shift by S - T"),
        (~right, "True and False are exchanged: True means that a query may look there"),
        (~rows.tril(), "True and False are exchanged: True means that a query may look there"),
        (rows.tril(keys - queries - 1), "a query must see its own position too: use <=, not <"),
        (right.T, "rows and columns are exchanged: queries are rows, (T, S)"),
        (rows.triu(), "that looks at the future: a query may see keys up to its own position"),
        (rows, "that is no mask at all: a query sees keys up to its own position"),
        (rows.tril(keys - queries + 1), "a query sees one key of the future: up to its own position"),
        (right.flip(0), "the rows are in reverse: the first query stands first"),
        (rows.tril(keys - queries).triu(keys - queries), "each query sees only itself: earlier keys belong to it too"),
        (right & (torch.arange(keys) >= keys - queries), "the cache is hidden: a query sees all earlier keys"),
    ]  # fmt: skip
    expect_tensor(f(queries, keys), right, mistakes, name=f"the mask for T = {queries}, S = {keys}")


@exercise("gemma-ex-mask")
def mask_without_cache(f):
    """No cache: T = S = 4"""
    expect_mask(f, 4, 4)


@exercise("gemma-ex-mask")
def mask_with_cache(f):
    """Three keys in the cache: T = 2, S = 5"""
    expect_mask(f, 2, 5)


@exercise("gemma-ex-mask")
def mask_of_one_token(f):
    """Decoding one token: it sees everything"""
    expect_mask(f, 1, 6)


def expect_kept(f, probabilities: list[float], p: float, kept: list[bool]) -> None:
    """Compare with the smallest set of likely tokens that reaches p."""
    given = torch.tensor(probabilities)
    ordered, order = given.sort(descending=True)
    before = ordered.cumsum(0) - ordered
    short = torch.zeros(len(given), dtype=torch.bool).scatter(0, order, ordered.cumsum(0) < p)
    upto = torch.zeros(len(given), dtype=torch.bool).scatter(0, order, ordered.cumsum(0) <= p)
    beyond = torch.zeros(len(given), dtype=torch.bool).scatter(0, order, before <= p)
    rising, up = given.sort()
    least = torch.zeros(len(given), dtype=torch.bool).scatter(0, up, rising.cumsum(0) - rising < p)
    drop = "the token that crosses p is dropped: keep it, or the kept ones add up to less than p"
    mistakes = [
        (short, drop), (upto, drop),
        (beyond, "one token too many: those before it reach p exactly already"),
        (before < p, "the mask is in sorted order: put it back into the order of the vocabulary"),
        (given.cumsum(0) - given < p, "the tokens are taken in the order of the vocabulary: sort by probability first"),
        (given >= p, "that keeps single tokens above p (like min-p): p is a sum over the most likely tokens"),
        (~torch.tensor(kept), "True and False are exchanged: True means keep"),
        (least, "that adds up the least likely first: sort in descending order"),
    ]  # fmt: skip
    expect_tensor(f(given, p), torch.tensor(kept), mistakes, name=f"the mask for p = {p:g}")


@exercise("gemma-ex-top-p")
def top_p_of_four(f):
    """Four tokens, p = 0.7; six, p = 0.6"""
    six = [0.0625, 0.125, 0.34375, 0.03125, 0.25, 0.1875]
    expect_kept(f, six, 0.6, [False, False, True, False, True, True])
    expect_kept(f, [0.125, 0.5, 0.0625, 0.3125], 0.7, [False, True, False, True])


@exercise("gemma-ex-top-p")
def top_p_boundary(f):
    """The sum reaches p exactly, p = 0.75"""
    expect_kept(f, [0.125, 0.25, 0.125, 0.5], 0.75, [False, True, False, True])


@exercise("gemma-ex-top-p")
def top_p_ends(f):
    """A tiny p keeps one token, p = 1 keeps all"""
    expect_kept(f, [0.25, 0.125, 0.5, 0.125], 0.01, [False, False, True, False])
    expect_kept(f, [0.25, 0.125, 0.5, 0.125], 1.0, [True, True, True, True])


@exercise("gemma-ex-top-p")
def top_p_of_equals(f):
    """Tokens that are equally likely: as few as possible"""
    given = torch.tensor([0.125, 0.25, 0.25, 0.125, 0.25])
    mask = as_tensor(f(given, 0.5))
    if mask.shape != given.shape or mask.dtype != torch.bool:
        raise Mistake(f"your result has shape {tuple(mask.shape)}; expected five booleans")
    if not torch.equal(given[mask], torch.tensor([0.25, 0.25])):
        raise Mistake("of three equal tokens two reach p = 0.5: keep any two, as few as possible")


def turned(x: Tensor, angles: Tensor) -> Tensor:
    """Rotate the halves of ``x`` by ``angles``."""
    return apply_rope(x, angles.cos(), angles.sin())


def neighbors(x: Tensor, angles: Tensor) -> Tensor:
    """Rotate neighboring pairs instead."""
    even, odd = x[..., ::2], x[..., 1::2]
    cos, sin = angles.cos(), angles.sin()
    return torch.stack((even * cos - odd * sin, odd * cos + even * sin), -1).flatten(-2)


def halfway(x: Tensor, angles: Tensor) -> Tensor:
    """Turn the first half, and the second with what the first has become."""
    first, second = x.chunk(2, -1)
    first = first * angles.cos() - second * angles.sin()
    return torch.cat((first, second * angles.cos() + first * angles.sin()), -1)


def expect_rotated(f, x: Tensor, positions: Tensor, base: float, more: Mistakes = ()) -> None:
    """Compare with the half-split rotation; a check may know more mistakes."""
    size = x.shape[-1]
    exponents = torch.arange(0, size, 2) / size
    angles = positions[:, None] * base**-exponents
    mistakes = [
        (neighbors(x, angles), "that pairs neighbors (0, 1), (2, 3); Gemma's checkpoint pairs i with i + E/2"),
        (turned(x, -angles), "that turns the other way: the first half gets - second x sin"),
        (turned(x, positions[:, None] * base ** -(exponents / 2)), "the exponent is 2i / E for pair i, not i / E"),
        (turned(x, positions[:, None] * base**exponents), "later pairs turn slower: the base has a negative exponent"),
        (turned(x, angles * math.pi / 180), "the angle is in radians already"),
        (turned(x, (positions[:, None] + 1) * base**-exponents), "positions count from 0: nothing turns at position 0"),
        (x, "nothing turns"),
        (halfway(x, angles), "the second half was computed from a first half that has been turned already"),
        *more,
    ]
    expect_tensor(f(x, positions, base), apply_rope(x, *rope_angles(positions, size, base)), mistakes)


@exercise("gemma-ex-rope")
def rope_of_one_pair(f):
    """One pair: the angle is the position"""
    expect_rotated(f, torch.tensor([[1.0, 0.0]] * 4), torch.arange(4), 10000.0)


@exercise("gemma-ex-rope")
def rope_far_into_the_text(f):
    """One pair at positions above 256"""
    x, positions = torch.tensor([[1.0, 0.5]] * 4), torch.tensor([255, 257, 1001, 8191])
    column = positions[:, None]
    expect_rotated(f, x, positions, 10000.0, [
        (turned(x, column.bfloat16().float()), "the positions are rounded to bfloat16, which has no 257: keep float32"),
        (turned(x, column.half().float()), "the positions are rounded to float16, which has no 8191: keep float32"),
        (turned(x, torch.arange(4.0)[:, None]), "you count the rows: turn each by its place in `positions`"),
    ])  # fmt: skip


@exercise("gemma-ex-rope")
def rope_of_a_head(f):
    """Heads of 8 numbers at positions 0 to 19"""
    expect_rotated(f, draw(0, 20, 8), torch.arange(20), 100.0)


def scores(f, query: Tensor, key: Tensor, positions: Tensor) -> Tensor:
    """Dot products of turned queries and keys, ``(T, T)``."""
    turned_query, turned_key = as_tensor(f(query, positions, 50.0)), as_tensor(f(key, positions, 50.0))
    if turned_query.shape != query.shape:
        raise Mistake(f"your result has shape {tuple(turned_query.shape)}, expected {tuple(query.shape)}")
    return turned_query.double() @ turned_key.double().T


@exercise("gemma-ex-rope")
def rope_is_relative(f):
    """Scores change only with the distance"""
    query, key, positions = draw(1, 6, 8), draw(2, 6, 8), torch.arange(6)
    here, there = scores(f, query, key, positions), scores(f, query, key, positions + 9)
    moved = "moving queries and keys by 9 positions changed their scores; a rotation keeps them"
    expect_tensor(there, here, otherwise=moved, name="the score after the move")
    if torch.allclose(here, (query @ key.T).double(), atol=1e-3):
        raise Mistake("the scores do not depend on positions at all")
