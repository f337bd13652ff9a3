"""Wrong answers to the exercises on the assembled model fail, and the hint names the misconception behind them."""

import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters import evaluate

PREFIX = "gemma-ex-"


def kept(keep, ordered=False):
    """A top-p mask by a rule on the sums; left in sorted order if asked."""
    def choose(probabilities, p):
        sums, order = probabilities.sort(descending=True)
        chosen = keep(sums.cumsum(0), sums, p)
        return chosen if ordered else torch.zeros_like(chosen).scatter(0, order, chosen)
    return choose


def turned(x, positions, base, sign=1, power=2, pairs=False):
    """A rotation with the sign, the exponent and the pairing open."""
    angles = positions[:, None] * float(base) ** (-torch.arange(x.shape[-1] // 2) * power / x.shape[-1])
    cos, sin = angles.cos(), sign * angles.sin()
    a, b = (x[..., ::2], x[..., 1::2]) if pairs else x.chunk(2, -1)
    out = a * cos - b * sin, b * cos + a * sin
    return torch.stack(out, -1).flatten(-2) if pairs else torch.cat(out, -1)


def stripped(ids, bos):
    return [bos] + [i for i in ids if i != bos]


WRONG = [
    ("one-bos", lambda ids, bos: [bos, *ids], "second one"),
    ("one-bos", lambda ids, bos: list(ids), "without BOS"),
    ("one-bos", lambda ids, bos: ids if ids[:1] == [bos] else [bos, *ids], "one too many"),
    ("one-bos", lambda ids, bos: [bos, *ids[(ids[:1] == [bos]) + (ids[:2] == [bos, bos]) :]], "however many"),
    ("one-bos", stripped, "only the front counts"),
    ("mask", lambda T, S: torch.ones(T, S, dtype=torch.bool).tril(), "shift by S - T"),
    ("mask", lambda T, S: ~torch.ones(T, S, dtype=torch.bool).tril(S - T), "exchanged"),
    ("mask", lambda T, S: torch.ones(T, S, dtype=torch.bool).tril(S - T - 1), "<=, not <"),
    ("mask", lambda T, S: torch.ones(T, S).tril(S - T), "expected bool"),
    ("top-p", kept(lambda sums, each, p: sums <= p), "crosses p is dropped"),
    ("top-p", kept(lambda sums, each, p: sums - each <= p), "one token too many"),
    ("top-p", kept(lambda sums, each, p: sums - each < p, ordered=True), "sorted order"),
    ("top-p", lambda q, p: q.cumsum(0) - q < p, "sort by probability first"),
    ("top-p", lambda q, p: q >= p, "min-p"),
    ("rope", lambda x, p, b: turned(x, p, b, pairs=True), "pairs neighbors"),
    ("rope", lambda x, p, b: turned(x, p, b, sign=-1), "turns the other way"),
    ("rope", lambda x, p, b: turned(x, p, b, power=1), "not i / E"),
    ("rope", lambda x, p, b: turned(x, p + 1, b), "count from 0"),
    ("rope", lambda x, p, b: turned(x, p.bfloat16().float(), b), "which has no 257"),
    ("rope", lambda x, p, b: turned(x, p.half().float(), b), "which has no 8191"),
    ("rope", lambda x, p, b: turned(x, torch.arange(len(x)), b), "you count the rows"),
    ("rope", lambda x, p, b: turned(x, p * 0, b), "nothing turns|do not depend on positions"),
    ("rope", lambda x, p, b: x + p[:, None], "moving queries and keys"),
    ("mask", lambda T, S: torch.ones(T, S, dtype=torch.bool).tril(S - T).T, "rows and columns are exchanged"),
    ("mask", lambda T, S: torch.ones(T, S, dtype=torch.bool).triu(), "looks at the future"),
    ("top-p", lambda q, p: ~kept(lambda sums, each, p: sums - each < p)(q, p), "True means keep"),
    ("rope", lambda x, p, b: turned(x, p, b, power=-2), "a negative exponent"),
    ("rope", lambda x, p, b: turned(x, p * torch.pi / 180, b), "in radians already"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def test_complex_numbers_rotate_too():
    def by_complex(x, positions, base):
        size = x.shape[-1]
        angles = positions.double()[:, None] * float(base) ** (-torch.arange(0, size, 2).double() / size)
        first, second = x.double().chunk(2, -1)
        z = torch.complex(first, second) * torch.polar(torch.ones_like(angles), angles)
        return torch.cat([z.real, z.imag], -1)

    assert evaluate("gemma-ex-rope", by_complex).passed


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
