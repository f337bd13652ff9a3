"""Wrong answers to the exercises on the comparison fail, and the hint names the misconception behind them."""

import math

import numpy as np
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


def audit(rule):
    """The names for which a rule of tokens and the printed millions holds."""
    return lambda columns: [c["model"] for c in columns if rule(c["rows"] * c["length"], c["printed"])]


def wrong_million(tokens, printed):
    return round(tokens / 1e6) != printed


def best(scores, k):
    """The weights of exactly k experts."""
    found = scores.topk(k, -1)
    return torch.zeros_like(scores).scatter(-1, found.indices, found.values.softmax(-1))


def by_share(scores, k):
    shares = scores.softmax(-1)
    kept = torch.where(shares >= 0.1, shares, 0.0)
    return kept / kept.sum(-1, keepdim=True)


WRONG = [
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
    ("window", lambda T, w: T * T, "keys in the future"),
    ("window", lambda T, w: pairs(T, w) - T, "every token sees itself"),
    ("router", lambda s, k: chosen(s, k) / k, "get equal shares"),
    ("router", lambda s, k: s * chosen(s, k), "those are scores"),
    ("split-qkv", lambda m, heads, size: (m[:heads], *m[heads * size :].chunk(2)), "one row for each head"),
    ("split-qkv", lambda m, heads, size: (m[:, : heads * size], *m[heads * size :].chunk(2)), "cuts columns"),
    ("split-qkv", lambda m, heads, size: (m[: heads * size], m[heads * size :], m[-size:]), "key and value together"),
    ("window", lambda T, w: pairs(T, w - 1), "let it see one fewer"),
    ("window", lambda T, w: pairs(w, T), "your result is"),
    ("window", lambda T, w: min(T, w) ** 2 // 2 + (T - min(T, w)) * w, "your result is"),
    ("window", lambda T, w: int(causal_mask(T, T, window=w).sum()), "raised"),
    ("window", lambda T, w: T * w - w * (w - 1) // 2, "ordinary triangle"),
    ("router", lambda s, k: s.masked_fill(~chosen(s, k), -15).softmax(-1), "small is not 0"),
    ("router", lambda s, k: s.masked_fill(~chosen(s, k), -torch.inf).softmax(-1), "never k + 1 experts"),
    ("router", lambda s, k: s.masked_fill(~chosen(s, k), -torch.inf).softmax(0), "your result"),
    ("router", lambda s, k: best(s, min(k + 1, s.shape[1])), "your result is"),
    ("router", lambda s, k: best(s, 2), "your result is"),
    ("router", lambda s, k: torch.nn.functional.one_hot(s.argmax(-1), s.shape[-1]) * 1.0, "your result is"),
    ("router", by_share, "your result is"),
    ("router", lambda s, k: s.scatter(-1, s.topk(k, -1).indices, s.topk(k, -1).values.softmax(-1)), "your result is"),
    ("router", lambda s, k: best(s, k)[:, s[0].argsort()], "the best expert|your result is"),
    ("router", lambda s, k: best(-s, k) if s[0, 0] == 0.5 else best(s, k), "the best expert|the chosen weights"),
    ("router", lambda s, k: best(s.flip(-1), k) if s[0, 0] == 0.5 else best(s, k), "the best expert"),
    ("split-qkv", lambda m, heads, size: (m[: heads * size], m[heads * size :]), "expected 3"),
    ("split-qkv", lambda m, n, size: (m[: n * size], m[n * size : -size], m[n * size : -size]), "the key again"),
    ("split-qkv", lambda m, n, size: m.split([n * size - size, size, 2 * size]), "a head is missing"),
    ("split-qkv", lambda m, n, size: [part.T for part in m.split([n * size, size, size])], "it is transposed"),
    ("split-qkv", lambda m, n, e: (m[: n * e].unflatten(0, (n, e)), *m[n * e :].chunk(2)), "axis of their own"),
    ("split-qkv", lambda m, n, size: (m[: n * size], m[n * size : n * size + 1], m[-1:]), "that is one row"),
    ("split-qkv", lambda m, n, size: (m[:-2 * size], m[-2 * size : -size], m[-size:-1]), "last row is missing"),
    ("split-qkv", lambda m, n, size: (m[: n * size].unflatten(0, (size, n)).transpose(0, 1).flatten(0, 1),
                                      *m[n * size :].chunk(2)), "in another order"),
    ("split-qkv", lambda m, n, size: (m[:-2 * size], m[-2 * size : -size], m[-size:].flip(0)), "the value matrix is"),
    ("audit-batch", audit(lambda tokens, printed: not wrong_million(tokens, printed)), "the cells that are right"),
    ("audit-batch", audit(lambda tokens, printed: round(tokens / 2**20) != printed), "not 1,024 x 1,024"),
    ("audit-batch", audit(lambda tokens, printed: int(tokens / 1e6) != printed), "cuts decimals off"),
    ("audit-batch", audit(lambda tokens, printed: math.ceil(tokens / 1e6) != printed), "rounds up"),
    ("audit-batch", audit(lambda tokens, printed: tokens / 1e6 != printed), "a rounded cell is not wrong"),
    ("audit-batch", audit(lambda tokens, printed: not math.isclose(tokens / 1e6, printed, rel_tol=0.1)), "you name"),
    ("audit-batch", audit(lambda tokens, printed: abs(tokens / 1e6 / printed - 1) > 0.1), "a share of the number"),
    ("audit-batch", audit(lambda tokens, printed: abs(tokens / 1e6 - printed) > 1), "too much to allow"),
    ("audit-batch", audit(lambda tokens, printed: round(tokens / 1e6) > printed), "can also be too large"),
    ("audit-batch", audit(lambda tokens, printed: abs(tokens / 1e6 - printed) > 0.45), "you name"),
    ("audit-batch", audit(lambda tokens, printed: abs(tokens / 1e6 - printed) > 0.6), "you name"),
    ("audit-batch", audit(lambda tokens, printed: tokens // 2**20 != printed), "you name"),
    ("audit-batch", lambda columns: [], "not every cell is right"),
    ("audit-batch", lambda columns: ["Falcon 7B"], "you name"),
    ("audit-batch", lambda columns: [n for n, c in enumerate(columns) if c["printed"] == 5], "you name|list of names"),
    ("audit-batch", lambda columns: len(columns), "return a list of names"),
    ("audit-batch", audit(lambda tokens, printed: round(tokens / 1e9) != printed), "you name"),
    ("audit-batch", lambda columns: [c for c in columns if wrong_million(c["rows"] * c["length"], c["printed"])],
     "return a list of names"),
]


@pytest.mark.parametrize("length, window", [(1, 1), (6, 1), (6, 3), (6, 6), (5, 9)])
def test_pairs_are_those_of_the_mask(length, window):
    assert pairs(length, window) == causal_mask(length, length, window=window).sum()
    assert pairs(length + 1, window) != causal_mask(length, length, window=window).sum()


def test_another_right_form_passes():
    def by_import(length, window):
        import xmlrpc.client  # noqa: F401  a module that nothing has imported runs thousands of lines
        return pairs(length, window)

    assert evaluate("olmo-ex-window", by_import).passed


def routed_by_sorting(scores, k):
    rows = []
    for row in scores.tolist():
        taken = sorted(range(len(row)), key=lambda place: -row[place])[:k]
        whole = sum(math.exp(row[place]) for place in taken)
        rows.append([math.exp(score) / whole if place in taken else 0.0 for place, score in enumerate(row)])
    return rows


def routed_by_shares(scores, k):
    values, places = scores.double().softmax(-1).topk(k)
    return torch.zeros_like(scores).double().scatter(1, places, values / values.sum(1, keepdim=True))


def routed_by_numpy(scores, k):
    scores = scores.numpy()
    last = np.argsort(-scores, 1)[:, k:]
    np.put_along_axis(scores, last, -np.inf, 1)
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


RIGHT = [
    ("window", lambda T, w: T * (T + 1) / 2 - max(T - w, 0) * (max(T - w, 0) + 1) / 2),
    ("window", lambda n, size: np.int64(n * size - size * (size - 1) // 2 if n > size else n * (n + 1) // 2)),
    ("window", lambda T, w: torch.tensor(min(T, w) * (2 * T - min(T, w) + 1) // 2)),
    ("router", routed_by_sorting),
    ("router", routed_by_shares),
    ("router", routed_by_numpy),
    ("router", best),
    ("split-qkv", lambda m, heads, size: m.split([heads * size, size, size])),
    ("split-qkv", lambda m, n, e: (m[: -2 * e].tolist(), m[-2 * e : -e].tolist(), m[-e:].tolist())),
    ("split-qkv", lambda m, n, e: np.split(m.numpy(), [n * e, n * e + e])),
    ("split-qkv", lambda m, n, e: list(torch.tensor_split(m.double(), (n * e, (n + 1) * e)))),
    ("audit-batch", audit(wrong_million)),
    ("audit-batch", audit(lambda tokens, printed: abs(tokens - printed * 10**6) > 500_000)),
    ("audit-batch", lambda cells: {*audit(lambda tokens, printed: f"{tokens / 1e6:.0f}" != str(printed))(cells)}),
    ("audit-batch", lambda cells: np.array(audit(wrong_million)(cells[::-1]), dtype=str)),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
