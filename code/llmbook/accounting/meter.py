"""What a piece of code needs, counted instead of timed: multiplications, bytes kept for the backward pass, peak memory.

A clock measures the machine as well; a count comes out the same everywhere. Three counts say most of what a training
step costs: the FLOPs of its matrix products (two for each multiplication), the bytes that autograd keeps between
the forward and the backward pass, and the largest number of bytes that were alive at once.

Sources: hooks on saved tensors, dispatch modes and the registry of FLOP formulas are PyTorch's
(``torch.autograd.graph``, ``torch.utils._python_dispatch``, ``torch.utils.flop_counter``).
"""

import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

FUSED_ON_CPU = "flash_attention_for_cpu"
"""PyTorch has a formula for this kernel from 2.15 on; without it, counts are the same under every version."""


@dataclass(frozen=True)
class StepCost:
    """What one forward and backward pass needed."""

    products: tuple[int, ...]
    """FLOPs of each matrix product, in the order in which they ran; the fused attention of a CPU is not counted."""
    kept: int
    """Bytes that autograd kept for the backward pass; what ``owned`` holds is not counted."""
    peak: int
    """Most bytes alive at once, beyond ``owned`` and what existed before; what a kernel takes inside is not seen."""

    @property
    def flops(self) -> int:
        """FLOPs of all products."""
        return sum(self.products)

    def large(self, threshold: int) -> int:
        """How many products have at least ``threshold`` FLOPs."""
        return sum(flops >= threshold for flops in self.products)


class Meter(TorchDispatchMode):
    """Inside ``with Meter(owned) as meter:`` every operation of PyTorch is counted.

    Args:
        owned: tensors that exist anyway, such as a model's weights; views of them cost nothing.
    """

    def __init__(self, owned: Iterable[Tensor] = ()):
        super().__init__()
        self.products: list[int] = []
        self.held = self.peak = 0
        self._sizes = {id(storage): 0 for storage in (tensor.untyped_storage() for tensor in owned)}

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        """Run the operation, then write down what it cost."""
        out = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func.overloadpacket)
        if formula and FUSED_ON_CPU not in str(func.overloadpacket):
            self.products.append(int(formula(*args, **(kwargs or {}), out_val=out)))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor):
                self._hold(tensor.untyped_storage())
        return out

    def _hold(self, storage: Any) -> None:
        """Count a storage until it is freed."""
        if id(storage) in self._sizes:
            return
        self._sizes[id(storage)] = storage.nbytes()
        self.held += storage.nbytes()
        self.peak = max(self.peak, self.held)
        weakref.finalize(storage, self._release, id(storage))

    def _release(self, key: int) -> None:
        self.held -= self._sizes.pop(key, 0)


@dataclass(eq=False)
class _Saved:
    """A tensor that autograd holds; it dies with the graph."""

    tensor: Tensor
    __weakref__: Any = field(default=None, init=False, repr=False)


def kept_tensors(run: Callable[[], Any], owned: Iterable[Tensor] = ()) -> list[Tensor]:
    """The tensors that autograd keeps for the backward pass of ``run``, one for each piece of memory.

    Args:
        run: does the forward pass and returns what the backward pass would start from.
        owned: tensors that exist anyway, such as a model's weights; they are left out, and so are views of them.

    Returns:
        Tensors; of several views into the same memory only one.
    """
    alive: weakref.WeakSet = weakref.WeakSet()

    def pack(tensor: Tensor) -> _Saved:
        saved = _Saved(tensor)
        alive.add(saved)
        return saved

    known = {id(storage): storage for storage in (tensor.untyped_storage() for tensor in owned)}
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda saved: saved.tensor):
        result = run()  # noqa: F841, it holds the graph while we look
    found = {}
    for saved in alive:
        storage = saved.tensor.untyped_storage()
        if id(storage) not in known:
            found[id(storage)] = saved.tensor
    return list(found.values())


def storage_bytes(tensors: Iterable[Tensor]) -> int:
    """Bytes of memory behind tensors, shared memory once."""
    return sum({id(storage): storage.nbytes() for storage in [each.untyped_storage() for each in tensors]}.values())


def measure_step(loss: Callable[[], Tensor], owned: Iterable[Tensor] = ()) -> StepCost:
    """Count one forward and one backward pass; the gradients that it leaves behind are part of the peak.

    Args:
        loss: does the forward pass and returns a scalar. It runs twice, and must not depend on earlier gradients.
        owned: tensors that exist anyway, such as a model's weights.
    """
    owned = list(owned)
    kept = storage_bytes(kept_tensors(loss, owned))
    with Meter(owned) as meter:
        loss().backward()
    return StepCost(tuple(meter.products), kept, meter.peak)
