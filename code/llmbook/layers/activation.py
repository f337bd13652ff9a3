r"""Activation functions and their derivatives.

- ``relu``: :math:`\max(0, x)`.
- ``gelu``: :math:`x\,\Phi(x)` with the normal distribution function (Hendrycks and Gimpel 2016, arXiv 1606.08415).
- ``gelu_tanh``: :math:`\tfrac{x}{2}(1 + \tanh(\sqrt{2/\pi}(x + 0.044715\,x^3)))`, that paper's approximation (Gemma).
- ``silu``: :math:`x\,\sigma(x)` (the same paper; Elfwing et al. 2018, arXiv 1702.03118; Llama, OLMo).
- ``sigmoid``: :math:`1 / (1 + e^{-x})`, the gate of the first GLU (Dauphin et al. 2017, arXiv 1612.08083).
- ``identity``: :math:`x`, the bilinear layer of Shazeer 2020 (arXiv 2002.05202).

The functions call torch's kernels; tests hold them to the formulas. The derivatives are written out, because the
chapter plots them, and tests hold them to autograd.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

TANH_SCALE = math.sqrt(2.0 / math.pi)  # makes the slope at zero equal to that of the exact function
TANH_CUBIC = 0.044715  # fitted by Hendrycks and Gimpel


def gelu(x: Tensor) -> Tensor:
    """GELU with the exact normal distribution function: ``x * Phi(x)``."""
    return F.gelu(x, approximate="none")


def gelu_tanh(x: Tensor) -> Tensor:
    """GELU by its tanh approximation, the one Gemma was trained with; at most 4.8e-4 away from the exact one."""
    return F.gelu(x, approximate="tanh")


def identity(x: Tensor) -> Tensor:
    """No activation at all."""
    return x


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "silu": F.silu,
    "sigmoid": torch.sigmoid,
    "identity": identity,
}


def activation(name: str) -> Callable[[Tensor], Tensor]:
    """Look up an activation by name.

    Raises:
        ValueError: no activation has that name.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"unknown activation {name!r}; choose one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


def relu_derivative(x: Tensor) -> Tensor:
    """1 where ``x > 0``, else 0; at 0 it is 0, as in autograd."""
    return (x > 0).to(x.dtype)


def gelu_derivative(x: Tensor) -> Tensor:
    """``Phi(x) + x * phi(x)`` with the normal density ``phi``."""
    cumulative = 0.5 * (1.0 + torch.erf(x / math.sqrt(2.0)))
    density = torch.exp(-0.5 * x.square()) / math.sqrt(2.0 * math.pi)
    return cumulative + x * density


def gelu_tanh_derivative(x: Tensor) -> Tensor:
    """Product rule on ``x/2 * (1 + tanh(u(x)))``."""
    tanh = torch.tanh(TANH_SCALE * (x + TANH_CUBIC * x**3))
    inner_slope = TANH_SCALE * (1.0 + 3.0 * TANH_CUBIC * x.square())
    return 0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh.square()) * inner_slope


def silu_derivative(x: Tensor) -> Tensor:
    """``sigma(x) * (1 + x * (1 - sigma(x)))``."""
    gate = torch.sigmoid(x)
    return gate * (1.0 + x * (1.0 - gate))


def sigmoid_derivative(x: Tensor) -> Tensor:
    """``sigma(x) * (1 - sigma(x))``."""
    gate = torch.sigmoid(x)
    return gate * (1.0 - gate)


DERIVATIVES: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": relu_derivative,
    "gelu": gelu_derivative,
    "gelu_tanh": gelu_tanh_derivative,
    "silu": silu_derivative,
    "sigmoid": sigmoid_derivative,
    "identity": torch.ones_like,
}
