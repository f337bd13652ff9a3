"""Checks for the page on the scaled embedding: one-hot vectors, the rounded factor."""

import torch

from llmbook.exercises.compare import as_tensor, draw, expect_tensor
from llmbook.exercises.registry import exercise
from llmbook.layers.embedding import embed

IDS = torch.tensor([[2, 0, 3], [1, 1, 4]])


@exercise("gemma-ex-one-hot")
def one_hot_rows(f):
    """Two sequences of three ids, five entries"""
    right = torch.nn.functional.one_hot(IDS, 5).float()
    mistakes = [
        (right.transpose(1, 2), "the vocabulary must be the last axis: (B, T, V)"),
        (right.flatten(0, 1), "the axes of batch and position are merged: keep (B, T, V)"),
        (right.roll(-1, -1), "every 1 is one place too far left: ids count from 0"),
        (right.roll(1, -1), "every 1 is one place too far right: ids count from 0"),
        (right.long(), "the numbers are integers: a product with the float matrix needs floats"),
    ]
    expect_tensor(f(IDS, 5), right, mistakes)


@exercise("gemma-ex-one-hot")
def product_is_lookup(f):
    """Times a matrix of 7 rows, it gives the rows looked up"""
    weight = draw(0, 7, 4)
    one_hot = as_tensor(f(IDS, 7))
    expect_tensor(one_hot.float() @ weight, weight[IDS], name="your result times the embedding matrix")


def expect_scaled(f, width: int, dtype: torch.dtype) -> None:
    """Compare with the factor rounded to the dtype of the weights."""
    weight = draw(1, 11, width).to(dtype)
    ids = torch.tensor([[3, 1, 4], [1, 5, 9]])
    rows, root = weight[ids], width**0.5
    in_bfloat16 = torch.tensor(root, dtype=torch.bfloat16).to(dtype)
    mistakes = [
        (rows, "the rows are not scaled: multiply by the square root of the width"),
        (rows / torch.tensor(root, dtype=dtype), "that divides by the square root of the width: Gemma multiplies"),
        (rows * 11**0.5, "that is the square root of the size of the vocabulary: take that of the width"),
        (rows * width, "that multiplies by the width: take its square root"),
        (rows * root, "a Python float is not rounded: make the factor a tensor of the weights' dtype first "
         "(in bfloat16 the root of 3072 becomes 55.5)"),
        ((rows.float() * root).to(dtype), "the product is computed in float32: round the factor to the weights' dtype, "
         "then multiply"),
        (rows * torch.tensor(float(int(root)), dtype=dtype), "the factor is cut off to a whole number"),
        (rows * ids.shape[1] ** 0.5, "that is the root of the number of tokens: take that of the width"),
        (weight[ids - 1] * torch.tensor(root, dtype=dtype), "ids count from 0: id 1 is the second row"),
        (embed(ids, weight, scaled=True).flatten(0, 1), "the axis of the batch is lost: return (B, T, D)"),
        (rows / rows.norm(dim=-1, keepdim=True) * torch.tensor(root, dtype=dtype), "the length of each row is divided "
         "away: the rows keep their sizes, times the factor"),
        (rows * in_bfloat16, "the factor is rounded to bfloat16 although the weights are float32: use their dtype"),
    ]  # fmt: skip
    expect_tensor(f(ids, weight), embed(ids, weight, scaled=True), mistakes, exact=dtype == torch.bfloat16)


@exercise("gemma-ex-scale")
def scaled_in_float32(f):
    """float32, width 3072: factor 55.4256"""
    expect_scaled(f, 3072, torch.float32)


@exercise("gemma-ex-scale")
def scaled_in_bfloat16(f):
    """bfloat16, width 3072: factor 55.5, bit by bit"""
    expect_scaled(f, 3072, torch.bfloat16)
