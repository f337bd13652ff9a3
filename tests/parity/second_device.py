"""A second device for machines that have none: its tensors compute here, and refuse to meet tensors from here.

A GPU finds a mask or a table that was made on the processor by failing at once. :class:`SecondDevice` does the same
without a GPU. While the context is open, tensors on ``AWAY`` hold their numbers in memory as any others, so results can
be compared, and every operation of PyTorch that gets tensors of both places raises the error that CUDA would raise.
As there, a tensor without dimensions may mix, and a copy may cross. As on a Mac's GPU, there is no float64.

It goes by the name of the meta device, the only other one whose kernels every build of PyTorch has.
"""

from contextlib import ExitStack

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map, tree_map_only

AWAY = torch.device("meta")
CROSSING = ("aten::_to_copy", "aten::copy_")


class AwayTensor(Tensor):
    """A tensor that says it is on ``AWAY``; its numbers are in ``here``."""

    @staticmethod
    def __new__(cls, here: Tensor):
        layout = {"strides": here.stride(), "storage_offset": here.storage_offset(), "dtype": here.dtype}
        with torch.inference_mode(False):  # a view of an ordinary tensor is an ordinary tensor, in every mode
            return Tensor._make_wrapper_subclass(cls, here.shape, **layout, device=AWAY)

    def __init__(self, here: Tensor):
        self.here = here

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return _compute(func, args, kwargs or {})


class _Operations(TorchDispatchMode):
    """Sees every operation, also those that make a tensor from nothing."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return _compute(func, args, kwargs or {})


class _Constructors(TorchFunctionMode):
    """``torch.tensor(numbers, device=AWAY)`` would make a real meta tensor before any operation is seen."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func in (torch.tensor, torch.as_tensor) and is_away(kwargs.get("device")):
            del kwargs["device"]
            return func(*args, **kwargs).to(AWAY)
        return func(*args, **kwargs)


class SecondDevice(ExitStack):
    """The context in which the second device exists."""

    def __enter__(self):
        super().__enter__()
        self.enter_context(_Operations())
        self.enter_context(_Constructors())
        return self


def is_away(device) -> bool:
    """Whether a device, its name or None means the second device."""
    return device is not None and torch.device(device).type == AWAY.type


def _compute(func, args: tuple, kwargs: dict):
    """Run an operation on the numbers, and put the result where it belongs."""
    name, tensors = func._schema.name, [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    away = [tensor for tensor in tensors if isinstance(tensor, AwayTensor)]
    strangers = [tensor for tensor in tensors if not isinstance(tensor, AwayTensor) and tensor.ndim]
    if away and strangers and name not in CROSSING:
        raise RuntimeError(f"{name}: expected all tensors to be on the same device, but found {AWAY} and cpu")
    goes_away = is_away(kwargs["device"]) if kwargs.get("device") is not None else bool(away)
    if name == "aten::copy_":
        goes_away = isinstance(args[0], AwayTensor)
    if kwargs.get("device") is not None:
        kwargs = kwargs | {"device": torch.device("cpu")}
    args, kwargs = tree_map(_here, (args, kwargs))
    result = func(*args, **kwargs)
    if not goes_away:
        return result
    known = {id(tensor.here): tensor for tensor in away}  # what was changed in place stays the same tensor
    return tree_map_only(Tensor, lambda tensor: known[id(tensor)] if id(tensor) in known else _sent(tensor), result)


def _sent(here: Tensor) -> AwayTensor:
    """A new tensor there."""
    if here.dtype == torch.float64:
        raise TypeError("the second device, like a Mac's GPU, has no float64: bring the tensor back first")
    return AwayTensor(here)


def _here(value):
    """The numbers of a tensor from away; anything else as it is."""
    return value.here if isinstance(value, AwayTensor) else value
