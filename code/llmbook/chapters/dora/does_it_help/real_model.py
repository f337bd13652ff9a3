"""Fine-tuning of a published model, SmolLM2-135M-Instruct, in three ways that take their steps by turns.

What is kept of a run is how far each matrix has moved, and how far the lengths and the directions of its rows, beside
the same updates in random directions; the definitions are those of ``experiment.py``. By turns means that each way
takes its first step, then each its second: what else a machine does hits all of them.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

import numpy as np
import torch
from torch import Tensor

from llmbook.adapters import adapter_layers, inject
from llmbook.chapters.dora.does_it_help.experiment import (
    coupling_beside,
    direction_change,
    magnitude_change,
    random_changes,
    random_correlations,
)
from llmbook.chapters.dora.does_it_help.short_queries import Example, answer_loss
from llmbook.experiments.fine_tuning import TARGETS, build_optimizer, find_method
from llmbook.models.decoder import Decoder
from llmbook.training.loop import Record, train
from llmbook.training.schedule import Schedule

METHODS = ("full", "lora", "dora")
RATES = {"full": 1e-4, "lora": 1e-3, "dora": 1e-3}
"""Chosen before the first run and not changed after it: adapters at ten times the rate of all weights."""
RANK, ALPHA, STEPS, EVERY, DRAWS = 8, 16, 24, 6, 200
PAPER = ("q_proj", "v_proj")
"""The matrices of the paper's figure; these are measured at every checkpoint, the others at the end."""


@dataclass
class Run:
    """One way to fine-tune, on its way."""

    method: str
    model: Decoder
    records: Iterator[Record] = field(repr=False)
    losses: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """Of the processor, for each step."""

    def advance(self) -> None:
        """Take one step."""
        started = time.process_time()
        self.losses.append(next(self.records).loss)
        self.seconds.append(time.process_time() - started)


def begin(method: str, model: Decoder, examples: Sequence[Example], *, seed: int, steps: int = STEPS) -> Run:
    """A run that has taken no step.

    Args:
        method: of ``METHODS``; "full" trains every weight of the model.
        model: a fresh copy, which is changed.
        examples: one for each step, in an order that the seed decides, and again from the start.
        seed: of the order and of the start of the adapters.
        steps: how many there will be.
    """
    kind = find_method(method)
    if kind.adapter is not None:
        start = torch.Generator().manual_seed(2 * seed)
        inject(model, list(TARGETS), kind=kind.adapter, rank=RANK, alpha=ALPHA, generator=start)
    rate, order = RATES[method], torch.Generator().manual_seed(2 * seed + 1)
    places = torch.randperm(len(examples), generator=order).tolist()
    batches = chain.from_iterable(repeat([examples[place] for place in places]))
    records = train(model, batches, steps=steps, learning_rate=Schedule(rate, steps, steps // 10), loss=answer_loss,
                    optimizer=build_optimizer(model, kind, rate))  # fmt: skip
    return Run(method, model, records)


def moved_weights(model: Decoder, base: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Name, weight now and weight at first of each matrix of ``base``, one at a time: all of them are many bytes."""
    adapted, modules = adapter_layers(model), dict(model.named_modules())
    for name, old in base.items():
        new = adapted[name].merged_weight() if name in adapted else modules[name].weight.detach()
        yield name, new, old


def measure(
    model: Decoder, base: Mapping[str, Tensor], draws: int, generator: np.random.Generator
) -> list[tuple[dict, np.ndarray]]:
    """How far each matrix of ``base`` has moved.

    Args:
        model: after some steps.
        base: the weights ``(out, in)`` before the first, by name.
        draws: of random directions.
        generator: draws them.

    Returns:
        For each matrix the numbers that are stored, and both changes over random directions, ``(2, draws)``.
    """
    found = []
    for name, new, old in moved_weights(model, base):
        drawn = np.array(random_changes(new, old, draws, generator))
        numbers = {"moved": ((new - old).norm() / old.norm()).item(), "magnitude": magnitude_change(new, old),
                   "direction": direction_change(new, old), "random_magnitude": drawn[0].mean(),
                   "random_direction": drawn[1].mean()}  # fmt: skip
        found.append(({"name": name} | numbers, drawn))
    return found


def by_turns(runs: Sequence[Run], steps: int, after: Callable[[int], None]) -> None:
    """Take the steps of all runs by turns, the first of them another one each time.

    Args:
        runs: that have taken none.
        steps: how many each takes.
        after: is told the number of steps that all have taken.
    """
    for step in range(steps):
        first = step % len(runs)
        for run in (*runs[first:], *runs[:first]):
            run.advance()
        after(step + 1)


@torch.no_grad()
def mean_answer_loss(model: Decoder, examples: Sequence[Example]) -> float:
    """Of the examples, each counted once, in nats a token."""
    was = model.training
    model.eval()
    losses = [answer_loss(model, example).item() for example in examples]
    model.train(was)
    return float(np.mean(losses))


def coupling(points: Sequence[tuple[dict, np.ndarray]]) -> dict[str, float]:
    """The correlation of both changes over some points, and over the same points in random directions.

    Args:
        points: from :func:`measure`, also of several checkpoints.
    """
    magnitudes, directions = ([row[key] for row, _ in points] for key in ("magnitude", "direction"))
    drawn = np.array([each for _, each in points])  # (points, 2, draws)
    return coupling_beside(directions, magnitudes, random_correlations(drawn[:, 0], drawn[:, 1]))
