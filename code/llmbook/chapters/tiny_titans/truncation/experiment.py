"""Truncation: what a summary loses when only the first tokens of a meeting are read, and what reading in pieces saves.

One stored model, the largest base, summarizes meetings of the public workplaces, which it knows, so that whatever is
missing is missing because it was not read. Nothing is trained here.
"""

import functools
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from llmbook.experiments.meetings_t5 import SHORT, load_summarizer, load_summarizer_tokenizer, separate_meetings
from llmbook.experiments.results import read_result, rounded, select
from llmbook.meetings.meeting import Meeting
from llmbook.metrics.bootstrap import bootstrap_interval, draw_counts, percentiles
from llmbook.metrics.intervals import Interval
from llmbook.models.t5 import T5
from llmbook.summarizers.positions import fact_ends, facts_stated
from llmbook.summarizers.scoring import score_summaries
from llmbook.summarizers.seq2seq import encode, prompt
from llmbook.summarizers.t5 import summarize, summarize_in_chunks

CHATTER = {"short": SHORT["chatter"], "medium": 4.0, "long": 13.0}
"""Three lengths of meeting, by how much is said between two facts."""
CONTEXTS = (80, 120, 160, 240, 320, 480, 640, 960)
METHODS = {"cut": summarize, "chunks": summarize_in_chunks}
MEETINGS, FACTS, SEED, SIZE = 63, 3, 80, "large"
SAMPLES = 4000
"""Of each bootstrap."""


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
def meetings_of(length: str, count: int = MEETINGS) -> tuple[Meeting, ...]:
    """Meetings of one length, in the seven public workplaces in turn; the three lengths state other facts."""
    seed = SEED + list(CHATTER).index(length)
    return tuple(separate_meetings(count, seed, facts=3, chatter=CHATTER[length]))


def token_counts(length: str, count: int = MEETINGS) -> list[int]:
    """Tokens of each meeting's prompt."""
    tokenizer = load_summarizer_tokenizer()
    return [len(encode(tokenizer, prompt(meeting.transcript, "long"))) for meeting in meetings_of(length, count)]


def reader() -> T5:
    """The model that reads; a new one at each call."""
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
    [row] = select(read_result("truncation")["rows"], **asdict(Reading(length, context, method)))
    return {key: np.array(value) if isinstance(value, list) else value for key, value in row.items()}


def expected_by_reading(ends: Sequence[int], context: int) -> float:
    """The share of facts that end within the context: what a perfect reader who cuts could keep at most."""
    return float(np.mean(np.asarray(ends) <= context))  # both count the end-of-text token


def careful_f1(ends: Sequence[int], context: int) -> float:
    """Mean F1 over meetings of a perfect reader who cuts: states every fact that ends within the context, nothing else.

    Args:
        ends: of ``FACTS`` facts a meeting, meeting after meeting.
        context: tokens that are read.
    """
    read = (np.asarray(ends).reshape(-1, FACTS) <= context).sum(axis=1)
    return float((2 * read / (read + FACTS)).mean())


def per_meeting(row: dict, measure: str) -> np.ndarray:
    """``(meetings,)`` scores of a row; the measure "recall" is the share of a meeting's facts that are kept."""
    if measure == "recall":
        return np.reshape(row["kept"], (-1, FACTS)).mean(axis=1)
    return np.asarray(row[measure])


def score_intervals(length: str, method: str, measure: str) -> Interval:
    """Stored means over the meetings, one for each of ``CONTEXTS``, with 95 % bootstrap intervals."""
    rows = [stored_reading(length, context, method) for context in CONTEXTS]
    return _stacked([per_meeting(row, measure) for row in rows])


def gain_intervals(length: str, measure: str) -> Interval:
    """Stored paired differences, pieces minus cut off, one for each of ``CONTEXTS``, with 95 % bootstrap intervals."""
    pairs = [[per_meeting(stored_reading(length, context, method), measure) for method in ("chunks", "cut")]
             for context in CONTEXTS]  # fmt: skip
    return _stacked([pieces - cut for pieces, cut in pairs])


def recall_intervals(row: dict, edges: Sequence[float], *, samples: int = SAMPLES) -> Interval:
    """Recall by position with 95 % intervals from meetings drawn again, because facts of one meeting belong together.

    Args:
        row: with ``ends`` and ``kept``.
        edges: n + 1 rising borders in tokens.
        samples: of the bootstrap.

    Returns:
        n shares; NaN where no fact ends.
    """
    place = np.digitize(np.reshape(row["ends"], (-1, FACTS)), edges) - 1
    kept = np.reshape(row["kept"], (-1, FACTS))
    inside = place[..., None] == np.arange(len(edges) - 1)  # (meetings, facts, n)
    total, stated = inside.sum(axis=1), (inside * kept[..., None]).sum(axis=1)
    drawn = draw_counts(len(total), samples, SEED)
    there = total.any(axis=0)
    found = np.full((3, len(there)), np.nan)
    found[0, there] = stated[:, there].sum(axis=0) / total[:, there].sum(axis=0)
    with np.errstate(invalid="ignore"):  # a drawn set may have no fact in an interval; it does not count there
        shares = (drawn @ stated[:, there]) / (drawn @ total[:, there])
    found[1:, there] = percentiles(shares)
    return Interval(*found)


def _stacked(columns: Sequence[np.ndarray]) -> Interval:
    """One interval that holds arrays, from the scores of each context."""
    found = [bootstrap_interval(scores, seed=SEED, samples=SAMPLES) for scores in columns]
    return Interval(*(np.array([getattr(each, end) for each in found]) for end in ("mean", "low", "high")))
