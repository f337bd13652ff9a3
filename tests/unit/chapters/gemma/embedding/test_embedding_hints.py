"""Wrong answers to the exercises on the embedding fail, and the hint names the misconception behind them."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "gemma-ex-"

def factor(weight):
    return torch.tensor(weight.shape[1] ** 0.5, dtype=weight.dtype)


def in_bfloat16(ids, w):
    return (w.bfloat16()[ids] * factor(w.bfloat16())).to(w.dtype)


def one_hot(ids, V):
    """Zeros for -1."""
    return F.one_hot(ids + 1, V + 1)[..., 1:].float()


def filled(ids, V, rows):
    """Entry after entry, for the first rows of the batch only."""
    out = torch.zeros(*ids.shape, V)
    for b in range(rows):
        for t, each in enumerate(ids[b].tolist()):
            if each >= 0:
                out[b, t, each] = 1
    return out


def scattered(ids, V):
    return torch.zeros(*ids.shape, V + 1).scatter_(-1, ids.remainder(V + 1)[..., None], 1.0)[..., :V]


WRONG = [
    ("one-hot", lambda ids, V: F.one_hot(ids, V).float(), "raised RuntimeError"),
    ("one-hot", lambda ids, V: torch.eye(V)[ids], "here it means no word"),
    ("one-hot", lambda ids, V: F.one_hot(ids % V, V).float(), "here it means no word"),
    ("one-hot", lambda ids, V: F.one_hot(ids.clamp(0), V).float(), "have become word 0"),
    ("one-hot", lambda ids, V: F.one_hot(ids.clamp(0), V).float() * (ids > 0)[..., None], "word 0 is a word"),
    ("one-hot", lambda ids, V: one_hot(ids, V).long(), "integers"),
    ("one-hot", lambda ids, V: one_hot(ids, V).bool(), "need floats|needs floats"),
    ("one-hot", lambda ids, V: one_hot(ids, V).transpose(1, 2), "last axis"),
    ("one-hot", lambda ids, V: one_hot(ids, V).flatten(0, 1), "are merged"),
    ("one-hot", lambda ids, V: one_hot(ids, V).roll(-1, -1), "too far left"),
    ("one-hot", lambda ids, V: one_hot(ids, V).roll(1, -1), "too far right"),
    ("one-hot", lambda ids, V: F.one_hot(ids + 1).float(), "has shape (2, 4, 6)"),
    ("one-hot", lambda ids, V: one_hot(ids, V) + (ids < 0)[..., None] / V, "spread over all words"),
    ("one-hot", lambda ids, V: filled(ids, V, 1), "only the first sequence"),
    ("one-hot", lambda ids, V: 1 - one_hot(ids, V), "are exchanged"),
    ("one-hot", lambda ids, V: one_hot(ids, 5), "has shape (2, 4, 5)"),
    ("tied-logits", lambda ids, w: (s := w * w.shape[1] ** 0.5)[ids] @ s.T, "the output matrix is scaled too"),
    ("tied-logits", lambda ids, w: w[ids] @ w.T, "nothing is scaled"),
    ("tied-logits", lambda ids, w: w[ids] / w.shape[1] ** 0.5 @ w.T, "that divides"),
    ("tied-logits", lambda ids, w: w[ids] * w.shape[1] ** 0.25 @ w.T, "the fourth root"),
    ("tied-logits", lambda ids, w: (w[ids] * w.shape[1] ** 0.5 @ w.T).softmax(-1), "those are probabilities"),
    ("tied-logits", lambda ids, w: (w[ids] * w.shape[1] ** 0.5 @ w.T)[:, -1], "the last position"),
    ("tied-logits", lambda ids, w: (w[ids] * w.shape[1] ** 0.5 @ w.T).mT, "last axis: (B, T, V)"),
    ("tied-logits", lambda ids, w: w[ids] * len(w) ** 0.5 @ w.T, "size of the vocabulary"),
    ("tied-logits", lambda ids, w: (x := w[ids]) @ x.mT * w.shape[1] ** 0.5, "compares the tokens"),
    ("tied-logits", lambda ids, w: (z := w[ids] * w.shape[1] ** 0.5 @ w.T) - z.mean(-1, keepdim=True), "subtracted"),
    ("tied-logits", lambda ids, w: w[ids] * w.shape[1] ** 0.5, "the rows that go in"),
    ("tied-logits", lambda ids, w: w[ids] * 2 @ w.T, "expected"),
    ("tied-logits", lambda ids, w: w[ids] * w.shape[1] @ w.T, "is scaled too"),
    ("tied-logits", lambda ids, w: w[ids] * w.shape[1] ** 0.5 @ w, "raised RuntimeError"),
    ("tied-logits", lambda ids, w: (w[ids] * w.shape[1] ** 0.5 @ w.T).argmax(-1), "has shape (2, 3)"),
    ("scale", lambda ids, w: w[ids], "not scaled"),
    ("scale", lambda ids, w: w[ids] / torch.tensor(w.shape[1] ** 0.5, dtype=w.dtype), "that divides"),
    ("scale", lambda ids, w: w[ids] * w.shape[1] ** 0.5, "Python float is not rounded"),
    ("scale", lambda ids, w: w[ids] * torch.tensor(w.shape[1] ** 0.5).bfloat16().to(w.dtype), "although the weights"),
    ("scale", lambda ids, w: w[ids].float() * w.shape[1] ** 0.5, "expected bfloat16"),
    ("scale", lambda ids, w: w[ids] * w.shape[0] ** 0.5, "size of the vocabulary"),
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
    ("one-hot", lambda ids, V: (ids[..., None] == torch.arange(V)).float()),
    ("one-hot", lambda ids, V: torch.cat((torch.eye(V), torch.zeros(1, V)))[ids]),
    ("one-hot", lambda tokens, size: np.vstack((np.eye(size), np.zeros(size)))[tokens.numpy()]),
    ("one-hot", lambda ids, V: [[[float(v == each) for v in range(V)] for each in row] for row in ids.tolist()]),
    ("one-hot", lambda ids, V: filled(ids, V, len(ids)).double()),
    ("one-hot", scattered),
    ("one-hot", one_hot),
    ("tied-logits", lambda ids, w: (w[ids] @ w.T).mul_(w.shape[1] ** 0.5)),
    ("tied-logits", lambda tokens, table: F.linear(F.embedding(tokens, table.double() * table.shape[1] ** 0.5),
                                                   table.double())),
    ("tied-logits", lambda ids, w: np.sqrt(w.shape[1]) * w.numpy()[ids.numpy()] @ w.numpy().T),
    ("tied-logits", lambda ids, w: torch.einsum("btd,vd->btv", w[ids] * factor(w), w).tolist()),
    ("scale", lambda ids, w: (w * factor(w))[ids]),
    ("scale", lambda tokens, table: F.embedding(tokens, table).mul_(factor(table))),
    ("scale", lambda ids, w: w[ids] * torch.tensor(w.shape[1], dtype=torch.float64).sqrt().to(w.dtype)),
    ("scale", lambda ids, w: torch.stack([w[row] * factor(w) for row in ids])),
    ("scale", lambda ids, w: w[ids].double().mul(factor(w).double()).to(w.dtype)),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
