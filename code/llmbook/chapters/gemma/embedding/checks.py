"""Checks for the page on the scaled embedding: one-hot vectors, a tied matrix, the rounded factor."""

import torch
from torch.nn import functional as F

from llmbook.exercises.compare import as_tensor, draw, expect_tensor
from llmbook.exercises.registry import exercise
from llmbook.layers.embedding import embed

IDS = torch.tensor([[2, 0, 3, -1], [1, -1, 1, 4]])  # -1 stands where a sequence is shorter than its batch


def expect_one_hot(f, vocab_size: int) -> None:
    """Compare the vectors of ids, of which those of -1 are all zeros."""
    real = (IDS >= 0)[..., None]
    right = F.one_hot(IDS.clamp(0), vocab_size).float() * real
    mistakes = [
        (right.transpose(1, 2), "the vocabulary must be the last axis: (B, T, V)"),
        (right.flatten(0, 1), "the axes of batch and position are merged: keep (B, T, V)"),
        (right.roll(-1, -1), "every 1 is one place too far left: ids count from 0"),
        (right.roll(1, -1), "every 1 is one place too far right: ids count from 0"),
        (right.long(), "the numbers are integers: a product with the float matrix needs floats"),
        (torch.eye(vocab_size)[IDS], "the index -1 means the last row in Python: here it means no word, so all zeros"),
        (F.one_hot(IDS.clamp(0), vocab_size).float(), "the places with -1 have become word 0: they are all zeros"),
        (right * (IDS != 0)[..., None], "word 0 is a word: only -1 stands for none"),
        (torch.where(real, right, 1 / vocab_size), "the places with -1 are spread over all words: they are all zeros"),
        (torch.cat((right[:1], right[1:] * 0)), "only the first sequence of the batch is filled"),
        (1 - right, "0 and 1 are exchanged"),
    ]
    expect_tensor(f(IDS, vocab_size), right, mistakes)


@exercise("gemma-ex-one-hot")
def one_hot_rows(f):
    """Two sequences of a batch, the shorter ones filled up with -1; five entries, and nine"""
    expect_one_hot(f, 5)
    expect_one_hot(f, 9)


@exercise("gemma-ex-one-hot")
def product_is_lookup(f):
    """Times a matrix of 7 rows, it gives the rows looked up, and zeros for -1"""
    weight = draw(0, 7, 4)
    one_hot = as_tensor(f(IDS, 7))
    rows = weight[IDS] * (IDS >= 0)[..., None]
    expect_tensor(one_hot.float() @ weight, rows, name="your result times the embedding matrix")


def expect_logits(f, vocab_size: int, width: int) -> None:
    """Compare with the logits of a model without layers whose output matrix is its embedding."""
    weight, ids = draw(2, vocab_size, width), torch.tensor([[3, 1, 4], [1, 5, 0]])
    rows, root = weight[ids], width**0.5
    right = rows * root @ weight.T
    mistakes = [
        (right * root, "the output matrix is scaled too: the factor belongs to what is looked up, not to the table"),
        (rows @ weight.T, "nothing is scaled: multiply the rows looked up by the square root of the width"),
        (rows / root @ weight.T, "that divides: multiply the rows by the square root of the width"),
        (right / width, "that divides: multiply the rows by the square root of the width"),
        (rows * width**0.25 @ weight.T, "that is the fourth root: the rows get all of the square root"),
        (right.softmax(-1), "those are probabilities: logits are asked for"),
        (right[:, -1], "those are the logits of the last position: return all positions"),
        (right.transpose(1, 2), "the vocabulary must be the last axis: (B, T, V)"),
        (rows * vocab_size**0.5 @ weight.T, "that is the square root of the size of the vocabulary: take the width's"),
        (rows @ rows.mT * root, "that compares the tokens with each other: every word of the table has a logit"),
        (right - right.mean(-1, keepdim=True), "something is subtracted from the logits: return them as they are"),
        (rows * root, "those are the rows that go in: multiply them by the table, turned around"),
    ]
    expect_tensor(f(ids, weight), right, mistakes)


@exercise("gemma-ex-tied-logits")
def logits_of_a_small_model(f):
    """A vocabulary of 7 and width 4: factor 2"""
    expect_logits(f, 7, 4)


@exercise("gemma-ex-tied-logits")
def logits_of_a_wide_model(f):
    """A vocabulary of 11 and width 48"""
    expect_logits(f, 11, 48)


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
