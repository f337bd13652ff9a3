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


def first(sgd=lambda seen, s, g: s**2 * seen @ seen * g, adam=lambda seen, s, g: s * seen.abs().sum() * g.sign()):
    """The change of the output by the first step, but for minus the rate."""
    def change(x, upstream, A, s, rate, optimizer):
        return -rate * (sgd if optimizer == "sgd" else adam)(A @ x, s, upstream)
    return change


def first_by_autograd(x, upstream, A, s, rate, optimizer):
    """A real training, which is what the task wants predicted."""
    B = torch.zeros(len(upstream), len(A), requires_grad=True)
    (s * B @ (A @ x) @ upstream).backward()
    step = B.grad if optimizer == "sgd" else B.grad.sign()
    return -rate * s * step @ (A @ x)


def first_by_a_step(token, pull, A, s, eta, optimizer):
    """The gradient of B by hand, then one step of it."""
    gradient = s * torch.outer(pull, A @ token)
    B = -eta * (gradient if optimizer == "sgd" else gradient / (gradient**2).sqrt())
    return s * (B @ A) @ token


def first_in_lists(x, upstream, A, s, rate, optimizer):
    seen = [sum(a * b for a, b in zip(row, x.tolist(), strict=True)) for row in A.tolist()]
    if optimizer == "sgd":
        return [-rate * s * s * sum(a * a for a in seen) * g for g in upstream.tolist()]
    return [-rate * s * sum(map(abs, seen)) * (1 if g > 0 else -1) for g in upstream.tolist()]


def first_in_arrays(x, upstream, A, s, rate, how):
    seen, g = A.double().numpy() @ x.double().numpy(), upstream.double().numpy()
    return -rate * (s * np.linalg.norm(seen, 1) * np.sign(g) if how == "adam" else (s * np.linalg.norm(seen)) ** 2 * g)


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
    ("first-step", first(sgd=lambda seen, s, g: s * seen @ seen * g), "s comes in twice"),
    ("first-step", first(sgd=lambda seen, s, g: s**2 * seen.sum() ** 2 * g), "before you add them"),
    ("first-step", first(sgd=lambda seen, s, g: s**2 * seen.norm() * g), "its length is squared"),
    ("first-step", first(sgd=lambda seen, s, g: s**2 * seen @ seen * g.sign()), "goes by its size"),
    ("first-step", first(sgd=lambda seen, s, g: s * seen.abs().sum() * g.sign()), "that is Adam's step"),
    ("first-step", first(adam=lambda seen, s, g: s**2 * seen.abs().sum() * g.sign()), "and with it one s"),
    ("first-step", first(adam=lambda seen, s, g: s * seen.sum() * g.sign()), "A x has signs too"),
    ("first-step", first(adam=lambda seen, s, g: s * seen.norm() * g.sign()), "absolute values add up"),
    ("first-step", first(adam=lambda seen, s, g: s * len(seen) * g.sign()), "multiplied by A x"),
    ("first-step", first(adam=lambda seen, s, g: s * seen.abs().sum() * g), "its sign is left"),
    ("first-step", first(adam=lambda seen, s, g: s**2 * seen @ seen * g), "that is gradient descent"),
    ("first-step", lambda *given: -first()(*given), "against the gradient"),
    ("first-step", lambda *given: first()(*given) / given[4], "rate is missing"),
    ("first-step", lambda *given: first()(*given) / len(given[2]), "that is their mean"),
    ("first-step", lambda *given: 0 * given[1], "not after it"),
    ("first-step", first_by_autograd, "without autograd"),
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
    ("first-step", first()),
    ("first-step", first_by_a_step),
    ("first-step", first_in_lists),
    ("first-step", first_in_arrays),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)


def test_in_a_square_layer_any_transpose_has_the_right_shape():
    def transposed(x, g, A, B, s):
        return s * (g.T @ B.T).T @ x.T, s * (g @ x.T) @ A.T

    (square,) = [each for each in evaluate("dora-ex-lora-gradients", transposed).outcomes if "6 tokens" in each.title]
    assert square.status == "FAIL" and "at position" in square.message
