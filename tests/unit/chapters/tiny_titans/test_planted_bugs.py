"""The functions with a bug that the page of exercises hands out fail the checks of their exercise, and not at once."""


import pytest
from exercise_cells import ExerciseCells

from llmbook.chapters import evaluate
from llmbook.exercises.report import FAIL, TODO

CELLS = ExerciseCells("tiny-titans")
PLANTED = CELLS.planted


@pytest.mark.parametrize("slug", PLANTED)
def test_the_planted_bug_is_caught(slug):
    report = evaluate(f"tt-ex-{slug}", CELLS.function(f"{slug}-bug"))
    assert report.status == FAIL
    assert not any("raised" in outcome.message for outcome in report.outcomes), "it should run, as the task says"


def test_bugs_are_planted_and_starters_are_not_them():
    """The twin of each: the starter beside it, which is not attempted."""
    assert len(PLANTED) >= 5
    assert {evaluate(f"tt-ex-{slug}", CELLS.function(f"{slug}-starter")).status for slug in PLANTED} == {TODO}


def test_the_union_is_right_for_one_sentence():
    """As its task says: only longer references show it."""
    first, *_ = evaluate("tt-ex-rouge-union", CELLS.function("rouge-union-bug")).outcomes
    assert first.status == "PASS"
