"""What the page of exercises hands out holds: its planted bugs fail the checks, and its lists of faults are faults."""


import re

import pytest
from exercise_cells import ExerciseCells

from llmbook.chapters import evaluate
from llmbook.chapters.gemma.activations import checks_points
from llmbook.chapters.gemma.assembled import checks_prompts
from llmbook.exercises.compare import Mistake
from llmbook.exercises.report import FAIL, TODO
from llmbook.layers.activation import gelu_tanh

CELLS = ExerciseCells("gemma")
PLANTED = CELLS.planted


@pytest.mark.parametrize("slug", PLANTED)
def test_the_planted_bug_is_caught(slug):
    report = evaluate(f"gemma-ex-{slug}", CELLS.function(f"{slug}-bug"))
    assert report.status == FAIL
    assert not any("raised" in outcome.message for outcome in report.outcomes), "it should run, as the task says"


def test_bugs_are_planted_and_starters_are_not_them():
    """The twin of each: the starter beside it, which is not attempted."""
    assert PLANTED == ["groups", "matched-width", "unfuse", "tied-logits"]
    assert {evaluate(f"gemma-ex-{slug}", CELLS.function(f"{slug}-starter")).status for slug in PLANTED} == {TODO}


@pytest.mark.parametrize("slug", ["groups", "matched-width"])
def test_a_bug_survives_the_test_that_its_author_wrote(slug):
    """As the task says: some layouts and widths do not show it."""
    outcomes = evaluate(f"gemma-ex-{slug}", CELLS.function(f"{slug}-bug")).outcomes
    assert {outcome.status for outcome in outcomes} == {"PASS", FAIL}


def test_a_function_that_is_right_is_no_fault():
    """The twin of the lists of faults: nothing can tell the right function from itself."""
    with pytest.raises(Mistake, match="copies the right one looks right"):
        checks_points.expect_told(lambda: [2.7, -2.7, 20.0], {"copies the right one": gelu_tanh})
    right = {"copies the right one": checks_prompts.with_one_bos}
    with pytest.raises(Mistake, match="copies the right one treats all"):
        checks_prompts.expect_told(lambda bos: [[], [bos] * 3 + [5], [5, bos, 7, bos]], right)


def test_the_page_shows_the_function_that_the_prompts_are_held_against():
    shown = CELLS.function("one-bos-right")
    for ids in ([], [5], [2], [2, 2, 5], [5, 2, 7, 2], [2, 2, 2, 2]):
        assert shown(ids, 2) == checks_prompts.with_one_bos(ids, 2)


@pytest.mark.parametrize(("slug", "lists"), [
    ("telling-points", (checks_points.NEAR, checks_points.FAR)),
    ("one-bos", (checks_prompts.IN_FRONT, checks_prompts.ELSEWHERE)),
])  # fmt: skip
def test_the_task_lists_as_many_faults_as_the_check_has(slug, lists):
    assert len(re.findall(r"^\d\. ", CELLS.sources[f"{slug}-task"], re.MULTILINE)) == sum(map(len, lists)) == 9
