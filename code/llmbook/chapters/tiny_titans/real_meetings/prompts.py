"""What the model reads: a chat of SmolLM2, with a part of a meeting and a question in it, as token ids.

The model's template puts ``<|im_start|>role``, a new line, what is said and ``<|im_end|>`` around each message. The
two marks are single tokens, and no text that somebody said may turn into one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from llmbook.chapters.tiny_titans.real_meetings.settings import INSTRUCTIONS, MAIN, SYSTEM
from llmbook.checkpoint.tokenizer import decode, load_tokenizer
from llmbook.meetings.qmsum_spans import SpanQuery
from llmbook.training.batches import as_text

BEGIN, END = "<|im_start|>", "<|im_end|>"


@dataclass(frozen=True)
class Chat:
    """A tokenizer, and the ids of the two marks."""

    tokenizer: Tokenizer
    """Reads everything as text."""
    begin: int
    end: int

    def message(self, role: str, content: str) -> list[int]:
        """A whole message, with the new line behind it."""
        return [*self.opening(role), *self.ids(content), self.end, *self.ids("\n")]

    def opening(self, role: str) -> list[int]:
        """Where a message begins; after that of the assistant the model goes on."""
        return [self.begin, *self.ids(f"{role}\n")]

    def ids(self, text: str) -> list[int]:
        """A text, whatever it spells."""
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def prompt(self, query: SpanQuery, instruction: str = MAIN) -> list[int]:
        """All that is read before the answer.

        Args:
            query: with its span.
            instruction: a key of ``INSTRUCTIONS``.
        """
        asked = INSTRUCTIONS[instruction].format(span=query.span, query=query.query)
        return [*self.message("system", SYSTEM), *self.message("user", asked), *self.opening("assistant")]

    def answer(self, query: SpanQuery) -> list[int]:
        """The answer that somebody wrote, and the mark that ends it."""
        return [*self.ids(query.answer), self.end]

    def text(self, ids: Sequence[int]) -> str:
        """What was written, up to its end."""
        return decode(self.tokenizer, [id_ for id_ in ids if id_ != self.end]).strip()


def load_chat(weights: Path) -> Chat:
    """The chat of a file of weights whose tokenizer has the two marks.

    Raises:
        ValueError: it has not.
    """
    tokenizer = load_tokenizer(weights)
    marks = [tokenizer.token_to_id(mark) for mark in (BEGIN, END)]
    if None in marks:
        raise ValueError(f"the tokenizer of {weights} has no {BEGIN} and {END}; is it that of SmolLM2-Instruct?")
    return Chat(as_text(tokenizer), *marks)


def padded(rows: Sequence[Sequence[int]], filler: int) -> tuple[Tensor, Tensor]:
    """Rows of one length, filled on the left, and a mask that is true for what was there: ``(B, T)`` both."""
    length = max(map(len, rows))
    ids = torch.tensor([[filler] * (length - len(row)) + list(row) for row in rows])
    return ids, torch.arange(length) >= torch.tensor([[length - len(row)] for row in rows])
