r"""Feed-forward layers: the part of a block that works on each position alone.

Plain (Vaswani et al. 2017, Eq. 2): :math:`W_\text{down}\, a(W_\text{up} x)`, two matrices.

Gated (Shazeer 2020, arXiv 2002.05202, Eq. 6): :math:`W_\text{down}\,(a(W_\text{gate} x) \odot W_\text{up} x)`, three
matrices. With the activation GELU it is called GeGLU (Gemma), with SiLU it is SwiGLU (Llama, OLMo), with the sigmoid
it is the plain GLU. Only the gate goes through the activation.
"""

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
        hidden: F, the width of one branch. The Gemma report prints 2F, counting both (its Table 1).
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


def matched_width(hidden: int) -> int:
    """The F at which three matrices hold as many numbers as a plain layer's two: ``2/3 * hidden``, rounded.

    Source: Shazeer 2020, Section 2 (the factor 2/3). For the usual ``hidden = 4 D`` it gives ``8/3 D``.
    """
    return round(2 * hidden / 3)
