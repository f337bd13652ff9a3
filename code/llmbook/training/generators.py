"""Randomness without torch's default generator, which belongs to everybody: who draws from it changes others' numbers.

Layers of torch draw their weights when they are built, and its dropout takes no generator. Both are caught here on
their way into torch, by a mode that sees every call of a torch function in its thread.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

DRAWS = (Tensor.normal_, Tensor.uniform_, nn.init.normal_, nn.init.uniform_, nn.init.kaiming_uniform_,
         nn.init.xavier_uniform_, nn.init.trunc_normal_)  # fmt: skip
"""What layers draw their first weights with; each takes the tensor first."""


def undrawn(build: Callable[..., nn.Module], *args: Any, **options: Any) -> nn.Module:
    """Build a module without drawing its weights: to draw them from a generator, or to load them, afterward.

    Args:
        build: a class of modules, or a function that returns one.
        *args: for ``build``.
        **options: for ``build``.

    Returns:
        The module with zeros where torch would draw; what it sets to a number, as the gain of a norm, is set.
    """
    with _Undrawn():
        return build(*args, **options)


class _Undrawn(TorchFunctionMode):
    """Puts zeros in the place of random numbers that would come from the default generator."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in DRAWS and kwargs.get("generator") is None:
            return (args[0] if args else kwargs["tensor"]).detach().zero_()
        return func(*args, **kwargs)


class DropoutFrom(TorchFunctionMode):
    """While this context is open, ``F.dropout`` draws its masks from a generator.

    The masks are the ones, bit for bit, that torch draws on the CPU from a default generator in the same state.

    Args:
        generator: on the CPU, as what is dropped.
    """

    def __init__(self, generator: torch.Generator):
        super().__init__()
        self.generator = generator

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return (self._dropout if func is F.dropout else func)(*args, **(kwargs or {}))

    def _dropout(self, input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
        """What ``F.dropout`` promises, out of place; it hands on all four, those that its caller left out too."""
        if not training or p == 0:
            return input
        kept = torch.empty_like(input).bernoulli_(1 - p, generator=self.generator)
        return input * kept * (1 / (1 - p))
