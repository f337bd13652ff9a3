r"""DoRA, LoRA and seven deliberate mistakes in one layer, and a small network that each of them tunes.

.. math::

    y = W x + (g \odot V - W)\, d(x) + \text{bias}, \qquad V = W + s B A, \quad g = m / \lVert V \rVert,

with :math:`d` the dropout on the adapter's input (Liu et al. 2024, arXiv 2402.09353). A mistake changes one thing:

- "norm over dim 0": one magnitude for each input;
- "m starts at 1": not at the norms of W;
- "alpha without / R": s = alpha;
- "norm of W": of the frozen weight, not of V;
- "norm in the graph": gradients pass through the norm (the paper describes this version too);
- "bias scaled": the bias is multiplied by g;
- "Wx reused": the frozen output stands in for W d(x).

One more kind is no mistake, "another order": g multiplies the output, so that only the rounding is different. What it
changes is the null that a mistake is held against.

Several seeds run at once: weights are ``(S, out, in)`` and inputs ``(S, N, in)`` for S seeds. AdamW works number by
number and the loss is a sum over seeds, so that the runs do not touch one another.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from llmbook.training.loop import train

MISTAKES = ("norm over dim 0", "m starts at 1", "alpha without / R", "norm of W", "norm in the graph", "bias scaled",
            "Wx reused")  # fmt: skip
REORDERED = "another order"
KINDS = ("DoRA", "LoRA", REORDERED, *MISTAKES)
SHIFTS = ("dense", "rank 2", "rows rescaled")
SIZES = (12, 32, 6)
SAMPLES = 192


class Variant(nn.Module):
    """A linear layer with an adapter, for several seeds at once.

    Args:
        weight: W, ``(S, out, in)``, frozen.
        bias: ``(S, 1, out)``, frozen.
        kind: one of :data:`KINDS`.
        generator: draws A.
        rank: R.
        alpha: s is alpha / R.
        dropout: whether there is any; the masks come with the input.

    Raises:
        ValueError: the kind is unknown.
    """

    def __init__(self, weight: Tensor, bias: Tensor, kind: str, generator: torch.Generator, *, rank: int = 2,
                 alpha: float = 8.0, dropout: float = 0.0):
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}; choose one of {', '.join(KINDS)}")
        seeds, outputs, inputs = weight.shape
        self.W, self.bias, self.kind, self.dropout = weight, bias, kind, dropout
        uniform = 2 * torch.rand(seeds, rank, inputs, generator=generator) - 1
        self.A = nn.Parameter(uniform / inputs**0.5)
        self.B = nn.Parameter(torch.zeros(seeds, outputs, rank))
        start = weight.norm(dim=1 if kind == "norm over dim 0" else 2, keepdim=True)
        self.m = nn.Parameter(torch.ones_like(start) if kind == "m starts at 1" else start)
        self.scaling = alpha if kind == "alpha without / R" else alpha / rank

    def factor(self, V: Tensor) -> Tensor:
        """g, which multiplies V: ``(S, out, 1)``; over dim 0 ``(S, 1, in)``."""
        if self.kind == "LoRA":
            return torch.ones_like(V[:, :, :1])
        if self.kind == "norm over dim 0":
            return self.m / V.norm(dim=1, keepdim=True).detach()
        norm = (self.W if self.kind == "norm of W" else V).norm(dim=2, keepdim=True)
        return self.m / (norm if self.kind == "norm in the graph" else norm.detach())

    def forward(self, x: Tensor, mask: Tensor | float = 1.0) -> Tensor:
        """Map ``(S, N, in)`` to ``(S, N, out)``; the adapter sees ``mask * x``."""
        V = self.W + self.scaling * self.B @ self.A
        g = self.factor(V)
        bias = g.mT * self.bias if self.kind == "bias scaled" else self.bias
        if self.kind == REORDERED and not self.dropout:
            return g.mT * (x @ V.mT) + bias
        if not self.dropout:
            return x @ (g * V).mT + bias
        if self.kind == "Wx reused":
            return g.mT * (x @ self.W.mT) + (mask * x) @ (g * (V - self.W)).mT + bias
        return x @ self.W.mT + (mask * x) @ (g * V - self.W).mT + bias


@dataclass(frozen=True)
class Task:
    """What the network starts from, and what it has to learn."""

    base: list[tuple[Tensor, Tensor]]
    """Weight ``(S, out, in)`` and bias ``(S, 1, out)`` of each layer."""
    x: Tensor
    """Inputs to learn from and fresh ones, ``(2, S, N, in)``."""
    y: Tensor
    """Their targets, ``(2, S, N, out)``."""


def shifted(weight: Tensor, shift: str, generator: torch.Generator) -> Tensor:
    """The weight that a task asks for: another one near by.

    Args:
        weight: ``(S, out, in)``.
        shift: "dense" adds a random matrix, "rank 2" one of rank 2 and the same size, "rows rescaled" multiplies each
            row by a factor around 1.
        generator: draws the change.
    """
    seeds, outputs, inputs = weight.shape

    def draw(*shape: int) -> Tensor:
        return 0.4 * torch.randn(seeds, *shape, generator=generator)

    if shift == "rows rescaled":
        return weight * (1 + draw(outputs, 1))
    if shift == "rank 2":
        return weight + draw(outputs, 2) @ draw(2, inputs) / (0.4 * (2 * inputs) ** 0.5)
    return weight + draw(outputs, inputs) / inputs**0.5


def run_two(layers: list[Callable], x: Tensor, masks: tuple[Tensor | float, ...] = (1.0, 1.0)) -> Tensor:
    """Two layers with tanh between them."""
    return layers[1](torch.tanh(layers[0](x, masks[0])), masks[1])


def make_task(shift: str, seeds: int, generator: torch.Generator) -> Task:
    """A network with rows of different lengths, and the outputs of a shifted one."""
    base, goal = [], []
    for inputs, outputs in pairwise(SIZES):
        loud = 1 + torch.rand(seeds, outputs, 1, generator=generator)
        weight = loud * torch.randn(seeds, outputs, inputs, generator=generator) / inputs**0.5
        base.append((weight, 0.5 * torch.randn(seeds, 1, outputs, generator=generator)))
        goal.append((shifted(weight, shift, generator), base[-1][1]))
    x = torch.randn(2, seeds, SAMPLES, SIZES[0], generator=generator)
    layers = [lambda x, _, weight=weight, bias=bias: x @ weight.mT + bias for weight, bias in goal]
    return Task(base, x, run_two(layers, x))


def tune(kind: str, *, shift: str = "dense", rate: float = 0.01, steps: int = 150, dropout: float = 0.0,
         rank: int = 2, seeds: int = 12) -> tuple[list[Tensor], np.ndarray]:
    """Tune the network with AdamW; the same starts, data and dropout masks for every kind.

    Args:
        kind: one of :data:`KINDS`.
        shift: one of :data:`SHIFTS`.
        rate: learning rate.
        steps: how many.
        dropout: on the adapters' inputs, while training.
        rank: R; alpha is 4 R.
        seeds: S.

    Returns:
        The outputs for fresh inputs, ``(S, N, out)``, at the start, after one step and at the end; and the mean
        squared error there at the end, one for each seed.
    """
    generator = torch.Generator().manual_seed(0)
    task = make_task(shift, seeds, generator)
    options = {"rank": rank, "alpha": 4 * rank, "dropout": dropout}
    layers = nn.ModuleList(Variant(*each, kind, generator, **options) for each in task.base)
    records = train(
        layers, (draw_masks(dropout, seeds, generator) for _ in range(steps)), steps=steps, learning_rate=rate,
        clip_norm=math.inf, optimizer=torch.optim.AdamW(layers.parameters(), weight_decay=0, fused=True),
        loss=lambda layers, masks: (run_two(layers, task.x[0], masks) - task.y[0]).square().mean((1, 2)).sum(),
    )  # fmt: skip
    seen = []
    for step in range(steps + 1):
        if step in (0, 1, steps):
            with torch.no_grad():
                seen.append(run_two(layers, task.x[1]))
        if step < steps:
            next(records)
    return seen, (seen[-1] - task.y[1]).square().mean((1, 2)).numpy()


def draw_masks(dropout: float, seeds: int, generator: torch.Generator) -> tuple[Tensor | float, ...]:
    """What the inputs of the two adapters are multiplied by."""
    if not dropout:
        return 1.0, 1.0
    drawn = (torch.rand(seeds, SAMPLES, width, generator=generator) for width in SIZES[:2])
    return tuple((each >= dropout) / (1 - dropout) for each in drawn)


def trained_numbers(kind: str, rank: int) -> int:
    """How many numbers an adapter of the whole network trains: A and B, and DoRA's magnitudes."""
    return sum(rank * (inputs + outputs) + outputs * (kind == "DoRA")
               for inputs, outputs in pairwise(SIZES))


def distances(seen: list[Tensor], reference: list[Tensor]) -> list[np.ndarray]:
    """How far a run is from the reference at each moment of :func:`tune`, one number for each seed.

    At the start as a share of the size of the outputs; later of the way that the reference has moved.
    """
    moved = [reference[0], *(later - reference[0] for later in reference[1:])]
    return [(length(ours - theirs) / length(unit)).numpy()
            for ours, theirs, unit in zip(seen, reference, moved, strict=True)]


def length(outputs: Tensor) -> Tensor:
    """Euclidean norm of each seed's outputs, ``(S,)``."""
    return outputs.flatten(1).norm(dim=1)
