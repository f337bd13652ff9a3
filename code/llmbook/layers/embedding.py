r"""Token embedding, with or without Gemma's factor.

A lookup of row ``i`` equals the product of the one-hot vector ``e_i`` with the matrix. Gemma multiplies what it looks
up by :math:`\sqrt{D}` (google/gemma_pytorch, ``GemmaForCausalLM.forward``), and it rounds that factor to the dtype of
the activations first: in bfloat16 :math:`\sqrt{3072} = 55.43` becomes 55.5.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def embedding_scale(width: int, dtype: torch.dtype) -> Tensor:
    """``sqrt(D)`` rounded to ``dtype``, a scalar tensor."""
    return torch.tensor(width**0.5, dtype=dtype)


def embed(ids: Tensor, weight: Tensor, *, scaled: bool = False) -> Tensor:
    """Look up a row for each token id.

    Args:
        ids: Integer token ids, ``(B, T)``.
        weight: The embedding matrix, ``(V, D)``.
        scaled: multiply by ``sqrt(D)``, rounded to the dtype of ``weight`` (Gemma).

    Returns:
        ``(B, T, D)`` in the dtype of ``weight``.
    """
    x = F.embedding(ids, weight)
    return x * embedding_scale(weight.shape[1], weight.dtype).to(x.device) if scaled else x


class Embedding(nn.Module):
    """A table of V vectors of width D; ``scaled`` multiplies what it looks up by ``sqrt(D)``."""

    def __init__(self, vocab_size: int, width: int, *, scaled: bool = False):
        super().__init__()
        self.scaled = scaled
        self.weight = nn.Parameter(torch.empty(vocab_size, width))
        nn.init.normal_(self.weight)

    def forward(self, ids: Tensor) -> Tensor:
        """Map ids ``(B, T)`` to vectors ``(B, T, D)``."""
        return embed(ids, self.weight, scaled=self.scaled)

    def extra_repr(self) -> str:
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}, scaled={self.scaled}"
