r"""Fused gate and up matrices: one matrix of 2F rows where this book keeps two of F.

A gated layer multiplies the same input by two matrices, and many programs stack them to do so in one product. Which
half is the gate is a habit of the program, and nothing in the file says so:

===========  =====================  ==================================================================
order        activation acts on     who
===========  =====================  ==================================================================
``up_gate``  the second half        OLMo's own code (allenai/OLMo, ``olmo/model.py``, class ``SwiGLU``)
``gate_up``  the first half         the habit of programs built around Llama
===========  =====================  ==================================================================

Both halves have one shape, so the wrong order loads without an error.
"""

from typing import Literal, get_args

import torch
from torch import Tensor

Order = Literal["up_gate", "gate_up"]
ORDERS: tuple[str, ...] = get_args(Order)


def split_fused(weight: Tensor, order: Order) -> tuple[Tensor, Tensor]:
    """Take a fused matrix apart.

    Args:
        weight: ``(2F, D)``, outputs first as in ``nn.Linear``; a fused bias ``(2F,)`` works too.
        order: one of ``ORDERS``.

    Returns:
        Gate and up, always in this order, each ``(F, D)``.

    Raises:
        ValueError: ``order`` is another word, or the number of rows is odd.
    """
    _check_order(order)
    if len(weight) % 2:
        raise ValueError(f"a fused matrix has two halves, so an even number of rows, not {len(weight)}")
    first, second = weight.chunk(2)
    return (second, first) if order == "up_gate" else (first, second)


def join_fused(gate: Tensor, up: Tensor, order: Order) -> Tensor:
    """Stack gate and up, each ``(F, D)``, into ``(2F, D)``: the inverse of :func:`split_fused`.

    Raises:
        ValueError: ``order`` is not one of ``ORDERS``, or the two have different shapes.
    """
    _check_order(order)
    if gate.shape != up.shape:
        raise ValueError(f"gate and up must have one shape, not {tuple(gate.shape)} and {tuple(up.shape)}")
    return torch.cat((up, gate) if order == "up_gate" else (gate, up))


def _check_order(order: str) -> None:
    if order not in ORDERS:
        raise ValueError(f"unknown order {order!r}; choose one of {', '.join(ORDERS)}")
