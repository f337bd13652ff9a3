"""The page of a class: counts of what failed, and hints by how many students were told them."""

import drawing
import pytest
from drawing import redrawn

from llmbook.classroom.grading import STATUSES, Graded, Result
from llmbook.classroom.overview import (
    MEANING,
    failures,
    misconceptions,
    overview_page,
    plot_checks,
    plot_misconceptions,
)

HINT = "keys and values are both stored, so there is a factor 2"


def result(student, *statuses, message="", status="ok"):
    titles = ("One", "Two")
    return Result(student, status, "", tuple(Graded("x-ex-a", title, each, message if each == "FAIL" else "", 1, False)
                                             for title, each in zip(titles, statuses, strict=True)))  # fmt: skip


CLASS = [
    result("ada", "PASS", "PASS"),
    result("ben", "FAIL", "FAIL", message=f"your result is 8: {HINT}"),
    result("cleo", "PASS", "FAIL", message=f"your result is 1,024: {HINT}"),
    result("dan", "todo", "todo", status="not attempted"),
    result("<b>eve</b>", "PASS", "FAIL", message="your result is 3, expected 4"),
]


def test_counts():
    assert failures(CLASS) == [("x-ex-a: Two", 3, 1), ("x-ex-a: One", 1, 1)]
    assert misconceptions(CLASS) == [(f"x-ex-a: {HINT}", 2)]
    assert failures(CLASS[:1]) == misconceptions(CLASS[:1]) == []


@pytest.mark.parametrize("message", ["your function raised ValueError: x", "your code took too long and was stopped",
                                     "your result is 3, expected 4", "predicted 0.3, measured 0.5",
                                     "the check could not use what your function returned (TypeError: x)",
                                     "there is no function f in the notebook",
                                     "your process answered something that was not asked"])  # fmt: skip
def test_an_error_is_no_misconception(message):
    assert misconceptions([result("ada", "FAIL", "PASS", message=message)]) == []


def test_bars_of_the_checks():
    figure = redrawn(plot_checks, failures(CLASS), 5)
    (ax,) = figure.axes
    found = [(bar.x, bar.width, bar.color) for bar in drawing.bars(ax)]
    assert found == [(0, 1, "vermillion"), (0, 3, "vermillion"), (1, 1, "gray"), (3, 1, "gray")]
    assert drawing.ticks(ax.yaxis) == {0: "x-ex-a: One", 1: "x-ex-a: Two"} and drawing.limits(ax)[0] == (0, 5)
    assert list(drawing.legend(ax)) == ["failed", "not attempted"] and ax.get_xlabel() == "students"


def test_bars_of_the_misconceptions():
    rows = [("x" * 200, 4), ("costs $5 and $6", 2), *((f"hint {number}", 1) for number in range(30))]
    figure = redrawn(plot_misconceptions, rows, 5)
    (ax,) = figure.axes
    assert [bar.width for bar in drawing.bars(ax)] == [1] * 10 + [2, 4]
    names = list(drawing.ticks(ax.yaxis).values())
    assert len(names) == 12 and len(names[-1]) == 73 and names[-2].replace("\\", "") == "2. costs $5 and $6"


def test_it_begins_with_the_marks_and_with_who_needs_a_look():
    text = overview_page(CLASS, "gemma")
    assert "the median is 1 of 2 points; the middle half has 0.75 to 1.25, the lowest 0, the highest 2." in text
    assert text.index("Look at these") < text.index("Checks that fail") < text.index("<h2>Students</h2>")
    looked_at = text[text.index("Look at these") : text.index("Checks that fail")]
    assert "not attempted" in looked_at and "href='feedback/dan.html'" in looked_at and "ada" not in looked_at
    assert "Look at these" not in overview_page(CLASS[:1], "gemma")
    failed = overview_page([Result("eve", "not graded", "no more files", ())], "gemma")
    assert "median" not in failed and "run it again" in failed


def test_exercises_have_the_titles_of_the_students_notebooks():
    assert "Exercise 3.1: Fold: Two" in overview_page(CLASS, "olmo", {"x-ex-a": "Exercise 3.1: Fold"})


def test_who_attempted_and_has_no_point_is_looked_at():
    text = overview_page([result("finn", "FAIL", "FAIL"), result("ada", "PASS", "FAIL")], "gemma")
    looked_at = text[text.index("Look at these") : text.index("Checks that fail")]
    assert "finn" in looked_at and "ada" not in looked_at


def test_what_nobody_attempted_is_named():
    """Twin: one who tried it is enough; and where nobody did anything, the marks say so already."""
    left = Graded("x-ex-b", "Three", "todo", "", 1, False)
    some = [Result(each.student, each.status, "", (*each.outcomes, left)) for each in CLASS]
    assert "<p>Nobody attempted: x-ex-b.</p>" in overview_page(some, "gemma")
    tried = Result("fay", "ok", "", (Graded("x-ex-b", "Three", "FAIL", "", 1, False),))
    assert "Nobody attempted" not in overview_page([*some, tried], "gemma")
    assert "Nobody attempted" not in overview_page([some[3]], "gemma")


def test_every_status_has_a_meaning():
    """Each that a result can have, but the one that needs no look."""
    assert set(MEANING) == set(STATUSES) - {"ok"}


def test_the_page_links_and_escapes():
    text = overview_page(CLASS, "gemma")
    assert text.count("<svg") == 2 and "href='feedback/ada.html'" in text and "5 submissions" in text
    assert f"<li>x-ex-a: {HINT} (2)</li>" in text
    assert "<b>" not in text and "&lt;b&gt;eve" in text
    assert "<svg" not in overview_page(CLASS[:1], "gemma") and "1 submission of" in overview_page(CLASS[:1], "gemma")
