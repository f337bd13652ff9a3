"""Wrong answers on LoRA's gradients and its first step fail, and the hint names the misconception behind them."""

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters import evaluate

PREFIX = "dora-ex-"


def lora_by_autograd(x, upstream, A, B, s):
    A, B = A.clone().requires_grad_(), B.clone().requires_grad_()
    return torch.autograd.grad((s * (x @ A.T @ B.T) * upstream).sum(), (A, B))


def lora_by_backward(x, upstream, A, B, s):
    A, B = A.clone().requires_grad_(), B.clone().requires_grad_()
    (s * (x @ A.T @ B.T)).backward(upstream)
    return A.grad, B.grad


def lora_by_the_large_matrix(x, upstream, A, B, s):
    large = upstream.T @ x
    return s * B.T @ large, s * large @ A.T


def lora_by_the_large_array(x, upstream, A, B, s):
    """The forbidden matrix out of sight of PyTorch."""
    x, upstream, A, B = (each.double().numpy() for each in (x, upstream, A, B))
    large = upstream.T @ x
    return s * B.T @ large, s * large @ A.T


def lora(power=1, mean=False, transposed=False):
    """The gradients of LoRA with their usual slips."""
    def gradients(x, g, A, B, s):
        found = [s**power * (g @ B).T @ x, s**power * g.T @ (x @ A.T)]
        found = [gradient / len(x) for gradient in found] if mean else found
        return [gradient.T for gradient in found] if transposed else found
    return gradients


def one_token_at_a_time(x, g, A, B, s):
    grad_A, grad_B = torch.zeros_like(A), torch.zeros_like(B)
    for token, pull in zip(x, g, strict=True):
        grad_A += torch.outer(s * pull @ B, token)
        grad_B += torch.outer(s * pull, A @ token)
    return grad_A, grad_B


def in_arrays(x, g, A, B, s):
    x, g, A, B = (each.double().numpy() for each in (x, g, A, B))
    return s * np.einsum("nr,ni->ri", g @ B, x), s * np.einsum("no,nr->or", g, x @ A.T)


WRONG = [
    ("lora-gradients", lora_by_autograd, "without autograd"),
    ("lora-gradients", lora_by_backward, "without autograd"),
    ("lora-gradients", lambda x, g, A, B, s: torch.func.vjp(lambda A, B: s * x @ A.T @ B.T, A, B)[1](g), "autograd"),
    ("lora-gradients", lambda x, g, A, B, s: (s * torch.einsum("no,ni,or->ri", g, x, B),
                                              s * torch.einsum("no,ni,ri->or", g, x, A)), "of the size of W"),
    ("lora-gradients", lambda x, g, A, B, s: (s * torch.einsum("noi,or->ri", g[:, :, None] * x[:, None], B),
                                              s * torch.einsum("noi,ri->or", g[:, :, None] * x[:, None], A)),
     "of the size of W"),
    ("lora-gradients", lora_by_the_large_matrix, "of the size of W"),
    ("lora-gradients", lora_by_the_large_array, "of the size of W"),
    ("lora-gradients", lambda *given: lora()(*given)[::-1], "are exchanged"),
    ("lora-gradients", lora(power=2), "scale s is there twice"),
    ("lora-gradients", lora(power=0), "scale s is missing"),
    ("lora-gradients", lora(mean=True), "mean over the tokens"),
    ("lora-gradients", lora(transposed=True), "transpose"),
    ("lora-gradients", lambda *given: [-gradient for gradient in lora()(*given)], "not the step"),
    ("lora-gradients", lambda x, g, A, B, s: lora()(x[:1], g[:1], A, B, s), "the first token alone"),
    ("lora-gradients", lambda x, g, A, B, s: lora()(x.abs() * 0 + 1, g, A, B, s), "at position"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = [
    ("lora-gradients", lambda x, g, A, B, s: (s * torch.einsum("no,or,ni->ri", g, B, x),
                                              s * torch.einsum("ni,ri,no->or", x, A, g))),
    ("lora-gradients", one_token_at_a_time),
    ("lora-gradients", in_arrays),
    ("lora-gradients", lambda inputs, pulls, down, up, scale: [
        (scale * pulls.mul_(1) @ up).T.matmul(inputs), (scale * pulls).T.matmul(inputs @ down.T)]),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)


def test_in_a_square_layer_any_transpose_has_the_right_shape():
    def transposed(x, g, A, B, s):
        return s * (g.T @ B.T).T @ x.T, s * (g @ x.T) @ A.T

    (square,) = [each for each in evaluate("dora-ex-lora-gradients", transposed).outcomes if "6 tokens" in each.title]
    assert square.status == "FAIL" and "at position" in square.message
