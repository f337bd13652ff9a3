r"""The first steps of LoRA on a layer of random numbers, and what a step costs there.

What do the rank, the scale and the width do to the first steps? Many seeds are trained at once, as a batch of
matrices. Inputs and targets are N(0, 1); A is uniform in :math:`\pm 1 / \sqrt{\text{in}}` and B zero, as LoRA starts.
"""

import itertools
import math

import torch
from torch import nn

from llmbook.accounting.meter import Meter, kept_tensors, storage_bytes
from llmbook.adapters import scaling
from llmbook.training.loop import train


def first_steps(
    rank: int, *, rank_stabilized: bool, alpha: float = 16, steps: int = 20, rate: float = 1e-4, width: int = 256,
    tokens: int = 64, seeds: int = 8,
) -> tuple[float, float]:
    """Train the two matrices for a few steps of Adam.

    Args:
        rank: R.
        rank_stabilized: alpha / sqrt(R) in place of alpha / R.
        alpha: numerator of the scale.
        steps: how many.
        rate: learning rate.
        width: inputs, and outputs.
        tokens: N, the same in each step.
        seeds: layers to average over.

    Returns:
        The norm of the loss's gradient for B before the first step, and the root mean square of what the adapter adds
        to the output after the last.
    """
    generator = torch.Generator().manual_seed(0)
    x, target = torch.randn(2, seeds, tokens, width, generator=generator)
    A = nn.Parameter((torch.rand(seeds, rank, width, generator=generator) * 2 - 1) / math.sqrt(width))
    B = nn.Parameter(torch.zeros(seeds, width, rank))
    s, trained = scaling(alpha, rank, rank_stabilized=rank_stabilized), nn.ParameterList([A, B])
    records = train(
        trained, itertools.repeat(target), steps=steps, learning_rate=rate, clip_norm=math.inf,
        optimizer=torch.optim.Adam(trained),
        loss=lambda _, target: (s * (x @ A.mT) @ B.mT - target).square().mean((1, 2)).sum(),
    )  # fmt: skip
    next(records)
    norm = B.grad.square().sum((1, 2)).sqrt().mean().item()
    for _ in records:
        pass
    added = s * (x @ A.mT) @ B.mT
    return norm, added.square().mean((1, 2)).sqrt().mean().item()


@torch.no_grad()
def second_step(width: int, *, rank: int = 8, tokens: int = 64, rate: float = 1e-3) -> tuple[float, float]:
    """How far Adam's second step moves the output through A alone, and through B alone.

    Adam's early steps move every number by the rate, against the sign of its gradient. Here the gradient g of the
    output stays the same for both steps, so B has taken one step when A takes its first.

    Args:
        width: inputs, and outputs.
        rank: R.
        tokens: N.
        rate: learning rate of both matrices.

    Returns:
        The root mean square of the change of the output by the step of A, and by that of B; without the scale s.
    """
    generator = torch.Generator().manual_seed(0)
    x, g = torch.randn(2, tokens, width, generator=generator)
    A = (torch.rand(rank, width, generator=generator) * 2 - 1) / math.sqrt(width)
    B = -rate * (g.T @ (x @ A.T)).sign()
    by_A = x @ (-rate * ((g @ B).T @ x).sign()).T @ B.T
    by_B = (x @ A.T) @ B.T  # the same signs again
    return by_A.square().mean().sqrt().item(), by_B.square().mean().sqrt().item()


def layer_cost(layer: nn.Module, *, inputs: int, tokens: int = 512) -> tuple[int, int, int]:
    """Arithmetic of a layer, forward and backward, and what it keeps for the way back.

    Args:
        layer: maps ``(tokens, inputs)``, float32, to anything; its input needs a gradient, as inside a model.
        inputs: numbers at each token.
        tokens: N.

    Returns:
        Floating-point operations of the matrix products forward, and backward; bytes kept besides the weights.
    """
    x, weights = torch.ones(tokens, inputs, requires_grad=True), list(layer.parameters())  # any numbers will do
    kept = storage_bytes(kept_tensors(lambda: layer(x), weights))
    with Meter(weights) as meter:
        y = layer(x)
        forward = sum(meter.products)
        y.sum().backward()
    return forward, sum(meter.products) - forward, kept
