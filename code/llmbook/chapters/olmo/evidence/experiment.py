"""A training run in which two things go wrong on purpose, so that its log has something to tell.

Sixteen rows of the training set, those of one batch, have their tokens in random order, as if a file had been damaged.
And at one later step the learning rate is too high by a factor, as if somebody had restarted with a wrong setting.
Everything else is the small OLMo of :mod:`llmbook.experiments.pretraining`.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from llmbook.experiments.pretraining import Corpus, meeting_corpus, small_run
from llmbook.training.batches import Batches
from llmbook.training.run import Run
from llmbook.training.schedule import Schedule

SEED, STEPS = 3, 240
DAMAGED_STEP, WRONG_STEP, WRONG_FACTOR = 118, 171, 12.0


@dataclass(frozen=True)
class Slip(Schedule):
    """A schedule that is too high at one step."""

    slip_step: int = WRONG_STEP
    """Counted from 0."""
    slip_factor: float = WRONG_FACTOR
    """How many times too high."""

    def __call__(self, step: int) -> float:
        """The rate of an update; ``step`` counts from 0."""
        return super().__call__(step) * (self.slip_factor if step == self.slip_step else 1.0)


def batch_rows(count: int, step: int, *, batch_size: int = 16, seed: int = SEED) -> Tensor:
    """Which rows of the training set a step of a run reads: the code and the seed decide.

    Args:
        count: N, rows of the training set.
        step: 0 for the first.
        batch_size: rows of a batch.
        seed: of the run.

    Returns:
        Indices ``(batch_size,)``.
    """
    batches = Batches(torch.arange(count), batch_size, torch.Generator().manual_seed(2 * seed + 1))
    for _ in range(step):
        batches.draw()
    return batches.draw()


def damaged_rows(corpus: Corpus | None = None) -> Tensor:
    """The training rows ``(N, T + 1)`` as the run saw them."""
    rows = (corpus or meeting_corpus()).training.clone()
    generator = torch.Generator().manual_seed(SEED)
    for row in batch_rows(len(rows), DAMAGED_STEP).tolist():
        rows[row] = rows[row][torch.randperm(rows.shape[1], generator=generator)]
    return rows


def spoiled_run(corpus: Corpus | None = None) -> Run:
    """The run, before its first step."""
    corpus = corpus or meeting_corpus()
    config = small_run(STEPS, SEED)
    plain = config.schedule
    slip = Slip(plain.peak, plain.total_steps, plain.warmup_steps, plain.floor, plain.shape)
    return Run(replace(config, schedule=slip, validate_every=STEPS), damaged_rows(corpus), corpus.validation)
