"""The summarizers of the Tiny Titans chapter: T5s of three sizes, pretrained on meetings of many workplaces.

All three read the same general meetings: most are set in a workplace that exists for one meeting only, so that the
models learn to copy what they have never seen; the others in seven workplaces with code names that can be learned. None
has read a word about the theater, the private workplace of the chapter. Training goes from short to long: first one
fact in a few lines, where it is easy to find out that summarizing means copying, then whole meetings, then long ones.

The largest has seven times the parameters of the smallest.
``scripts/pretrain_summarizers.py`` made ``data/models/meetings-t5``, a folder for each size and one tokenizer.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer

from llmbook.checkpoint import load_pretrained
from llmbook.checkpoint.tokenizer import load_tokenizer
from llmbook.data import data_path
from llmbook.meetings.generator import generate_corpus, generate_meeting
from llmbook.meetings.invented import MIXED, PUBLIC
from llmbook.meetings.meeting import FACT_KINDS, INSTRUCTIONS, Meeting
from llmbook.models.t5 import T5
from llmbook.models.t5_config import T5Config
from llmbook.models.t5_training import initialize_t5_
from llmbook.summarizers.seq2seq import Batch, Pair, batches, encode_meeting, pad_id_of
from llmbook.summarizers.t5 import summary_loss
from llmbook.training.batches import train_tokenizer
from llmbook.training.generators import undrawn
from llmbook.training.loop import Record, train
from llmbook.training.schedule import Schedule

PRIVATE = "theater"
CONTEXT = 160
"""Tokens that the fine-tuned models read; it stands for the 2,048 of the paper."""
VOCABULARY = 2000
MANNER = {"kinds": FACT_KINDS, "jargon": 0.8, "repairs": 0.2}
SHORT, LONG = {"facts": 3, "chatter": 0.25}, {"facts": 3, "chatter": 13.0}
"""Meetings that fit into the context, and meetings that are four to five times as long as it."""
WIDTHS = {"small": 16, "medium": 32, "large": 64}
TUNING_MEETINGS, TUNING_STEPS = 300, 150
TOKENIZER_SEED, TUNING_SEED = 50, 60


@dataclass(frozen=True)
class Stage:
    """A part of the pretraining."""

    settings: tuple[dict, ...]
    """Of the meetings, in equal numbers."""
    steps: int
    batch_size: int
    seed: int
    """Of the meetings."""


STAGES = (
    Stage(({"facts": 1, "chatter": 0.0},), steps=900, batch_size=64, seed=51),
    Stage((SHORT,), steps=800, batch_size=32, seed=52),
    Stage((SHORT, SHORT, {"facts": 3, "chatter": 4.0}, LONG), steps=320, batch_size=16, seed=53),
)


def summarizer_config(size: str, vocab_size: int = VOCABULARY) -> T5Config:
    """A FLAN-T5 in small: two layers on each side, gated tanh GELU, but a tied and scaled output as in T5 1.0.

    Tied, because a model that copies a word it has hardly seen then reads and writes it with one vector.
    """
    width = WIDTHS[size]
    return T5Config(
        vocab_size=vocab_size, width=width, layers=2, decoder_layers=2, heads=4, head_size=width // 4,
        feedforward_width=2 * width, activation="gelu_tanh", gated=True, pad_id=1, stop_id=0, start_id=1,
    )  # fmt: skip


def general_meetings(count: int, seed: int, **settings: object) -> list[Meeting]:
    """Seven of ten in a workplace of their own, the others in the public ones in turn; none in the theater."""
    mixed = generate_corpus(count * 7 // 10, seed=seed, domain=MIXED, **MANNER | settings)
    return mixed + public_meetings(count - len(mixed), seed, **settings)


def public_meetings(count: int, seed: int, **settings: object) -> list[Meeting]:
    """Meetings of the seven public workplaces in turn, to train on: the seven share seeds, and so who says what when.

    To measure on, take :func:`separate_meetings`, or 70 meetings are worth ten.
    """
    each = -(-count // len(PUBLIC))
    parts = [generate_corpus(each, seed=seed, domain=domain, **MANNER | settings) for domain in PUBLIC]
    return [meeting for together in zip(*parts, strict=True) for meeting in together][:count]


def separate_meetings(count: int, seed: int, **settings: object) -> list[Meeting]:
    """Meetings of the seven public workplaces in turn, to measure on: each has a seed of its own."""
    places = [PUBLIC[index % len(PUBLIC)] for index in range(count)]
    first = seed * 1_000_003
    return [generate_meeting(first + index, domain=place, **MANNER | settings) for index, place in enumerate(places)]


def private_meetings(count: int, seed: int, **settings: object) -> list[Meeting]:
    """Meetings of the theater."""
    return generate_corpus(count, seed=seed, domain=PRIVATE, **MANNER | settings)


def general_tokenizer() -> Tokenizer:
    """Learned from general meetings and their summaries alone, so the theater's words fall into pieces."""
    return Tokenizer.from_str(_general_vocabulary())


