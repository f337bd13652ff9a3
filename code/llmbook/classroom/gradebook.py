"""Grade a folder: results are kept for each student, so that a run that was interrupted goes on where it was."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from llmbook.checkpoint.writing import replace_file
from llmbook.classroom.grading import Result, checks_of, grade
from llmbook.classroom.sandbox import Limits, NoSandboxError
from llmbook.classroom.submission import ClassroomError, Task

RESULTS = "results"
FORMULA = tuple("=+-@\t\r")
"""How a cell begins that a spreadsheet would compute."""


@dataclass(frozen=True)
class Course:
    """How submissions are graded."""

    tasks: Sequence[Task]
    digest: str
    """Of the checks: when it changes, everybody is graded anew."""
    limits: Limits = field(default_factory=Limits)
    sandboxed: bool = True


def grade_all(
    submissions: Mapping[str, Path], course: Course, out: Path, *, jobs: int = 2,
    done: Callable[[Result], object] = lambda result: None,
) -> list[Result]:  # fmt: skip
    """Grade the submissions that have no result yet, or have changed since.

    Args:
        submissions: the notebook of each student.
        course: the checks and the limits.
        out: a folder, in which ``results`` keeps a file for each student.
        jobs: how many are graded at the same time.
        done: called with each result, as soon as it is kept.

    Returns:
        All results, by the names of the students. A submission on which the grader itself failed is "not graded".

    Raises:
        ClassroomError: two students have names that no file system tells apart.
        NoSandboxError: bubblewrap is missing.
    """
    _check_names(submissions)
    with ThreadPoolExecutor(jobs) as pool:
        running = [pool.submit(_one, student, path, course, out) for student, path in submissions.items()]
        try:
            for future in as_completed(running):
                result, digest = future.result()
                if digest:
                    _keep(result, digest, out)
                done(result)
        finally:
            for future in running:
                future.cancel()
    return sorted((future.result()[0] for future in running), key=lambda result: result.student)


def safe_name(student: str) -> str:
    """A file's name for a student, of letters that every system takes; different students have different ones."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", student).strip("-")[:60]
    if plain and plain == student:
        return plain
    return f"{plain}-{hashlib.sha256(student.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}".lstrip("-")


def grades_table(results: Sequence[Result], tasks: Sequence[Task]) -> str:
    """The text of ``grades.csv``: a row for each student, a column for each check with the points it earned."""
    checks = [(task.exercise, check.title, hidden) for task in tasks for check, hidden in checks_of(task)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["student", "status", "score", "max", *map(_column, checks), "note"])
    most = sum(check.points for task in tasks for check, _ in checks_of(task))
    for result in results:
        earned = {(each.exercise, each.title, each.hidden): each.earned for each in result.outcomes}
        points = [f"{earned[check]:g}" if check in earned else "" for check in checks]
        cells = [result.student, result.status, f"{result.score:g}", f"{most:g}", *points, result.note]
        writer.writerow([plain_cell(cell) for cell in cells])
    return text.getvalue()


def plain_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula, on one line."""
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    return f"'{line}" if text.startswith(FORMULA) or line.startswith(FORMULA) else line


def _column(check: tuple[str, str, bool]) -> str:
    exercise, title, hidden = check
    return f"{exercise}: {title}" + (" (hidden)" if hidden else "")


def _check_names(submissions: Mapping[str, Path]) -> None:
    names: dict[str, str] = {}
    for student in submissions:
        other = names.setdefault(safe_name(student).lower(), student)
        if other != student:
            raise ClassroomError(f"{other} and {student} have the same name on some file systems: rename one of them")


def _one(student: str, path: Path, course: Course, out: Path) -> tuple[Result, str]:
    """The kept result of a student; or a new one, with the digest under which it is to be kept."""
    digest = _digest(path, course)
    kept = _kept(out / RESULTS / f"{safe_name(student)}.json", digest)
    if kept is not None:
        return kept, ""
    try:
        return grade(student, path, course.tasks, course.limits, sandboxed=course.sandboxed), digest
    except NoSandboxError:
        raise
    except Exception as error:
        return Result(student, "not graded", f"the grader failed: {type(error).__name__}: {error}", ()), ""


def _keep(result: Result, digest: str, out: Path) -> None:
    values = {"digest": digest, "result": result.as_values()}
    replace_file(out / RESULTS / f"{safe_name(result.student)}.json", json.dumps(values, indent=1))


def _digest(path: Path, course: Course) -> str:
    """A digest of all that decides about a result."""
    try:
        handed_in = b"file" + path.read_bytes() if path.is_file() and not path.is_symlink() else b"no file"
    except OSError:
        handed_in = b"no file"
    how = f"{course.digest} {course.limits} {course.sandboxed} {[task.exercise for task in course.tasks]}"
    return hashlib.sha256(how.encode() + b"\0" + handed_in).hexdigest()


def _kept(place: Path, digest: str) -> Result | None:
    """The result in a file, if it is of this submission and of these checks."""
    try:
        kept = json.loads(place.read_text("utf-8"))
        return Result.from_values(kept["result"]) if kept["digest"] == digest else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
