r"""The block formats of GGUF files: a row of weights in blocks, each a few bytes with scales of its own.

A block of :math:`n` weights holds their codes :math:`q_i` and a scale :math:`d`, some formats also a smallest value
:math:`m`, in float16. The K formats divide a block once more, and each part has a small multiple of these. What is read
is float32:

.. math:: \hat w_i = d\,(q_i - z) \qquad \text{or} \qquad \hat w_i = d\,q_i + m .

==========  =======  =====  =========================================================================
format      weights  bytes  what the bytes hold, in their order
==========  =======  =====  =========================================================================
Q8_0        32       34     d, 32 signed bytes; z = 0
Q4_0        32       18     d, 16 bytes of two codes; z = 8
Q4_1        32       20     d, m, 16 bytes of two codes
Q5_0        32       22     d, the fifth bits of all codes in 4 bytes, the lower four in 16; z = 16
Q5_1        32       24     d, m, the fifth bits, the lower four
Q4_K        256      144    d, the unit of m, 8 scales and 8 minima of 6 bits each, 128 bytes of two codes
Q6_K        256      210    the lower four bits, the upper two, 16 signed scales in units of d, d; z = 32
==========  =======  =====  =========================================================================

A byte of two codes has the first in its lower half, and the codes in the upper halves follow after those of all lower
ones: in a block of 32 byte 0 holds weights 0 and 16. (``pack`` in ``quantization.py`` puts neighbors into one byte.)

F32, F16 and BF16 are the formats of one weight a block. Source: the layouts of ggml (``ggml-common.h``), and the Python
package ``gguf`` of its authors, whose results these functions give bit for bit. They work in place where they can:
what takes the time is memory.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

ZERO_4, ZERO_5, ZERO_6 = 8, 16, 32
"""z, the code of a weight of zero, in formats without a minimum."""


@dataclass(frozen=True)
class BlockFormat:
    """How a block of weights is stored."""

    name: str
    weights: int
    """In a block."""
    size: int
    """Of a block, in bytes."""
    read: Callable[[Tensor], Tensor]
    """Blocks ``(n, size)`` of bytes to weights ``(n, weights)`` in float32."""

    @property
    def is_quantized(self) -> bool:
        """Whether weights share something; false for plain numbers."""
        return self.weights > 1


@dataclass(frozen=True)
class Blocks:
    """A matrix as the blocks of its rows, with what :class:`llmbook.layers.quantization.Quantized` offers too."""

    codes: Tensor
    """uint8 ``(rows, bytes of a row)``."""
    format: BlockFormat

    @property
    def shape(self) -> tuple[int, int]:
        """Of the matrix."""
        rows, size = self.codes.shape
        return rows, size // self.format.size * self.format.weights

    def read(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """The matrix that the blocks stand for."""
        return dequantize(self.codes, self.format).to(dtype)

    def tensors(self) -> list[Tensor]:
        """Everything that has to be stored for this matrix."""
        return [self.codes]

    def bits_per_weight(self) -> float:
        """Bits that are stored for each number, scales included."""
        return 8 * self.format.size / self.format.weights


def dequantize(codes: Tensor, format: BlockFormat) -> Tensor:
    """Weights of rows of blocks.

    Args:
        codes: uint8 ``(..., bytes of a row)``, whole blocks.
        format: how they are stored.

    Returns:
        Float32 ``(..., weights of a row)``.

    Raises:
        ValueError: a row does not end with a block.
    """
    if codes.shape[-1] % format.size:
        raise ValueError(f"a row of {codes.shape[-1]} bytes does not end with a block of {format.name}, {format.size}")
    blocks = codes.reshape(-1, format.size)
    return format.read(blocks).reshape(*codes.shape[:-1], -1)


def _halves(codes: Tensor) -> Tensor:
    """The float16 numbers in ``(n, 2 k)`` bytes, in float32: ``(n, k)``."""
    return codes.contiguous().view(torch.float16).float()


def _nibbles(codes: Tensor) -> Tensor:
    """The lower halves of all bytes, then the upper ones: ``(..., k)`` to ``(..., 2 k)``."""
    return torch.cat((codes & 15, codes >> 4), dim=-1)


def _bits(codes: Tensor) -> Tensor:
    """Every bit of ``(n, k)`` bytes, the lowest of each first: ``(n, 8 k)``."""
    return (codes[..., None] >> torch.arange(8, dtype=torch.uint8, device=codes.device) & 1).flatten(1)


def _from_zero(codes: Tensor, zero: int) -> Tensor:
    """Codes as signed numbers around their zero, in float32."""
    return codes.float().sub_(zero)


def _q8_0(blocks: Tensor) -> Tensor:
    return blocks[:, 2:].contiguous().view(torch.int8).float().mul_(_halves(blocks[:, :2]))


def _q4_0(blocks: Tensor) -> Tensor:
    return _from_zero(_nibbles(blocks[:, 2:]), ZERO_4).mul_(_halves(blocks[:, :2]))


def _q4_1(blocks: Tensor) -> Tensor:
    scales = _halves(blocks[:, :4])  # d and m
    return _nibbles(blocks[:, 4:]).float().mul_(scales[:, :1]).add_(scales[:, 1:])


def _five_bits(blocks: Tensor) -> Tensor:
    """Codes of five bits: of ``(n, 20)`` bytes the first four hold the highest bits."""
    return _nibbles(blocks[:, 4:]) | _bits(blocks[:, :4]) << 4


def _q5_0(blocks: Tensor) -> Tensor:
    return _from_zero(_five_bits(blocks[:, 2:]), ZERO_5).mul_(_halves(blocks[:, :2]))


def _q5_1(blocks: Tensor) -> Tensor:
    scales = _halves(blocks[:, :4])
    return _five_bits(blocks[:, 4:]).float().mul_(scales[:, :1]).add_(scales[:, 1:])


def _six_bit_scales(packed: Tensor) -> tuple[Tensor, Tensor]:
    """Eight scales and eight minima of six bits from ``(n, 12)`` bytes, ``(n, 8)`` each.

    The first four of each are the lower six bits of a byte. Of the last four, the lower four bits share a byte, and the
    upper two fill what is left of those bytes.
    """
    first, second, shared = packed.split(4, dim=1)
    scales = torch.cat((first & 63, shared & 15 | first >> 2 & 48), dim=1)
    minima = torch.cat((second & 63, shared >> 4 | second >> 2 & 48), dim=1)
    return scales, minima


def _q4_k(blocks: Tensor) -> Tensor:
    units = _halves(blocks[:, :4])
    scales, minima = (part.float() for part in _six_bit_scales(blocks[:, 4:16]))
    codes = _nibbles(blocks[:, 16:].reshape(-1, 4, 32)).reshape(-1, 8, 32).float()
    return codes.mul_((units[:, :1] * scales)[..., None]).sub_((units[:, 1:] * minima)[..., None]).flatten(1)


def _q6_k(blocks: Tensor) -> Tensor:
    lower = _nibbles(blocks[:, :128].reshape(-1, 2, 64))  # (n, 2, 128)
    shifts = torch.arange(0, 8, 2, dtype=torch.uint8, device=blocks.device)[:, None]
    upper = blocks[:, 128:192].reshape(-1, 2, 1, 32) >> shifts & 3  # (n, 2, 4, 32)
    codes = _from_zero(lower.flatten(1) | upper.flatten(1) << 4, ZERO_6).reshape(-1, 16, 16)
    scales = _halves(blocks[:, 208:]) * blocks[:, 192:208].contiguous().view(torch.int8).float()
    return codes.mul_(scales[..., None]).flatten(1)


def _plain(dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
    """What reads plain numbers."""
    return lambda blocks: blocks.contiguous().view(dtype).float()


FORMATS = {
    made.name: made
    for made in (
        BlockFormat("F32", 1, 4, _plain(torch.float32)),
        BlockFormat("F16", 1, 2, _plain(torch.float16)),
        BlockFormat("BF16", 1, 2, _plain(torch.bfloat16)),
        BlockFormat("Q8_0", 32, 34, _q8_0),
        BlockFormat("Q4_0", 32, 18, _q4_0),
        BlockFormat("Q4_1", 32, 20, _q4_1),
        BlockFormat("Q5_0", 32, 22, _q5_0),
        BlockFormat("Q5_1", 32, 24, _q5_1),
        BlockFormat("Q4_K", 256, 144, _q4_k),
        BlockFormat("Q6_K", 256, 210, _q6_k),
    )
}
