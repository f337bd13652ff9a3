r"""LoRA (Hu et al. 2021, arXiv 2106.09685): a frozen matrix, and an update of low rank beside it.

.. math::

    y = W x + b + s\, B A x, \qquad A: R \times \text{in}, \quad B: \text{out} \times R, \quad s = \alpha / R.

:math:`B` starts at zero, so nothing changes at first (Section 4.1 there). :math:`A` starts uniform in
:math:`\pm 1/\sqrt{\text{in}}`, as in the authors' code; what counts is the number of inputs, and a matrix stored the
other way round would start far too large.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmbook.adapters.base import AdapterLayer, new_parameter, scaling
from llmbook.layers.embedding import Embedding, embedding_scale

__all__ = ["LoRAEmbedding", "LoRALinear", "scaling"]


class LoRALinear(AdapterLayer):
    """A linear layer and its low-rank update.

    Args:
        base: the layer, which is frozen.
        generator: draws ``lora_A``; None is torch's global one.
        **settings: fields of :class:`Settings`, such as ``rank=8``.

    Raises:
        ValueError: ``base`` is not a linear layer, or a number is out of its range.
    """

    kind = "lora"

    def __init__(self, base: nn.Linear, *, generator: torch.Generator | None = None, **settings: Any):
        if not isinstance(base, nn.Linear):
            raise ValueError(f"a linear layer is needed, not {type(base).__name__}; an adapter wraps one layer only")
        super().__init__(base, **settings)
        (outputs, inputs), rank = base.weight.shape, self.settings.rank
        bound = 1 / math.sqrt(inputs)
        self.lora_A = new_parameter(base.weight, (rank, inputs), _uniform(bound), generator)
        self.lora_B = new_parameter(base.weight, (outputs, rank), _zeros, generator)

    def delta(self) -> Tensor:
        """The update ``s B A``, ``(out, in)``."""
        return self.scaling * (self.lora_B @ self.lora_A)

    def update(self, x: Tensor) -> Tensor:
        """``s B A x``, ``(..., in)`` to ``(..., out)``, never forming the product ``B A``; s meets only R numbers."""
        return F.linear(self.scaling * down(x, self.lora_A), self.lora_B)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., in)`` to ``(..., out)`` in the dtype of the base layer's output."""
        out = self.base(x)
        if self.merged:
            return out
        return (out + self.update(F.dropout(x, self.settings.dropout, self.training))).to(out.dtype)


class LoRAEmbedding(AdapterLayer):
    r"""A table of vectors and its low-rank update.

    Looking up row ``i`` is a product with a one-hot vector, so the update of a row is :math:`s\, B a_i` with
    :math:`a_i` the column of :math:`A: R \times V`. The roles are swapped: A, which is looked up, starts at zero, and
    B starts from N(0, 1), as in the LoRA authors' code. A factor of the table (Gemma's) multiplies the update too.

    Args:
        base: the table, of this book or of torch; it is frozen.
        generator: draws ``lora_B``; None is torch's global one.
        **settings: fields of :class:`Settings`, without a dropout: an id cannot be dropped in part.

    Raises:
        ValueError: ``base`` is not a table, or renormalizes its rows as it looks them up; a dropout is asked for, or a
            number is out of its range.
    """

    kind = "lora"

    def __init__(self, base: Embedding | nn.Embedding, *, generator: torch.Generator | None = None, **settings: Any):
        if not isinstance(base, (Embedding, nn.Embedding)):
            raise ValueError(f"an embedding is needed, not {type(base).__name__}; an adapter wraps one layer only")
        if getattr(base, "max_norm", None) is not None:
            raise ValueError("an embedding with max_norm changes its weight as it is read; set max_norm to None")
        super().__init__(base, **settings)
        if self.settings.dropout:
            raise ValueError("the adapter of an embedding takes no dropout")
        (vocab_size, width), rank = base.weight.shape, self.settings.rank
        self.lora_A = new_parameter(base.weight, (rank, vocab_size), _zeros, generator)
        self.lora_B = new_parameter(base.weight, (width, rank), torch.Tensor.normal_, generator)

    def delta(self) -> Tensor:
        """The update of the table, ``(V, D)``; a factor of the table comes on top of it."""
        return self.scaling * (self.lora_A.T @ self.lora_B.T)

    def forward(self, ids: Tensor) -> Tensor:
        """Map ids ``(B, T)`` to vectors ``(B, T, D)``."""
        out = self.base(ids)
        if self.merged:
            return out
        rows = F.embedding(ids, self.lora_A.T, padding_idx=getattr(self.base, "padding_idx", None))
        return (out + F.linear(self.scaling * rows, self.lora_B) * self._output_scale()).to(out.dtype)

    def _output_scale(self) -> Tensor | float:
        """The factor of what is looked up: this book's, or that of a scaled table of transformers."""
        weight = self.base.weight
        if getattr(self.base, "scaled", False):
            return embedding_scale(weight.shape[1], weight.dtype).to(weight.device)
        factor = getattr(self.base, "embed_scale", 1.0)
        return factor.to(weight) if isinstance(factor, Tensor) else factor


def down(x: Tensor, lora_A: Tensor) -> Tensor:
    """``A x`` in the dtype of A, ``(..., in)`` to ``(..., R)``.

    A float32 adapter beside a bfloat16 layer sees its input in float32. Autograd would keep that copy for the gradient
    of A, twice the size of the input and one for each adapter; this keeps the input as it came, which neighbors share.
    """
    if x.dtype == lora_A.dtype or torch.is_autocast_enabled(x.device.type):
        return F.linear(x.to(lora_A.dtype), lora_A)
    return _WidenTwice.apply(x, lora_A)


class _WidenTwice(torch.autograd.Function):
    """``x A^T`` that keeps x as it came: its copy in the dtype of A is made again for the gradient of A."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, lora_A: Tensor) -> Tensor:
        return F.linear(x.to(lora_A.dtype), lora_A)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor]:
        x, lora_A = ctx.saved_tensors
        of_x = (gradient @ lora_A).to(x.dtype) if ctx.needs_input_grad[0] else None
        rows = x.reshape(-1, x.shape[-1]).to(lora_A.dtype)
        return of_x, gradient.reshape(-1, gradient.shape[-1]).T @ rows


def _uniform(bound: float):
    """A function that fills a tensor uniformly in +-bound."""
    return lambda values, generator: values.uniform_(-bound, bound, generator=generator)


def _zeros(values: Tensor, generator: torch.Generator | None) -> Tensor:
    """Fill with zeros; nothing is drawn."""
    return values.zero_()
