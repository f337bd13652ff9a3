"""Tuning on the training queries, in runs that can be killed at any step and go on from there.

The frozen weights are in bfloat16, which took a fifth to a third off the time of a step where this was run; the
adapter and its optimizer are in float32. Only the answer's tokens are asked for, as the prompt is never to be written.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from llmbook.adapters import inject, trainable_parameters
from llmbook.chapters.tiny_titans.real_meetings.settings import ALPHA, RANK, TARGETS, WARMUP_SHARE
from llmbook.models.decoder import Decoder
from llmbook.training.loop import build_optimizer, train
from llmbook.training.modes import switched
from llmbook.training.resume import load_checkpoint, refuse_difference, save_checkpoint
from llmbook.training.schedule import Schedule
from llmbook.training.token_loss import token_loss

Pair = tuple[list[int], list[int]]
"""Ids of a prompt and of its answer."""


@dataclass(frozen=True)
class Tuning:
    """What decides a run, besides the pairs."""

    kind: str
    """``lora`` or ``dora``."""
    rate: float
    """The peak of the learning rate."""
    seed: int
    """Of the adapter's first weights and of the order of the pairs."""
    steps: int
    """One pair each; at most as many as there are pairs, since none is read twice."""


def answer_loss(model: Decoder, pair: Pair) -> Tensor:
    """Mean cross-entropy of the answer's tokens, in nats."""
    prompt, answer = pair
    hidden = model.hidden_states(torch.tensor([prompt + answer[:-1]]))[0, len(prompt) - 1 :]
    return token_loss(model.logits(hidden), torch.tensor(answer))


@torch.no_grad()
def mean_loss(model: Decoder, pairs: Sequence[Pair]) -> float:
    """The mean over pairs of the loss above, without training."""
    with switched(model, training=False):
        return sum(answer_loss(model, pair).item() for pair in pairs) / len(pairs)


def tuned(model: Decoder, pairs: Sequence[Pair], tuning: Tuning, folder: Path | None = None) -> list[float]:
    """Put an adapter into a model and train it, with a bar that shows the progress.

    Args:
        model: plain; it is changed in place.
        pairs: to learn from.
        tuning: the settings.
        folder: keeps the run after each step, and a run that is there is gone on with; None keeps nothing.

    Returns:
        The loss of each step, before its update.

    Raises:
        ValueError: there are fewer pairs than steps.
        ResumeError: the folder holds another run.
    """
    if tuning.steps > len(pairs):
        raise ValueError(f"{tuning.steps} steps need as many pairs, not {len(pairs)}")
    generator = torch.Generator().manual_seed(tuning.seed)
    inject(model, TARGETS, kind=tuning.kind, rank=RANK, alpha=ALPHA, generator=generator)
    order = torch.randperm(len(pairs), generator=generator).tolist()
    optimizer = build_optimizer(model, weight_decay=0.0, betas=(0.9, 0.95))
    losses = [] if folder is None else _restored(model, optimizer, tuning, pairs, folder)
    schedule = Schedule(tuning.rate, tuning.steps, warmup_steps=tuning.steps // WARMUP_SHARE)
    records = train(
        model, (pairs[place] for place in order[len(losses) :]), steps=tuning.steps, first_step=len(losses),
        learning_rate=schedule, loss=answer_loss, optimizer=optimizer,
    )  # fmt: skip
    name = f"{tuning.kind}, rate {tuning.rate:g}, seed {tuning.seed}"
    for record in tqdm(records, total=tuning.steps, initial=len(losses), desc=name, unit="step", disable=None):
        losses.append(record.loss)
        if folder is not None:
            save_checkpoint(folder, len(losses), _state(model, optimizer, tuning, pairs, losses))
    return losses


def _state(model: nn.Module, optimizer: torch.optim.Optimizer, tuning: Tuning, pairs, losses: list[float]) -> dict:
    """All that decides the steps to come; the order of the pairs follows from the seed."""
    tensors = {name: parameter.detach() for name, parameter in trainable_parameters(model).items()}
    settings = asdict(tuning) | {"pairs": _fingerprint(pairs)}
    return {"settings": settings, "adapter": tensors, "optimizer": optimizer.state_dict(), "losses": losses}


def _fingerprint(pairs: Sequence[Pair]) -> list[int]:
    """How many pairs, prompts' tokens and answers' tokens there are, and the sum of all ids."""
    prompts, answers = ([token for row in rows for token in row] for rows in zip(*pairs, strict=True))
    return [len(pairs), len(prompts), len(answers), sum(prompts) + sum(answers)]


def _restored(model: nn.Module, optimizer: torch.optim.Optimizer, tuning: Tuning, pairs, folder: Path) -> list[float]:
    """Put a kept run into the model and its optimizer; the losses of its steps, none if nothing is kept."""
    kept = load_checkpoint(folder)
    if kept is None:
        return []
    refuse_difference(kept["settings"], _state(model, optimizer, tuning, pairs, [])["settings"])
    optimizer.load_state_dict(kept["optimizer"])
    with torch.no_grad():
        for name, parameter in trainable_parameters(model).items():
            parameter.copy_(kept["adapter"][name])
    return kept["losses"]
