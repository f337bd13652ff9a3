"""Wrong numbers of meetings fail with a hint that names the misconception; right ones in other forms pass."""

import math
import statistics

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters.tiny_titans.fight.checks_work import JUST, least

PREFIX = "tt-ex-fight-"


def enough(spread=statistics.stdev, errors=2, whole=lambda exact: math.ceil(round(exact, 9))):
    """The number with its spread, its errors and its rounding open."""
    return lambda pilot, half: whole((errors * spread(pilot) / half) ** 2)


def by_trying(differences, width):
    """One meeting more until it is enough."""
    spread, n = np.std(differences, ddof=1), 1
    while 2 * spread / math.sqrt(n) > width:
        n += 1
    return n


def single_precision(pilot, half):
    """A tensor of one number."""
    variance = torch.tensor(pilot).var()
    return (4 * variance / half**2 - 1e-4).ceil()


def from_the_error(pilot, half):
    """From the standard error of the pilot, in a numpy integer."""
    pilot = np.array(pilot)
    error = np.sqrt(((pilot - pilot.mean()) ** 2).sum() / (len(pilot) - 1) / len(pilot))
    return np.int64(np.ceil(len(pilot) * (2 * error / half) ** 2 - 1e-9))


WRONG = [("enough", answer, phrases) for answer, phrases in (
    (enough(spread=statistics.pstdev), "n - 1, not by n"),
    (lambda pilot, half: least(statistics.stdev(pilot), 2 * half), "half is half of the interval|one standard error"),
    (enough(errors=1), "one standard error each side"),
    (enough(errors=4), "you count four"),
    (enough(errors=1.96), "not 1.96"),
    (enough(spread=lambda pilot: statistics.stdev(pilot) / len(pilot) ** 0.5), "the root of the pilot's size"),
    (enough(spread=statistics.variance), "that is the variance"),
    (lambda pilot, half: math.ceil(2 * statistics.stdev(pilot) / half), "square the ratio"),
    (lambda pilot, half: math.ceil(2 * statistics.variance(pilot) / half**2), "four times the variance"),
    (enough(spread=lambda pilot: statistics.stdev(map(abs, pilot))), "the differences have signs"),
    (enough(spread=lambda pilot: statistics.mean(each**2 for each in pilot) ** 0.5), "around the mean, not around 0"),
    (lambda pilot, half: enough()(pilot, half) - len(pilot), "how many in all?"),
    (lambda pilot, half: enough()(pilot, half) + len(pilot), "not beside the pilot"),
    (enough(whole=int), "rounded down"),
    (enough(whole=lambda exact: int(exact) + 1), "as much as half is allowed"),
    (enough(whole=lambda exact: math.ceil(exact) + 1), "one less is enough"),
    (enough(whole=lambda exact: exact), "a number of meetings is whole"),
    (enough(whole=round), "rounded down"),
    (lambda pilot, half: max(len(pilot), enough()(pilot, half)), "fewer meetings than the pilot had"),
    (lambda pilot, half: max(30, enough()(pilot, half)), "expected"),
    (enough(spread=lambda pilot: round(statistics.stdev(pilot), 2)), "rounded down|one less"),
    (enough(spread=lambda pilot: statistics.stdev(pilot[:5])), "expected"),
    (lambda pilot, half: next(n for n in range(2, 9999) if 2 * statistics.stdev(pilot) / n**0.5 < half), "as much as"),
    (lambda pilot, half: math.ceil(4 * statistics.variance(pilot) / half), "expected"),
    (lambda pilot, half: 100, "expected"),
    (enough(spread=lambda pilot: (max(pilot) - min(pilot)) / 4), "expected"),
)]  # fmt: skip
RIGHT = [("enough", enough()), ("enough", by_trying), ("enough", single_precision), ("enough", from_the_error)]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)


def test_just_enough_is_enough():
    spread = statistics.stdev(JUST)
    assert least(spread, 0.25) == 16 and 2 * spread / math.sqrt(16) == 0.25
