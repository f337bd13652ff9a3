"""Hold an attempt to the way that its task asks for: without autograd, without a loop, without a certain matrix."""

import sys
from collections.abc import Callable
from types import FrameType

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from llmbook.exercises.checking import AttemptError
from llmbook.exercises.compare import Mistake
from llmbook.exercises.registry import Attempt

MOST_LINES = 2000
"""More lines of Python than a formula runs, copies of its arguments included; fewer than a loop over a long text."""


def without_autograd(attempt: Attempt) -> Attempt:
    """The same function where no graph is recorded, so that ``backward`` and ``torch.autograd.grad`` find none.

    Raises:
        Mistake: from the function that is returned, if the attempt asked autograd for a gradient.
    """

    def call(*args: object) -> object:
        try:
            with torch.inference_mode():
                return attempt(*args)
        except AttemptError as error:
            if "does not require grad" not in str(error):
                raise
            raise Mistake("write the formula itself: autograd is switched off in this check") from None

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


def without(attempt: Attempt, forbidden: Callable[[Tensor], bool], hint: str) -> Attempt:
    """The same function, which may not compute a tensor of a kind.

    Args:
        attempt: a function of tensors.
        forbidden: whether a tensor is of that kind; asked for the result of each operation of PyTorch.
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
    """Note whether a result of an operation is of a kind."""

    def __init__(self, kind: Callable[[Tensor], bool]) -> None:
        super().__init__()
        self.kind, self.found = kind, False

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and not self.found:
            self.found = self.kind(result)
        return result
