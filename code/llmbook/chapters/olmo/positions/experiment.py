r"""A tied matrix gets its gradient from both ends. Here the two parts are taken apart.

The matrix :math:`W` is looked up at the input and multiplied with at the output. With a copy for each use,
:math:`L(W, W)` is a function of two arguments, and the chain rule adds their gradients:

.. math:: \frac{dL}{dW} = \frac{\partial L}{\partial W_\text{in}} + \frac{\partial L}{\partial W_\text{out}}.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from llmbook.models import Decoder
from llmbook.training.generators import undrawn


@dataclass(frozen=True)
class TiedGradient:
    """The two parts, each ``(V, D)``."""

    from_input: Tensor
    """Only rows that were looked up are not zero."""
    from_output: Tensor
    """Every row was multiplied, so every row gets something."""

    @property
    def total(self) -> Tensor:
        """What the optimizer of the tied model sees."""
        return self.from_input + self.from_output

    @property
    def cosine(self) -> float:
        """Of the angle between the two parts, taken as two long vectors."""
        return F.cosine_similarity(self.from_input.flatten(), self.from_output.flatten(), dim=0).item()


def tied_gradient(model: Decoder, ids: Tensor) -> TiedGradient:
    """The gradient of the next-token loss with respect to a tied matrix, in its two parts.

    Args:
        model: a tied decoder; it is not changed.
        ids: ``(B, T + 1)``, each row inputs and targets, shifted by one.

    Raises:
        ValueError: the model is not tied.
    """
    if not model.config.tie_embeddings:
        raise ValueError("this model has two matrices already: read their .grad, or tie it first")
    copy = undrawn(Decoder, replace(model.config, tie_embeddings=False)).to(ids.device)
    weights = model.state_dict()
    copy.load_state_dict(weights | {"lm_head.weight": weights["embed_tokens.weight"]})
    with torch.enable_grad():
        loss = F.cross_entropy(copy(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
        parts = torch.autograd.grad(loss, (copy.embed_tokens.weight, copy.lm_head.weight))
    return TiedGradient(*parts)
