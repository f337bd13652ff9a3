"""A check of the page on what "7B" counts: which reading of a printed table gives the published total."""

from collections.abc import Callable
from itertools import product

from llmbook.chapters.gemma.counting.checks import SIZES, parameters, sizes_of
from llmbook.exercises.compare import Mistake, as_bool, as_number, expect_items
from llmbook.exercises.registry import exercise
from llmbook.models import PUBLISHED

VOCABULARIES = 256_128, 256_000
"""Rows of the embedding matrix in the report, and in the public checkpoints."""
Reading = tuple[int, int, bool]
"""Rows of the vocabulary, feed-forward width, and whether the output matrix is tied."""


def total_of(sizes: dict, reading: Reading) -> int:
    """Parameters of a decoder by one reading of its sizes."""
    rows, inner, tied = reading
    return parameters(sizes | {"vocab_size": rows, "feedforward_width": inner}, tied)


def why_not(sizes: dict, got: Reading, right: Reading, total: int) -> str:
    """What a reading overlooks."""
    rows, inner, tied = got
    words = "a tied output matrix" if tied else "an untied output matrix"
    here = f"{rows:,} rows, a feed-forward width of {inner:,} and {words}"
    counted = total_of(sizes, got)
    if inner != right[1]:
        hint = "the printed width counts both halves of the gated layer; one matrix has half of it"
    elif tied != right[2]:
        hint = "the difference is as large as the embedding: ask whether the output matrix is counted"
    else:
        hint = "close is not equal: the two vocabularies differ by 128 rows, and the total is exact"
    return f"{here} give {counted:,}, not {total:,}: {hint}"


def expect_reading(f: Callable, name: str, right: Reading | None, off: int = 0) -> None:
    """Let ``f`` find the reading that gives a total; None stands for no reading, since the total is ``off``."""
    sizes = sizes_of(PUBLISHED[name])
    inner = sizes["feedforward_width"]
    total = total_of(sizes, right or (VOCABULARIES[0], inner, True)) + off
    kept = [sizes[each] for each in SIZES if each not in ("vocab_size", "feedforward_width")]
    got = f(total, list(VOCABULARIES), *kept, [2 * inner, inner])
    if right is None:
        if got is not None:
            raise Mistake(f"no reading gives {total:,} exactly; return None where none does")
        return
    if got is None:
        raise Mistake(f"one reading gives {total:,} exactly: try all of them, norms included")
    rows, width, tied = expect_items(got, 3, "rows of the vocabulary, feed-forward width, tied or not")
    found = int(as_number(rows)), int(as_number(width)), as_bool(tied)
    if found[0] not in VOCABULARIES or found[1] not in (inner, 2 * inner):
        raise Mistake(f"{found[:2]} are not among the printed sizes: return the sizes, not their places in the lists")
    if found != right:
        raise Mistake(why_not(sizes, found, right, total))


def all_readings(inner: int) -> list[Reading]:
    """Every reading with one branch of the feed-forward layer."""
    return [(rows, inner, tied) for rows, tied in product(VOCABULARIES, (True, False))]


@exercise("gemma-ex-audit-total")
def published_totals(f):
    """The totals of the report and of the public checkpoints, 7B and 2B"""
    for name, inner in (("gemma-7b", 24_576), ("gemma-2b", 16_384)):
        for rows in VOCABULARIES:
            expect_reading(f, name, (rows, inner, True))


@exercise("gemma-ex-audit-total")
def totals_of_every_reading(f):
    """A total that counts a matrix twice, and one with both halves as width"""
    for reading in all_readings(24_576) + all_readings(49_152):
        expect_reading(f, "gemma-7b", reading)


@exercise("gemma-ex-audit-total")
def totals_of_no_reading(f):
    """A total that no reading gives"""
    expect_reading(f, "gemma-7b", None, off=3072)
    expect_reading(f, "gemma-2b", None, off=-1)
