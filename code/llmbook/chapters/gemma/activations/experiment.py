"""Units that die: a small feed-forward network, a step that is too large, and the share of units that no longer learn.

A unit is counted as dead when the slope of its activation stays below ``SLOPE`` for every input of the data. What a
seed decides, the start and the batches, is shared by all activations, so that they are compared seed by seed.
"""

import torch
from torch import Tensor

from llmbook.layers import DERIVATIVES, FeedForward
from llmbook.training.generators import undrawn
from llmbook.training.loop import train

INPUTS, WIDTH, HIDDEN, BATCH = 512, 8, 64, 64
SLOPE = 0.01


def made_up_data() -> tuple[Tensor, Tensor]:
    """Eight numbers ``(512, 8)`` and a function of two of them ``(512, 1)``."""
    inputs = torch.randn(INPUTS, WIDTH, generator=torch.Generator().manual_seed(0))
    return inputs, torch.sin(2 * inputs[:, :1]) * inputs[:, 1:2]


def small_network(activation: str, generator: torch.Generator) -> FeedForward:
    """A plain layer with biases of zero and matrices from N(0, 1/fan-in)."""
    model = undrawn(FeedForward, WIDTH, HIDDEN, activation, bias=True)
    with torch.no_grad():
        for tensor in model.parameters():
            spread = tensor.shape[-1] ** -0.5 if tensor.ndim > 1 else 0.0
            tensor.normal_(0, spread, generator=generator)
    return model


def dead_share(activation: str, seed: int, learning_rate: float, *, steps: int = 60) -> float:
    """Train one network, and give the share of its units that are dead afterwards."""
    inputs, targets = made_up_data()
    generator = torch.Generator().manual_seed(seed)
    model = small_network(activation, generator)

    def squared_error(model: FeedForward, rows: Tensor) -> Tensor:
        return (model(inputs[rows])[:, :1] - targets[rows]).square().mean()

    batches = (torch.randint(INPUTS, (BATCH,), generator=generator) for _ in range(steps))
    for _ in train(model, batches, steps=steps, learning_rate=learning_rate, loss=squared_error):
        pass
    slopes = DERIVATIVES[activation](model.up_proj(inputs))  # (512, F)
    return (slopes.abs().amax(dim=0) < SLOPE).float().mean().item()
