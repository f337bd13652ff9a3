"""Wrong answers to the exercise on what fine-tuning changes fail, and the hint names the misconception behind them."""

import math

import numpy as np
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


def cosines(before, after):
    return F.cosine_similarity(before, after, dim=1)


def instead(**parts):
    """The right answer with one of its two numbers replaced."""
    def changes(before, after):
        right = dict(zip(("length", "direction"), mean_change()(before, after), strict=True))
        return tuple((right | {name: part(before, after) for name, part in parts.items()}).values())
    return changes


def row_by_row(before, after):
    old, new = before.tolist(), after.tolist()
    stretched = [abs(math.hypot(*b) - math.hypot(*a)) for a, b in zip(old, new, strict=True)]
    turned = [1 - sum(map(float.__mul__, a, b)) / math.hypot(*a) / math.hypot(*b)
              for a, b in zip(old, new, strict=True)]
    return sum(stretched) / len(old), sum(turned) / len(old)


def in_arrays(w, v):
    w, v = w.double().numpy(), v.double().numpy()
    a, b = np.linalg.norm(w, axis=1), np.linalg.norm(v, axis=1)
    return np.array([np.abs(b - a).mean(), 1 - np.mean(np.einsum("oi,oi->o", w, v) / (a * b))])


def of_units(before, after):
    """1 - cos is half the squared distance of the directions."""
    apart = F.normalize(before) - F.normalize(after)
    return [lengths(before, after).abs().mean(), apart.square().sum(1).mean() / 2]


WRONG = [
    ("changes", mean_change(absolute=False), "absolute values"),
    ("changes", mean_change(axis=0), "those are the columns"),
    ("changes", instead(direction=lambda *pair: cosines(*pair).mean()), "subtract it from 1"),
    ("changes", instead(length=lambda before, after: (after - before).norm(dim=1).mean()), "how far the rows moved"),
    ("changes", instead(length=lambda *pair: lengths(*pair).abs().sum()), "sum over the rows"),
    ("changes", instead(length=lambda before, after: (after.norm() - before.norm()).abs()),
     "length of the whole matrix"),
    ("changes", instead(direction=lambda *pair: 1 - F.cosine_similarity(*map(torch.flatten, pair), dim=0)),
     "as one vector"),
    ("changes", instead(direction=lambda *pair: (1 - cosines(*pair)).sum()), "sum over the rows"),
    ("changes", instead(direction=lambda *pair: 1 - cosines(*pair).abs().mean()), "turned round"),
    ("changes", instead(direction=lambda *pair: cosines(*pair).acos().mean()), "the angle itself"),
    ("changes", instead(length=lambda *pair: lengths(*pair).mean().abs()), "absolute values"),
    ("changes", instead(length=lambda *pair: lengths(*pair).square().mean().sqrt()), "root of the mean square"),
    ("changes", instead(length=lambda before, after: (lengths(before, after) / before.norm(dim=1)).abs().mean()),
     "as a share"),
    ("changes", instead(direction=lambda *pair: 1 - (pair[0] * pair[1]).sum(1).mean()), "divided by both lengths"),
    ("changes", lambda *pair: mean_change()(*pair)[::-1], "the other way round"),
    ("changes", instead(length=lambda *pair: lengths(*pair).abs().median()), "the median"),
    ("changes", lambda *pair: lengths(*pair).abs().mean(), "expected 2"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = [
    ("changes", row_by_row),
    ("changes", in_arrays),
    ("changes", of_units),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
