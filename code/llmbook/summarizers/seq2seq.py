"""From meetings to batches: what a summarizer reads, what it must write, and how both are cut and padded.

The model reads ``summarize short: Ada: ...`` and writes the summary. The instruction is part of the text, as T5 has it
(Raffel et al. 2020, arXiv 1910.10683, Section 2.4). Source and target have limits of their own: a source that is too
long is cut at its end, where nobody notices that a decision is missing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor

from llmbook.meetings.meeting import Meeting
from llmbook.models.t5_training import IGNORED_LABEL
from llmbook.training.batches import END_OF_TEXT, PADDING


@dataclass(frozen=True)
class Pair:
    """One example in tokens, both sides with their end-of-text token."""

    source: list[int]
    target: list[int]


@dataclass(frozen=True)
class Batch:
    """Examples of one training step, padded to the longest."""

    input_ids: Tensor
    """``(B, S)`` int64."""
    attention_mask: Tensor
    """``(B, S)`` boolean, true for real tokens."""
    labels: Tensor
    """``(B, T)`` int64, -100 where there is nothing to predict."""


def prompt(transcript: str, instruction: str) -> str:
    """What the model reads: the task, how long the summary should be, and the transcript."""
    return f"summarize {instruction}: {transcript}"


def encode(tokenizer: Tokenizer, text: str, limit: int | None = None) -> list[int]:
    """Ids of a text with the end-of-text token; a longer text is cut so that it ends within the limit.

    Args:
        tokenizer: of :func:`llmbook.training.batches.train_tokenizer`.
        text: a prompt or a summary.
        limit: tokens at most, the last one included; None for no limit.

    Raises:
        ValueError: the text is empty, there is no room for a token of it, or the tokenizer has no end-of-text token.
    """
    if not text.strip():
        raise ValueError("the text is empty: leave this meeting out, or write its summary first")
    if limit is not None and limit < 2:
        raise ValueError(f"limit must leave room for a token and the end-of-text token, not {limit}")
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    return [*(ids if limit is None else ids[: limit - 1]), _id_of(tokenizer, END_OF_TEXT)]


def encode_meeting(
    tokenizer: Tokenizer, meeting: Meeting, instruction: str = "long", *, source_limit: int | None = None,
    target_limit: int | None = None,
) -> Pair:  # fmt: skip
    """A meeting and its reference summary as an example; limits and what it raises as in :func:`encode`."""
    source = encode(tokenizer, prompt(meeting.transcript, instruction), source_limit)
    return Pair(source, encode(tokenizer, meeting.reference(instruction), target_limit))


def collate(pairs: Sequence[Pair], pad_id: int) -> Batch:
    """Pad examples into one batch.

    Args:
        pairs: at least one.
        pad_id: fills sources; labels are filled with -100, which no loss counts.
    """
    input_ids = _padded([pair.source for pair in pairs], pad_id)
    lengths = torch.tensor([len(pair.source) for pair in pairs])
    mask = torch.arange(input_ids.shape[1]) < lengths[:, None]
    return Batch(input_ids, mask, _padded([pair.target for pair in pairs], IGNORED_LABEL))


def pad_id_of(tokenizer: Tokenizer) -> int:
    """The id of the padding token.

    Raises:
        ValueError: the tokenizer has none.
    """
    return _id_of(tokenizer, PADDING)


def _id_of(tokenizer: Tokenizer, special: str) -> int:
    """The id of a special token."""
    found = tokenizer.token_to_id(special)
    if found is None:
        raise ValueError(f"this tokenizer has no {special}: pass one of llmbook.training.batches.train_tokenizer, or "
                         "put in the ids of the end and of padding yourself")  # fmt: skip
    return found


def batches(pairs: Sequence[Pair], batch_size: int, pad_id: int, generator: torch.Generator) -> Iterator[Batch]:
    """Endless batches of examples of about equal length: each example once in random order, then again.

    A batch costs as much as its longest source in every row, and attention costs its square. So twenty batches are
    drawn at once, sorted by length, and handed out in random order.

    Args:
        pairs: at least ``batch_size``.
        batch_size: examples a batch.
        pad_id: as in :func:`collate`.
        generator: the source of randomness.

    Raises:
        ValueError: there are fewer examples than a batch needs.
    """
    if not 1 <= batch_size <= len(pairs):
        raise ValueError(f"batch_size must be from 1 to the {len(pairs)} examples there are, not {batch_size}")
    while True:
        order = torch.randperm(len(pairs), generator=generator)
        for drawn in order.split(20 * batch_size):
            by_length = sorted(drawn.tolist(), key=lambda index: len(pairs[index].source))
            rows = [by_length[start : start + batch_size] for start in range(0, len(by_length), batch_size)]
            for place in torch.randperm(len(rows), generator=generator).tolist():
                yield collate([pairs[index] for index in rows[place]], pad_id)


def chunks(meeting: Meeting, tokenizer: Tokenizer, instruction: str, limit: int) -> list[str]:
    """Prompts that together hold the whole transcript: turn after turn, as many as fit into the limit.

    Args:
        meeting: what is too long to be read at once.
        tokenizer: counts.
        instruction: of every prompt.
        limit: tokens of a prompt at most, its end-of-text token included. A turn that alone is longer is cut later.

    Returns:
        At least one prompt; turns are neither split nor repeated.
    """
    lines = [turn.line for turn in meeting.turns]
    return [prompt("\n".join(part), instruction) for part in _fill(lines, tokenizer, instruction, limit)]


def _fill(lines: Iterable[str], tokenizer: Tokenizer, instruction: str, limit: int) -> Iterator[list[str]]:
    """Groups of neighboring lines that fit."""
    part: list[str] = []
    for line in lines:
        if part and len(encode(tokenizer, prompt("\n".join([*part, line]), instruction))) > limit:
            yield part
            part = []
        part.append(line)
    if part:
        yield part


def _padded(rows: Sequence[Sequence[int]], fill: int) -> Tensor:
    """Rows of different lengths as a matrix."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[fill] * (longest - len(row))] for row in rows])
