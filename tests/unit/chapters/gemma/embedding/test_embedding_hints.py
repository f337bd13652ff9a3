"""Wrong answers to the exercises on the embedding fail, and the hint names the misconception behind them."""

import pytest
import torch
from torch.nn import functional as F
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "gemma-ex-"

WRONG = [
    ("one-hot", lambda ids, V: F.one_hot(ids, V), "integers"),
    ("one-hot", lambda ids, V: F.one_hot(ids, V).float().transpose(1, 2), "last axis"),
    ("one-hot", lambda ids, V: F.one_hot((ids - 1) % V, V).float(), "too far left"),
    ("scale", lambda ids, w: w[ids], "not scaled"),
    ("scale", lambda ids, w: w[ids] / torch.tensor(w.shape[1] ** 0.5, dtype=w.dtype), "that divides"),
    ("scale", lambda ids, w: w[ids] * w.shape[1] ** 0.5, "Python float is not rounded"),
    ("scale", lambda ids, w: w[ids] * torch.tensor(w.shape[1] ** 0.5).bfloat16().to(w.dtype), "although the weights"),
    ("scale", lambda ids, w: w[ids].float() * w.shape[1] ** 0.5, "expected bfloat16"),
    ("scale", lambda ids, w: w[ids] * w.shape[0] ** 0.5, "size of the vocabulary"),
    ("one-hot", lambda ids, V: F.one_hot(ids, V).float().flatten(0, 1), "are merged"),
    ("one-hot", lambda ids, V: F.one_hot((ids + 1) % V, V).float(), "too far right"),
    ("scale", lambda ids, w: w[ids] * w.shape[1], "multiplies by the width"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
