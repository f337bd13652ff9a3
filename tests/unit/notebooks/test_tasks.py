"""A page of exercises is taken apart at its gates."""

import pytest

from llmbook.notebooks.contents import BookError, read_pages
from llmbook.notebooks.tasks import split


def test_tasks_and_solutions_are_told_apart(book):
    tasks, solutions = split(read_pages(book)[3])
    assert [piece.cell.id for piece in tasks] == ["title", "imports", "cups-task", "cups-starter"]
    assert [piece.cell.id for piece in solutions] == ["cups-answer", "cups-why"]


def test_the_first_cell_carries_label_and_level_and_loses_its_title(book):
    tasks, solutions = split(read_pages(book)[3])
    assert (tasks[2].opens, tasks[2].level, tasks[2].cell.source) == ("tea-ex-cups", "core, 5 min", "Return how many.")
    assert [(piece.opens, piece.level) for piece in solutions] == [("tea-ex-cups", ""), ("", "")]


@pytest.mark.parametrize(("old", "new", "said"), [
    ("{exercise-end}", "{exercise-start}", "exercise-start in the cell cups-end stands within: exercise"),
    ("{solution-end}", "{exercise-end}", "within: solution"),
    ("```{solution-start} tea-ex-cups", "", "is a solution, and stands outside"),
    ('"source": ["```{solution-end}', '"source": ["{solution-end}', "the last solution is not closed"),
])  # fmt: skip
def test_gates_that_do_not_match_are_refused(book, change, old, new, said):
    change("chapters/tea/exercises.ipynb", old, new)
    with pytest.raises(BookError, match=said):
        split(read_pages(book)[3])
