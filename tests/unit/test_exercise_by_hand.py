"""Exercises that ask for a way, and not only for a result: the way is held to, and nothing else is forbidden."""

import sys

import pytest
import torch

from llmbook.exercises.by_hand import MOST_LINES, without, without_autograd, without_loop
from llmbook.exercises.checking import AttemptError, guarded
from llmbook.exercises.compare import Mistake


def test_autograd_is_off_inside_and_on_again_outside():
    x = torch.ones(2)
    squares = lambda leaf: torch.autograd.grad(leaf.square().sum(), leaf)[0]  # noqa: E731
    with pytest.raises(Mistake, match="autograd is switched off"):
        without_autograd(guarded(lambda x: squares(x.requires_grad_())))(x)
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
    square = lambda made: made.shape == (3, 5)  # noqa: E731
    for product in (lambda a, b: (a @ b).sum(), lambda a, b: torch.einsum("ij,jk->ik", a, b).sum()):
        with pytest.raises(Mistake, match="too large"):
            without(guarded(product), square, "too large")(left, right)
    assert without(guarded(lambda a, b: a.sum(0) @ b.sum(1)), square, "too large")(left, right) == 30
