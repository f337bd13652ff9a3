"""The fair fight: a large model that has not read about a workplace against smaller ones that were tuned to it.

Every combination of size, tuning and context writes summaries of the same test meetings, and every summary is scored
by itself, so that two systems are compared meeting by meeting. The paper has two cells of this table: large and
zero-shot, small and tuned. The others tell size, tuning and context apart.
"""

import functools
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from llmbook.experiments.results import read_result
from llmbook.experiments.summarizers import (
    CONTEXT,
    LONG,
    SHORT,
    TUNING_MEETINGS,
    TUNING_SEED,
    encode_all,
    fine_tune_summarizer,
    load_summarizer,
    load_summarizer_tokenizer,
    private_meetings,
    separate_meetings,
)
from llmbook.models.t5 import T5
from llmbook.statistics import Interval
from llmbook.summarization import baselines
from llmbook.summarization.bootstrap import PairedTest, bootstrap_interval, paired_bootstrap
from llmbook.summarization.meeting import INSTRUCTIONS, Meeting
from llmbook.summarization.positions import facts_stated
from llmbook.summarization.scoring import MEASURES, score_summaries
from llmbook.summarization.summarizer import summarize

TEST_SEED = 70
TEST_SETS = {
    "private": (private_meetings, SHORT, 100),
    "public": (separate_meetings, SHORT, 98),
    "private long": (private_meetings, LONG, 60),
    "public long": (separate_meetings, LONG, 63),
}
"""Who made them, their length, and how many: none was trained or tuned on."""
BASELINES = {"lead 3": baselines.lead, "central 3": baselines.central, "rare words 3": baselines.salient}


@dataclass(frozen=True)
class Entry:
    """One system on one test set."""

    size: str
    """A key of ``WIDTHS``."""
    tuned_on: int
    """Private meetings that it was tuned on; 0 is zero-shot."""
    seed: int
    """Of the tuning; 0 where there was none."""
    context: int | None
    """Tokens that it reads of a meeting, None for all."""
    test: str
    """A key of ``TEST_SETS``."""
    instruction: str = "long"
    """How much the summary should keep."""


KEYS = tuple(Entry.__dataclass_fields__)


@functools.cache
def test_meetings(name: str) -> list[Meeting]:
    """The meetings of a test set."""
    make, settings, count = TEST_SETS[name]
    return make(count, TEST_SEED, **settings)


@functools.lru_cache(maxsize=1)
def tuned_model(size: str, tuned_on: int, seed: int, steps: int | None = None) -> T5:
    """A stored base, tuned to so many meetings of the theater under all three instructions, cut to the context."""
    model = load_summarizer(size)
    if tuned_on:
        tokenizer = load_summarizer_tokenizer()
        pairs = encode_all(tokenizer, private_meetings(tuned_on, TUNING_SEED, **SHORT), CONTEXT)
        options = {"seed": seed} if steps is None else {"seed": seed, "steps": steps}
        for _ in fine_tune_summarizer(model, pairs, tokenizer, **options):
            pass
    return model.eval()


def run_entry(entry: Entry) -> dict:
    """Write and score the summaries: a row with one number per meeting for each measure."""
    model, meetings = tuned_model(entry.size, entry.tuned_on, entry.seed), test_meetings(entry.test)
    summaries = summarize(model, load_summarizer_tokenizer(), meetings, entry.instruction, context=entry.context)
    return asdict(entry) | rounded(score_summaries(meetings, summaries, entry.instruction))


def run_code_names(size: str, tuned_on: int, seed: int) -> dict:
    """How many facts of the private test meetings a model keeps: of those said in code, and of the others."""
    model, meetings = tuned_model(size, tuned_on, seed), test_meetings("private")
    summaries = summarize(model, load_summarizer_tokenizer(), meetings, context=CONTEXT)
    return {"size": size, "tuned_on": tuned_on, "seed": seed} | kept_in_code(meetings, summaries)


def kept_in_code(meetings: Sequence[Meeting], summaries: Sequence[str]) -> dict[str, float]:
    """The share of facts that summaries state: of those said with a code name, and of the others."""
    kept = [each for pair in zip(meetings, summaries, strict=True) for each in facts_stated(*pair)]
    in_code = np.array([bool(fact.code_name) for meeting in meetings for fact in meeting.facts])
    return {name: round(float(np.mean(kept, where=where)), 4)
            for name, where in (("in_code", in_code), ("others", ~in_code))}  # fmt: skip


