"""Wrong predictions of a stuck model, and lists that miss a fault, fail with a hint; right ones in other forms pass."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters.tiny_titans.rouge.checks_work import COUNTS, SHARES, WORDS, right_one, scored

PREFIX = "tt-ex-rouge-"


def f_of(hits, ours, theirs):
    """F of so many hits."""
    return 2 * hits / (ours + theirs) if hits else 0.0


def stuck(words=lambda n, k: f_of(n, n, n * k), pairs=lambda n, k: f_of(n - 1, n - 1, n * k - 1), longest=None):
    """The three F with each part open."""
    return lambda n, times: (words(n, times), pairs(n, times), (longest or words)(n, times))


def exactly(n, times):
    """Fractions at first."""
    one = Fraction(2, times + 1)
    two = Fraction(2 * (n - 1), n * times + n - 2) if n > 1 else 0
    return [float(one), float(two), float(one)]


def by_shares(length, k):
    """Precision and recall first, as an array."""
    p = np.array([1 / k, (length - 1) / (length * k - 1) if length > 1 else 0, 1 / k])
    r = np.array([1.0, float(length > 1), 1.0])
    return np.divide(2 * p * r, p + r, out=np.zeros(3), where=p + r > 0)


def single_precision(n, times):
    """A tensor in float32."""
    hits, sizes = torch.tensor([n, n - 1, n]).float(), torch.tensor([n * times, n * times - 1, n * times])
    return 2 * hits / (hits + sizes).clamp_min(1)



def pairs(*changed, drop=()):
    """A list that finds every fault, with some texts exchanged."""
    found = [pair for place, pair in enumerate(FOUND) if place not in drop]
    return lambda: [*found, *changed]


FOUND = [
    ("The plan, the PLAN and the risks", "the the the the plan is été"),
    ("été: Ana ana opens", "Ana Opens, ét"),
    ("", "..."),
]
STUCK_WRONG = [
    (stuck(words=lambda n, k: 1.0), "that is the recall"),
    (stuck(words=lambda n, k: 1 / k), "that is the precision: F takes"),
    (stuck(words=lambda n, k: (1 + 1 / k) / 2), "arithmetic mean"),
    (stuck(words=lambda n, k: f_of(n * k, n, n * k)), "the hits are clipped"),
    (stuck(pairs=lambda n, k: f_of(n - 1, n - 1, (n - 1) * k)), "two copies meet"),
    (stuck(pairs=lambda n, k: f_of(n - 1, n - 1, n * k)), "count the pairs of the candidate"),
    (stuck(pairs=lambda n, k: f_of(n, n, n * k - 1)), "have n - 1 pairs"),
    (stuck(pairs=lambda n, k: f_of(n * k - 1, n - 1, n * k - 1)), "the pairs are clipped too"),
    (stuck(pairs=lambda n, k: 1.0 if n > 1 else 0.0), "no pair of the reference is missing"),
    (stuck(pairs=lambda n, k: (n - 1) / max(n * k - 1, 1)), "the precision of the pairs"),
    (stuck(pairs=lambda n, k: 0.0), "most pairs of the candidate"),
    (stuck(longest=lambda n, k: f_of(1, n, n * k)), "stand in order, all of them"),
    (stuck(longest=lambda n, k: f_of(n * k, n, n * k)), "no longer than the reference"),
    (stuck(longest=lambda n, k: 1.0), "that is the recall"),
    (scored, "without a loop"),
    (lambda n, times: (0.5, 3 / 7, 0.5), "expected|that is"),
    (lambda n, times: tuple(round(each, 2) for each in exactly(n, times)), "expected"),
    (stuck(pairs=lambda n, k: 2 * (n - 1) / (n * k + n - 2)), "raised ZeroDivisionError"),
    (lambda n, times: exactly(times, n), "expected|that is"),
    (lambda n, times: 2 / (times + 1), "expected 3"),
]
FAULTS_WRONG = [
    (list, "a list of pairs of texts"),
    (lambda: ("the plan", "the plan is"), "each entry of the list is a pair"),
    (lambda: [(["the", "plan"], ["the"])], "one string, not a list of words"),
    (pairs(("a", "b")), "at most 3 are allowed"),
    (lambda: [("the plan and the risks of the board on the third monday in may 2026", "the"), *FOUND[1:]],
     "at most 12 are allowed"),
    (lambda: [("the plan is late", "we stop the plan")], "give one of the texts a word twice"),
    (lambda: [("the plan the plan", "the risks")], "more often in the candidate"),
    (lambda: [("the plan", "the the the risks")], "more often in the reference"),
    (lambda: [("the plan, été", "the plan ete the"), ("", "")], "a capital in one of the texts only"),
    (lambda: [("The plan été", "the plan ete the"), ("", "")], "a comma or a full stop beside it"),
    (lambda: [("The plan, the", "the plan is"), ("", "")], "a letter outside of a to z"),
    (lambda: [("the plan the", "the risks the"), ("the", "the")], "texts of equal size"),
    (pairs(drop=(2,)), "without any word"),
    (lambda: [FOUND[0], FOUND[1], ("", "a")], "without any word"),
    (lambda: [("The Plan", "The Plan"), ("été", "été"), ("", "")], "a capital in one of the texts only"),
    (lambda: {"pairs": FOUND}, "a list of pairs of texts"),
]
WRONG = [("stuck", *each) for each in STUCK_WRONG] + [("faults", *each) for each in FAULTS_WRONG]
RIGHT = [
    ("stuck", stuck()), ("stuck", exactly), ("stuck", by_shares), ("stuck", single_precision),
    ("faults", pairs()), ("faults", lambda: tuple(map(list, FOUND))), ("faults", lambda: np.array(FOUND)),
    ("faults", lambda: [("We, we Do do do naïve x", "we we we do do na"), ("?", "")]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)


@pytest.mark.parametrize(("n", "times"), [(7, 3), (1, 4), (6, 1), (40, 5)])
def test_the_formula_is_what_the_package_scores(n, times):
    assert scored(n, times) == pytest.approx(exactly(n, times))


def test_each_fault_is_told_from_the_right_one_and_from_each_other():
    faults = {name: fault for group in (COUNTS, WORDS, SHARES) for name, (fault, _) in group.items()}
    scores = {name: tuple(round(fault(*pair), 6) for pair in FOUND) for name, fault in faults.items()}
    assert len({*scores.values(), tuple(round(right_one(*pair), 6) for pair in FOUND)}) == len(faults) + 1
