"""Wrong answers to the exercises on the embedding fail, and the hint names the misconception behind them."""

import pytest
import torch
from torch.nn import functional as F
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "gemma-ex-"

def factor(weight):
    return torch.tensor(weight.shape[1] ** 0.5, dtype=weight.dtype)


def in_bfloat16(ids, w):
    return (w.bfloat16()[ids] * factor(w.bfloat16())).to(w.dtype)


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
    ("scale", lambda ids, w: w[ids] * torch.tensor(float(int(w.shape[1] ** 0.5)), dtype=w.dtype), "cut off to a whole"),
    ("scale", lambda ids, w: w[ids] * torch.tensor(ids.shape[1] ** 0.5, dtype=w.dtype), "number of tokens"),
    ("scale", lambda ids, w: w[(ids - 1) % len(w)] * factor(w), "count from 0"),
    ("scale", lambda ids, w: w[ids] * torch.tensor(55.5, dtype=w.dtype), "although the weights"),
    ("scale", lambda ids, w: w[ids].float() * factor(w).float(), "expected bfloat16"),
    ("scale", lambda ids, w: w[ids] * factor(w) * factor(w), "multiplies by the width"),
    ("scale", lambda ids, w: (w * factor(w))[ids.flatten()], "axis of the batch"),
    ("scale", lambda ids, w: w[ids] / w[ids].norm(dim=-1, keepdim=True) * factor(w), "length of each row"),
    ("scale", in_bfloat16, "expected"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = [
    ("scale", lambda ids, w: (w * factor(w))[ids]),
    ("scale", lambda tokens, table: F.embedding(tokens, table).mul_(factor(table))),
    ("scale", lambda ids, w: w[ids] * torch.tensor(w.shape[1], dtype=torch.float64).sqrt().to(w.dtype)),
    ("scale", lambda ids, w: torch.stack([w[row] * factor(w) for row in ids])),
    ("scale", lambda ids, w: w[ids].double().mul(factor(w).double()).to(w.dtype)),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