@functools.cache
def baseline_scores(name: str, test: str, instruction: str = "long") -> dict[str, np.ndarray]:
    """Scores of a summary without a model, for each meeting of a test set; ``name`` is a key of ``BASELINES``."""
    meetings = test_meetings(test)
    return score_summaries(meetings, [BASELINES[name](meeting) for meeting in meetings], instruction)


def rounded(scores: dict[str, np.ndarray]) -> dict[str, list[float]]:
    """Four digits, for storing."""
    return {name: [round(float(value), 4) for value in values] for name, values in scores.items()}


def stored_scores(measure: str, *, name: str = "fair_fight", **wanted: object) -> np.ndarray:
    """One measure of all stored rows that fit, ``(rows, meetings)``: the seeds of a tuned system, or one row.

    Args:
        measure: one of ``MEASURES``.
        name: of the stored result.
        **wanted: fields of :class:`Entry`; what is not named may be anything.

    Raises:
        ValueError: nothing fits, or the rows belong to different test sets.
    """
    if measure not in MEASURES:
        raise ValueError(f"unknown measure {measure!r}; choose one of {', '.join(MEASURES)}")
    found = [row for row in _rows(name) if all(row[key] == value for key, value in wanted.items())]
    if not found:
        raise ValueError(f"no stored row has {wanted}")
    if len({row["test"] for row in found}) > 1:
        raise ValueError(f"{wanted} fits several test sets; name one of {', '.join(TEST_SETS)}")
    return np.array([row[measure] for row in found])


def best_systems(test: str) -> list[str]:
    """Names of all systems, from the simplest to the tuned large one.

    On long meetings untuned models read everything, and tuned ones what they were tuned to read.
    """
    if test not in TEST_SETS:
        raise ValueError(f"unknown test set {test!r}; choose one of {', '.join(TEST_SETS)}")
    sizes = ("small", "medium", "large")
    return [*BASELINES, *(f"{size}, zero-shot" for size in sizes), *(f"{size}, tuned" for size in sizes)]


def system_scores(system: str, measure: str, test: str, instruction: str = "long") -> np.ndarray:
    """Scores ``(meetings,)`` of a system of :func:`best_systems`, the mean over its seeds."""
    if system in BASELINES:
        return baseline_scores(system, test, instruction)[measure]
    size, _, how = system.partition(", ")
    tuned_on = TUNING_MEETINGS if how == "tuned" else 0
    context = None if test.endswith("long") and not tuned_on else CONTEXT
    wanted = {"size": size, "tuned_on": tuned_on, "context": context, "test": test, "instruction": instruction}
    return stored_scores(measure, **wanted).mean(0)


@functools.cache
def system_interval(system: str, measure: str, test: str, instruction: str = "long") -> Interval:
    """Mean over the meetings with its bootstrap interval; see :func:`system_scores`."""
    return bootstrap_interval(system_scores(system, measure, test, instruction), seed=0)


@functools.cache
def compare(first: str, second: str, measure: str, test: str, instruction: str = "long") -> PairedTest:
    """The first system minus the second, meeting by meeting; see :func:`system_scores`."""
    scores = (system_scores(each, measure, test, instruction) for each in (first, second))
    return paired_bootstrap(*scores, seed=0)


@functools.cache
def _rows(name: str) -> list[dict]:
    return read_result(name)["rows"]


def all_entries(seeds: Sequence[int]) -> list[Entry]:
    """Everything the page asks for, tuned models one after the other so that each is tuned once."""
    entries = []
    for size in ("small", "medium", "large"):
        entries += _entries(size, 0, 0) + [each for seed in seeds for each in _entries(size, TUNING_MEETINGS, seed)]
    for tuned_on in (10, 30, 100):
        entries += [Entry("medium", tuned_on, seed, CONTEXT, "private") for seed in seeds]
    return entries


def _entries(size: str, tuned_on: int, seed: int) -> list[Entry]:
    """One model on all test sets: three instructions on the first, cut and whole on the long ones."""
    model = (size, tuned_on, seed)
    asked = [Entry(*model, CONTEXT, "private", instruction) for instruction in INSTRUCTIONS]
    asked.append(Entry(*model, CONTEXT, "public"))
    return asked + [Entry(*model, context, test)
                    for test in ("private long", "public long") for context in (CONTEXT, None)]
