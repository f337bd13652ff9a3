"""What the stored scores of the fair fight say: systems by name, means with intervals, paired differences."""

import functools
from collections.abc import Mapping

import numpy as np

from llmbook.experiments.fair_fight import ALL_MEASURES, BASELINES, FIT, RANDOM, TEST_SETS, baseline_scores
from llmbook.experiments.meetings_t5 import CONTEXT, TUNING_MEETINGS
from llmbook.experiments.results import frozen, read_result, select
from llmbook.metrics.bootstrap import PairedTest, bootstrap_interval, paired_bootstrap
from llmbook.metrics.intervals import Interval

SIZES = ("small", "medium", "large")


def stored_scores(measure: str, *, name: str = "fair_fight", **wanted: object) -> np.ndarray:
    """One measure of all stored rows that fit, ``(rows, meetings)``: the seeds of a tuned system, or one row.

    Args:
        measure: one of ``ALL_MEASURES``.
        name: of the stored result.
        **wanted: fields of :class:`Entry`; what is not named may be anything, but ``tuned_in``, which is private then.

    Raises:
        ValueError: there is no such measure or field, nothing fits, or the rows belong to different test sets.
    """
    if measure not in ALL_MEASURES:
        raise ValueError(f"unknown measure {measure!r}; choose one of {', '.join(ALL_MEASURES)}")
    wanted = {"tuned_in": "private"} | wanted
    found = select(_rows(name), **wanted)
    if len({row["test"] for row in found}) > 1:
        raise ValueError(f"{wanted} fits several test sets; name one of {', '.join(TEST_SETS)}")
    return np.array([row[measure] for row in found])


def best_systems(test: str) -> list[str]:
    """Names of all systems, from the simplest to the tuned ones.

    "Tuned" is tuned on meetings of the workplaces of the test set. In the public workplaces there is also "tuned
    elsewhere", on the private one. On meetings that do not fit into the context untuned models read everything, and
    tuned ones what they were tuned to read.

    Raises:
        ValueError: there is no such test set.
    """
    if test not in TEST_SETS:
        raise ValueError(f"unknown test set {test!r}; choose one of {', '.join(TEST_SETS)}")
    ways = ["zero-shot", "tuned"] + ["tuned elsewhere"] * test.startswith("public")
    first, *others = BASELINES
    return [first, RANDOM, *others, *(f"{size}, {way}" for way in ways for size in SIZES)]


def system_scores(system: str, measure: str, test: str, instruction: str = "long") -> np.ndarray:
    """Scores ``(meetings,)`` of a system, the mean over its seeds.

    Args:
        system: one of :func:`best_systems`; "tuned elsewhere" is there for the private test sets, too.
        measure: one of ``ALL_MEASURES``.
        test: a key of ``TEST_SETS``.
        instruction: how much the summary should keep.

    Raises:
        ValueError: there is no such system, or nothing is stored for it on this test set.
    """
    if system not in (known := best_systems("public")):  # no test set has more
        raise ValueError(f"unknown system {system!r}; choose one of {'; '.join(known)}")
    if system in (*BASELINES, RANDOM):
        return baseline_scores(system, test, instruction)[measure]
    size, _, way = system.partition(", ")
    at_home, away = ("public", "private") if test.startswith("public") else ("private", "public")
    zero_shot = way == "zero-shot"
    return stored_scores(
        measure, size=size, test=test, instruction=instruction, tuned_on=0 if zero_shot else TUNING_MEETINGS,
        context=None if zero_shot and test not in FIT else CONTEXT,
        tuned_in={"zero-shot": "private", "tuned": at_home, "tuned elsewhere": away}[way],
    ).mean(0)  # fmt: skip


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
def _rows(name: str) -> tuple[Mapping, ...]:
    """All rows of a stored result, read once: there are many, and a page asks for them often."""
    return frozen(read_result(name)["rows"])
