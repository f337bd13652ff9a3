"""The fair fight: a large model that has not read about a workplace against smaller ones that were tuned to it.

Every combination of size, tuning and context writes summaries of the same test meetings, and every summary is scored
by itself, so that two systems are compared meeting by meeting (``fair_fight_scores``). The paper has two cells of this
table: large and zero-shot, small and tuned. The others tell size, tuning, workplace and context apart.

The main measure is :func:`llmbook.summarizers.saved.net_f1`. It was chosen before any score by it was known, because
F1 alone gives the whole transcript more than most summaries.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from llmbook.experiments.meetings_t5 import (
    CONTEXT,
    LONG,
    SHORT,
    TUNING_MEETINGS,
    TUNING_SEED,
    TUNING_STEPS,
    encode_all,
    load_summarizer,
    load_summarizer_tokenizer,
    private_meetings,
    separate_meetings,
    tuned_summarizer,
)
from llmbook.experiments.results import frozen, rounded
from llmbook.meetings.meeting import INSTRUCTIONS, Meeting
from llmbook.models.t5 import T5
from llmbook.summarizers import baselines
from llmbook.summarizers.positions import facts_stated
from llmbook.summarizers.saved import reading_saved
from llmbook.summarizers.scoring import MEASURES, score_summaries
from llmbook.summarizers.t5 import summarize

TEST_SEED = 70
TEST_SETS = {
    "private": (private_meetings, SHORT, 100),
    "private, chatter 2": (private_meetings, SHORT | {"chatter": 2.0}, 60),
    "private, chatter 4": (private_meetings, SHORT | {"chatter": 4.0}, 60),
    "private long": (private_meetings, LONG, 60),
    "public": (separate_meetings, SHORT, 98),
    "public long": (separate_meetings, LONG, 63),
}
"""Who made them, their length, and how many: none was trained or tuned on."""
FIT = ("private", "public")
"""The test sets whose meetings fit into the context; of the others, untuned models read everything."""
TUNING_SETS = {"private": private_meetings, "public": separate_meetings}
"""Where tuning meetings come from: one workplace, or the seven that the bases have read about, in equal parts."""
ALL_MEASURES = ("net_f1", *MEASURES, "words")
"""The main measure, those of ``scoring``, and how many words a summary has."""
BASELINES = {
    "whole transcript": lambda meeting: meeting.transcript, "lead 3": baselines.lead,
    "central 3": baselines.central, "rare words 3": baselines.salient,
}  # fmt: skip
RANDOM, DRAWS = "random 3", 10
"""A further baseline: three turns at random, so many draws of each meeting."""


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
    tuned_in: str = "private"
    """A key of ``TUNING_SETS``; without tuning it says nothing."""


KEYS = tuple(Entry.__dataclass_fields__)


@functools.cache
def test_meetings(name: str) -> tuple[Meeting, ...]:
    """The meetings of a test set."""
    make, settings, count = TEST_SETS[name]
    return tuple(make(count, TEST_SEED, **settings))


def tuned_model(size: str, tuned_on: int, seed: int, tuned_in: str = "private", steps: int = TUNING_STEPS) -> T5:
    """A stored base, tuned to so many meetings under all three instructions, cut to the context."""
    if not tuned_on:
        return load_summarizer(size).eval()
    meetings = TUNING_SETS[tuned_in](tuned_on, TUNING_SEED, **SHORT)
    return tuned_summarizer(size, encode_all(load_summarizer_tokenizer(), meetings, CONTEXT), seed=seed, steps=steps)


def run_entry(entry: Entry, tuned: Callable[..., T5] = tuned_model) -> dict:
    """Write and score the summaries: a row with one number per meeting for each measure.

    Args:
        entry: what to do.
        tuned: makes the model, or remembers it, as ``Latest(tuned_model)`` does.
    """
    model = tuned(entry.size, entry.tuned_on, entry.seed, entry.tuned_in)
    meetings = test_meetings(entry.test)
    summaries = summarize(model, load_summarizer_tokenizer(), meetings, entry.instruction, context=entry.context)
    return asdict(entry) | rounded(judge(meetings, summaries, entry.instruction))


def judge(meetings: Sequence[Meeting], summaries: Sequence[str], instruction: str = "long") -> dict[str, np.ndarray]:
    """``(meetings,)`` numbers for each of ``ALL_MEASURES``."""
    scores = score_summaries(meetings, summaries, instruction)
    saved = np.array([reading_saved(*pair, instruction) for pair in zip(meetings, summaries, strict=True)])
    words = np.array([len(summary.split()) for summary in summaries])
    return {"net_f1": saved * scores["facts_f1"]} | scores | {"words": words}


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
def baseline_scores(name: str, test: str, instruction: str = "long") -> Mapping[str, np.ndarray]:
    """Scores of a summary without a model, for each meeting of a test set; made once, and not to be changed.

    Args:
        name: a key of ``BASELINES``, or ``RANDOM``, whose scores are means over the draws.
        test: a key of ``TEST_SETS``.
        instruction: what the reference keeps.

    Returns:
        ``(meetings,)`` numbers for each of ``ALL_MEASURES``, read-only.
    """
    meetings = test_meetings(test)
    if name != RANDOM:
        return frozen(judge(meetings, [BASELINES[name](meeting) for meeting in meetings], instruction))
    rng = np.random.default_rng(TEST_SEED)
    drawn = [judge(meetings, [baselines.random_turns(meeting, rng) for meeting in meetings], instruction)
             for _ in range(DRAWS)]  # fmt: skip
    return frozen({measure: np.mean([scores[measure] for scores in drawn], axis=0) for measure in ALL_MEASURES})


def all_entries(seeds: Sequence[int]) -> list[Entry]:
    """Everything the page asks for, tuned models one after the other so that each is tuned once."""
    entries = []
    for size in ("small", "medium", "large"):
        entries += _entries(size, 0, 0)
        for seed in seeds:
            entries += _entries(size, TUNING_MEETINGS, seed) + _elsewhere(size, seed)
    for tuned_on in (10, 30, 100):
        entries += [Entry("medium", tuned_on, seed, CONTEXT, "private") for seed in seeds]
    return entries


def _entries(size: str, tuned_on: int, seed: int) -> list[Entry]:
    """One model on all test sets: three instructions on the first, cut and whole on the long ones."""
    model = (size, tuned_on, seed)
    asked = [Entry(*model, CONTEXT, "private", instruction) for instruction in INSTRUCTIONS]
    asked.append(Entry(*model, CONTEXT, "public"))
    asked += [Entry(*model, CONTEXT if tuned_on else None, f"private, chatter {chatter}") for chatter in (2, 4)]
    return asked + [
        Entry(*model, context, test) for test in ("private long", "public long") for context in (CONTEXT, None)
    ]


def _elsewhere(size: str, seed: int) -> list[Entry]:
    """A model that was tuned on the public workplaces: there, and in the one that it has never read about."""
    model = (size, TUNING_MEETINGS, seed, CONTEXT)
    return [Entry(*model, test, tuned_in="public") for test in ("public", "private", "public long")]
