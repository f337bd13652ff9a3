"""Wrong answers to the exercises on the comparison fail, and the hint names the misconception behind them."""

import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters import evaluate
from llmbook.chapters.olmo.comparison.checks import pairs
from llmbook.layers.attention import causal_mask

PREFIX = "olmo-ex-"


def by_loop(length, window):
    total = 0
    for place in range(length):
        total += min(place + 1, window)
    return total


def lowest(scores, k):
    worst = (-scores).topk(k, -1).indices
    return torch.zeros_like(scores).scatter(-1, worst, scores.gather(-1, worst).softmax(-1))


def chosen(scores, k):
    return scores >= scores.topk(k, -1).values[:, -1:]


WRONG = [
    ("column", lambda d, heads, kind: (d // heads, heads), "with MQA they share one"),
    ("column", lambda d, heads, kind: (d // heads, heads // 4 if kind == "GQA" else heads), "does not say how many"),
    ("column", lambda d, heads, kind: (heads, heads), "divided by it"),
    ("window", lambda T, w: pairs(T, w + 1), "includes the token's own"),
    ("window", lambda T, w: T * w, "starts with a triangle"),
    ("window", lambda T, w: T * (T + 1) // 2, "without a window"),
    ("window", lambda T, w: w * (w + 1) // 2 + (T - w) * w, "ordinary triangle"),
    ("window", lambda T, w: sum(min(t + 1, w) for t in range(T)), "without a loop"),
    ("window", by_loop, "without a loop"),
    ("router", lambda s, k: s.softmax(-1), "only the chosen ones may run"),
    ("router", lambda s, k: s.softmax(-1) * chosen(s, k), "must add up to 1"),
    ("router", lambda s, k: (s * chosen(s, k)).softmax(-1), "exp(0) is 1"),
    ("router", lowest, "lowest scores"),
    ("router", lambda s, k: s.topk(k, -1).values.softmax(-1), "in order of size"),
    ("split-qkv", lambda m, heads, size: [m.split([heads * size, size, size])[i] for i in (0, 2, 1)], "exchanged"),
    ("split-qkv", lambda m, heads, size: m[: len(m) // 3 * 3].chunk(3), "equal thirds"),
    ("split-qkv", lambda m, heads, size: (m[2 * size :], m[:size], m[size : 2 * size]), "queries come first"),
    ("column", lambda d, heads, kind: (d, heads), "that is the whole dimension"),
    ("column", lambda d, heads, kind: (d // heads, None if kind == "GQA" else 1), "one key-value head is MQA"),
    ("column", lambda d, heads, kind: (d // heads, None if kind == "GQA" else 0), "has nothing to look at"),
    ("window", lambda T, w: T * T, "keys in the future"),
    ("window", lambda T, w: pairs(T, w) - T, "every token sees itself"),
    ("router", lambda s, k: chosen(s, k) / k, "get equal shares"),
    ("router", lambda s, k: s * chosen(s, k), "those are scores"),
    ("split-qkv", lambda m, heads, size: (m[:heads], *m[heads * size :].chunk(2)), "one row for each head"),
    ("split-qkv", lambda m, heads, size: (m[:, : heads * size], *m[heads * size :].chunk(2)), "cuts columns"),
    ("split-qkv", lambda m, heads, size: (m[: heads * size], m[heads * size :], m[-size:]), "key and value together"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize("length, window", [(1, 1), (6, 1), (6, 3), (6, 6), (5, 9)])
def test_pairs_are_those_of_the_mask(length, window):
    assert pairs(length, window) == causal_mask(length, length, window=window).sum()
    assert pairs(length + 1, window) != causal_mask(length, length, window=window).sum()


@pytest.mark.parametrize(("slug", "right"), [
    ("column", lambda d, heads, kind: (d // heads, {"full": heads, "MQA": 1, "GQA": None}[kind])),
    ("router", lambda s, k: s.masked_fill(~chosen(s, k), -torch.inf).softmax(-1)),
    ("split-qkv", lambda m, heads, size: m.split([heads * size, size, size])),
])  # fmt: skip
def test_right_answers_pass(slug, right):
    assert evaluate(f"olmo-ex-{slug}", right).passed


def test_another_right_form_passes():
    def by_import(length, window):
        import xmlrpc.client  # noqa: F401  a module that nothing has imported runs thousands of lines
        return pairs(length, window)

    assert evaluate("olmo-ex-window", by_import).passed


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
