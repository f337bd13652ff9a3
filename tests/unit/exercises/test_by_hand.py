"""Exercises that ask for a way, and not only for a result: the way is held to, and nothing else is forbidden."""

import sys

import pytest
import torch

from llmbook.exercises.by_hand import MOST_LINES, without, without_autograd, without_loop
from llmbook.exercises.checking import AttemptError, guarded
from llmbook.exercises.compare import Mistake


def test_autograd_is_found_inside_and_free_outside():
    x = torch.ones(2)
    squares = lambda leaf: torch.autograd.grad(leaf.square().sum(), leaf)[0]  # noqa: E731
    by_func = torch.func.grad(lambda x: x.square().sum())
    by_vjp = lambda x: torch.func.vjp(torch.square, x)[1](x)[0]  # noqa: E731
    by_tangent = lambda x: torch.func.jvp(torch.square, (x,), (x,))[1]  # noqa: E731
    for asked in (lambda x: squares(x.requires_grad_()), by_func, by_vjp, by_tangent):
        with pytest.raises(Mistake, match="without autograd"):
            without_autograd(guarded(asked))(x)
    assert without_autograd(guarded(torch.func.vmap(lambda x: 2 * x)))(x).tolist() == [2, 2]
    assert without_autograd(guarded(lambda x: 2 * x))(x).tolist() == [2, 2]
    assert squares(x.clone().requires_grad_()).tolist() == [2, 2]


def test_another_error_stays_what_it_was():
    for hold in (without_autograd, without_loop):
        with pytest.raises(AttemptError, match="ZeroDivisionError"):
            hold(guarded(lambda x: x / 0))(1)


def count_up(length):
    total = 0
    for _ in range(length):
        total += 1
    return total


def test_a_long_loop_is_stopped_and_the_tracer_is_given_back():
    before = sys.gettrace()
    with pytest.raises(Mistake, match="without a loop"):
        without_loop(guarded(count_up))(10 * MOST_LINES)
    assert sys.gettrace() is before
    assert without_loop(guarded(count_up))(10) == 10 and count_up(10 * MOST_LINES) == 10 * MOST_LINES
    assert without_loop(guarded(lambda length: length * (length + 1) // 2))(10 * MOST_LINES) > 0


def test_a_forbidden_tensor_is_found_wherever_it_is_made():
    left, right = torch.ones(3, 2), torch.ones(2, 5)
    square = lambda given, made: {3, 5} <= set(made.shape)  # noqa: E731
    einsum = lambda a, b: torch.einsum("ij,jk,kl->il", a, b, b.T)  # noqa: E731
    for product in (lambda a, b: (a @ b).sum(), einsum, lambda a, b: a[:, :, None] * b):
        with pytest.raises(Mistake, match="too large"):
            without(guarded(product), square, "too large")(left, right)
    assert without(guarded(lambda a, b: a.sum(0) @ b.sum(1)), square, "too large")(left, right) == 30
