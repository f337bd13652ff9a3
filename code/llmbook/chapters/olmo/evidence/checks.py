"""Checks for the page on the evidence: the spikes of a log, the sign test."""

import math
from collections.abc import Callable
from functools import partial
from statistics import mean, median, median_high, median_low, pstdev, stdev

import torch

from llmbook.exercises.compare import expect_number, expect_tensor
from llmbook.exercises.registry import exercise
from llmbook.experiments.results import read_result


def usual_spread(losses: list[float], center: Callable = median) -> float:
    """The median of the distances from the median."""
    middle = center(losses)
    return center([abs(loss - middle) for loss in losses])


def mean_spread(losses: list[float]) -> float:
    """The mean of the distances from the median."""
    return mean(abs(loss - median(losses)) for loss in losses)


def unusual(
    losses: list[float], back: int, limit: float, *, center: Callable = median, spread: Callable = usual_spread,
    own: int = 0, first: int | None = None, drops: bool = False, ties: bool = False,
) -> list[int]:  # fmt: skip
    """Steps far above those before them, with the rule open: what is the middle, what the spread, who is judged."""
    found = []
    for step in range(back if first is None else first, len(losses)):
        before = losses[max(0, step - back + own) : step + own]
        distance = losses[step] - center(before)
        beyond = (abs(distance) if drops else distance) - limit * spread(before)
        if beyond > 0 or (ties and beyond == 0):
            found.append(step)
    return found


def runs(steps: list[int]) -> list[list[int]]:
    """Steps that follow each other become one pair: the first, and how many."""
    found: list[list[int]] = []
    for step in steps:
        if found and step == sum(found[-1]):
            found[-1][1] += 1
        else:
            found.append([step, 1])
    return found


def other_medians() -> list[dict]:
    """Ways to take one of the two values in the middle for their mean: in the middle, in the spread, in both."""
    found = []
    for other in (median_high, median_low):
        spread = partial(usual_spread, center=other)
        found += [{"center": other}, {"spread": spread}, {"center": other, "spread": spread}]
    return found


def expect_events(f, losses: list[float], back: int, limit: float) -> None:
    """Compare with the rule of the page, and with its usual slips."""
    steps = unusual(losses, back, limit)
    given = (losses, back, limit)
    slips = [
        ([[step, 1] for step in steps], "steps that follow each other are one event"),
        ([[first, first + n - 1] for first, n in runs(steps)], "the second number counts steps; yours is the last"),
        (runs(unusual(*given, own=1)), "a step is among those that judge it: use the steps before it only"),
        (runs(unusual(*given, center=mean)), "that measures from the mean, which a spike pulls up: use the median"),
        *((runs(unusual(*given, spread=each)), "a spike blows up the standard deviation: use the median distance")
          for each in (pstdev, stdev)),
        (runs(unusual(*given, spread=mean_spread)), "a spike pulls up the mean of the distances: use their median"),
        (runs(unusual(*given, spread=lambda _: 1.0)), "the limit counts in units of the usual spread"),
        (runs(unusual(*given, drops=True)), "a step far below the others is good news: only those above count"),
        (runs(unusual(*given, first=1)), "the first `back` steps have too few before them to be judged"),
        (runs(unusual(*given, ties=True)), "unusual means more than `limit` spreads: right at the limit is usual"),
        *((runs(unusual(*given, **change)), "the median of an even number of values is the mean of the two in the"
           " middle") for change in other_medians()),
    ]  # fmt: skip
    mistakes = [(torch.tensor(wrong), hint) for wrong, hint in slips]
    expect_tensor(f(*given), torch.tensor(runs(steps)), mistakes, exact=True)


TIE, EVEN = [9, 10, 3, 2, 9, 5], [3, 7, 3, 4, 7, 10, 9, 1]
"""Losses of which one lies right at the limit, and losses at which no slip passes for another one's events."""


@exercise("olmo-ex-spike")
def a_made_up_log(f):
    """A falling loss with a needle, a drop and two bumps"""
    losses = [1 + 5 * 0.9**step + 0.02 * (7 * step % 5) for step in range(60)]
    for step, extra in {4: 6.0, 25: 9.0, 33: -0.5, 45: 0.9, 46: 0.8, 47: 0.7, 54: 0.8, 55: 0.7}.items():
        losses[step] += extra
    expect_events(f, losses, 9, 8.0)


@exercise("olmo-ex-spike")
def right_at_the_limit(f):
    """A step right at the limit is usual"""
    expect_events(f, TIE, 3, 2)


@exercise("olmo-ex-spike")
def an_even_window(f):
    """An even number of steps before"""
    expect_events(f, EVEN, 4, 2)


@exercise("olmo-ex-spike")
def the_log_of_the_book(f):
    """The losses of data/results/spoiled_run.json"""
    expect_events(f, [row["loss"] for row in read_result("spoiled_run")["rows"]], 21, 7.0)


def even_coins(losses: int, count: int, sides: int = 2, at_most: bool = True) -> float:
    """How often coins split at least so unevenly."""
    ways = sum(math.comb(count, number) for number in range(losses + 1)) if at_most else math.comb(count, losses)
    return min(1.0, sides * ways / 2**count)


def needed(losses: int, **options) -> int:
    """The fewest benchmarks that suffice."""
    count = 2 * losses + 1
    while even_coins(losses, count, **options) >= 0.05:
        count += 1
    return count


def expect_needed(f, losses: int) -> None:
    """Compare with the two-sided sign test."""
    right = needed(losses)
    mistakes = [
        (needed(losses, sides=1), "that is one-sided: before the scores are known, either model may turn out ahead"),
        (right - losses, "that is the number of wins: the benchmarks are wins and losses together"),
        (right - 1, "with one fewer p is not below 0.05"),
        (right + 1, "fewer are enough: p is below 0.05 with one fewer"),
        (needed(losses, at_most=False), "that counts only exactly so many losses: fewer would be as uneven, add them"),
        (needed(losses, sides=1, at_most=False), "add up all splits with at most so many losses, then double"),
    ]
    expect_number(f(losses), right, mistakes)


@exercise("olmo-ex-sign-test")
def a_sweep(f):
    """No loss at all: six benchmarks"""
    expect_needed(f, 0)


@exercise("olmo-ex-sign-test")
def some_losses(f):
    """Two, four and ten losses"""
    for losses in (2, 4, 10):
        expect_needed(f, losses)
