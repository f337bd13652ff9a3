"""Wrong answers to the exercises on the assembled model fail, and the hint names the misconception behind them."""

import math

import numpy as np
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


def ones(T, S):
    return torch.ones(T, S, dtype=torch.bool)


def of_order(choose):
    """A top-p mask: the numbers of the tokens to keep, by a rule of sorted probabilities, their places and p."""
    def keep(probabilities, p):
        chosen = torch.zeros(len(probabilities), dtype=torch.bool)
        chosen[choose(*probabilities.sort(descending=True), p)] = True
        return chosen
    return keep


def step_by_step(probabilities, p):
    """Take the likeliest token that is left, until the sum is there."""
    left, total, kept = dict(enumerate(probabilities.tolist())), 0.0, [False] * len(probabilities)
    while total < p:
        best = max(left, key=left.get)
        total += left.pop(best)
        kept[best] = True
    return kept


def tied_together(q, p):
    """Every token that is as likely as the last one needed."""
    sums = q.sort(descending=True).values
    needed = int((sums.cumsum(0) - sums < p).sum())
    return q >= sums[needed - 1]


def least_likely(q, p):
    """The sums begin with the smallest."""
    sums, order = q.sort()
    return torch.zeros_like(sums, dtype=torch.bool).scatter(0, order, sums.cumsum(0) - sums < p)


def in_place(x, positions, base):
    """The second half is turned with the first one that has been turned."""
    half = x.shape[-1] // 2
    angles = positions[:, None] * float(base) ** (-torch.arange(half) * 2 / x.shape[-1])
    cos, sin = angles.cos(), angles.sin()
    x[:, :half] = x[:, :half] * cos - x[:, half:] * sin
    x[:, half:] = x[:, half:] * cos + x[:, :half] * sin
    return x


def by_matrices(x, positions, base):
    """A matrix for each position, in numpy."""
    size = x.shape[-1]
    out = np.zeros(tuple(x.shape))
    for row, (vector, position) in enumerate(zip(x.numpy(), positions.tolist(), strict=True)):
        for i in range(size // 2):
            angle = position * base ** (-2 * i / size)
            a, b = vector[i], vector[i + size // 2]
            out[row, i], out[row, i + size // 2] = (a * math.cos(angle) - b * math.sin(angle),
                                                    b * math.cos(angle) + a * math.sin(angle))
    return out


def rotate_half(x, positions, base):
    """As published code has it: the angles twice, the halves exchanged."""
    inverse = 1.0 / base ** (torch.arange(0, x.shape[-1], 2).double() / x.shape[-1])
    angles = torch.outer(positions.double(), inverse).repeat(1, 2)
    other = torch.cat((-x[..., x.shape[-1] // 2 :], x[..., : x.shape[-1] // 2]), -1)
    return x * angles.cos() + other * angles.sin()


WRONG = [
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
    ("mask", lambda T, S: ones(T, S), "no mask at all"),
    ("mask", lambda T, S: ones(T, S).tril(S - T + 1), "one key of the future"),
    ("mask", lambda T, S: ones(T, T).tril(), "has shape (2, 2)"),
    ("mask", lambda T, S: torch.zeros(T, S).masked_fill(~ones(T, S).tril(S - T), float("-inf")), "expected bool"),
    ("mask", lambda T, S: ones(T, S).tril(3), "expected"),
    ("mask", lambda T, S: ones(T, S).tril(S - T).flip(0), "the rows are in reverse"),
    ("mask", lambda T, S: ones(T, S).tril(S - T) & ones(T, S).triu(S - T), "only itself"),
    ("mask", lambda T, S: torch.cat((~ones(T, S - T), ones(T, T).tril()), 1), "the cache is hidden"),
    ("mask", lambda T, S: torch.tensor([[True, True, False], [True, True, True]]), "has shape (2, 3)"),
    ("mask", lambda T, S: ones(T, S).tril(S // 2), "expected"),
    ("top-p", kept(lambda sums, each, p: sums < p), "crosses p is dropped"),
    ("top-p", tied_together, "as few as possible"),
    ("top-p", least_likely, "the least likely"),
    ("top-p", of_order(lambda sums, order, p: order[:1]), "add up to less than p"),
    ("top-p", of_order(lambda sums, order, p: order[:2]), "expected"),
    ("top-p", lambda q, p: q.sort(descending=True).indices, "expected"),
    ("top-p", lambda q, p: q * kept(lambda sums, each, p: sums - each < p)(q, p), "expected bool"),
    ("top-p", lambda q, p: q >= q.quantile(1 - p), "expected|dropped"),
    ("top-p", lambda q, p: q >= p * q.max(), "expected|too many|dropped"),
    ("top-p", of_order(lambda sums, order, p: order[: max(1, int(p * len(order)))]), "expected|too many"),
    ("top-p", of_order(lambda sums, order, p: order[: int((sums.cumsum(0) < p).sum()) + 2]), "one token too many"),
    ("rope", in_place, "has been turned already"),
    ("rope", lambda x, p, b: turned(x, p, b).half(), "expected"),
    ("rope", lambda x, p, b: turned(x.flip(-1), p, b).flip(-1), "expected"),
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


RIGHT = [
    ("mask", lambda T, S: [[key <= S - T + query for key in range(S)] for query in range(T)]),
    ("mask", lambda T, S: np.tri(T, S, S - T, dtype=bool)),
    ("mask", lambda new, all_of_them: ones(all_of_them, all_of_them).tril()[-new:]),
    ("mask", lambda T, S: torch.arange(S - T, S)[:, None] >= torch.arange(S)),
    ("top-p", step_by_step),
    ("top-p", lambda given, p: kept(lambda sums, each, p: sums - each < p)(given.double(), p).numpy()),
    ("top-p", of_order(lambda sums, order, p: order[: int((sums.cumsum(0) < p).sum()) + 1])),
    ("top-p", lambda q, p: np.array([sum(other for j, other in enumerate(q.tolist())
                                         if (-other, j) < (-each, i)) < p for i, each in enumerate(q.tolist())])),
    ("rope", by_matrices),
    ("rope", rotate_half),
    ("rope", lambda z, where, theta: turned(z.double(), where.double(), theta)),
    ("rope", lambda x, p, b: turned(x, p, b).tolist()),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
