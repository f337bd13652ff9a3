"""The table for a platform has its columns, its students and its marks; whoever is missing on one side is told."""

import csv
import io

import pytest

from llmbook.classroom.grading import Graded, Result
from llmbook.classroom.roster import read_roster, sheet
from llmbook.classroom.submission import ClassroomError

CANVAS = """\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,submission
"Lovelace, Ada",101,s1,ada@example.org,Monday,ada
"Babbage, Charles",102,s2,cb@example.org,Monday,charles
"""
MOODLE = """First name;ID number;Email address;submission
Ada;0017;ada@example.org;ada
Charles;0018;cb@example.org;charles
"""


def result(student, points, status="ok"):
    return Result(student, status, "", (Graded("x", "One", "PASS", "", points, False),))


CLASS = [result("ada", 2.5), result("eve", 5)]


def roster(tmp_path, text, match="submission"):
    (tmp_path / "roster.csv").write_text(text, encoding="utf-8")
    return read_roster(tmp_path / "roster.csv", match)


def rows(made):
    return list(csv.reader(io.StringIO(made.text)))


def test_canvas(tmp_path):
    made = sheet("canvas", CLASS, roster(tmp_path, CANVAS), "Gemma (12)", 50)
    assert rows(made) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Gemma (12)"],
        ["Points Possible", "", "", "", "", "50"],
        ["Lovelace, Ada", "101", "s1", "ada@example.org", "Monday", "2.5"],
    ]
    assert made.strangers == ("eve",) and made.absent == ("charles",)


def test_canvas_without_the_ids_of_a_school(tmp_path):
    few = "Student,ID,SIS Login ID,Section,submission\nAda,101,ada,Monday,ada\n"
    assert rows(sheet("canvas", CLASS, roster(tmp_path, few), "A", 5))[0] == ["Student", "ID", "Section", "A"]


def test_moodle(tmp_path):
    made = sheet("moodle", CLASS, roster(tmp_path, MOODLE), "gemma exercises", 50)
    assert rows(made) == [["Email address", "ID number", "gemma exercises"], ["ada@example.org", "0017", "2.5"]]


def test_another_column_may_name_the_submissions(tmp_path):
    text = CANVAS.replace("ada@example.org", "eve")
    made = sheet("canvas", CLASS, roster(tmp_path, text, "SIS Login ID"), "A", 5)
    assert [row[0] for row in rows(made)] == ["Student", "Points Possible", "Lovelace, Ada"]
    assert rows(made)[2][-1] == "5" and made.strangers == ("ada",)


def test_whom_the_grader_failed_on_has_no_mark(tmp_path):
    made = sheet("canvas", [result("ada", 1, "not graded"), result("charles", 1)], roster(tmp_path, CANVAS), "A", 5)
    assert made.absent == ("ada",) and [row[0] for row in rows(made)][2:] == ["Babbage, Charles"]


@pytest.mark.parametrize(("text", "message"), [
    (CANVAS.replace("submission", "name"), "no column 'submission'.*SIS Login ID, Section, name"),
    (CANVAS.replace("charles", "ada"), "'ada' twice"),
    ("", "has no column"),
])  # fmt: skip
def test_a_roster_that_does_not_say_who_is_who(text, message, tmp_path):
    with pytest.raises(ClassroomError, match=message):
        roster(tmp_path, text)


def test_a_roster_that_is_no_text(tmp_path):
    (tmp_path / "roster.csv").write_bytes(b"submission\n\xff\xfe")
    with pytest.raises(ClassroomError, match="UTF-8"):
        read_roster(tmp_path / "roster.csv")


@pytest.mark.parametrize("kind", ["canvas", "moodle"])
def test_a_roster_of_another_platform(kind, tmp_path):
    text = {"canvas": MOODLE, "moodle": CANVAS}[kind]
    with pytest.raises(ClassroomError, match=f"for {kind.capitalize()} the roster lacks"):
        sheet(kind, CLASS, roster(tmp_path, text), "A", 5)
