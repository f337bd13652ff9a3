"""The functions with a bug that the page of exercises hands out fail the checks of their exercise, and not at once."""

import re
from pathlib import Path

import nbformat
import pytest

from llmbook.chapters import evaluate
from llmbook.exercises.report import FAIL, TODO

PAGE = Path(__file__).resolve().parents[4] / "chapters/tiny-titans/exercises.ipynb"
CELLS = {cell.id: cell.source for cell in nbformat.read(PAGE, as_version=4).cells}
PLANTED = [name.removesuffix("-bug") for name in CELLS if name.endswith("-bug")]


def function_of(cell):
    """The function that a cell defines."""
    space = {}
    exec(CELLS["imports"] + "\n" + cell, space)
    return space[re.findall(r"^def (\w+)", cell, re.MULTILINE)[-1]]


@pytest.mark.parametrize("slug", PLANTED)
def test_the_planted_bug_is_caught(slug):
    report = evaluate(f"tt-ex-{slug}", function_of(CELLS[f"{slug}-bug"]))
    assert report.status == FAIL
    assert not any("raised" in outcome.message for outcome in report.outcomes), "it should run, as the task says"


def test_bugs_are_planted_and_starters_are_not_them():
    """The twin of each: the starter beside it, which is not attempted."""
    assert len(PLANTED) >= 5
    assert {evaluate(f"tt-ex-{slug}", function_of(CELLS[f"{slug}-starter"])).status for slug in PLANTED} == {TODO}


def test_the_union_is_right_for_one_sentence():
    """As its task says: only longer references show it."""
    first, *_ = evaluate("tt-ex-rouge-union", function_of(CELLS["rouge-union-bug"])).outcomes
    assert first.status == "PASS"
