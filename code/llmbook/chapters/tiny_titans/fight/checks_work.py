"""Checks for the fair fight: how many meetings a comparison needs, from a pilot."""

import math
from collections.abc import Sequence

import numpy as np

from llmbook.exercises.compare import Mistake, as_number, expect_number
from llmbook.exercises.registry import exercise

JUST = [-0.5, 0.0, 0.5]
"""Differences with a standard deviation of exactly one half."""


def pilot(count: int, mean: float, spread: float, seed: int) -> list[float]:
    """Differences of two systems on a few meetings."""
    return np.random.default_rng(seed).normal(mean, spread, count).tolist()


def least(spread: float, half: float, errors: float = 2.0) -> int:
    """The smallest number of meetings with so many standard errors in half an interval."""
    return math.ceil(round((errors * spread / half) ** 2, 9))


def expect_enough(f, differences: Sequence[float], half: float) -> None:
    """Compare with the smallest number, and with those of other readings."""
    spread, n = float(np.std(differences, ddof=1)), len(differences)
    right, exact = least(spread, half), (2 * spread / half) ** 2
    got = as_number(f(list(differences), half))
    if got != int(got):
        raise Mistake(f"your result is {got:.4g}: a number of meetings is whole, and rounding down leaves it too small")
    mistakes = [
        (least(float(np.std(differences)), half), "the spread of a pilot divides by n - 1, not by n: `ddof=1`"),
        (least(spread, 2 * half), "half is half of the interval: two standard errors on each side must fit into it"),
        (least(spread, half, 1), "one standard error each side holds two times in three only: two are asked for"),
        (least(spread, half, 4), "two standard errors on each side are half of the interval; you count four"),
        (least(spread, half, 1.96), "two standard errors are asked for, not 1.96"),
        (least(spread / math.sqrt(n), half), "that divides by the root of the pilot's size: the spread of single "
                                             "meetings is what the new number of meetings divides"),
        (least(spread**2, half), "that is the variance; take the root"),
        (math.ceil(2 * spread / half), "the error falls with the root of the number: square the ratio"),
        (math.ceil(round(exact / 2, 9)), "twice the spread, squared, is four times the variance"),
        (least(float(np.std(np.abs(differences), ddof=1)), half), "the differences have signs: they are part of the "
                                                                  "spread"),
        (least(float(np.sqrt(np.mean(np.square(differences)))), half), "the spread is around the mean, not around 0"),
        (max(0, right - n), "the pilot's meetings are not given to you: how many in all?"),
        (right + n, "how many in all, not beside the pilot"),
        (max(n, right), "fewer meetings than the pilot had can be enough: the smallest number is asked for"),
        (math.floor(exact), "rounded down, the error is a little too large"),
        (math.floor(exact) + 1, "this many is one too many: as much as half is allowed"),
        (right + 1, "one less is enough"),
    ]  # fmt: skip
    expect_number(got, right, [each for each in mistakes if each[0] != right])


@exercise("tt-ex-fight-enough")
def enough_after_a_pilot(f):
    """A pilot of twelve meetings"""
    expect_enough(f, pilot(12, 0.2, 0.3, 0), 0.05)


@exercise("tt-ex-fight-enough", points=2)
def enough_for_other_widths(f):
    """Pilots of five and of thirty meetings, and other widths"""
    expect_enough(f, pilot(5, -0.1, 0.25, 1), 0.08)
    expect_enough(f, pilot(30, 0.05, 0.4, 2), 0.03)


@exercise("tt-ex-fight-enough")
def just_enough(f):
    """A number that is just enough, and one that is smaller than the pilot"""
    expect_enough(f, JUST, 0.25)
    expect_enough(f, [4 * each for each in JUST], 0.5)
    expect_enough(f, pilot(40, 0.1, 0.2, 3), 0.09)
