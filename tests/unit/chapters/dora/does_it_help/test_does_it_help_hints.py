"""Wrong answers to the exercise on what fine-tuning changes fail, and the hint names the misconception behind them."""

import pytest
from torch.nn import functional as F
from wrong_answers import check_hint, check_two_for_each, hint_cases

from llmbook.chapters.dora.does_it_help import checks


def mean_change(axis=1, absolute=True):
    def changes(before, after):
        lengths = after.norm(dim=axis) - before.norm(dim=axis)
        return (lengths.abs() if absolute else lengths).mean(), 1 - F.cosine_similarity(before, after, dim=axis).mean()
    return changes


def cosine(before, after):
    return mean_change()(before, after)[0], F.cosine_similarity(before, after, dim=1).mean()


WRONG = [
    ("changes", mean_change(absolute=False), "absolute values"),
    ("changes", mean_change(axis=0), "those are the columns"),
    ("changes", cosine, "subtract it from 1"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases("dora-ex-", WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def test_every_exercise_has_at_least_two_wrong_answers():
    check_two_for_each("dora-ex-", WRONG, checks)
