"""Truncation: what a summary loses when only the first tokens of a meeting are read, and what reading in pieces saves.

One stored model, the largest base, summarizes meetings of the public workplaces, which it knows, so that whatever is
missing is missing because it was not read. Nothing is trained here.
"""

import functools
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from llmbook.experiments.fair_fight import rounded
from llmbook.experiments.results import read_result
from llmbook.experiments.summarizers import MANNER, SHORT, load_summarizer, load_summarizer_tokenizer
from llmbook.models.t5 import T5
from llmbook.summarization.invented import PUBLIC
from llmbook.summarization.meeting import Meeting
from llmbook.summarization.meetings import generate_meeting
from llmbook.summarization.positions import fact_ends, facts_stated
from llmbook.summarization.scoring import score_summaries
from llmbook.summarization.seq2seq import encode, prompt
from llmbook.summarization.summarizer import summarize, summarize_in_chunks

CHATTER = {"short": SHORT["chatter"], "medium": 4.0, "long": 13.0}
"""Three lengths of meeting, by how much is said between two facts."""
CONTEXTS = (80, 120, 160, 240, 320, 480, 640, 960)
METHODS = {"cut": summarize, "chunks": summarize_in_chunks}
MEETINGS, SEED, SIZE = 63, 80, "large"


@dataclass(frozen=True)
class Reading:
    """How a set of meetings is read."""

    length: str
    """A key of ``CHATTER``."""
    context: int
    """Tokens that are read at once."""
    method: str
    """A key of ``METHODS``: the rest is lost, or read in further pieces."""


KEYS = tuple(Reading.__dataclass_fields__)


@functools.cache
def meetings_of(length: str, count: int = MEETINGS) -> list[Meeting]:
    """Meetings of one length, in the seven public workplaces in turn; the three lengths state other facts.

    Each has a seed of its own: under one seed seven workplaces would hold nearly the same meeting, turn by turn, and
    63 meetings would be worth nine.
    """
    first = (SEED + list(CHATTER).index(length)) * 1_000_003
    settings = MANNER | {"facts": 3, "chatter": CHATTER[length]}
    places = [PUBLIC[index % len(PUBLIC)] for index in range(count)]
    return [generate_meeting(first + index, domain=place, **settings) for index, place in enumerate(places)]


@functools.cache
def token_counts(length: str, count: int = MEETINGS) -> list[int]:
    """Tokens of each meeting's prompt."""
    tokenizer = load_summarizer_tokenizer()
    return [len(encode(tokenizer, prompt(meeting.transcript, "long"))) for meeting in meetings_of(length, count)]


@functools.cache
def reader() -> T5:
    """The model that reads."""
    return load_summarizer(SIZE).eval()


def run_reading(reading: Reading, count: int = MEETINGS) -> dict:
    """Write and score: one number per meeting for each measure, and for each fact where it ends and whether it is kept.

    Facts of all meetings follow one another in ``ends`` and ``kept``.
    """
    tokenizer, meetings = load_summarizer_tokenizer(), meetings_of(reading.length, count)
    summaries = METHODS[reading.method](reader(), tokenizer, meetings, context=reading.context)
    kept = [facts_stated(meeting, summary) for meeting, summary in zip(meetings, summaries, strict=True)]
    ends = [fact_ends(tokenizer, meeting) for meeting in meetings]
    return asdict(reading) | rounded(score_summaries(meetings, summaries)) | {
        "ends": [end for each in ends for end in each], "kept": [int(each) for row in kept for each in row],
    }  # fmt: skip


def all_readings() -> list[Reading]:
    """Every length in every context, cut and in pieces."""
    return [Reading(length, context, method) for method in METHODS for length in CHATTER for context in CONTEXTS]


def stored_reading(length: str, context: int, method: str) -> dict:
    """A stored row, its lists as arrays.

    Raises:
        ValueError: that combination was not run.
    """
    wanted = asdict(Reading(length, context, method))
    for row in read_result("truncation")["rows"]:
        if all(row[key] == value for key, value in wanted.items()):
            return {key: np.array(value) if isinstance(value, list) else value for key, value in row.items()}
    raise ValueError(f"no stored row has {wanted}; contexts are {CONTEXTS}")


def expected_by_reading(ends: Sequence[int], context: int) -> float:
    """The share of facts that end within the context: what a perfect reader who cuts could keep at most."""
    return float(np.mean(np.asarray(ends) <= context - 1))  # the last token of a cut prompt is the end-of-text token