@functools.cache
def _general_vocabulary() -> str:
    """The tokenizer as text, learned once: it takes a second."""
    meetings = general_meetings(3000, TOKENIZER_SEED, **SHORT)
    texts = (f"{meeting.transcript}\n{meeting.reference()}" for meeting in meetings)
    return train_tokenizer(texts, VOCABULARY).to_str()


def encode_all(
    tokenizer: Tokenizer, meetings: Sequence[Meeting], context: int | None = None,
    instructions: Sequence[str] = tuple(INSTRUCTIONS),
) -> list[Pair]:  # fmt: skip
    """Every meeting under every instruction."""
    return [encode_meeting(tokenizer, meeting, instruction, source_limit=context)
            for meeting in meetings for instruction in instructions]


def stage_pairs(stage: Stage, meetings: int = 8000) -> list[Pair]:
    """The examples of one stage."""
    share = meetings // len(stage.settings)
    made = [general_meetings(share, stage.seed + 10 * part, **settings) for part, settings in enumerate(stage.settings)]
    return encode_all(general_tokenizer(), [meeting for part in made for meeting in part])


def peak_rate(size: str) -> float:
    """Of the pretraining: 0.005 at width 64, more for a narrower model."""
    return 0.005 * (64 / WIDTHS[size]) ** 0.5


def pretrain_summarizer(size: str, *, seed: int = 0, stages: Sequence[Stage] = STAGES) -> tuple[T5, Iterator[Record]]:
    """A fresh model, and its training: it goes on as records are drawn.

    Args:
        size: a key of ``WIDTHS``.
        seed: of the weights and the batches.
        stages: one after the other, under one learning-rate schedule.
    """
    generator = torch.Generator().manual_seed(seed)
    model = initialize_t5_(undrawn(T5, summarizer_config(size)), generator)
    steps = sum(stage.steps for stage in stages)
    schedule = Schedule(peak_rate(size), steps, steps // 20, floor=0.02 * peak_rate(size))
    return model, train(model, _staged(stages, generator), steps=steps, learning_rate=schedule, weight_decay=0.01,
                        loss=summary_loss)  # fmt: skip


def _staged(stages: Sequence[Stage], generator: torch.Generator) -> Iterator[Batch]:
    """The batches of all stages; the examples of a stage are made when it begins."""
    for stage in stages:
        source = batches(stage_pairs(stage), stage.batch_size, pad_id_of(general_tokenizer()), generator)
        for _, batch in zip(range(stage.steps), source, strict=False):
            yield batch


def fine_tune_summarizer(
    model: T5, pairs: Sequence[Pair], tokenizer: Tokenizer, *, steps: int = TUNING_STEPS, seed: int = 0,
    learning_rate: float = 0.002, batch_size: int = 32,
) -> Iterator[Record]:  # fmt: skip
    """Train every weight of a pretrained model in place, as records are drawn.

    Args:
        model: of any size.
        pairs: what to learn.
        tokenizer: of the model.
        steps: how many.
        seed: of the batches.
        learning_rate: the peak, after a tenth of the steps; then linear to zero.
        batch_size: examples a step.
    """
    generator = torch.Generator().manual_seed(seed)
    source = batches(pairs, min(batch_size, len(pairs)), pad_id_of(tokenizer), generator)
    schedule = Schedule(learning_rate, steps, steps // 10)
    return train(model, source, steps=steps, learning_rate=schedule, weight_decay=0.01, loss=summary_loss)


def folder_of(size: str) -> str:
    """Where a stored base is, below ``data/``; the tokenizer of all sizes is one folder up."""
    return f"models/meetings-t5/{size}"


def load_summarizer(size: str) -> T5:
    """A fresh copy of a stored base.

    Raises:
        ValueError: there is no such size.
    """
    if size not in WIDTHS:
        raise ValueError(f"unknown size {size!r}; choose one of {', '.join(WIDTHS)}")
    return load_pretrained(data_path(folder_of(size)))


def load_summarizer_tokenizer() -> Tokenizer:
    """The tokenizer of all three, stored once, beside their folders."""
    return load_tokenizer(data_path(folder_of("large")).parent)


def tuned_summarizer(size: str, pairs: Sequence[Pair], **options) -> T5:
    """A stored base after its tuning, ready to write.

    Args:
        size: of the base.
        pairs: what to learn.
        **options: what :func:`fine_tune_summarizer` takes besides.
    """
    model = load_summarizer(size)
    for _ in fine_tune_summarizer(model, pairs, load_summarizer_tokenizer(), **options):
        pass
    return model.eval()
