r"""Rotary position embedding: turn queries and keys by an angle that grows with their position.

Source: Su et al. 2021, arXiv 2104.09864, Section 3.2. Pair number i of a head of size E turns by
:math:`\theta_i = p\, b^{-2i/E}` at position p, with base b. The dot product of a query turned by :math:`p\theta` and a
key turned by :math:`q\theta` depends on the two positions only through :math:`p - q`:

.. math:: (R_{p} u) \cdot (R_{q} v) = u^\top R_p^\top R_q v = u^\top R_{q-p} v.

Layout. Number i is paired with number i + E/2 ("half-split", as in the Hugging Face checkpoints of Llama, OLMo and
Gemma). The paper and Meta's own code pair neighbors (2i, 2i + 1). The two differ by a fixed permutation of the rows
of the query and key matrices, so weights made for one are wrong in the other.
"""

import torch
from torch import Tensor

from llmbook.layers.yarn import Yarn, stretch


def rope_angles(positions: Tensor, head_size: int, base: float, yarn: Yarn | None = None) -> tuple[Tensor, Tensor]:
    """Cosine and sine of every rotation angle, always in float32.

    In bfloat16 positions above 256 would merge, so the angle must not be computed in the model's dtype.

    Args:
        positions: Integer positions, ``(..., T)``.
        head_size: E, even.
        base: b, the wavelength of the slowest pair is about ``2 pi b``.
        yarn: how to stretch the frequencies for longer texts, or None; see ``yarn.py``.

    Returns:
        Two float32 tensors ``(..., T, E/2)``; with YaRN both are multiplied by its temperature.

    Raises:
        ValueError: E is odd, so that a number would have no partner.
    """
    if head_size % 2:
        raise ValueError(f"rotary embedding pairs the numbers of a head, so head_size must be even, not {head_size}")
    exponents = torch.arange(0, head_size, 2, dtype=torch.float32, device=positions.device) / head_size
    frequencies = 1.0 / base**exponents  # (E/2,)
    temperature = 1.0
    if yarn is not None:
        frequencies, temperature = stretch(frequencies, base, yarn), yarn.temperature
    angles = positions[..., None].float() * frequencies  # (..., T, E/2)
    return angles.cos() * temperature, angles.sin() * temperature


def apply_rope(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate the pairs ``(x[i], x[i + n/2])`` of the first n numbers of each head; n is E unless cos is shorter.

    Args:
        x: Queries or keys, ``(B, H, T, E)``.
        cos: ``(B or 1, 1, T, n/2)``, in any floating dtype; cast to that of ``x``. Phi-2 rotates 40 % of a head.
        sin: like ``cos``.

    Returns:
        ``(B, H, T, E)`` in the dtype of ``x``.
    """
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    half = cos.shape[-1]
    first, second, kept = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
    return torch.cat((first * cos - second * sin, second * cos + first * sin, kept), dim=-1)
