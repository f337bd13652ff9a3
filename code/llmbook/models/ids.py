"""Token ids that a model can read, and errors that say which it cannot.

An id is a row of the embedding matrix. On the processor PyTorch's lookup tests every id, so nobody has to look before:
:func:`look_up` puts into words what the lookup found. A GPU's lookup may end the program, or give back anything;
there :func:`check_range` looks before. To look is to wait for the GPU, and it would break a graph that is being traced,
so it is done at the entry points and not at each step of a generation.
"""

import torch
from torch import Tensor, nn

CHECKED_BY_LOOKUP = ("cpu", "meta")  # types of devices; on the meta device there is nothing to test


def has_values(tensor: Tensor) -> bool:
    """Whether numbers can be read: not while a graph is traced, not on the meta device, not of a fake tensor."""
    return not torch.compiler.is_compiling() and type(tensor) is Tensor and not tensor.is_meta


def look_up(table: nn.Module, ids: Tensor, size: int, name: str, hint: str) -> Tensor:
    """``table(ids)``, which reads the ids once and no more.

    Args:
        table: from ids ``(B, T)`` to vectors ``(B, T, D)``.
        ids: integers.
        size: V, rows of the table.
        name: what the caller calls the ids.
        hint: where wrong ids may come from.

    Raises:
        ValueError: the lookup found an id outside of 0 to V - 1.
    """
    try:
        return table(ids)
    except IndexError as error:
        outside = _outside(ids, size, name, hint)
        if outside is None:  # something else was looked up
            raise
        raise outside from error


def check_range(ids: Tensor, size: int, name: str, hint: str) -> None:
    """Look at the ids where the lookup does not; arguments as in :func:`look_up`.

    Raises:
        ValueError: an id is outside of 0 to V - 1.
    """
    if ids.device.type in CHECKED_BY_LOOKUP or not has_values(ids):
        return
    outside = _outside(ids, size, name, hint)
    if outside is not None:
        raise outside


def _outside(ids: Tensor, size: int, name: str, hint: str) -> ValueError | None:
    """The error for ids that are no rows of the table, or None if all of them are."""
    if not ids.numel() or 0 <= int(ids.min()) <= int(ids.max()) < size:
        return None
    return ValueError(f"{name} must be from 0 to {size - 1}, but run from {int(ids.min())} to {int(ids.max())}; {hint}")
