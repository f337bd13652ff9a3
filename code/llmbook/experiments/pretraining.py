"""A small OLMo on synthetic meetings: its tokenizer, its rows of tokens, its settings, and the loss of mere counting.

A seed decides the starting weights and every batch, so that two settings that share it are compared as a pair. The
meetings of the training and of the validation set come from different seeds of the generator.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from tokenizers import Tokenizer
from torch import Tensor

from llmbook.experiments.results import frozen
from llmbook.meetings.generator import Meeting, generate_corpus
from llmbook.models import olmo
from llmbook.models.config import DecoderConfig
from llmbook.training.batches import pack, padded_size, train_tokenizer
from llmbook.training.run import RunConfig
from llmbook.training.schedule import Schedule

TRAINING_SEED, VALIDATION_SEED = 0, 1
VOCABULARY = 500  # tokens; the matrix has 512 rows, as OLMo's has 50,304 for 50,280
LENGTH = 64


@dataclass(frozen=True)
class Corpus:
    """Text and tokens of a training run."""

    tokenizer: Tokenizer
    training_meetings: Sequence[Meeting]
    validation_meetings: Sequence[Meeting]
    training: Tensor
    """``(N, T + 1)`` ids."""
    validation: Tensor
    """``(M, T + 1)`` ids."""


def meeting_corpus(training: int = 400, validation: int = 40, length: int = LENGTH) -> Corpus:
    """Make meetings, learn a tokenizer from the training set, and pack both.

    Args:
        training: meetings to train on.
        validation: meetings to measure on, from another seed.
        length: T.
    """
    vocabulary, train_set, held_out, *rows = _ingredients(training, validation, length)
    return Corpus(Tokenizer.from_str(vocabulary), train_set, held_out, *map(torch.tensor, rows))


@functools.cache
def _ingredients(training: int, validation: int, length: int) -> tuple:
    """What takes time of a corpus, in forms that nobody can change: the tokenizer as text, meetings, rows of ids."""
    train_set = generate_corpus(training, seed=TRAINING_SEED)
    held_out = generate_corpus(validation, seed=VALIDATION_SEED)
    tokenizer = train_tokenizer((meeting.transcript for meeting in train_set), VOCABULARY)
    rows = [pack(tokenizer, (meeting.transcript for meeting in part), length) for part in (train_set, held_out)]
    return frozen([tokenizer.to_str(), train_set, held_out, *(each.numpy() for each in rows)])


def small_olmo_config(vocab_size: int = VOCABULARY) -> DecoderConfig:
    """OLMo's ingredients at width 64, untied as the 7B is, with the padded vocabulary."""
    return replace(
        olmo.tiny(vocab_size=padded_size(vocab_size), max_length=2 * LENGTH),
        width=64, head_size=16, feedforward_width=176,
    )  # fmt: skip


def small_run(steps: int = 200, seed: int = 0, **changes: object) -> RunConfig:
    """Its training: warm-up over a tenth of the steps, then down to a tenth of the peak, as OLMo's.

    Args:
        steps: in all.
        seed: of weights and batches.
        **changes: fields of the decoder's config, and ``shape`` of the schedule.
    """
    shape = changes.pop("shape", "linear")
    schedule = Schedule(0.01, steps, warmup_steps=steps // 10, floor=0.001, shape=shape)
    return RunConfig(replace(small_olmo_config(), **changes), schedule, seed=seed)


def count_loss(training: Tensor, validation: Tensor, vocab_size: int, *, context: int) -> float:
    """The loss of a model that only counts tokens, or pairs of tokens, of the training rows: a null for a real one.

    Args:
        training: ``(N, T + 1)`` ids.
        validation: ``(M, T + 1)`` ids.
        vocab_size: tokens that exist.
        context: 0: how often a token occurs. 1: how often it follows the token before it.

    Returns:
        Nats a token. One is added to the count of a token, and of pairs the frequency of the token, so that nothing
        has probability zero.
    """
    single = torch.bincount(training[:, 1:].flatten(), minlength=vocab_size).double() + 1
    single = single / single.sum()
    before, after = validation[:, :-1].flatten(), validation[:, 1:].flatten()
    if context == 0:
        return -single[after].log().mean().item()
    pairs = torch.bincount((training[:, :-1] * vocab_size + training[:, 1:]).flatten(), minlength=vocab_size**2)
    smoothed = pairs.view(vocab_size, vocab_size).double() + single
    return -(smoothed[before, after] / smoothed[before].sum(-1)).log().mean().item()
