"""Checks for the page on whether DoRA helps: how far the rows of a weight went, in length and in direction."""

from torch import Tensor
from torch.nn import functional as F

from llmbook.exercises.compare import draw, expect_items, expect_number
from llmbook.exercises.registry import exercise


@exercise("dora-ex-changes")
def changes_of_a_weight(f):
    """5 outputs, 3 inputs; and 4 of each"""
    expect_changes(f, draw(7, 5, 3), draw(7, 5, 3) * 0.8 + 0.3 * draw(8, 5, 3))
    expect_changes(f, draw(7, 4, 4), draw(7, 4, 4) * 1.1 + 0.3 * draw(8, 4, 4))


def expect_changes(f, before: Tensor, after: Tensor) -> None:
    """Compare with means over the rows."""
    magnitude, direction = expect_items(f(before, after), 2, "the change of the lengths and of the directions")
    by_row, by_column = after.norm(dim=1) - before.norm(dim=1), after.norm(dim=0) - before.norm(dim=0)
    lengths = [
        (by_row.mean(), "take absolute values before the mean: longer and shorter rows cancel"),
        (by_column.abs().mean(), "those are the columns: each output has a row"),
        ((after - before).norm(dim=1).mean(), "that is how far the rows moved: compare their lengths"),
        (by_row.abs().sum(), "that is the sum over the rows: take the mean"),
        ((after.norm() - before.norm()).abs(), "that is the length of the whole matrix: take each row by itself"),
    ]
    cosine = F.cosine_similarity(before, after, dim=1)
    flat = F.cosine_similarity(before.flatten(), after.flatten(), dim=0)
    directions = [
        (cosine.mean(), "that is the cosine, which is 1 where nothing changed: subtract it from 1"),
        (1 - F.cosine_similarity(before, after, dim=0).mean(), "those are the columns: each output has a row"),
        (1 - flat, "that is the angle of the whole matrix as one vector: take each row by itself"),
        ((1 - cosine).sum(), "that is the sum over the rows: take the mean"),
    ]
    numbers = [[(wrong.item(), hint) for wrong, hint in pairs] for pairs in (lengths, directions)]
    expect_number(magnitude, by_row.abs().mean().item(), numbers[0], rtol=1e-4)
    expect_number(direction, (1 - cosine).mean().item(), numbers[1], rtol=1e-4)
