"""A stand-in of a student's function: the checks call it as they call the function in a notebook, and get values back.

Some checks forbid a way: autograd, a loop, a certain matrix. They look at what runs while the function is called, so
the stand-in has its process look there, and repeats here, under the eyes of the check, what was seen. Code that tampers
with these eyes can go a forbidden way unseen; it cannot make a wrong value right.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes, _get_current_dispatch_mode

from llmbook.classroom.modules import WAYS
from llmbook.classroom.wire import Handle, Opaque
from llmbook.exercises.by_hand import MOST_LINES
from llmbook.exercises.checking import AttemptError


class Caller(Protocol):
    """What a stand-in needs: somebody who calls a function of the student's process."""

    def call(self, **question: Any) -> dict[str, Any]:
        """The answer of the process; an ``AttemptError`` is raised if there is none."""


class StandIn:
    """Calls a function of a student's process by its name, or uses a module there."""

    def __init__(self, caller: Caller, name: str, module: int | None = None) -> None:
        self.caller, self.name, self.module = caller, name, module

    def __call__(self, *args: object, **kwargs: object) -> object:
        """What the function returned, rebuilt from values; arguments are sent as copies.

        Raises:
            NotImplementedError: the exercise was not attempted.
            AttemptError: the function raised, returned something else than values, or its process is gone.
        """
        watch, mode = _watch()
        with _unwatched():
            question = {"name": self.name, "module": self.module, "args": list(args), "kwargs": kwargs, "watch": watch}
            answer = self.caller.call(**question)
            seen = _pairs(answer.get("seen")) if watch == "operations" else []
        if "broken" in answer:
            _repeat(watch)
        for given, made in seen:
            mode.__torch_dispatch__(lambda *ignored, made=made: made, (), tuple(given))
        return _with_modules(_value(self.name, answer), self.caller)


class ModuleStandIn:
    """Stands in for a module of a student's process."""

    def __init__(self, caller: Caller, number: int) -> None:
        for way in WAYS:
            setattr(self, way, StandIn(caller, way, number))

    def __call__(self, *args: object, **kwargs: object) -> object:
        """What the module returned."""
        return self.call(*args, **kwargs)


def _with_modules(value: object, caller: Caller) -> object:
    """The value, with a stand-in for each handle in it."""
    if isinstance(value, list | tuple):
        return type(value)(_with_modules(each, caller) for each in value)
    return ModuleStandIn(caller, value.number) if isinstance(value, Handle) else value


def _value(name: str, answer: dict[str, Any]) -> object:
    """What an answer holds, as a return or an error."""
    if "todo" in answer:
        raise NotImplementedError
    if "missing" in answer:
        raise AttemptError(f"there is no function {name} in the notebook (renamed, or its cell raised an error)")
    if "value" not in answer:
        told = answer.get("error")
        raise AttemptError(told[:400] if isinstance(told, str) else "your function did not return")
    if kind := _opaque(answer["value"]):
        raise AttemptError(f"your function returned a {kind}; expected numbers, texts, lists, arrays or tensors")
    return answer["value"]


def _opaque(value: object) -> str:
    """The type of an object somewhere in a value that could not be sent; empty if there is none."""
    if isinstance(value, Opaque):
        return value.kind
    parts = value if isinstance(value, list | tuple) else [*value, *value.values()] if isinstance(value, dict) else ()
    return next((kind for kind in map(_opaque, parts) if kind), "")


def _watch() -> tuple[str, TorchDispatchMode | None]:
    """What a check looks at now, and its eyes if they are those of PyTorch."""
    mode = _get_current_dispatch_mode()
    if mode is not None:
        return "operations", mode
    return ("loop" if sys.gettrace() else "autograd" if sys.getprofile() else ""), None


@contextmanager
def _unwatched() -> Iterator[None]:
    """Keep what the grader itself does from the eyes of the check."""
    trace, profile = sys.gettrace(), sys.getprofile()
    sys.settrace(None), sys.setprofile(None)
    try:
        with _disable_current_modes():
            yield
    finally:
        sys.settrace(trace), sys.setprofile(profile)


def _repeat(watch: str) -> None:
    """Do here what is forbidden, so that the check sees it."""
    if watch == "autograd":
        leaf = torch.ones(1, requires_grad=True)
        torch.autograd.grad(leaf.sum(), leaf)
    if watch == "loop":
        try:
            _many_lines()
        except RuntimeError:
            raise AttemptError("too many lines") from None


def _many_lines() -> None:
    for _ in range(MOST_LINES + 1):
        pass


def _pairs(seen: object) -> list[tuple[list[Tensor], Tensor]]:
    """Operations as a process told them; what does not look like one is left out."""
    found = seen if isinstance(seen, list) else []
    return [pair for pair in found if isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[1], Tensor)
            and isinstance(pair[0], list) and all(isinstance(each, Tensor) for each in pair[0])]  # fmt: skip
