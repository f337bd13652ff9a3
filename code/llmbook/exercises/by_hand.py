"""Hold an attempt to the way that its task asks for: a formula in place of autograd, or of a loop."""

import sys
from types import FrameType

import torch

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
