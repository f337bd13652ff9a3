"""Wrong answers to the exercises on LoRA fail, and the hint names the misconception behind them."""

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


def lora_by_autograd(x, upstream, A, B, s):
    A, B = A.clone().requires_grad_(), B.clone().requires_grad_()
    return torch.autograd.grad((s * (x @ A.T @ B.T) * upstream).sum(), (A, B))


def lora_by_the_large_matrix(x, upstream, A, B, s):
    large = upstream.T @ x
    return s * B.T @ large, s * large @ A.T


def lora(power=1, mean=False, transposed=False):
    """The gradients of LoRA with their usual slips."""
    def gradients(x, g, A, B, s):
        found = [s**power * (g @ B).T @ x, s**power * g.T @ (x @ A.T)]
        found = [gradient / len(x) for gradient in found] if mean else found
        return [gradient.T for gradient in found] if transposed else found
    return gradients


def grow(rows=torch.randn, columns=torch.zeros, power=1):
    """More rank, with the new parts open."""
    def grown(A, B, alpha, rank):
        more = rank - len(A)
        new_A, new_B = torch.cat([A, rows(more, A.shape[1])]), torch.cat([B, columns(len(B), more)], 1)
        return new_A, new_B, alpha * (rank / len(A)) ** power
    return grown


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
    ("start", start(bound=lambda inputs, rank: rank**-0.5), "starts far too large"),
    ("start", start(normal=True), "the bound of the uniform numbers"),
    ("start", start(normal=True, bound=lambda inputs, rank: (3 * inputs) ** -0.5), "not uniform"),
    ("start", start(bound=lambda inputs, rank: 0), "nothing ever learns"),
    ("start", start(B=torch.randn), "before the first step"),
    ("start", start(low=0), "all numbers of A are positive"),
    ("start", lambda i, o, r: ((torch.rand(1, i) * 2 - 1).repeat(r, 1) / i**0.5, torch.zeros(o, r)), "repeat each"),
    ("lora-gradients", lora_by_autograd, "without autograd"),
    ("lora-gradients", lambda x, g, A, B, s: torch.func.vjp(lambda A, B: s * x @ A.T @ B.T, A, B)[1](g), "autograd"),
    ("lora-gradients", lambda x, g, A, B, s: (s * torch.einsum("no,ni,or->ri", g, x, B),
                                              s * torch.einsum("no,ni,ri->or", g, x, A)), "of the size of W"),
    ("lora-gradients", lambda x, g, A, B, s: (s * torch.einsum("noi,or->ri", g[:, :, None] * x[:, None], B),
                                              s * torch.einsum("noi,ri->or", g[:, :, None] * x[:, None], A)),
     "of the size of W"),
    ("lora-gradients", lora_by_the_large_matrix, "of the size of W"),
    ("lora-gradients", lambda *given: lora()(*given)[::-1], "are exchanged"),
    ("lora-gradients", lora(power=2), "scale s is there twice"),
    ("lora-gradients", lora(power=0), "scale s is missing"),
    ("lora-gradients", lora(mean=True), "mean over the tokens"),
    ("lora-gradients", lora(transposed=True), "transpose"),
    ("grow", grow(power=0), "alpha must grow"),
    ("grow", grow(power=2), "grown twice"),
    ("grow", grow(rows=torch.zeros), "neither ever learns"),
    ("grow", grow(columns=torch.randn), "both random"),
    ("grow", grow(rows=lambda *shape: torch.ones(shape)), "combinations of others"),
    ("grow", grow(rows=torch.zeros, columns=lambda *shape: torch.ones(shape)), "combinations of others"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def test_both_ways_to_grow_pass():
    assert evaluate("dora-ex-grow", grow()).passed
    assert evaluate("dora-ex-grow", grow(rows=torch.zeros, columns=torch.randn)).passed


def by_singular_values(A, B, alpha, rank):
    left, values, right = torch.linalg.svd(alpha / len(A) * B @ A)
    return right[:rank], left[:, :rank] * values[:rank], rank


def in_doubles(A, B, alpha, rank):
    new_A, new_B, new_alpha = grow()(A, B, alpha, rank)
    return new_A.double().numpy(), new_B.double().numpy(), new_alpha


def test_other_right_forms_pass():
    assert evaluate("dora-ex-grow", grow(rows=lambda *shape: 1e-7 * torch.randn(shape))).passed
    assert evaluate("dora-ex-grow", by_singular_values).passed and evaluate("dora-ex-grow", in_doubles).passed
    assert evaluate("dora-ex-lora-gradients", lambda x, g, A, B, s: (
        s * torch.einsum("no,or,ni->ri", g, B, x), s * torch.einsum("ni,ri,no->or", x, A, g))).passed  # fmt: skip


def test_in_a_square_layer_any_transpose_has_the_right_shape():
    def transposed(x, g, A, B, s):
        return s * (g.T @ B.T).T @ x.T, s * (g @ x.T) @ A.T

    (square,) = [each for each in evaluate("dora-ex-lora-gradients", transposed).outcomes if "6 tokens" in each.title]
    assert square.status == "FAIL" and "at position" in square.message


def test_an_outer_product_is_no_start():
    def outer(inputs, outputs, rank):
        A = torch.randn(rank, 1) * torch.randn(inputs)
        return A / A.std() / (3 * inputs) ** 0.5, torch.zeros(outputs, rank)

    assert "repeat each other" in repr(evaluate("dora-ex-start", outer))


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
