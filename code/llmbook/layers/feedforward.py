r"""Feed-forward layers: the part of a block that works on each position alone.

Plain (Vaswani et al. 2017, Eq. 2): :math:`W_\text{down}\, a(W_\text{up} x)`, two matrices.

Gated (Shazeer 2020, arXiv 2002.05202, Eq. 6): :math:`W_\text{down}\,(a(W_\text{gate} x) \odot W_\text{up} x)`, three
matrices. With the activation GELU it is called GeGLU (Gemma), with SiLU it is SwiGLU (Llama, OLMo), with the sigmoid
it is the plain GLU. Only the gate goes through the activation.

Sparse mixture (Jiang et al. 2024, arXiv 2401.04088, Section 2.1; Mixtral): several gated layers, the experts. A router
scores them for each position; only the best few run, weighted by the softmax of their scores.
"""

import torch
from torch import Tensor, nn

from llmbook.layers.activation import activation


class FeedForward(nn.Module):
    """Plain feed-forward layer, D to F to D.

    Args:
        width: D.
        hidden: F, the width inside.
        activation_name: a key of ``ACTIVATIONS``.
        bias: whether both linear maps have a bias.
    """

    def __init__(self, width: int, hidden: int, activation_name: str, bias: bool = False):
        super().__init__()
        self.activation = activation(activation_name)
        self.up_proj = nn.Linear(width, hidden, bias=bias)
        self.down_proj = nn.Linear(hidden, width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., D)`` to ``(..., D)``."""
        return self.down_proj(self.activation(self.up_proj(x)))


class GatedFeedForward(nn.Module):
    """Gated feed-forward layer, D to F to D: GeGLU, SwiGLU or GLU, by its activation.

    Args:
        width: D.
        hidden: F, the width of one half. The Gemma report prints 2F, counting both (its Table 1).
        activation_name: a key of ``ACTIVATIONS``; it acts on the gate only.
        bias: whether the three linear maps have a bias.
    """

    def __init__(self, width: int, hidden: int, activation_name: str, bias: bool = False):
        super().__init__()
        self.activation = activation(activation_name)
        self.gate_proj = nn.Linear(width, hidden, bias=bias)
        self.up_proj = nn.Linear(width, hidden, bias=bias)
        self.down_proj = nn.Linear(hidden, width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., D)`` to ``(..., D)``."""
        return self.down_proj(self.activation(self.gate_proj(x)) * self.up_proj(x))


class SparseMixture(nn.Module):
    """Sparse mixture of gated feed-forward layers, D to F to D.

    Args:
        width: D.
        hidden: F of one expert.
        activation_name: a key of ``ACTIVATIONS``.
        experts: how many there are.
        experts_per_token: how many run for each position.
    """

    def __init__(self, width: int, hidden: int, activation_name: str, experts: int, experts_per_token: int):
        super().__init__()
        self.experts_per_token = experts_per_token
        self.router = nn.Linear(width, experts, bias=False)
        self.experts = nn.ModuleList(GatedFeedForward(width, hidden, activation_name) for _ in range(experts))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., D)`` to ``(..., D)``."""
        flat = x.flatten(0, -2)  # (positions, D)
        weights, chosen = self.route(flat)
        out = torch.zeros_like(flat)
        for index, expert in enumerate(self.experts):
            rows, slots = (chosen == index).nonzero(as_tuple=True)
            out.index_add_(0, rows, (expert(flat[rows]) * weights[rows, slots, None]).to(out.dtype))
        return out.view_as(x)

    def route(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Weights and indices of the chosen experts, each ``(positions, experts_per_token)``.

        The softmax over the chosen scores equals the softmax over all of them, divided by the sum of the chosen.
        It is taken in float32.
        """
        scores, chosen = self.router(x).float().topk(self.experts_per_token, dim=-1)
        return scores.softmax(-1), chosen


def matched_width(hidden: int) -> int:
    """The F at which three matrices hold as many numbers as a plain layer's two: ``2/3 * hidden``, rounded.

    Source: Shazeer 2020, Section 2 (the factor 2/3). For the usual ``hidden = 4 D`` it gives ``8/3 D``.
    """
    return round(2 * hidden / 3)
