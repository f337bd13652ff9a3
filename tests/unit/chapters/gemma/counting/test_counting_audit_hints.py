"""Wrong audits of a published total fail, and the hint names what they overlook."""

from itertools import product

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "gemma-ex-"


def count(V, D, L, H, K, E, G, tied, gains=2, last=1, matrices=3, inner=None):
    """Parameters, with the slips of a count open."""
    block = 2 * D * (inner or H * E) + 2 * D * K * E + matrices * D * G + gains * D
    return V * D * (1 if tied else 2) + L * block + last * D


def search(near=0, order=None, counted=count, ties=(True, False), wanted=lambda hits: hits[0] if hits else None):
    """Try all readings; what counts as found, and which of those found is returned, is open."""
    def audit(total, vocabularies, D, L, H, K, E, inners):
        readings = product(vocabularies, inners, ties)
        hits = [(V, G, tied) for V, G, tied in readings if abs(counted(V, D, L, H, K, E, G, tied) - total) <= near]
        return wanted(hits)
    return audit


def nearest(total, vocabularies, D, L, H, K, E, inners):
    """The reading that comes closest."""
    return min(product(vocabularies, inners, (True, False)),
               key=lambda each: abs(count(each[0], D, L, H, K, E, *each[1:]) - total))


def by_places(total, vocabularies, D, L, H, K, E, inners):
    """The places in the lists instead of the sizes."""
    found = search()(total, vocabularies, D, L, H, K, E, inners)
    return found and (vocabularies.index(found[0]), inners.index(found[1]), found[2])


def by_division(total, vocabularies, D, L, H, K, E, inners):
    """Solve for the rows of the vocabulary."""
    for G in inners:
        rows = total / D - L * (2 * H * E + 2 * K * E + 3 * G + 2) - 1
        for times in (1, 2):
            if rows / times in vocabularies:
                return np.array([rows / times, G, times == 1], dtype=object).tolist()
    return None


WRONG = [
    ("audit-total", lambda total, *sizes: (256_000, 24_576, True), "close is not equal"),
    ("audit-total", lambda total, V, *rest: (V[0], rest[-1][0], True), "counts both halves"),
    ("audit-total", search(near=0, ties=(True,)), "one reading gives"),
    ("audit-total", search(near=1_000_000), "close is not equal"),
    ("audit-total", nearest, "return None where none does"),
    ("audit-total", search(near=5000), "return None where none does"),
    ("audit-total", by_places, "not their places in the lists"),
    ("audit-total", search(counted=lambda *sizes: count(*sizes, gains=0, last=0)), "norms included"),
    ("audit-total", search(counted=lambda *sizes: count(*sizes, last=0)), "norms included"),
    ("audit-total", search(counted=lambda V, D, *rest: count(V, D, *rest, inner=D)), "one reading gives"),
    ("audit-total", search(counted=lambda *sizes: count(*sizes, matrices=2)), "one reading gives"),
    ("audit-total", search(wanted=lambda hits: hits), "expected 3: rows of the vocabulary"),
    ("audit-total", search(wanted=lambda hits: hits and hits[0][::-1]), "returned a bool; expected a number"),
    ("audit-total", search(wanted=lambda hits: hits[0] if hits else (0, 0, False)), "return None where none does"),
    ("audit-total", search(wanted=lambda hits: (*hits[0][:2], not hits[0][2]) if hits else None), "ask whether"),
    ("audit-total", search(wanted=lambda hits: (*hits[0][:2], "tied") if hits else None), "expected True or False"),
    ("audit-total", search(wanted=lambda hits: hits[0][:2] if hits else None), "expected 3: rows of the vocabulary"),
    ("audit-total", search(wanted=lambda hits: hits[0]), "raised IndexError"),
]

RIGHT = [
    ("audit-total", search()),
    ("audit-total", by_division),
    ("audit-total", search(wanted=lambda hits: list(hits[-1]) if hits else None)),
    ("audit-total", search(wanted=lambda hits: tuple(map(torch.tensor, hits[0])) if hits else None)),
    ("audit-total", search(wanted=lambda hits: (np.int64(hits[0][0]), *hits[0][1:]) if hits else None)),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)

