"""Wrong answers to the exercises on the evidence fail, and the hint names the misconception behind them."""

import math
from fractions import Fraction
from functools import partial
from itertools import groupby
from statistics import mean, median, median_high, median_low, pstdev, stdev

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters import evaluate
from llmbook.chapters.olmo.evidence import experiment as spoiled_run
from llmbook.chapters.olmo.evidence.checks import mean_spread, runs, unusual, usual_spread
from llmbook.experiments.results import read_result

PREFIX = "olmo-ex-"


def coins(losses, sides=2, exactly=False):
    count = 2 * losses + 1
    while sides * sum(math.comb(count, k) for k in range(losses * exactly, losses + 1)) / 2**count >= 0.05:
        count += 1
    return count


def losses_of(count, most):
    """How often coins lose at most so many."""
    return sum(math.comb(count, k) for k in range(most + 1)) / 2**count


def until(losses, small):
    """The fewest benchmarks at which a rule calls p small."""
    return next(n for n in range(2 * losses + 1, 200) if small(2 * losses_of(n, losses)))


def by_normal(losses, correction):
    """With a normal distribution in place of coins."""
    return next(n for n in range(2 * losses + 1, 200) if (n - 2 * losses - correction) / n**0.5 > 1.96)


WRONG = [
    ("spike", lambda *log: [[step, 1] for step in unusual(*log)], "are one event"),
    ("spike", lambda *log: [[first, first + count - 1] for first, count in runs(unusual(*log))], "counts steps"),
    ("spike", lambda *log: runs(unusual(*log, own=1)), "the steps before it only"),
    ("spike", lambda *log: runs(unusual(*log, center=mean)), "which a spike pulls up"),
    ("spike", lambda *log: runs(unusual(*log, spread=pstdev)), "blows up the standard deviation"),
    ("spike", lambda *log: runs(unusual(*log, spread=lambda _: 1.0)), "in units of the usual spread"),
    ("spike", lambda *log: runs(unusual(*log, drops=True)), "only those above count"),
    ("spike", lambda *log: runs(unusual(*log, first=1)), "too few before them"),
    ("spike", lambda *log: runs(unusual(*log, ties=True)), "right at the limit is usual"),
    ("spike", lambda *log: runs(unusual(*log, spread=stdev)), "blows up the standard deviation"),
    ("spike", lambda *log: runs(unusual(*log, spread=mean_spread)), "the mean of the distances"),
    *(("spike", lambda *log, change=change: runs(unusual(*log, **change)), "the mean of the two in the middle")
      for other in (median_high, median_low) for spread in [partial(usual_spread, center=other)]
      for change in ({"center": other}, {"spread": spread}, {"center": other, "spread": spread})),
    ("sign-test", lambda losses: coins(losses, sides=1), "one-sided"),
    ("sign-test", lambda losses: coins(losses) - losses, "the number of wins"),
    ("sign-test", lambda losses: coins(losses, exactly=True), "only exactly so many"),
    ("sign-test", lambda losses: coins(losses) + 1, "fewer are enough"),
    ("sign-test", lambda losses: coins(losses) - 1, "with one fewer"),
    ("sign-test", lambda losses: coins(losses, sides=1, exactly=True), "then double"),
    ("sign-test", lambda losses: until(losses, lambda p: 2 * p < 0.05), "your result is"),
    ("sign-test", lambda losses: until(losses, lambda p: round(p, 2) < 0.05), "fewer are enough"),
    ("sign-test", lambda losses: until(losses, lambda p: round(p, 2) <= 0.05), "with one fewer p is not below"),
    ("sign-test", lambda losses: until(losses, lambda p: p < 0.01), "your result is"),
    ("sign-test", lambda losses: 6 + 3 * losses, "your result is"),
    ("sign-test", lambda losses: 6 * (losses + 1), "your result is"),
    ("sign-test", lambda losses: 6, "your result is 6"),
    ("sign-test", lambda losses: by_normal(losses, 0), "your result is"),
    ("sign-test", lambda losses: by_normal(losses, 1), "your result is"),
    ("sign-test", lambda losses: 20 * losses + 1, "your result is"),
    ("sign-test", lambda k: next(n for n in range(k + 1, 99) if losses_of(n, min(k, n - k)) < 0.025),
     "your result is"),
]


def test_a_middle_value_that_is_too_high_or_low_is_never_told_about_the_window():
    for other in (median_high, median_low):
        report = evaluate("olmo-ex-spike", lambda *log, other=other: runs(unusual(*log, center=other)))
        assert not report.passed and "judge it" not in repr(report)


def test_another_right_form_passes():
    def by_division(losses, back, limit):
        spreads = [usual_spread(losses[step - back : step]) for step in range(back, len(losses))]
        over = [(losses[step] - median(losses[step - back : step])) / spreads[step - back] > limit
                for step in range(back, len(losses))]  # fmt: skip
        return tuple(map(tuple, runs([step + back for step, one in enumerate(over) if one])))

    assert evaluate("olmo-ex-spike", by_division).passed


def test_the_rule_finds_the_planted_errors_and_nothing_else():
    losses = [row["loss"] for row in read_result("spoiled_run")["rows"]]
    found = runs(unusual(losses, 20, 7.0))
    assert [first for first, _ in found] == [spoiled_run.DAMAGED_STEP, spoiled_run.WRONG_STEP + 1]
    calm = [loss for step, loss in enumerate(losses) if step not in range(110, 190)]
    assert unusual(calm, 20, 7.0) == []


def by_numpy(losses, back, limit):
    losses, found = np.array(losses), []
    for step in range(back, len(losses)):
        before = losses[step - back : step]
        middle = np.median(before)
        if losses[step] > middle + limit * np.median(np.abs(before - middle)):
            if found and sum(found[-1]) == step:
                found[-1] = (found[-1][0], found[-1][1] + 1)
            else:
                found.append((step, 1))
    return found


def by_groups(losses, back, limit):
    odd = unusual(losses, back, limit)
    groups = [[step for _, step in group] for _, group in groupby(enumerate(odd), lambda pair: pair[1] - pair[0])]
    return np.array([[group[0], len(group)] for group in groups])


def by_flags(losses, back, limit):
    def middle(values):
        values = sorted(values)
        return (values[len(values) // 2] + values[(len(values) - 1) // 2]) / 2

    flags = [False] * back
    for step in range(back, len(losses)):
        near = middle(losses[step - back : step])
        flags.append(losses[step] - near > limit * middle([abs(x - near) for x in losses[step - back : step]]))
    starts = [step for step, flag in enumerate(flags) if flag and not flags[step - 1]]
    return torch.tensor([[start, [*flags[start:], False].index(False)] for start in starts])


def by_fractions(losses):
    count = 2 * losses + 1
    while Fraction(2 * sum(math.comb(count, k) for k in range(losses + 1)), 2**count) >= Fraction(1, 20):
        count += 1
    return float(count)


def by_triangle(lost):
    row = [1]
    while len(row) < 2 * lost + 2 or 40 * sum(row[: lost + 1]) >= sum(row):
        row = [a + b for a, b in zip([0, *row], [*row, 0], strict=True)]
    return len(row) - 1


RIGHT = [
    ("spike", by_numpy),
    ("spike", by_groups),
    ("spike", by_flags),
    ("sign-test", by_fractions),
    ("sign-test", by_triangle),
    ("sign-test", lambda k: np.int64(until(k, lambda p: p < 0.05))),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
