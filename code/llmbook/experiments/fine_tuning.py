"""Fine-tuning the small model of the book to a workplace it has never read about, in five ways.

The new text is the transcript of a meeting in a clinic with its minutes below it: unknown words, and a kind of text
that the pretraining did not have. A seed decides the batches and the start of the adapters, so that methods that share
it are compared as a pair. Adapted are five matrices of each block, those of the DoRA paper (arXiv 2402.09353, Table 8).
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from llmbook.adapters import adapter_layers, inject, lora_plus_groups
from llmbook.experiments.meetings_olmo import VALIDATION_SEED, general_meetings, load_base, load_base_tokenizer
from llmbook.experiments.pretraining import LENGTH, Corpus
from llmbook.meetings.generator import Meeting, generate_corpus
from llmbook.models.decoder import Decoder
from llmbook.training.batches import Batches, pack
from llmbook.training.loop import Record, train
from llmbook.training.run import mean_loss
from llmbook.training.schedule import Schedule

NEW = "clinic"
TARGETS = ("q_proj", "k_proj", "v_proj", "up_proj", "down_proj")
NEW_TRAINING_SEED, NEW_VALIDATION_SEED = 20, 21
BATCH = 8


@dataclass(frozen=True)
class Method:
    """A way to fine-tune."""

    adapter: str | None = None
    """``"lora"``, ``"dora"``, or None: every weight of the model is trained."""
    learning_rate: float = 0.03
    """The default of :func:`fine_tune`: the best of the sweep in ``data/results/adapter_sweeps.json``, at rank 8."""
    ratio: float = 1.0
    """LoRA+: how many times faster B learns than A."""
    rank_stabilized: bool = False
    """rsLoRA: alpha / sqrt(rank) in place of alpha / rank."""


METHODS = {
    "full": Method(learning_rate=0.01),
    "lora": Method("lora"),
    "dora": Method("dora"),
    "lora+": Method("lora", learning_rate=0.003, ratio=16.0),
    "rslora": Method("lora", rank_stabilized=True),
    "rsdora": Method("dora", rank_stabilized=True),
}


@dataclass(frozen=True)
class Tuned:
    """One fine-tuning run, with the model it made."""

    method: str
    seed: int
    losses: list[float]
    """Of each step's batch, before the update: nats a token."""
    validation_loss: float
    """Afterward, on meetings of the new workplace that were not trained on: nats a token."""
    general_loss: float
    """Afterward, on meetings like those of the pretraining: what was forgotten shows here."""
    seconds: float
    """Processor time of all steps, without the measurements."""
    trained_parameters: int
    """How many numbers were trained."""
    model: Decoder = field(repr=False)
    """The adapted model; its adapters are not merged."""
    snapshots: dict[int, dict[str, Tensor]] = field(repr=False)
    """After so many steps: the effective weight ``(out, in)`` of each target."""


def with_minutes(meeting: Meeting) -> str:
    """A transcript with one line of minutes below it."""
    return f"{meeting.transcript}\nMinutes: {' '.join(fact.text for fact in meeting.facts)}"


def new_corpus(training: int = 40, validation: int = 6) -> Corpus:
    """Meetings of the clinic with their minutes, in the tokens of the small model.

    Args:
        training: meetings to train on; few, as fine-tuning has it.
        validation: meetings to measure on, from another seed.
    """
    parts = [generate_corpus(count, seed=seed, domain=NEW)
             for count, seed in ((training, NEW_TRAINING_SEED), (validation, NEW_VALIDATION_SEED))]
    tokenizer = load_base_tokenizer()
    return Corpus(tokenizer, *parts, *(pack(tokenizer, map(with_minutes, part), LENGTH) for part in parts))


def general_rows(meetings: int = 5) -> Tensor:
    """Rows like those of the pretraining, never trained on, ``(M, T + 1)``."""
    held_out = general_meetings(meetings, VALIDATION_SEED)
    return pack(load_base_tokenizer(), (meeting.transcript for meeting in held_out), LENGTH)


def base_losses() -> tuple[float, float]:
    """Of the model before any fine-tuning: nats a token on the new workplace, and on those it knows."""
    model = load_base()
    return mean_loss(model, new_corpus().validation), mean_loss(model, general_rows())


