"""Wrong answers to the exercise on positions fail, and the hint names the misconception behind them."""

import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "olmo-ex-"


def half(weight, heads, first=0):
    by_head = weight.unflatten(0, (heads, -1))
    return torch.cat((by_head[:, first::2], by_head[:, 1 - first :: 2]), 1).flatten(0, 1)


WRONG = [
    ("rope-permute", lambda w, heads: w.unflatten(0, (heads, 2, -1)).transpose(1, 2).flatten(0, 2), "the way back"),
    ("rope-permute", lambda w, heads: half(w, 1), "mixes the heads"),
    ("rope-permute", lambda w, heads: half(w, heads, first=1), "turns the other way"),
    ("rope-permute", lambda w, heads: half(w.T, 1).T, "moves columns"),
    ("rope-permute", lambda w, heads: w, "nothing has moved"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


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


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
