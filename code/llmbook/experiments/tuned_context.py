"""Tuned short or long, read cut or whole: whether the context decides, or the size, or the length of the meetings.

One base, the medium one, is tuned to the theater in three ways: on short meetings, which fit into the context; on long
ones cut to the context; and on the same long ones, whole. Every tuned model then summarizes the same long meetings, cut
and whole. Steps, batches and references are equal; only what is read differs.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from llmbook.experiments.fair_fight import ALL_MEASURES, judge, test_meetings
from llmbook.experiments.meetings_t5 import (
    CONTEXT,
    LONG,
    SHORT,
    TUNING_MEETINGS,
    TUNING_SEED,
    TUNING_STEPS,
    encode_all,
    load_summarizer_tokenizer,
    private_meetings,
    tuned_summarizer,
)
from llmbook.experiments.results import read_result, rounded, select
from llmbook.models.t5 import T5
from llmbook.summarizers.positions import facts_stated
from llmbook.summarizers.t5 import summarize

SIZE, BATCH_SIZE, TEST = "medium", 16, "private long"
TUNINGS = {"short": (SHORT, CONTEXT), "long, cut": (LONG, CONTEXT), "long, whole": (LONG, None)}
"""Which meetings a model is tuned on, and how many tokens of each are read."""
READINGS = {"cut": CONTEXT, "whole": None}
"""How the test meetings are read."""
MEASURES = (*ALL_MEASURES, "kept")


@dataclass(frozen=True)
class Cell:
    """One model, read in one way."""

    tuned: str
    """A key of ``TUNINGS``."""
    seed: int
    """Of the tuning."""
    read: str
    """A key of ``READINGS``."""


KEYS = tuple(Cell.__dataclass_fields__)


def all_cells(seeds: Sequence[int]) -> list[Cell]:
    """Every tuning with every seed, read in both ways; a model's cells stand together, so that each is tuned once."""
    return [Cell(tuned, seed, read) for seed in seeds for tuned in TUNINGS for read in READINGS]


def tuned_model(tuned: str, seed: int, steps: int = TUNING_STEPS, meetings: int = TUNING_MEETINGS) -> T5:
    """The base after its tuning under all three instructions."""
    settings, context = TUNINGS[tuned]
    pairs = encode_all(load_summarizer_tokenizer(), private_meetings(meetings, TUNING_SEED, **settings), context)
    return tuned_summarizer(SIZE, pairs, steps=steps, seed=seed, batch_size=BATCH_SIZE)


def run_cell(cell: Cell, tuned: Callable[[str, int], T5] = tuned_model) -> dict:
    """Write and score: one number per meeting for each measure, and in ``kept`` one per fact, meeting after meeting.

    Args:
        cell: what to do.
        tuned: makes the model, or remembers it, as ``Latest(tuned_model)`` does.
    """
    model, meetings = tuned(cell.tuned, cell.seed), test_meetings(TEST)
    summaries = summarize(model, load_summarizer_tokenizer(), meetings, context=READINGS[cell.read])
    kept = [int(each) for pair in zip(meetings, summaries, strict=True) for each in facts_stated(*pair)]
    return asdict(cell) | rounded(judge(meetings, summaries)) | {"kept": kept}


def stored_cell(tuned: str, read: str, measure: str = "net_f1") -> np.ndarray:
    """Stored scores of a cell, ``(seeds, meetings)``, or of the measure "kept" ``(seeds, facts)``.

    Raises:
        ValueError: there is no such cell, or no such measure.
    """
    if measure not in MEASURES:
        raise ValueError(f"unknown measure {measure!r}; choose one of {', '.join(MEASURES)}")
    return np.array([row[measure] for row in select(read_result("tuned_context")["rows"], tuned=tuned, read=read)])
