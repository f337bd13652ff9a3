"""Checks for the page on whether DoRA helps: how far the rows of a weight went, in length and in direction."""

from torch import Tensor
from torch.nn import functional as F

from llmbook.exercises.compare import draw, expect_items, expect_number
from llmbook.exercises.registry import exercise


@exercise("dora-ex-changes")
def changes_of_a_weight(f):
    """5 outputs, 3 inputs"""
    expect_changes(f, draw(7, 5, 3), draw(7, 5, 3) * 0.8 + 0.3 * draw(8, 5, 3))


@exercise("dora-ex-changes")
def changes_of_a_square_weight(f):
    """4 outputs, 4 inputs, and rows that turn by more than a right angle"""
    expect_changes(f, draw(7, 4, 4), draw(7, 4, 4) * 1.1 + 0.3 * draw(8, 4, 4))
    expect_changes(f, draw(7, 4, 4), draw(8, 4, 4) - 0.4 * draw(7, 4, 4))


def expect_changes(f, before: Tensor, after: Tensor) -> None:
    """Compare with means over the rows."""
    magnitude, direction = expect_items(f(before, after), 2, "the change of the lengths and of the directions")
    by_row, by_column = after.norm(dim=1) - before.norm(dim=1), after.norm(dim=0) - before.norm(dim=0)
    cosine = F.cosine_similarity(before, after, dim=1)
    lengths = [
        (by_row.mean(), "take absolute values before the mean: longer and shorter rows cancel"),
        (by_column.abs().mean(), "those are the columns: each output has a row"),
        (by_row.mean().abs(), "take absolute values before the mean: longer and shorter rows cancel"),
        (by_row.square().mean().sqrt(), "that is the root of the mean square: take the mean of the absolute values"),
        ((by_row / before.norm(dim=1)).abs().mean(), "that is the change as a share of the length: return it as it is"),
        (by_row.abs().median(), "that is the median: take the mean"),
        ((1 - cosine).mean(), "the two numbers are the other way round: lengths first"),
        ((after - before).norm(dim=1).mean(), "that is how far the rows moved: compare their lengths"),
        (by_row.abs().sum(), "that is the sum over the rows: take the mean"),
        ((after.norm() - before.norm()).abs(), "that is the length of the whole matrix: take each row by itself"),
    ]
    flat = F.cosine_similarity(before.flatten(), after.flatten(), dim=0)
    directions = [
        (1 - cosine.abs().mean(), "a row that has turned round counts more than one at a right angle: keep the sign"),
        (cosine.acos().mean(), "that is the angle itself: return 1 - cos of it"),
        (1 - (before * after).sum(1).mean(), "an inner product is a cosine when it is divided by both lengths"),
        (cosine.mean(), "that is the cosine, which is 1 where nothing changed: subtract it from 1"),
        (1 - F.cosine_similarity(before, after, dim=0).mean(), "those are the columns: each output has a row"),
        (1 - flat, "that is the angle of the whole matrix as one vector: take each row by itself"),
        ((1 - cosine).sum(), "that is the sum over the rows: take the mean"),
    ]
    right = by_row.abs().mean(), (1 - cosine).mean()
    for value, number, mistakes in zip((magnitude, direction), right, (lengths, directions), strict=True):
        expect_number(value, number.item(), [(wrong.item(), hint) for wrong, hint in mistakes], rtol=1e-4)
