r"""Quantization: store a weight as the number of a level and a scale that it shares with its neighbors.

A block of weights :math:`w_1 \dots w_n` keeps its largest absolute value :math:`s` and, for each weight, the index of
the level nearest to :math:`w_i / s`:

.. math:: c_i = \arg\min_c |w_i / s - \ell_c|, \qquad \hat w_i = s\,\ell_{c_i}, \qquad s = \max_i |w_i| .

What differs between formats is the list of levels :math:`\ell`. Integers are evenly spaced. NF4 ("NormalFloat") takes
quantiles of the normal distribution, so that a normal weight falls on each level about equally often, and moves one of
them to exactly zero. Double quantization quantizes the scales as well: their mean is subtracted, and they become 8-bit
numbers with a scale of their own for each 256.

Sources: Dettmers et al. 2023 (arXiv 2305.14314, Section 3) for NF4 and double quantization; the sixteen levels are
those of the library bitsandbytes (``functional.create_normal_map``). It stores the scales in an 8-bit format of its
own, where this module takes evenly spaced levels; the number of bits is the same.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

BLOCK = 64
"""Weights that share a scale, in QLoRA."""
SCALE_BLOCK = 256
"""Scales that share a scale, in double quantization."""


def integer_levels(bits: int) -> Tensor:
    """Evenly spaced levels from -1 to 1 with zero among them, one fewer than there are codes.

    Args:
        bits: of a code; 8 gives -127/127 to 127/127.

    Returns:
        Float32 ``(2**bits - 1,)``, ascending.
    """
    highest = 2 ** (bits - 1) - 1
    return torch.arange(-highest, highest + 1) / highest


def normal_levels(bits: int = 4) -> Tensor:
    """The levels of NormalFloat: quantiles of the normal distribution, one of them zero, scaled to end at -1 and 1.

    Half of the levels lie above zero and one fewer below it. On each side they are quantiles at evenly spaced
    probabilities, from 1/2 (the zero) to an outermost one just below 1, whose quantile would be infinite.

    Args:
        bits: of a code; 4 gives NF4.

    Returns:
        Float32 ``(2**bits,)``, ascending.
    """
    half, codes = 2 ** (bits - 1), 2**bits
    outermost = 1 - (1 / (2 * (codes - 1)) + 1 / (2 * codes)) / 2  # 929/960 for 4 bits
    above = torch.special.ndtri(torch.linspace(0.5, outermost, half + 1, dtype=torch.float64))  # zero included
    below = -torch.special.ndtri(torch.linspace(0.5, outermost, half, dtype=torch.float64))[1:]
    return (torch.cat([below.flip(0), above]) / above[-1]).float()


def nearest(values: Tensor, levels: Tensor) -> Tensor:
    """The index of the level nearest to each value, as uint8; at most 256 levels, ascending."""
    middles = (levels[1:] + levels[:-1]) / 2
    return torch.bucketize(values, middles.to(values.device)).to(torch.uint8)


@dataclass(frozen=True)
class Scales:
    """One scale for each block; as they are, or quantized in turn."""

    values: Tensor
    """``(blocks,)``: float32, or uint8 codes."""
    outer: Tensor | None = None
    """Float32, one for each 256 codes; None if ``values`` are the scales."""
    mean: Tensor | None = None
    """Float32 scalar, subtracted before the scales were quantized."""

    def read(self) -> Tensor:
        """The scales in float32, ``(blocks,)``."""
        if self.outer is None:
            return self.values
        levels = integer_levels(8).to(self.values.device)
        return _spread(levels[self.values.int()], self.outer, SCALE_BLOCK) + self.mean


@dataclass(frozen=True)
class Quantized:
    """A tensor as codes and scales. What :func:`quantize` returns; :meth:`read` gives the tensor back."""

    codes: Tensor
    """uint8, flat: two codes a byte if there are at most 16 levels, else one."""
    scales: Scales
    levels: Tensor
    """Float32, ascending."""
    block: int
    shape: tuple[int, ...]

    def read(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """The tensor that the codes stand for, in its shape."""
        codes = unpack(self.codes) if len(self.levels) <= 16 else self.codes
        return _spread(self.levels[codes.int()], self.scales.read(), self.block).view(self.shape).to(dtype)

    def tensors(self) -> list[Tensor]:
        """Everything that has to be stored for this tensor; the levels are the same for all tensors and not counted."""
        scales = self.scales
        return [tensor for tensor in (self.codes, scales.values, scales.outer, scales.mean) if tensor is not None]

    def bits_per_weight(self) -> float:
        """Bits that are stored for each number, scales included."""
        stored = sum(tensor.numel() * tensor.element_size() for tensor in self.tensors())
        return 8 * stored / torch.Size(self.shape).numel()


def quantize(weight: Tensor, levels: Tensor, *, block: int = BLOCK, double: bool = False) -> Quantized:
    """Quantize a tensor, block by block along its last axes.

    Args:
        weight: any shape and floating dtype; its count of numbers must be a multiple of ``block``.
        levels: ascending, from -1 to 1, at most 256; see :func:`integer_levels` and :func:`normal_levels`.
        block: how many neighbors share a scale; the length of a row gives one scale a row.
        double: quantize the scales as well.

    Raises:
        ValueError: the tensor cannot be cut into such blocks, or there are more levels than a byte can name.
    """
    if len(levels) > 256:
        raise ValueError(f"a code is a byte and names one of at most 256 levels, not of {len(levels)}")
    if block < 1 or weight.numel() % block or (len(levels) <= 16 and weight.numel() % 2):
        raise ValueError(f"a tensor of shape {tuple(weight.shape)} cannot be cut into blocks of {block}; "
                         "choose a block that divides its count of numbers")  # fmt: skip
    levels = levels.to(weight.device)
    blocks = weight.detach().float().reshape(-1, block)
    largest = blocks.abs().amax(1)
    scales = quantize_scales(largest) if double else Scales(largest)
    used = scales.read()[:, None]
    codes = nearest(blocks / torch.where(used == 0, 1, used), levels).flatten()  # a block of zeros stays zeros
    return Quantized(pack(codes) if len(levels) <= 16 else codes, scales, levels, block, tuple(weight.shape))


def quantize_scales(scales: Tensor) -> Scales:
    """Double quantization: 8 bits for each scale, and a float32 for each 256 of them.

    Args:
        scales: float32 ``(blocks,)``; all of one sign, which is why the mean is subtracted first.
    """
    mean = scales.mean()
    centered = torch.nn.functional.pad(scales - mean, (0, -len(scales) % SCALE_BLOCK)).view(-1, SCALE_BLOCK)
    outer = centered.abs().amax(1)
    codes = nearest(centered / torch.where(outer == 0, 1, outer)[:, None], integer_levels(8))
    return Scales(codes.flatten()[: len(scales)], outer, mean)


def _spread(values: Tensor, scales: Tensor, block: int) -> Tensor:
    """Multiply each value by the scale of its block; the last block may be shorter."""
    return values * scales.repeat_interleave(block)[: len(values)]


def pack(codes: Tensor) -> Tensor:
    """Two codes below 16 in each byte, the first in the upper half: ``(n,)`` to ``(n/2,)``."""
    return codes[::2] << 4 | codes[1::2]


def unpack(packed: Tensor) -> Tensor:
    """The inverse of :func:`pack`."""
    return torch.stack([packed >> 4, packed & 15], dim=1).flatten()


def stored_bits(bits: int = 4, *, block: int = BLOCK, scale_bits: int = 32, double: bool = False) -> float:
    """Bits for each weight by formula, for a tensor of many blocks.

    ``bits + scale_bits / block``; doubly quantized ``bits + 8 / block + scale_bits / (block * 256)``.

    Args:
        bits: of a code.
        block: weights that share a scale.
        scale_bits: of a scale that is not quantized.
        double: whether the scales are quantized as well.
    """
    if not double:
        return bits + scale_bits / block
    return bits + 8 / block + scale_bits / (block * SCALE_BLOCK)
