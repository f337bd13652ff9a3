"""A class: results are kept and taken up again, and the table holds what a learning platform can read."""

import csv
import io
import os

import pytest
from classroom_tasks import DOUBLE, RIGHT, SMALL, TASKS, WRONG, needs_sandbox, write_notebook

from llmbook.classroom import gradebook
from llmbook.classroom.gradebook import Course, grade_all, grades_table, plain_cell, safe_name
from llmbook.classroom.grading import Graded, Result
from llmbook.classroom.sandbox import NoSandboxError
from llmbook.classroom.submission import ClassroomError

COURSE = Course(TASKS, "the checks", SMALL)


@pytest.fixture
def graded(monkeypatch):
    """Grading that only notes who was graded."""
    names = []

    def note(student, path, tasks, limits, *, sandboxed):
        names.append(student)
        if student == "stop":
            raise KeyboardInterrupt
        if student == "broken":
            raise OSError("no more files")
        return Result(student, "ok", "", (Graded("t-ex-double", "Seven", "PASS", "", 1, False),))

    monkeypatch.setattr(gradebook, "grade", note)
    return names


def submissions(folder, *students):
    return {student: write_notebook(folder / f"{student}.ipynb", RIGHT) for student in students}


def test_an_interrupted_run_goes_on(graded, tmp_path):
    given = submissions(tmp_path, "ada", "ben", "cleo", "stop")
    with pytest.raises(KeyboardInterrupt):
        grade_all(given, COURSE, tmp_path / "out", jobs=1)
    del given["stop"]
    graded.clear()
    results = grade_all(given, COURSE, tmp_path / "out", jobs=1)
    assert graded == [] and [result.student for result in results] == ["ada", "ben", "cleo"]


def test_what_has_changed_is_graded_anew(graded, tmp_path):
    given = submissions(tmp_path, "ada", "ben")
    grade_all(given, COURSE, tmp_path / "out")
    graded.clear()
    write_notebook(given["ben"], WRONG)
    grade_all(given, COURSE, tmp_path / "out")
    assert graded == ["ben"]
    grade_all(given, Course(TASKS, "other checks", SMALL), tmp_path / "out", jobs=1)
    assert graded == ["ben", "ada", "ben"]
    (tmp_path / "out" / "results" / "ada.json").write_text('{"digest": 1')
    grade_all(given, Course(TASKS, "other checks", SMALL), tmp_path / "out")
    assert graded == ["ben", "ada", "ben", "ada"]


def test_a_failure_of_the_grader_is_told_and_tried_again(graded, tmp_path):
    given = submissions(tmp_path, "ada", "broken")
    for _ in range(2):
        results = {result.student: result for result in grade_all(given, COURSE, tmp_path / "out")}
    assert results["broken"].status == "not graded" and "no more files" in results["broken"].note
    assert graded.count("broken") == 2 and graded.count("ada") == 1 and results["ada"].status == "ok"


def test_without_a_sandbox_the_class_is_not_graded(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoSandboxError):
        grade_all(submissions(tmp_path, "ada"), COURSE, tmp_path / "out")


def test_the_table_is_one_that_a_platform_reads():
    outcomes = (Graded("t-ex-softmax", "Three numbers", "PASS", "", 1, False),
                Graded("t-ex-softmax", "Random numbers", "PASS", "", 2, True))  # fmt: skip
    results = [Result("=cmd|'/c calc'!A1", "ok", "two\nlines, \ud800", outcomes), Result("ben", "unreadable", "", ())]
    head, first, second = csv.reader(io.StringIO(grades_table(results, TASKS)))
    assert head == ["student", "status", "score", "max", "t-ex-softmax: Three numbers", "t-ex-softmax: Large numbers",
                    "t-ex-softmax: Random numbers (hidden)", "t-ex-double: Seven", "note"]  # fmt: skip
    assert first == ["'=cmd|'/c calc'!A1", "ok", "3", "5", "1", "", "2", "", "two lines, ?"]
    assert second == ["ben", "unreadable", "0", "5", "", "", "", "", ""]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", " =1", "\t=1", "\n@x"])
def test_no_cell_is_a_formula(text):
    assert plain_cell(text).startswith("'")
    assert plain_cell("ada") == "ada"


def test_names_of_files_are_safe_and_differ():
    names = ["ada", "../../etc/passwd", "a b", "a-b", "a.b", "", "." * 300, "\u00c4da", "\udc80"]
    made = [safe_name(name) for name in names]
    assert len(set(made)) == len(made) and made[0] == "ada"
    assert all(name and os.path.basename(name) == name and len(name) < 80 and not name.startswith("-") for name in made)


def test_names_that_differ_in_case_alone_are_refused(tmp_path):
    with pytest.raises(ClassroomError, match="rename"):
        grade_all({"Ada": tmp_path, "ada": tmp_path}, COURSE, tmp_path / "out")


@needs_sandbox
def test_a_class_is_graded_side_by_side(tmp_path):
    given = {name: write_notebook(tmp_path / f"{name}.ipynb", *cells) for name, cells in (
        ("ada", [RIGHT, DOUBLE]), ("ben", ["import os\nos._exit(0)", DOUBLE]), ("cleo", [WRONG, DOUBLE]),
    )}  # fmt: skip
    seen = []
    results = grade_all(given, COURSE, tmp_path / "out", done=seen.append)
    assert [(each.status, each.score) for each in results] == [("ok", 5), ("crashed", 1), ("ok", 1)]
    assert sorted(each.student for each in seen) == ["ada", "ben", "cleo"]
