r"""A small OLMo on synthetic meetings, trained with one learning-rate schedule and one rule for clipping the gradient.

What a seed decides is shared by all settings: the starting weights and every batch. Tokens are bytes. The optimizer is
the book's own AdamW with the numbers of the OLMo paper (arXiv 2402.00838v1, Table 4): betas 0.9 and 0.95, eps 1e-5,
decay 0.1 of linear layers alone.
"""

import functools
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector

from llmbook.meetings.generator import generate_corpus
from llmbook.models import Decoder, initialize_, olmo
from llmbook.training.adamw import AdamW
from llmbook.training.decay import decay_groups
from llmbook.training.generators import undrawn
from llmbook.training.loop import Limit, limit_at, next_token_loss, train
from llmbook.training.schedule import Schedule

BATCH, LENGTH = 8, 48  # windows in a batch, bytes that the model reads in each
WEIGHT_DECAY = 0.1


@dataclass(frozen=True)
class Run:
    """One training run; lists have one number for each step."""

    losses: list[float]
    """Of the batch, before the update: nats a byte."""
    norms: list[float]
    """Global norm of the gradient, before clipping."""
    updates: list[float]
    """Root mean square of what the step added to the parameters."""
    heldout_loss: float
    """After the last step, on windows of meetings that were not trained on."""

    def clipped(self, limit: Limit = 1.0) -> int:
        """In how many steps the gradient was longer than the limit."""
        return sum(norm > limit_at(limit, step) for step, norm in enumerate(self.norms))


def looser_start(limit: float, steps: int, factor: float = 10.0) -> Callable[[int], float]:
    """``factor`` times the limit for the first ``steps`` steps; 10 and 1,000 in the config of OLMo 7B."""
    return lambda step: limit * factor if step < steps else limit


def meeting_bytes(count: int, seed: int) -> Tensor:
    """Transcripts of synthetic meetings, one after the other, as byte ids ``(N,)``."""
    return torch.tensor(list(_meeting_text(count, seed)))


@functools.cache
def _meeting_text(count: int, seed: int) -> bytes:
    return "\n\n".join(meeting.transcript for meeting in generate_corpus(count, seed=seed)).encode("utf-8")


def draw_windows(ids: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Random windows ``(count, LENGTH + 1)`` of a long row of ids ``(N,)``."""
    starts = torch.randint(len(ids) - LENGTH, (count, 1), generator=generator)
    return ids[starts + torch.arange(LENGTH + 1)]


def fresh_tiny_olmo(seed: int) -> Decoder:
    """The tiny OLMo of ``models/olmo.py`` with matrices from N(0, 1/48): 48 is its width."""
    return initialize_(undrawn(Decoder, olmo.tiny()), torch.Generator().manual_seed(seed), std=48**-0.5)


def run_schedule(seed: int, schedule: Schedule, *, clip: Limit = 1.0, steps: int | None = None) -> Run:
    """Train one model.

    Args:
        seed: of the starting weights and of every batch.
        schedule: the rate of each step.
        clip: longest gradient that passes unchanged.
        steps: how many; all of the schedule by default. Steps beyond it keep the rate of its last one.
    """
    model, data, ids = fresh_tiny_olmo(2 * seed), torch.Generator().manual_seed(2 * seed + 1), meeting_bytes(200, 0)
    groups = decay_groups(model, WEIGHT_DECAY, decayed="linear layers")
    records = train(
        model, (draw_windows(ids, BATCH, data) for _ in itertools.count()), steps=steps or schedule.total_steps,
        learning_rate=schedule, clip_norm=clip, optimizer=AdamW(groups, betas=(0.9, 0.95), eps=1e-5),
    )  # fmt: skip
    losses, norms, updates = [], [], []
    before = parameters_to_vector(model.parameters()).detach()
    for record in records:
        after = parameters_to_vector(model.parameters()).detach()
        losses.append(record.loss)
        norms.append(record.gradient_norm)
        updates.append((after - before).norm().item() / math.sqrt(len(after)))
        before = after
    with torch.no_grad():
        heldout = draw_windows(meeting_bytes(20, 1), 64, torch.Generator().manual_seed(0))
        return Run(losses, norms, updates, next_token_loss(model, heldout).item())


def ending_schedule(ending: str, peak: float, steps: int, floor: float, extra: int) -> Schedule:
    """The rates of a training of ``steps`` and some ``extra`` steps at its end: the same run up to there.

    Args:
        ending: "anneal" lets the rate fall to 0 in the extra steps, "stay" keeps the one that was reached. A run that
            is to "stop" has no extra steps.
        peak: highest rate, after a warm-up of ``steps // 10``.
        steps: of warm-up and line.
        floor: where the line ends, as a share of the peak; 1 for a constant rate.
        extra: steps after it.
    """
    anneal = extra if ending == "anneal" else 0
    return Schedule(peak, steps + anneal, steps // 10, floor * peak, anneal_steps=anneal)
