"""Wrong answers to the exercise on positions fail, and the hint names the misconception behind them."""

import math

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "olmo-ex-"


def half(weight, heads, first=0):
    by_head = weight.unflatten(0, (heads, -1))
    return torch.cat((by_head[:, first::2], by_head[:, 1 - first :: 2]), 1).flatten(0, 1)


def backward_odd(weight, heads):
    by_head = weight.unflatten(0, (heads, -1))
    return torch.cat((by_head[:, ::2], by_head[:, 1::2].flip(1)), 1).flatten(0, 1)


def base(size, length, slow, turn=math.tau):
    """The base at which pair E/2 - slow takes the length for a turn."""
    return (length / turn) ** (size / (size - 2 * slow))


WRONG = [
    ("rope-permute", lambda w, heads: w.unflatten(0, (heads, 2, -1)).transpose(1, 2).flatten(0, 2), "the way back"),
    ("rope-permute", lambda w, heads: half(w, 1), "mixes the heads"),
    ("rope-permute", lambda w, heads: half(w, heads, first=1), "turns the other way"),
    ("rope-permute", lambda w, heads: half(w.T, 1).T, "moves columns"),
    ("rope-permute", lambda w, heads: w, "nothing has moved"),
    ("rope-permute", lambda w, heads: w.unflatten(0, (heads, -1)).flip(1).flatten(0, 1), "turned round"),
    ("rope-permute", lambda w, heads: w.unflatten(0, (-1, 2)).flip(1).flatten(0, 1), "have changed places"),
    ("rope-permute", lambda w, heads: backward_odd(w, heads), "odd rows run backward"),
    ("rope-permute", lambda w, heads: half(w, heads).unflatten(0, (heads, -1)), "an axis of their own"),
    ("rope-permute", lambda w, heads: half(w, len(w) // 8 or 1), "your result|raised"),
    ("rope-permute", lambda w, heads: half(w, len(w) // 4), "your result|raised"),
    ("rope-permute", lambda w, n: torch.cat((half(w[: len(w) // n], 1), w[len(w) // n :])), "your result is"),
    ("rope-permute", lambda w, heads: half(torch.arange(len(w))[:, None], heads)[:, 0], "has shape"),
    ("rope-permute", lambda w, n: w.unflatten(0, (-1, n)).transpose(0, 1).flatten(0, 1), "your result is|nothing"),
    ("choose-base", lambda size, T, slow: base(size, T, slow, turn=1), "a turn has 2 pi radians"),
    ("choose-base", lambda size, T, slow: base(size, T, slow, turn=math.pi), "not pi"),
    ("choose-base", lambda size, T, slow: base(size, T, slow, turn=360), "not 360"),
    ("choose-base", lambda size, T, slow: base(size, T, slow - 1), "that is the next pair"),
    ("choose-base", lambda size, T, slow: base(size, T, slow + 1), "one pair too many"),
    ("choose-base", lambda size, T, slow: base(size, T, size // 2 - slow), "count `unfinished` from the end"),
    ("choose-base", lambda size, T, slow: base(size, T, 1), "the slowest pair alone"),
    ("choose-base", lambda size, T, slow: base(size, T, slow) ** 0.5, "two numbers are a pair"),
    ("choose-base", lambda size, T, slow: (T / math.tau) ** ((size - 2 * slow) / size), "turned over"),
    ("choose-base", lambda size, T, slow: math.log(base(size, T, slow)), "its logarithm"),
    ("choose-base", lambda size, T, slow: (T / math.tau) ** (size / (size - slow)), "your result is"),
    ("choose-base", lambda size, T, slow: base(size, T - 1, slow), "your result is"),
    ("choose-base", lambda size, T, slow: 10_000, "your result is 10,000"),
    ("choose-base", lambda size, T, slow: round(base(size, T, slow), -2), "your result is"),
    ("choose-base", lambda size, T, slow: base(128, T, slow), "your result is"),
    ("choose-base", lambda size, T, slow: base(size, 2048, slow), "your result is"),
]


def test_reordered_rows_give_the_scores_of_neighbors():
    from llmbook.layers.rope import apply_rope, rope_angles

    cos, sin = rope_angles(torch.arange(9), 8, 10000.0)
    query, key = torch.randn(2, 16, 4, generator=torch.Generator().manual_seed(0))
    x = torch.randn(9, 4, generator=torch.Generator().manual_seed(1))

    def heads(weight):
        return (x @ weight.T).view(9, 2, 8).transpose(0, 1)

    def neighbors(value):
        even, odd = value[..., ::2], value[..., 1::2]
        return torch.stack((even * cos - odd * sin, odd * cos + even * sin), -1).flatten(-2)

    right = neighbors(heads(query)) @ neighbors(heads(key)).mT
    for order, same in ((lambda w: half(w, 2), True), (lambda w: half(w, 1), False), (lambda w: w, False)):
        turned = [apply_rope(heads(order(weight)), cos, sin) for weight in (query, key)]
        assert torch.allclose(turned[0] @ turned[1].mT, right, atol=1e-4) == same


def reordered_in_place(matrix, n):
    old, size = matrix.clone(), len(matrix) // n
    for start in range(0, len(matrix), size):
        matrix[start : start + size // 2] = old[start : start + size : 2]
        matrix[start + size // 2 : start + size] = old[start + 1 : start + size : 2]
    return matrix


def reordered_lists(weight, heads):
    rows, size = weight.tolist(), len(weight) // heads
    return [row for h in range(heads) for first in (0, 1) for row in rows[h * size + first : (h + 1) * size : 2]]


def by_halving(size, length, unfinished):
    low, high, pair = 1.0, 1e12, size // 2 - unfinished
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if math.tau * middle ** (2 * pair / size) < length else (low, middle)
    return torch.tensor(high)


RIGHT = [
    ("rope-permute", reordered_in_place),
    ("rope-permute", reordered_lists),
    ("rope-permute", lambda w, h: w.numpy().reshape(h, -1, 2, w.shape[1]).swapaxes(1, 2).reshape(w.shape)),
    ("choose-base", by_halving),
    ("choose-base", lambda E, T, n: math.exp(math.log(T / 2 / math.pi) / (1 - 2 * n / E))),
    ("choose-base", lambda E, T, n: np.float32(np.power(T / (2 * np.pi), E / (2 * (E // 2 - n))))),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
