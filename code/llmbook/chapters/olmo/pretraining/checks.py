"""Checks for the page on pretraining: documents packed into rows."""

import torch
from torch import Tensor

from llmbook.exercises.compare import expect_tensor
from llmbook.exercises.registry import exercise


def cut(stream: list[int], size: int) -> Tensor:
    """Whole rows of a list of ids."""
    rows = len(stream) // size
    return torch.tensor(stream[: rows * size], dtype=torch.long).reshape(rows, size)


def joined(documents: list[list[int]], before: list[int], after: list[int]) -> list[int]:
    """All documents in one list."""
    return [token for document in documents for token in (*before, *document, *after)]


def expect_packed(f, documents: list[list[int]], end: int, length: int) -> None:
    """Compare with the rows that the book's packing gives."""
    stream, size = joined(documents, [], [end]), length + 1
    padded = stream + [end] * (-len(stream) % size)
    single = [row for document in documents for row in cut([*document, end], size).tolist()]
    mistakes = [
        (cut(stream[:-1], size), "an end token is missing: it follows the last document too"),
        (cut(joined(documents, [], []), size), "the end tokens are missing: one after each document"),
        (cut(joined(documents, [end], []), size), "the end token stands before each document: put it after"),
        (cut(stream, length), "the rows are too short: the model reads `length` tokens and predicts one more"),
        (cut(padded, size), "the last row is filled up: leave out what does not fill a row"),
        (torch.tensor(single).reshape(-1, size), "every document begins a row of its own: join them all, then cut"),
    ]
    expect_tensor(f(documents, end, length), cut(stream, size), mistakes, exact=True)


@exercise("olmo-ex-pack")
def pack_with_a_rest(f):
    """Three documents with a rest"""
    expect_packed(f, [[5, 6, 7], [8, 9, 10, 11, 12], [13, 14]], 0, 3)


@exercise("olmo-ex-pack")
def pack_without_a_rest(f):
    """Documents that fill their rows exactly"""
    expect_packed(f, [[5, 6], [7], [8, 9, 10, 11, 12, 13]], 1, 5)
