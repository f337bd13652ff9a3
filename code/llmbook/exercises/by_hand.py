"""Hold an attempt to the way that its task asks for: without autograd, without a loop, without a certain matrix."""

import sys
from collections.abc import Callable, Iterable
from types import FrameType

import torch
from torch import Tensor
from torch.autograd import forward_ad as fwAD
from torch.utils._python_dispatch import TorchDispatchMode

from llmbook.exercises.checking import AttemptError
from llmbook.exercises.compare import Mistake, same
from llmbook.exercises.registry import Attempt

MOST_LINES = 1000
"""More lines of Python than a formula runs, copies of its arguments included; fewer than a loop over a long text."""

AUTOGRAD = {
    function.__code__.co_filename
    for function in (torch.autograd.grad, torch.autograd.functional.vjp, torch.func.vjp, fwAD.make_dual)
}
"""The files of PyTorch's that take derivatives."""


def without_autograd(attempt: Attempt) -> Attempt:
    """The same function, which may not ask PyTorch for a derivative, be it by ``backward`` or by ``torch.func``.

    Raises:
        Mistake: from the function that is returned, if the attempt did.
    """

    def call(*args: object) -> object:
        used, before = False, sys.getprofile()

        def look(frame: FrameType, event: str, value: object) -> None:
            nonlocal used
            used = used or (event == "call" and frame.f_code.co_filename in AUTOGRAD)

        sys.setprofile(look)
        try:
            return attempt(*args)
        finally:
            sys.setprofile(before)
            if used:
                raise Mistake("write the formula itself: this task is to be done without autograd") from None

    return call


def without_loop(attempt: Attempt) -> Attempt:
    """The same function, stopped after ``MOST_LINES`` lines.

    Raises:
        Mistake: from the function that is returned, if the attempt was stopped.
    """

    def call(*args: object) -> object:
        lines, before = 0, sys.gettrace()

        def count(frame: FrameType, event: str, value: object) -> object:
            nonlocal lines
            lines += 1
            if lines > MOST_LINES:
                raise RuntimeError("too many lines")
            return count

        sys.settrace(count)
        try:
            return attempt(*args)
        except AttemptError:
            if lines <= MOST_LINES:
                raise
            raise Mistake("your function goes step by step: write a formula, without a loop") from None
        finally:
            sys.settrace(before)

    return call


def without(attempt: Attempt, forbidden: Callable[[list[Tensor], Tensor], bool], hint: str) -> Attempt:
    """The same function, which may not do an operation of a kind.

    Args:
        attempt: a function of tensors.
        forbidden: whether an operation of PyTorch is of that kind, asked with the tensors it took and the one it made.
        hint: what to say if there was one.

    Raises:
        Mistake: from the function that is returned, with the hint.
    """

    def call(*args: object) -> object:
        with _Watch(forbidden) as watch:
            result = attempt(*args)
        if watch.found:
            raise Mistake(hint)
        return result

    return call


class _Watch(TorchDispatchMode):
    """Note whether an operation is of a kind."""

    def __init__(self, kind: Callable[[list[Tensor], Tensor], bool]) -> None:
        super().__init__()
        self.kind, self.found = kind, False

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and not self.found:
            self.found = self.kind([each for each in args if isinstance(each, Tensor)], result)
        return result


def among(value: Tensor, matrices: Iterable[Tensor]) -> bool:
    """Whether a tensor is one of the matrices or its transpose, apart from axes of size 1."""
    value = value.squeeze()
    return any(same(value, each) or same(value, each.t()) for each in matrices)
