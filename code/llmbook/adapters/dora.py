r"""DoRA (Liu et al. 2024, arXiv 2402.09353): the length of each row is learned apart from its direction.

.. math::

    W' = m \, \frac{W + s B A}{\lVert W + s B A \rVert}, \qquad y = g \odot (W x + s B A x) + b, \quad
    g = \frac{m}{\lVert W + s B A \rVert}.

One magnitude :math:`m_i` per output. torch stores a weight as (out, in), so the norm runs along a row; the paper
stores it the other way round and speaks of columns. :math:`m` starts as the norm of the loaded weight, so nothing
changes at first. The norm is a constant for the gradient (Section 4.3 there), and the bias is not scaled.

With dropout :math:`d` on the adapter's input, the base output :math:`W x` cannot be reused:
:math:`y = W x + b + (g - 1) \odot W d(x) + g \odot s B A d(x)`, a second product with W.

A row of zeros has no direction. Its factor g is taken as 1: it acts as in LoRA until an update gives it a direction.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmbook.adapters.base import at_least_float32, exactly
from llmbook.adapters.lora import LoRALinear
from llmbook.layers.quantized_linear import product

ROWS_AT_ONCE = 4096  # of a weight in low precision, which is widened piece by piece


def row_norm(weight: Tensor, lora_A: Tensor, lora_B: Tensor, scaling: float) -> Tensor:
    """The norm of each row of ``W + s B A``, by forming that matrix.

    Args:
        weight: W, ``(out, in)``.
        lora_A: A, ``(R, in)``.
        lora_B: B, ``(out, R)``.
        scaling: s.

    Returns:
        ``(out,)``, in float32 at least.
    """
    wide = at_least_float32(weight.dtype)
    return torch.linalg.vector_norm(weight.to(wide) + scaling * (lora_B.to(wide) @ lora_A.to(wide)), dim=1)


def squared_row_norms(weight: Tensor) -> Tensor:
    """The squared norm of each row of W, ``(out,)``: it never changes while W is frozen."""
    return torch.linalg.vector_norm(weight, dim=1, dtype=at_least_float32(weight.dtype)).square()


def row_norm_low_rank(
    weight: Tensor, lora_A: Tensor, lora_B: Tensor, scaling: float, squared_norms: Tensor | None = None
) -> Tensor:
    r"""The same norms without any matrix of the size of W.

    .. math::

        \lVert w_i + s b_i A \rVert^2
        = \lVert w_i \rVert^2 + 2 s \langle (W A^\top)_i, b_i \rangle + s^2\, b_i (A A^\top) b_i^\top

    Args:
        weight: W, ``(out, in)``.
        lora_A: A, ``(R, in)``.
        lora_B: B, ``(out, R)``.
        scaling: s.
        squared_norms: what :func:`squared_row_norms` says of W, if it is known already.

    Returns:
        ``(out,)``, in float32 at least. Where ``s B A`` nearly cancels W the difference of large numbers is small,
        and rounding may even make it negative; such a square counts as 0.
    """
    if squared_norms is None:
        squared_norms = squared_row_norms(weight)
    wide = at_least_float32(weight.dtype)
    lora_A, lora_B = lora_A.to(wide), lora_B.to(wide)
    projected = torch.cat([rows.to(wide) @ lora_A.T for rows in weight.split(ROWS_AT_ONCE)])  # (out, R)
    mixed = torch.add(2 * projected, lora_B @ (lora_A @ lora_A.T), alpha=scaling)
    return torch.add(squared_norms, (mixed * lora_B).sum(1), alpha=scaling).clamp(min=0).sqrt()


class Remembered:
    """A value and what it was computed from; it is computed again once that has changed.

    The adapter is small, so a copy of it is kept and compared: fused optimizers change tensors without a trace. The
    frozen weight is large; torch counts its changes in place. A change through its ``.data`` escapes the count, so the
    layer also forgets whenever it goes from training to evaluation or back. A copy of the layer starts empty.
    """

    def __init__(self):
        self.value, self.frozen, self.copies = None, None, ()

    def get(self, weight: Tensor, adapter: tuple[Tensor, ...], compute: Callable[[], Tensor]) -> Tensor:
        """The value for this weight and this adapter."""
        countable = not (weight.is_inference() or weight.is_meta)
        frozen = (weight, weight.data_ptr(), weight._version) if countable else None
        if self.value is None or not (_same_place(frozen, self.frozen) and _same_numbers(adapter, self.copies)):
            self.value, self.frozen = compute(), frozen
            self.copies = tuple(tensor.detach().clone() for tensor in adapter)
        return self.value

    def __reduce__(self):
        return Remembered, ()


class DoRALinear(LoRALinear):
    """A linear layer whose update is split into magnitude and direction.

    Args:
        base: the layer, which is frozen.
        detach_norm: the norm is a constant for the gradient, as in Section 4.3. False lets gradients through it.
        **others: as for :class:`LoRALinear`.

    Raises:
        ValueError: as for :class:`LoRALinear`.
    """

    kind = "dora"

    def __init__(self, base: nn.Linear, *, detach_norm: bool = True, **others: Any):
        super().__init__(base, **others)
        self.detach_norm = detach_norm
        self.forget()
        with exactly(self.lora_A):  # also in inference mode this makes a parameter that can be trained
            self.magnitude = nn.Parameter(torch.empty_like(self.norm()))
            self.reset_magnitude_()

    def norm(self) -> Tensor:
        """The norm of each row of ``W + s B A``, ``(out,)`` in float32; remembered while evaluating."""
        if not self.detach_norm:
            return row_norm(self.frozen_weight, self.lora_A, self.lora_B, self.scaling)
        with exactly(self.lora_A):
            if self.training:
                return self._compute_norm()
            return self._norm.get(self.frozen_source, (self.lora_A, self.lora_B), self._compute_norm)

    def _compute_norm(self) -> Tensor:
        """The norm as a constant."""
        weight = self.frozen_weight
        squared = self._squared_norms.get(self.frozen_source, (), lambda: squared_row_norms(weight))
        return row_norm_low_rank(weight, self.lora_A, self.lora_B, self.scaling, squared)

    def factor(self) -> Tensor:
        """g, what each output of ``W + s B A`` is multiplied by: ``(out,)``, and 1 for a row of zeros."""
        norm = self.norm()
        is_zero = norm == 0
        return torch.where(is_zero, 1.0, self.magnitude / norm.masked_fill(is_zero, 1.0))

    def direction(self) -> Tensor:
        """The rows of ``W + s B A`` at length one, ``(out, in)``; a row of zeros stays one."""
        norm = self.norm()
        return super().wide_merged_weight() / norm.masked_fill(norm == 0, 1.0)[:, None]

    def wide_merged_weight(self) -> Tensor:
        """W', in float32 at least."""
        return self.factor()[:, None] * super().wide_merged_weight()

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., in)`` to ``(..., out)`` in the dtype of the base layer's output."""
        if self.merged:
            return self.base(x)
        return self._with_dropout(x) if self.settings.dropout and self.training else self._without_dropout(x)

    def _without_dropout(self, x: Tensor) -> Tensor:
        """One product with W."""
        out = product(self.base, x)
        scaled = self.factor() * (out + self.update(x))
        return (scaled if self.base.bias is None else scaled + self.base.bias).to(out.dtype)

    def _with_dropout(self, x: Tensor) -> Tensor:
        """Two products with W, because the base output must not see the dropout and the adapter must."""
        out, dropped, factor = self.base(x), F.dropout(x, self.settings.dropout), self.factor()
        change = (factor - 1) * product(self.base, dropped)
        return (out + change + factor * self.update(dropped)).to(out.dtype)

    def reset_magnitude_(self) -> None:
        """Set the magnitude to the norm of ``W + s B A``: needed if somebody changes W after the layer was made."""
        with torch.no_grad():
            self.magnitude.copy_(self.norm())

    def forget(self) -> None:
        """Drop what is remembered about the weights."""
        self._norm, self._squared_norms = Remembered(), Remembered()

    def train(self, mode: bool = True) -> "DoRALinear":
        """Switch between training and evaluation."""
        self.forget()
        return super().train(mode)


def _same_place(now: tuple[Tensor, int, int] | None, before: tuple[Tensor, int, int] | None) -> bool:
    """Whether a tensor is the same object at the same address, and was not written to."""
    return now is not None and before is not None and now[0] is before[0] and now[1:] == before[1:]


def _same_numbers(now: tuple[Tensor, ...], before: tuple[Tensor, ...]) -> bool:
    """Whether tensors are equal to their copies."""
    pairs = zip(now, before, strict=True)
    return all(a.dtype == b.dtype and a.device == b.device and torch.equal(a, b) for a, b in pairs)
