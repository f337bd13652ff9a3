"""Wrong answers to the exercises on low rank fail, and the hint names the misconception behind them."""

import math

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "dora-ex-"


def one_too_many(outputs, inputs):
    """A loop that ends behind its answer."""
    rank = 1
    while rank * (outputs + inputs) < outputs * inputs:
        rank += 1
    return rank


WRONG = [
    ("break-even", lambda o, i: min(o, i), "the matrix itself can have"),
    ("break-even", lambda o, i: min(o, i) // 2, "long and narrow|both hold the same"),
    ("break-even", lambda o, i: math.ceil(o * i / (o + i)), "round down|both hold the same"),
    ("break-even", lambda o, i: min(o, i) - 1, "below full rank"),
    ("break-even", lambda o, i: o * i // (o + i), "both hold the same"),
    ("break-even", lambda o, i: o * i / (o + i), "a rank is a whole number"),
    ("break-even", lambda o, i: o * i // (o + i) - 1, "takes one away too often"),
    ("break-even", one_too_many, "the adapter is the larger one"),
    ("break-even", lambda o, i: max(1, (o * i - 1) // (o + i)), "then the answer is 0"),
    ("break-even", lambda o, i: max(o, i) // 2, "half of the longer side"),
    ("break-even", lambda o, i: (o * i - 1) // (2 * max(o, i)), "one side each"),
    ("break-even", lambda o, i: (o * i - 1) // (o + i) * (o + i), "that is how many numbers"),
    ("break-even", lambda o, i: 2047, "expected 3"),
    ("tail", lambda values, rank: values[rank], "spectral norm|out of bounds"),
    ("tail", lambda values, rank: values[rank:].sum(), "add their squares"),
    ("tail", lambda values, rank: values[rank:].square().sum(), "root is missing"),
    ("tail", lambda values, rank: values[:rank].square().sum().sqrt(), "the part you keep"),
    ("tail", lambda values, rank: values[max(rank - 1, 0):].square().sum().sqrt(), "one value too many"),
    ("tail", lambda values, rank: values[rank + 1:].square().sum().sqrt(), "one value too few"),
    ("tail", lambda values, rank: values[rank:].norm() / values.norm(), "as a share of the matrix"),
    ("tail", lambda values, rank: values[rank:].square().sum() / values.square().sum(), "share of the squares"),
    ("tail", lambda values, rank: values[rank:].square().mean().sqrt(), "mean over the values"),
    ("tail", lambda values, rank: values[-(len(values) - rank):].norm(), "nothing is left out"),
    ("tail", lambda values, rank: values[-rank:].norm(), "the last `rank` values"),
    ("tail", lambda values, rank: values.norm() - values[:rank].norm(), "lengths at a right angle"),
    ("tail", lambda values, rank: values[: len(values) - rank].norm(), "stand at the end"),
    ("tail", lambda values, rank: 5.0, "expected"),
    ("tail", lambda values, rank: round(float(values[rank:].norm())), "do not round"),
    ("gradient-rank", lambda n, t, i, o, steps: n * t * steps, "without limit"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o, n * steps), "not each sequence"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o, n * t), "the steps add up"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o), "count the outer products"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o, t * steps), "every sequence of the batch"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o, steps), "one for each token of the batch"),
    ("gradient-rank", lambda n, t, i, o, steps: min(max(i, o), n * t * steps), "shorter side is the limit"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, n * t * steps), "shorter side is the limit"),
    ("gradient-rank", lambda n, t, i, o, steps: min(o, n * t * steps), "shorter side is the limit"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o, n * (t - 1) * steps), "all of them count"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o, n * t) * steps, "without limit"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o, (n + t) * steps), "times, not plus"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o, n * t + steps), "times, not plus"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o) * steps, "without limit|expected"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o, max(n * t * steps, 8)), "expected 6"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def tried_in_turn(rows, columns):
    """Every rank from the largest down."""
    return next(rank for rank in range(min(rows, columns), -1, -1) if rank * (rows + columns) < rows * columns)


def by_the_rest(values, rank):
    """All squares less those that are kept."""
    values = values.double()
    return (values.square().sum() - values[:rank].square().sum()).clamp(min=0).sqrt()


RIGHT = [
    ("break-even", tried_in_turn),
    ("break-even", lambda height, width: np.int64(math.ceil(height * width / (height + width)) - 1)),
    ("break-even", lambda o, i: torch.tensor(-(-o * i // (o + i)) - 1)),
    ("tail", by_the_rest),
    ("tail", lambda sigma, kept: math.sqrt(sum(value**2 for value in sigma.tolist()[kept:]))),
    ("tail", lambda values, rank: np.linalg.norm(values.numpy()[rank:])),
    ("tail", lambda values, rank: math.hypot(*values[rank:])),
    ("gradient-rank", lambda n, t, i, o, steps: sorted([i, o, n * t * steps])[0]),
    ("gradient-rank", lambda n, t, i, o, steps: np.minimum(np.minimum(i, o), n * t * steps)),
    ("gradient-rank", lambda n, t, i, o, steps: float(min(i, o, sum(n * t for _ in range(steps))))),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
