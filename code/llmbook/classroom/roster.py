"""Grades as columns that Canvas and Moodle import, with the students' ids from a list that the teacher has from there.

Canvas asks for a header that begins with Student and ID and goes on to Section, then a column for each assignment; a
row "Points Possible" gives its maximum. Moodle takes any columns, and asks for the one that identifies a student: an
email address, an ID number or a username. Nothing is guessed here: a student whom the list does not name is told, and
gets no row.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmbook.classroom.grading import Result
from llmbook.classroom.submission import ClassroomError

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
CANVAS_NEEDS = ("Student", "ID", "Section")
MOODLE = ("Email address", "ID number", "Username")
MATCH = "submission"
"""The column of a roster that says how a student's notebook or folder is called."""
NO_MARK = "not graded"


@dataclass(frozen=True)
class Roster:
    """The students of a class."""

    columns: tuple[str, ...]
    rows: Mapping[str, Mapping[str, str]]
    """By the names of their submissions."""


@dataclass(frozen=True)
class Sheet:
    """A file for a learning platform, and what a teacher must know about it."""

    text: str
    strangers: tuple[str, ...]
    """Submissions that the roster does not name."""
    absent: tuple[str, ...]
    """Students of the roster without a mark."""


def read_roster(path: Path, match: str = MATCH) -> Roster:
    """The students of a CSV file, separated by commas or semicolons.

    Args:
        path: the file.
        match: the column with the names of the submissions.

    Raises:
        ClassroomError: the file cannot be read, lacks the column, or names a submission twice.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ClassroomError(f"{path} cannot be read as a table in UTF-8 ({type(error).__name__})") from None
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    columns = tuple(reader.fieldnames or ())
    if match not in columns:
        raise ClassroomError(f"{path} has no column {match!r} with the names of the submissions; it has: "
                             f"{', '.join(columns) or 'none'}. Add one, or name another with --match")  # fmt: skip
    rows: dict[str, dict[str, str]] = {}
    for row in reader:
        name = (row[match] or "").strip()
        if name in rows:
            raise ClassroomError(f"{path} names the submission {name!r} twice")
        if name:
            rows[name] = {column: (row[column] or "").strip() for column in columns}
    return Roster(columns, rows)


def sheet(kind: str, results: Sequence[Result], roster: Roster, assignment: str, most: float) -> Sheet:
    """The file for a platform.

    Args:
        kind: "canvas" or "moodle".
        results: of the submissions; one that the grader failed on has no mark.
        roster: the students.
        assignment: the column's title, which is the name of the assignment there.
        most: points that can be earned.

    Raises:
        ClassroomError: the roster lacks a column that the platform needs.
    """
    marks = {each.student: f"{each.score:g}" for each in results if each.status != NO_MARK}
    shown = _columns(kind, roster)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*shown, assignment])
    if kind == "canvas":
        writer.writerow(["Points Possible", *[""] * (len(shown) - 1), f"{most:g}"])
    for name, row in roster.rows.items():
        if name in marks:
            writer.writerow([*(row[column] for column in shown), marks[name]])
    strangers = [each.student for each in results if each.student not in roster.rows]
    return Sheet(text.getvalue(), tuple(strangers), tuple(name for name in roster.rows if name not in marks))


def _columns(kind: str, roster: Roster) -> list[str]:
    """The columns of the roster that a platform reads, in its order."""
    if kind == "canvas":
        missing = [column for column in CANVAS_NEEDS if column not in roster.columns]
        wanted = CANVAS if {"SIS User ID", "SIS Login ID"} <= set(roster.columns) else CANVAS_NEEDS
    else:
        wanted = [column for column in MOODLE if column in roster.columns]
        missing = [] if wanted else [f"one of {', '.join(MOODLE)}"]
    if missing:
        raise ClassroomError(f"for {kind.capitalize()} the roster lacks: {'; '.join(missing)}. Export it from there, "
                             "and leave its header as it is")  # fmt: skip
    return list(wanted)
