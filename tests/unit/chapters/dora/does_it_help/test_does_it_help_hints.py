"""Wrong answers to the exercise on what fine-tuning changes fail, and the hint names the misconception behind them."""

import pytest
import torch
from torch.nn import functional as F
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "dora-ex-"


def mean_change(axis=1, absolute=True):
    def changes(before, after):
        lengths = after.norm(dim=axis) - before.norm(dim=axis)
        return (lengths.abs() if absolute else lengths).mean(), 1 - F.cosine_similarity(before, after, dim=axis).mean()
    return changes


def lengths(before, after):
    return after.norm(dim=1) - before.norm(dim=1)


def instead(**parts):
    """The right answer with one of its two numbers replaced."""
    def changes(before, after):
        right = dict(zip(("length", "direction"), mean_change()(before, after), strict=True))
        return tuple((right | {name: part(before, after) for name, part in parts.items()}).values())
    return changes


def cosine(before, after):
    return mean_change()(before, after)[0], F.cosine_similarity(before, after, dim=1).mean()


WRONG = [
    ("changes", mean_change(absolute=False), "absolute values"),
    ("changes", mean_change(axis=0), "those are the columns"),
    ("changes", cosine, "subtract it from 1"),
    ("changes", instead(length=lambda before, after: (after - before).norm(dim=1).mean()), "how far the rows moved"),
    ("changes", instead(length=lambda before, after: lengths(before, after).abs().sum()), "sum over the rows"),
    ("changes", instead(length=lambda before, after: (after.norm() - before.norm()).abs()),
     "length of the whole matrix"),
    ("changes", instead(direction=lambda *pair: 1 - F.cosine_similarity(*map(torch.flatten, pair), dim=0)),
     "as one vector"),
    ("changes", instead(direction=lambda *pair: (1 - F.cosine_similarity(*pair, dim=1)).sum()), "sum over the rows"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
