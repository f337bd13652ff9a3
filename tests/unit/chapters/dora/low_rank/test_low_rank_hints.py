"""Wrong answers to the exercises on low rank fail, and the hint names the misconception behind them."""

import math

import pytest
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "dora-ex-"

WRONG = [
    ("break-even", lambda o, i: min(o, i), "the matrix itself can have"),
    ("break-even", lambda o, i: min(o, i) // 2, "long and narrow|both hold the same"),
    ("break-even", lambda o, i: math.ceil(o * i / (o + i)), "round down|both hold the same"),
    ("tail", lambda values, rank: values[rank], "spectral norm"),
    ("tail", lambda values, rank: values[rank:].sum(), "add their squares"),
    ("tail", lambda values, rank: values[rank:].square().sum(), "root is missing"),
    ("tail", lambda values, rank: values[:rank].square().sum().sqrt(), "the part you keep"),
    ("gradient-rank", lambda n, t, i, o, steps: n * t * steps, "without limit"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o, n * steps), "not each sequence"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o, n * t), "the steps add up"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o), "count the outer products"),
    ("break-even", lambda o, i: min(o, i) - 1, "below full rank"),
    ("tail", lambda values, rank: values[max(rank - 1, 0):].square().sum().sqrt(), "one value too many"),
    ("tail", lambda values, rank: values[rank + 1:].square().sum().sqrt(), "one value too few"),
    ("tail", lambda values, rank: values[rank:].norm() / values.norm(), "as a share of the matrix"),
    ("tail", lambda values, rank: values[rank:].square().sum() / values.square().sum(), "share of the squares"),
    ("tail", lambda values, rank: values[rank:].square().mean().sqrt(), "mean over the values"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o, t * steps), "every sequence of the batch"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o, steps), "one for each token of the batch"),
    ("gradient-rank", lambda n, t, i, o, steps: min(max(i, o), n * t * steps), "shorter side is the limit"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
