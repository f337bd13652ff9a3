r"""Normalization: keep the size of each position's vector in a fixed range.

LayerNorm (Ba et al. 2016, arXiv 1607.06450, Eq. 4) subtracts the mean and divides by the standard deviation,

.. math:: y = \frac{x - \bar{x}}{\sqrt{\operatorname{var}(x) + \epsilon}} \cdot w + b,

RMSNorm (Zhang and Sennrich 2019, arXiv 1910.07467, Eq. 4) only divides by the root mean square,

.. math:: y = \frac{x}{\sqrt{\overline{x^2} + \epsilon}} \cdot w.

Four kinds appear in this book. ``layer``: LayerNorm with gain and bias (GPT-2). ``layer_free``: LayerNorm without
parameters (OLMo 1). ``rms``: RMSNorm with gain ``w`` starting at 1 (Llama). ``rms_unit``: RMSNorm with gain ``1 + w``
and ``w`` starting at 0 (Gemma). All compute in float32 and return the dtype of their input.

``eps`` is always a required argument: it differs between families (1e-5 and 1e-6), and a default would hide that.
"""

import torch
from torch import Tensor, nn

NORMS = ("layer", "layer_free", "rms", "rms_unit")


def layer_norm(x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None, *, eps: float) -> Tensor:
    """Subtract the mean of the last axis, divide by its standard deviation, then scale and shift.

    Args:
        x: Activations, ``(..., D)``, any floating dtype.
        weight: Gain, ``(D,)``, or None for a gain of one.
        bias: Shift, ``(D,)``, or None.
        eps: Added to the (biased) variance under the root.

    Returns:
        ``(..., D)`` in the dtype of ``x``; the arithmetic is done in float32.
    """
    wide = x.float()
    centered = wide - wide.mean(-1, keepdim=True)
    out = centered * torch.rsqrt(centered.square().mean(-1, keepdim=True) + eps)
    if weight is not None:
        out = out * weight.float()
    if bias is not None:
        out = out + bias.float()
    return out.to(x.dtype)


def rms_norm(x: Tensor, weight: Tensor | None = None, *, eps: float, unit_offset: bool = False) -> Tensor:
    """Divide the last axis by its root mean square, then scale.

    The two families multiply at different moments, and in bfloat16 the results differ. Llama casts first and then
    multiplies by ``w``. Gemma multiplies by ``1 + w`` in float32 and casts last: in bfloat16, ``1 + 0.003`` is 1.

    Args:
        x: Activations, ``(..., D)``, any floating dtype.
        weight: ``(D,)``, or None for a gain of one.
        eps: Added to the mean square under the root.
        unit_offset: True for the gain ``1 + weight`` (Gemma), False for ``weight`` (Llama).

    Returns:
        ``(..., D)`` in the dtype of ``x``.
    """
    wide = x.float()
    out = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + eps)
    if weight is None:
        return out.to(x.dtype)
    if unit_offset:
        return (out * (1.0 + weight.float())).to(x.dtype)
    return weight * out.to(x.dtype)


class LayerNorm(nn.Module):
    """LayerNorm over the last axis of width D; ``affine=False`` has no parameters (OLMo, Section 2.1)."""

    def __init__(self, width: int, *, eps: float, affine: bool = True):
        super().__init__()
        self.width, self.eps = width, eps
        self.weight = nn.Parameter(torch.ones(width)) if affine else None
        self.bias = nn.Parameter(torch.zeros(width)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        """Normalize ``(..., D)``."""
        check_width(x, self.width, self)
        return layer_norm(x, self.weight, self.bias, eps=self.eps)

    def extra_repr(self) -> str:
        return f"{self.width}, eps={self.eps}, affine={self.weight is not None}"


class RMSNorm(nn.Module):
    """RMSNorm over the last axis of width D. A fresh one has gain 1: ``w`` starts at 1, or at 0 with the offset."""

    def __init__(self, width: int, *, eps: float, unit_offset: bool = False):
        super().__init__()
        self.eps, self.unit_offset = eps, unit_offset
        self.weight = nn.Parameter(torch.zeros(width) if unit_offset else torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalize ``(..., D)``."""
        check_width(x, len(self.weight), self)
        return rms_norm(x, self.weight, eps=self.eps, unit_offset=self.unit_offset)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, eps={self.eps}, unit_offset={self.unit_offset}"


def build_norm(kind: str, width: int, eps: float) -> nn.Module:
    """Make the norm named by ``DecoderConfig.norm``.

    Raises:
        ValueError: ``kind`` is not one of ``NORMS``.
    """
    if kind not in NORMS:
        raise ValueError(f"unknown norm {kind!r}; choose one of {', '.join(NORMS)}")
    if kind.startswith("rms"):
        return RMSNorm(width, eps=eps, unit_offset=kind == "rms_unit")
    return LayerNorm(width, eps=eps, affine=kind == "layer")


def check_width(x: Tensor, width: int, layer: nn.Module) -> None:
    """Raise a ValueError that names the layer if the last axis of ``x`` is not ``width`` long.

    Without it a gain of shape (D,) would silently stretch an input whose last axis is 1.
    """
    if x.shape[-1] != width:
        raise ValueError(
            f"{type(layer).__name__} of width {width} got shape {tuple(x.shape)}; the last axis must be {width}"
        )
