"""Checks for the page on positions and vocabulary: the rows of a matrix in the layouts of RoPE, a base for a length."""

import math

import torch

from llmbook.exercises.compare import expect_number, expect_tensor
from llmbook.exercises.registry import exercise


def expect_half_split(f, heads: int, size: int, width: int) -> None:
    """Compare with the rows of each head reordered: even ones first."""
    weight = torch.arange(heads * size * width).reshape(heads * size, width) * 1.0
    by_head = weight.unflatten(0, (heads, size))
    right = torch.cat((by_head[:, ::2], by_head[:, 1::2]), 1).flatten(0, 1)
    swapped = torch.cat((by_head[:, 1::2], by_head[:, ::2]), 1).flatten(0, 1)
    back = by_head.unflatten(1, (2, size // 2)).transpose(1, 2).flatten(0, 2)
    mistakes = [
        (weight, "nothing has moved"),
        (back, "that is the way back, from half-split to interleaved: row 1 must go to row E/2"),
        (torch.cat((weight[::2], weight[1::2])), "that mixes the heads: reorder the rows of each head by itself"),
        (swapped, "the odd rows come first: then every pair turns the other way"),
        (by_head.flip(1).flatten(0, 1), "the rows are turned round: even ones come first, in their order"),
        (weight.unflatten(0, (-1, 2)).flip(1).flatten(0, 1), "the two of each pair have changed places, no more"),
        (torch.cat((by_head[:, ::2], by_head[:, 1::2].flip(1)), 1).flatten(0, 1),
         "the odd rows run backward: pair i is row i and row i + E/2"),
        (right.unflatten(0, (heads, size)), "the heads have an axis of their own: put them under each other again"),
        (torch.cat((weight[:, ::2], weight[:, 1::2]), 1), "that moves columns: what is turned are outputs, the rows"),
    ]  # fmt: skip
    expect_tensor(f(weight, heads), right, mistakes)


@exercise("olmo-ex-rope-permute", points=2)
def half_split_of_three_heads(f):
    """3 heads of size 8"""
    expect_half_split(f, 3, 8, 6)


@exercise("olmo-ex-rope-permute")
def half_split_of_two_heads(f):
    """2 heads of size 12"""
    expect_half_split(f, 2, 12, 3)


@exercise("olmo-ex-rope-permute")
def half_split_of_one_head(f):
    """1 head of size 6"""
    expect_half_split(f, 1, 6, 4)


def expect_base(f, size: int, length: int, unfinished: int) -> None:
    """Compare with the base at which the fastest of the slow pairs takes the whole length for a turn."""
    pair, radians = size // 2 - unfinished, length / (2 * math.pi)
    base = lambda pair, turn=radians: turn ** (size / (2 * pair))  # noqa: E731
    mistakes = [
        (base(pair, length), "a turn has 2 pi radians: a pair of speed alpha takes 2 pi / alpha positions for it"),
        (base(pair, length / math.pi), "a whole turn has 2 pi radians, not pi"),
        (base(pair, length / 360), "speeds are in radians: a turn has 2 pi of them, not 360"),
        (base(pair + 1), "that is the next pair: one fewer than asked for stays unfinished (pairs count from 0)"),
        (base(unfinished), "the slow pairs are the last: count `unfinished` from the end"),
        (base(2 * pair), "the exponent is 2n / E: two numbers are a pair"),
        (base(size // 2 - 1), "that keeps the slowest pair alone from finishing"),
        (radians ** (2 * pair / size), "the exponent is turned over: solve for the base"),
        (size / (2 * pair) * math.log(radians), "that is its logarithm"),
        *((base(pair - 1), "that is one pair too many: pairs count from 0") for _ in range(pair > 1)),
    ]  # fmt: skip
    expect_number(f(size, length, unfinished), base(pair), mistakes, rtol=1e-4)


@exercise("olmo-ex-choose-base")
def base_for_a_small_head(f):
    """A head of size 16, 700 positions, 3 slow pairs"""
    expect_base(f, 16, 700, 3)


@exercise("olmo-ex-choose-base")
def base_for_long_texts(f):
    """Heads of size 128, 23 slow pairs, 2,048 positions and 32 times as many"""
    expect_base(f, 128, 2048, 23)
    expect_base(f, 128, 65_536, 23)
