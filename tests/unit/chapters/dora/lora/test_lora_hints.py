"""Wrong answers on how an adapter is counted, started and grown fail, and the hint names the misconception."""

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters import evaluate

PREFIX = "dora-ex-"


def count(rows=False, columns=False, one=False, thin=lambda rank, shape: rank * sum(shape)):
    """The numbers of an adapter, with its magnitudes open."""
    def trained(shapes, rank, magnitudes):
        extra = sum(shape[0] * rows + shape[1] * columns + one for shape in shapes) if magnitudes else 0
        return sum(thin(rank, shape) for shape in shapes) + extra
    return trained


def start(bound=lambda inputs, rank: inputs**-0.5, normal=False, B=torch.zeros, low=-1):
    """A start with its spread open."""
    def draw(inputs, outputs, rank):
        A = torch.rand(rank, inputs) * (1 - low) + low if not normal else torch.randn(rank, inputs)
        return A * bound(inputs, rank), B(outputs, rank)
    return draw


def signs(share):
    """Plus or minus one number."""
    def draw(inputs, outputs, rank):
        return torch.randn(rank, inputs).sign() * share * inputs**-0.5, torch.zeros(outputs, rank)
    return draw


def outer(inputs, outputs, rank):
    """Rows that are multiples of one another."""
    A = torch.randn(rank, 1) * torch.randn(inputs)
    return A / A.std() / (3 * inputs) ** 0.5, torch.zeros(outputs, rank)


def grow(rows=torch.randn, columns=torch.zeros, power=1):
    """More rank, with the new parts open."""
    def grown(A, B, alpha, rank):
        more = rank - len(A)
        new_A, new_B = torch.cat([A, rows(more, A.shape[1])]), torch.cat([B, columns(len(B), more)], 1)
        return new_A, new_B, alpha * (rank / len(A)) ** power
    return grown


def anew(A, B, alpha, rank):
    """A new adapter: what was learned is gone."""
    return torch.randn(rank, A.shape[1]), torch.zeros(len(B), rank), alpha * rank / len(A)


