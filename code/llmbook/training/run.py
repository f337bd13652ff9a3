"""A pretraining run: a config and rows of tokens in, a point of the loss curve for each step out, resumable anywhere.

All that decides the steps to come is in :meth:`Run.state`: weights, the optimizer's moments, the state of the batch
source, and the points so far. A run that goes on from a state therefore gives the very numbers, bit for bit, of one
that was never interrupted, on the same machine with the same number of threads and processes.

The settings are OLMo's (arXiv 2402.00838v1, Table 4): AdamW with betas 0.9 and 0.95, eps 1e-5 and decay 0.1 of linear
layers alone; gradients clipped at 1.
"""

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from llmbook.models import Decoder, DecoderConfig, initialize_
from llmbook.training.adamw import AdamW
from llmbook.training.batches import Batches, fingerprint
from llmbook.training.decay import decay_groups
from llmbook.training.distributed import ALONE, Process, average, own_rows, replicate
from llmbook.training.generators import undrawn
from llmbook.training.loop import next_token_loss, train
from llmbook.training.misfits import refuse_misfit
from llmbook.training.modes import switched
from llmbook.training.resume import (
    ResumeError,
    load_model_state,
    model_state,
    newest_checkpoint,
    refuse_difference,
    refuse_foreign,
    save_checkpoint,
)
from llmbook.training.schedule import Schedule

VALIDATION_BATCH = 64
CHANGEABLE = ("schedule", "clip_norm", "validate_every")
"""Settings of a run that take effect even in the middle of it."""


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides a run, besides the data."""

    model: DecoderConfig
    """The decoder."""
    schedule: Schedule
    """Learning rate of each step, and the number of steps."""
    batch_size: int = 16
    """Rows of a batch, over all processes together."""
    seed: int = 0
    """Decides the starting weights and every batch."""
    validate_every: int = 20
    """Steps between two measurements of the validation loss; the last step has one in any case."""
    betas: tuple[float, float] = (0.9, 0.95)
    """AdamW's decay rates."""
    eps: float = 1e-5
    """AdamW's."""
    weight_decay: float = 0.1
    """Of linear layers."""
    clip_norm: float = 1.0
    """Longest gradient that passes unchanged."""


@dataclass(frozen=True)
class Point:
    """What one step leaves behind. The fields are numbers, so that a list of points can be stored."""

    step: int
    """0, 1, 2, ..."""
    tokens: int
    """Read so far, this step included, by all processes together."""
    loss: float
    """Of this step's batch, before the update: nats a token."""
    gradient_norm: float
    """Before clipping."""
    learning_rate: float
    """Of this step."""
    validation_loss: float | None = None
    """After the update, over all validation rows; None in steps that do not measure it."""


