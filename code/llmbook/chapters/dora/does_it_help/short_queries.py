"""Questions about real meetings that are short enough to train on here: QMSum's, with the passage that answers them.

QMSum (Zhong et al. 2021, arXiv 2104.05938) has transcripts of meetings, questions about them, the turns that matter to
each question, and an answer that a person wrote. Most of these passages are long; the few that fit with their question
and answer into some hundred tokens are taken whole, and the others are left out. Data:
https://github.com/Yale-LILY/QMSum (MIT License), ``train.jsonl`` in its folder ``data/ALL/jsonl``.
"""

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from llmbook.checkpoint.tokenizer import encode
from llmbook.training.token_loss import token_loss

MARK = re.compile(r"\s*\{[^}]*\}")  # such as {disfmarker} and {vocalsound}
ASKED = "<|im_start|>user\n{question}\n\n{passage}<|im_end|>\n<|im_start|>assistant\n"
END = "<|im_end|>"
HELD_OUT = 5
"""Every so many meetings, one is kept to measure on."""


@dataclass(frozen=True)
class Query:
    """A question about a meeting."""

    meeting: str
    question: str
    passage: str
    """The turns that matter, a line for each."""
    answer: str


@dataclass(frozen=True)
class Example:
    """A query as tokens."""

    ids: Tensor
    """``(1, T)``: question, passage, answer, end."""
    start: int
    """Where the answer begins."""


def read_queries(path: Path) -> Iterator[Query]:
    """The questions about parts of meetings in a file of QMSum, in its order.

    Args:
        path: ``train.jsonl``, or the same compressed by gzip.
    """
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
        for meeting in map(json.loads, file):
            turns = [f"{turn['speaker']}: {MARK.sub('', turn['content'])}" for turn in meeting["meeting_transcripts"]]
            for asked in meeting["specific_query_list"]:
                spans = [slice(int(first), int(last) + 1) for first, last in asked["relevant_text_span"]]
                passage = "\n".join(line for span in spans for line in turns[span])
                yield Query(meeting["name"], asked["query"], passage, asked["answer"])


def short_examples(queries: Sequence[Query], tokenizer: Tokenizer, longest: int) -> tuple[list[Example], list[Example]]:
    """What to train on, and what to measure on, from other meetings.

    Args:
        queries: from :func:`read_queries`.
        tokenizer: of a model that is asked as ``ASKED`` has it.
        longest: tokens of an example at most; longer ones are left out, none is cut.
    """
    parts: tuple[list[Example], list[Example]] = [], []
    seen: list[str] = []  # meetings that have a short query
    for query in queries:
        asked = ASKED.format(question=query.question, passage=query.passage)
        if len(asked) > 12 * longest:
            continue  # too long for any tokenizer, and not worth the time
        prompt, answer = encode(tokenizer, asked, None), encode(tokenizer, query.answer + END, None)
        if len(prompt) + len(answer) > longest:
            continue
        seen += [query.meeting] * (query.meeting not in seen)
        held_out = seen.index(query.meeting) % HELD_OUT == HELD_OUT - 1
        parts[held_out].append(Example(torch.tensor([prompt + answer]), len(prompt)))
    return parts


def answer_loss(model: nn.Module, example: Example) -> Tensor:
    """Mean loss of the answer's tokens, in nats; the logits of the others are not computed."""
    hidden = model.hidden_states(example.ids[:, :-1])[:, example.start - 1 :]
    return token_loss(model.logits(hidden).flatten(0, 1), example.ids[0, example.start :])