WRONG = [
    ("count", count(columns=True), "one magnitude for each output, that is"),
    ("count", count(), "trains a magnitude as well"),
    ("count", count(one=True), "not one in all"),
    ("count", count(thin=lambda rank, shape: rank * shape[0] * shape[1]), "never stored"),
    ("count", count(thin=lambda rank, shape: 2 * rank * shape[1]), "as many rows"),
    ("count", lambda *given: 2 * count()(*given), "no third matrix"),
    ("count", count(thin=lambda rank, shape: 2 * rank * shape[0]), "as many columns"),
    ("count", lambda shapes, *rest: count(rows=True)(shapes, *rest) + sum(o * i for o, i in shapes), "base is frozen"),
    ("count", lambda shapes, rank, _: count(rows=True)(shapes, rank, True), "LoRA has no magnitude"),
    ("count", lambda shapes, *rest: count(rows=True)(set(shapes), *rest), "several times"),
    ("count", lambda shapes, *rest: len(shapes) * count(rows=True)(shapes[:1], *rest), "as if all were like the first"),
    ("count", count(rows=True, thin=lambda rank, shape: rank * sum(shape) - rank**2), "still trained"),
    ("count", lambda shapes, rank, dora: count()(shapes, rank, dora) + rank * dora * sum(o for o, _ in shapes),
     "the rank has no part"),
    ("count", count(rows=True, columns=True), "one magnitude for each output"),
    ("count", lambda *given: count(rows=True)(*given) / 1e6, "not in millions"),
    ("start", start(bound=lambda inputs, rank: rank**-0.5), "starts far too large"),
    ("start", start(normal=True), "the bound of the uniform numbers"),
    ("start", start(normal=True, bound=lambda inputs, rank: (3 * inputs) ** -0.5), "not uniform"),
    ("start", start(bound=lambda inputs, rank: 0), "nothing ever learns"),
    ("start", start(B=torch.randn), "before the first step"),
    ("start", start(B=lambda *shape: 1e-6 * torch.randn(shape)), "before the first step"),
    ("start", start(low=0), "all numbers of A are positive"),
    ("start", lambda i, o, r: ((torch.rand(1, i) * 2 - 1).repeat(r, 1) / i**0.5, torch.zeros(o, r)), "repeat each"),
    ("start", outer, "repeat each other"),
    ("start", signs(3**-0.5), "not spread evenly"),
    ("start", signs(1), "the bound of the uniform numbers"),
    ("start", lambda i, o, r: (start()(o, i, r)[0].new_empty(r, i).uniform_(-(o**-0.5), o**-0.5), torch.zeros(o, r)),
     "the number of outputs"),
    ("start", start(bound=lambda inputs, rank: 1 / inputs), "the root is missing"),
    ("start", lambda i, o, r: [each.T for each in start()(i, o, r)], "A has shape"),
    ("start", lambda i, o, r: start()(i, o, r)[::-1], "A has shape"),
    ("start", start(bound=lambda inputs, rank: 0.5 * inputs**-0.5), "half as wide"),
    ("start", lambda i, o, r: (torch.nn.init.kaiming_uniform_(torch.empty(r, i)), torch.zeros(o, r)), "a=0"),
    ("start", lambda i, o, r: (torch.randn(r, i).mul(0.68 * i**-0.5).clamp(-(i**-0.5), i**-0.5), torch.zeros(o, r)),
     "not spread evenly"),
    ("grow", grow(power=0), "alpha must grow"),
    ("grow", grow(power=2), "grown twice"),
    ("grow", grow(rows=torch.zeros), "neither ever learns"),
    ("grow", grow(columns=torch.randn), "both random"),
    ("grow", grow(rows=lambda *shape: torch.ones(shape)), "combinations of others"),
    ("grow", grow(rows=torch.zeros, columns=lambda *shape: torch.ones(shape)), "combinations of others"),
    ("grow", grow(power=0.5), "the scale is alpha / R"),
    ("grow", anew, "what was learned is gone"),
    ("grow", lambda A, B, alpha, rank: (A, B, alpha), "A has shape"),
    ("grow", lambda A, B, alpha, rank: (torch.cat([torch.randn(rank - len(A), A.shape[1]), A]),
                                        torch.cat([B, torch.zeros(len(B), rank - len(A))], 1), alpha * rank / len(A)),
     "in the same place"),
    ("grow", lambda A, B, alpha, rank: (A.repeat(rank, 1)[:rank], torch.cat([B, torch.zeros(len(B), rank - len(A))], 1),
                                        alpha * rank / len(A)), "combinations of others"),
    ("grow", lambda A, B, alpha, rank: (*grow()(A, B, alpha, rank)[:2], alpha * rank // len(A)), "use /, not //"),
    ("grow", lambda A, B, alpha, rank: (*grow()(A, B, alpha, rank)[:2], alpha / len(A)), "the scale alone"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def by_singular_values(A, B, alpha, rank):
    left, values, right = torch.linalg.svd(alpha / len(A) * B @ A)
    return right[:rank], left[:, :rank] * values[:rank], rank


def in_doubles(A, B, alpha, rank):
    new_A, new_B, new_alpha = grow()(A, B, alpha, rank)
    return new_A.double().numpy(), new_B.double().numpy(), new_alpha


def in_the_matrix(A, B, alpha, rank):
    """The scale goes into B, alpha becomes the rank."""
    B *= alpha / len(A)
    more = rank - len(A)
    return torch.cat([A, torch.randn(more, A.shape[1])]), torch.cat([B, B.new_zeros(len(B), more)], 1), rank


def counted_by_size(shapes, R, with_m):
    return sum(np.zeros((o, R)).size + np.zeros((R, i)).size + np.zeros(o).size * with_m for o, i in shapes)


def by_the_usual_call(fan_in, fan_out, r):
    A = torch.empty(r, fan_in)
    torch.nn.init.kaiming_uniform_(A, a=5**0.5)
    return A, torch.zeros(fan_out, r)


RIGHT = [
    ("count", counted_by_size),
    ("count", lambda shapes, rank, dora: np.array(shapes).sum() * rank + dora * np.array(shapes)[:, 0].sum()),
    ("count", lambda shapes, rank, dora: torch.tensor([rank * (o + i) + o * dora for o, i in shapes]).sum()),
    ("start", by_the_usual_call),
    ("start", lambda i, o, r: (np.random.default_rng(0).uniform(-(i**-0.5), i**-0.5, (r, i)), np.zeros((o, r)))),
    ("start", lambda i, o, r: [torch.empty(r, i).double().uniform_(-(i**-0.5), i**-0.5), [[0] * r] * o]),
    ("grow", grow()),
    ("grow", grow(rows=torch.zeros, columns=torch.randn)),
    ("grow", grow(rows=lambda *shape: 1e-7 * torch.randn(shape))),
    ("grow", by_singular_values),
    ("grow", in_doubles),
    ("grow", in_the_matrix),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)


@pytest.mark.parametrize("seed", range(20))
def test_a_right_start_passes_whatever_is_drawn(seed):
    torch.manual_seed(seed)
    assert evaluate("dora-ex-start", start()).passed and evaluate("dora-ex-grow", grow()).passed
