"""Checks for the page on the question: does the name of a model say its size?"""

from collections.abc import Sequence

import numpy as np

from llmbook.data import read_table
from llmbook.exercises.compare import Mistake
from llmbook.exercises.registry import exercise

Row = tuple[str, str | None, int | None]
"""A model: its name, its size as reported, its parameters as counted."""
UNITS = {"M": 10**6, "B": 10**9}
INVENTED: list[Row] = [
    ("short", "2B", 2_800_000_000), ("just", "3B", 2_500_000_000), ("twice", "2x30M", 40_000_000),
    ("secret", None, None), ("unbuilt", "9B", None), ("unnamed", None, 5_000_000), ("small", "1.6M", 1_000_000),
]  # fmt: skip


def size_of(reported: str) -> float:
    """The number that a name such as 780M or 8x7B stands for."""
    times, _, each = reported.rpartition("x")
    return (int(times) if times else 1) * float(each[:-1]) * UNITS[each[-1]]


def ranked(rows: Sequence[Row], share: float, off=lambda size, counted: abs(size - counted) / counted, read=size_of,
           key=lambda off, size, counted: off, is_over=lambda off, share: off > share) -> list[str]:  # fmt: skip
    """The models that are off by more than a share, the farthest first, with each part open."""
    known = [(name, read(reported), counted) for name, reported, counted in rows if reported and counted]
    found = [(key(off(size, counted), size, counted), name) for name, size, counted in known
             if is_over(off(size, counted), share)]  # fmt: skip
    return [name for _, name in sorted(found, reverse=True)]


def expect_names(f, rows: Sequence[Row], share: float) -> None:
    """Compare the names and their order with the right ones and with those of other readings."""
    got, right = f(list(rows), share), ranked(rows, share)
    if isinstance(got, np.ndarray):
        got = got.tolist()
    if not isinstance(got, list | tuple) or not all(isinstance(name, str) for name in got):
        raise Mistake("return a list of names")
    got = [str(name) for name in got]
    if got == right:
        return
    mistakes = [
        (ranked(rows, share, off=lambda size, counted: abs(size - counted) / size),
         "a share of what was counted: the count is what you hold the name against"),
        (ranked(rows, share, off=lambda size, counted: (size - counted) / counted),
         "a name can promise too little as well: take the difference without its sign"),
        (ranked(rows, share, off=lambda size, counted: (counted - size) / counted),
         "a name can promise too much as well: take the difference without its sign"),
        (ranked(rows, share, key=lambda off, size, counted: abs(size - counted)),
         "the order is that of the shares: a large model may be off by more parameters and by a smaller share"),
        (ranked(rows, share, is_over=lambda off, share: off >= share), "more than the share, not as much"),
        (ranked(rows, share, read=lambda name: size_of(name.rpartition("x")[2])),
         "8x7B is a product: eight times seven billion"),
        (ranked(rows, share)[::-1], "the farthest off comes first"),
        (ranked(rows, share / 100), "share is a share and no percentage: 0.01 is one in a hundred"),
        ([name for name, *_ in rows if name in right], "sort them: the farthest off comes first"),
        ([name for name, *_ in rows if name not in right], "asked are the names that are off, not the good ones"),
    ]
    for wrong, hint in mistakes:
        if got == wrong:
            raise Mistake(f"your names are {got}: {hint}")
    raise Mistake(f"your names are {got}, expected {right}")


def models() -> list[Row]:
    """The eleven models of the page."""
    return [(row["model"], row["size_reported"], row["parameters"]) for row in read_table("tiny_titans_models")]


@exercise("tt-ex-question-names", points=2)
def names_of_the_eleven(f):
    """The eleven models of the page, one in a hundred, and nearly four"""
    expect_names(f, models(), 0.01)
    expect_names(f, models(), 0.0385)


@exercise("tt-ex-question-names")
def names_that_promise_too_little(f):
    """Invented models: too much, too little, just as much, and some that cannot be audited"""
    for share in (0.2, 0.3, 0.45):
        expect_names(f, INVENTED, share)
    expect_names(f, INVENTED[3:6], 0.0)
