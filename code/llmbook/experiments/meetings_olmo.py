"""The small model that the book adapts: an OLMo pretrained on meetings of three workplaces, and stored with the book.

``scripts/pretrain_small.py`` made ``data/models/meetings-olmo``. It has read meetings about software, shops and
building sites. It has never read a word about a clinic, which is what ``fine_tuning.py`` teaches it.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tokenizers import Tokenizer

from llmbook.checkpoint import load_pretrained
from llmbook.checkpoint.tokenizer import load_tokenizer
from llmbook.data import data_path
from llmbook.experiments.pretraining import LENGTH, VOCABULARY, Corpus
from llmbook.meetings.generator import Meeting, generate_corpus
from llmbook.models import olmo
from llmbook.models.config import DecoderConfig
from llmbook.models.decoder import Decoder
from llmbook.training.batches import pack, padded_size, train_tokenizer
from llmbook.training.run import RunConfig
from llmbook.training.schedule import Schedule

GENERAL = ("construction", "retail", "software")
"""The workplaces of the pretraining."""
TRAINING_SEED, VALIDATION_SEED = 10, 11
NAME = "models/meetings-olmo"


def general_meetings(count: int, seed: int) -> list[Meeting]:
    """``count`` meetings, the workplaces in turn."""
    parts = [generate_corpus(-(-count // len(GENERAL)), seed=seed, domain=domain) for domain in GENERAL]
    return [meeting for together in zip(*parts, strict=True) for meeting in together][:count]


def general_corpus(training: int = 1500, validation: int = 60) -> Corpus:
    """What the small model reads: its tokenizer is learned from the same meetings."""
    train_set, held_out = (
        general_meetings(count, seed) for count, seed in ((training, TRAINING_SEED), (validation, VALIDATION_SEED))
    )
    tokenizer = train_tokenizer((meeting.transcript for meeting in train_set), VOCABULARY)
    rows = [pack(tokenizer, _transcripts(part), LENGTH) for part in (train_set, held_out)]
    return Corpus(tokenizer, train_set, held_out, *rows)


def base_config() -> DecoderConfig:
    """OLMo's ingredients at width 96 with three layers: 430,080 parameters."""
    return replace(
        olmo.tiny(vocab_size=padded_size(VOCABULARY), max_length=2 * LENGTH),
        width=96, layers=3, heads=6, kv_heads=6, head_size=16, feedforward_width=256,
    )  # fmt: skip


def base_run(steps: int = 1500, seed: int = 0) -> RunConfig:
    """How it was trained; 16 rows of 64 tokens a step."""
    schedule = Schedule(0.006, steps, warmup_steps=steps // 20, floor=0.0006)
    return RunConfig(base_config(), schedule, seed=seed, validate_every=max(1, steps // 20))


def load_base(path: str | Path | None = None) -> Decoder:
    """The stored model, in float32 and in evaluation mode; a new one at each call, because adapting changes it.

    Args:
        path: another folder in the same layout; by default the one that comes with the book.
    """
    return load_pretrained(path or data_path(NAME))


def load_base_tokenizer() -> Tokenizer:
    """The tokenizer that belongs to it."""
    return load_tokenizer(data_path(NAME))


def _transcripts(meetings: Sequence[Meeting]) -> list[str]:
    return [meeting.transcript for meeting in meetings]