def fine_tune(
    method: str,
    *,
    rank: int = 8,
    alpha: float | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    steps: int = 50,
    targets: Sequence[str] = TARGETS,
    snapshots: Sequence[int] = (),
    corpus: Corpus | None = None,
) -> Tuned:
    """Adapt a fresh copy of the small model.

    Args:
        method: a key of ``METHODS``.
        rank: of the adapters; nothing to full fine-tuning.
        alpha: numerator of their scale; by default twice the rank, as in the DoRA paper.
        learning_rate: the peak, reached after a tenth of the steps, then linear to zero; by default the method's.
        seed: of the batches and of the adapters' start.
        steps: how many, with ``BATCH`` rows of 64 tokens each.
        targets: the matrices that are adapted; nothing to full fine-tuning.
        snapshots: after how many steps the effective weights are kept; 0 is before the first.
        corpus: what to learn; by default :func:`new_corpus`.

    Raises:
        ValueError: there is no such method.
    """
    corpus = corpus or new_corpus()
    model = prepare(method, rank=rank, alpha=alpha, seed=seed, targets=targets)
    rate = find_method(method).learning_rate if learning_rate is None else learning_rate
    optimizer = build_optimizer(model, find_method(method), rate)
    kept, losses, seconds = {}, [], 0.0
    records = tuning_steps(model, optimizer, Schedule(rate, steps, steps // 10), corpus.training, seed)
    for step in range(steps + 1):
        if step in snapshots:
            kept[step] = effective_weights(model, targets)
        if step < steps:
            started = time.process_time()
            losses.append(next(records).loss)
            seconds += time.process_time() - started
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    measured = [mean_loss(model.eval(), rows) for rows in (corpus.validation, general_rows())]
    return Tuned(method, seed, losses, *measured, seconds, trained, model, kept)


def find_method(name: str) -> Method:
    """A method by its name.

    Raises:
        ValueError: there is no such method.
    """
    if name not in METHODS:
        raise ValueError(f"unknown method {name!r}; choose one of {', '.join(METHODS)}")
    return METHODS[name]


def prepare(
    method: str, *, rank: int = 8, alpha: float | None = None, seed: int = 0, targets: Sequence[str] = TARGETS
) -> Decoder:
    """A fresh copy of the small model with the method's adapters; arguments as in :func:`fine_tune`."""
    kind, model = find_method(method), load_base().train()
    if kind.adapter is not None:
        inject(model, list(targets), kind=kind.adapter, rank=rank, alpha=2 * rank if alpha is None else alpha,
               rank_stabilized=kind.rank_stabilized, generator=torch.Generator().manual_seed(2 * seed))  # fmt: skip
    return model


def build_optimizer(model: nn.Module, method: Method, learning_rate: float) -> torch.optim.AdamW:
    """AdamW without weight decay; for LoRA+ in groups of which B's has a ``rate_factor``."""
    if method.ratio == 1.0:
        groups = [{"params": [parameter for parameter in model.parameters() if parameter.requires_grad]}]
    else:
        groups = lora_plus_groups(model, learning_rate=learning_rate, ratio=method.ratio)
        groups = [group | {"rate_factor": group["lr"] / learning_rate} for group in groups]
    return torch.optim.AdamW(groups, lr=learning_rate, weight_decay=0.0, fused=True)


def effective_weights(model: nn.Module, targets: Sequence[str] = TARGETS) -> dict[str, Tensor]:
    """The weight ``(out, in)`` that each target multiplies with, adapters included, by the target's name; copies."""
    adapted = adapter_layers(model)
    return {
        name: (adapted[name].merged_weight() if name in adapted else module.weight).detach().clone()
        for name, module in model.named_modules()
        if name.rpartition(".")[2] in targets
    }


def tuning_steps(
    model: nn.Module, optimizer: torch.optim.Optimizer, schedule: Schedule, rows: Tensor, seed: int
) -> Iterator[Record]:
    """The steps of every fine-tuning on the new text, as the records of the training loop.

    Args:
        model: what is trained, in place.
        optimizer: of the parameters that are trained.
        schedule: learning rate of each step, and how many there are.
        rows: ``(N, T + 1)``, of which a seed draws ``BATCH`` for each step.
        seed: of the batches.
    """
    batches = Batches(rows, BATCH, torch.Generator().manual_seed(2 * seed + 1))
    return train(model, batches, steps=schedule.total_steps, learning_rate=schedule, optimizer=optimizer)
