"""Checks for the page on positions and vocabulary: the rows of a matrix in the layouts of RoPE."""

import torch

from llmbook.exercises.compare import expect_tensor
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
        (torch.cat((weight[:, ::2], weight[:, 1::2]), 1), "that moves columns: what is turned are outputs, the rows"),
    ]
    expect_tensor(f(weight, heads), right, mistakes)


@exercise("olmo-ex-rope-permute", points=2)
def half_split_of_three_heads(f):
    """3 heads of size 8"""
    expect_half_split(f, 3, 8, 6)


@exercise("olmo-ex-rope-permute")
def half_split_of_one_head(f):
    """1 head of size 6"""
    expect_half_split(f, 1, 6, 4)