@dataclass
class Run:
    """A model in training with everything that belongs to it.

    Args:
        config: what to do.
        training: rows ``(N, T + 1)``.
        validation: rows ``(M, T + 1)``, never trained on.
        process: which process this is; every process builds the same run.
    """

    config: RunConfig
    training: Tensor
    validation: Tensor
    process: Process = ALONE
    points: list[Point] = field(default_factory=list)

    def __post_init__(self):
        c, seed = self.config, 2 * self.config.seed
        model = initialize_(undrawn(Decoder, c.model), torch.Generator().manual_seed(seed), std=c.model.width**-0.5)
        self.model = model.to(self.process.device)
        groups = decay_groups(self.model, c.weight_decay, decayed="linear layers")
        self.optimizer = AdamW(groups, lr=0.0, betas=c.betas, eps=c.eps)
        self.batches = Batches(self.training, c.batch_size, torch.Generator().manual_seed(seed + 1))
        self.trained = replicate(self.model, self.process)

    @property
    def step(self) -> int:
        """Updates made so far."""
        return len(self.points)

    @property
    def is_finished(self) -> bool:
        """Whether all steps of the schedule were taken."""
        return self.step >= self.config.schedule.total_steps

    def advance(self, steps: int | None = None) -> Iterator[Point]:
        """Take steps, one for each point that is asked for.

        Args:
            steps: at most so many; None for all that are left.

        Yields:
            The point of each step; it is in :attr:`points` as well.
        """
        c, end = self.config, self.config.schedule.total_steps
        stop = end if steps is None else min(end, self.step + steps)
        records = train(
            self.trained, (own_rows(batch, self.process) for batch in self.batches), steps=stop, first_step=self.step,
            learning_rate=c.schedule, clip_norm=c.clip_norm, optimizer=self.optimizer,
        )  # fmt: skip
        for record in records:
            tokens = (record.step + 1) * c.batch_size * (self.training.shape[1] - 1)
            loss, norm = average(record.loss, self.process), record.gradient_norm
            validation = self._validate(record.step)
            self.points.append(Point(record.step, tokens, loss, norm, record.learning_rate, validation))
            yield self.points[-1]

    def _validate(self, step: int) -> float | None:
        """The validation loss, in the steps that measure it."""
        due = (step + 1) % self.config.validate_every == 0 or step + 1 == self.config.schedule.total_steps
        return mean_loss(self.model, self.validation) if due else None

    def state(self) -> dict:
        """What a checkpoint holds."""
        return {
            "config": asdict(self.config),
            "data": self._data(),
            "model": model_state(self.model),
            "optimizer": self.optimizer.state_dict(),
            "batches": self.batches.state(),
            "points": [asdict(point) for point in self.points],
        }

    def restore(self, state: dict, *, changed: Collection[str] = ()) -> None:
        """Go on from a state.

        Args:
            state: what :meth:`state` gave.
            changed: which of ``CHANGEABLE`` may differ from the state's, because from here on they are others on
                purpose: after a loss that became NaN, say, a schedule with a smaller peak.

        Raises:
            ResumeError: it belongs to another config or to other data; the message names what differs. Or it is no
                state of such a run, whole and with finite numbers. The run is as it was.
            ValueError: another setting is said to be changed.
        """
        if not set(changed) <= set(CHANGEABLE):
            raise ValueError(f"a run that goes on can change {', '.join(CHANGEABLE)}, not {', '.join(sorted(changed))}")
        ours = self.state()
        refuse_foreign(state, ours)
        refuse_difference(*({"config": {name: value for name, value in each["config"].items() if name not in changed},
                             "data": each["data"]} for each in (state, ours)))  # fmt: skip
        try:
            parameters = [each for group in self.optimizer.param_groups for each in group["params"]]
            refuse_misfit(state, ours, parameters, len(self.training), Point)
            load_model_state(self.model, state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.batches.restore(state["batches"])
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise ResumeError(f"the checkpoint does not fit this run: {error}. Take another folder") from error
        self.points = [Point(**point) for point in state["points"]]

    def _data(self) -> str:
        """Changes with any token."""
        return fingerprint((self.training, self.validation))


def pretrain(
    run: Run, directory: Path | None = None, *, save_every: int = 50, changed: Collection[str] = ()
) -> Iterator[Point]:
    """Take all steps that are left, with checkpoints on the way.

    Args:
        run: a new one, or one that has steps behind it; a checkpoint in the folder is gone on with first.
        directory: where the checkpoints are; None for none.
        save_every: steps between two of them; the last step has one in any case.
        changed: as in :meth:`Run.restore`.

    Yields:
        The point of each step that is taken now.

    Raises:
        ResumeError: the folder holds another run, or no file of it can be read.
        ValueError: ``save_every`` is not positive, or ``changed`` names a setting that cannot be changed.
        FloatingPointError: a loss, a gradient or a weight is not finite. The checkpoints that are there stay, and
            can be gone on with.
    """
    if save_every < 1:
        raise ValueError(f"save_every must be at least 1, not {save_every}")
    if directory is not None and (found := newest_checkpoint(directory)) is not None:
        try:
            run.restore(found[1], changed=changed)
        except ResumeError as error:
            raise ResumeError(f"{found[0]}: {error}") from error
    try:
        for point in run.advance():
            if directory is not None and (run.step % save_every == 0 or run.is_finished):
                _save(run, directory)
            yield point
    except FloatingPointError as error:
        if directory is not None:
            error.add_note(f"what {directory} holds is from before that; to go on from there with a smaller peak: "
                           'pretrain(Run(...), directory, changed=["schedule"])')  # fmt: skip
        raise


def _save(run: Run, directory: Path) -> None:
    """Write a checkpoint that can be gone on with; every process looks, one writes."""
    bad = [name for name, tensor in model_state(run.model).items() if not tensor.isfinite().all()]
    if bad:
        raise FloatingPointError(f"after step {run.step - 1} weights are not finite, first in {bad[0]}; they were not "
                                 "saved. Try a smaller learning rate")  # fmt: skip
    if run.process.is_first:
        save_checkpoint(directory, run.step, run.state())


@torch.no_grad()
def mean_loss(model: nn.Module, rows: Tensor) -> float:
    """Mean loss over rows ``(N, T + 1)``, in nats a token, without training, whatever the mode of the model is."""
    device = next(model.parameters()).device
    with switched(model, training=False):
        sums = [next_token_loss(model, part.to(device)).item() * len(part) for part in rows.split(VALIDATION_BATCH)]
    return sum(sums) / len(rows)
