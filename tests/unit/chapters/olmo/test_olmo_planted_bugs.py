"""The functions with a bug that the page of exercises hands out fail the checks of their exercise."""

import pytest
from exercise_cells import ExerciseCells

from llmbook.chapters import evaluate
from llmbook.exercises.report import FAIL, TODO

CELLS = ExerciseCells("olmo")
FUNCTIONS = ["accumulate", "answer"]  # audit-batch hands out rows of a table


def test_every_bug_of_the_page_is_tried():
    assert {*FUNCTIONS, "audit-batch"} == {*CELLS.planted}


@pytest.mark.parametrize("slug", FUNCTIONS)
def test_the_planted_bug_is_caught_and_the_starter_is_not_attempted(slug):
    assert evaluate(f"olmo-ex-{slug}", CELLS.function(f"{slug}-bug")).status == FAIL
    assert evaluate(f"olmo-ex-{slug}", CELLS.function(f"{slug}-starter")).status == TODO
