"""Grade one submission: the checks run here, on stand-ins of the student's functions."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from llmbook.classroom.sandbox import Limits
from llmbook.classroom.stand_in import StandIn
from llmbook.classroom.student import Ended, Student
from llmbook.classroom.submission import Task, UnreadableError, code_of
from llmbook.exercises.checking import AttemptError, run_check
from llmbook.exercises.registry import Check
from llmbook.exercises.report import PASS, TODO

STATUSES = ("ok", "not attempted", "timeout", "memory", "processes", "garbled", "crashed", "unreadable", "not graded")
"""What can be said of a submission apart from its score; of "not graded" the grader itself is to blame."""

MOST_SKIPPED = 2
"""Cells that may end the process before the whole notebook is given up."""


@dataclass(frozen=True)
class Graded:
    """The outcome of one check."""

    exercise: str
    title: str
    status: str
    """"PASS", "todo" or "FAIL"."""
    message: str
    points: float
    hidden: bool

    @property
    def earned(self) -> float:
        """The points that count."""
        return self.points if self.status == PASS else 0.0


@dataclass(frozen=True)
class Result:
    """A graded submission."""

    student: str
    status: str
    note: str
    outcomes: tuple[Graded, ...]
    log: str = ""
    """The head of what was printed."""

    @property
    def score(self) -> float:
        """Points of the checks that passed."""
        return sum(outcome.earned for outcome in self.outcomes)

    def as_values(self) -> dict[str, Any]:
        """For a file of JSON."""
        return asdict(self)

    @staticmethod
    def from_values(values: dict[str, Any]) -> "Result":
        """Back from a file of JSON."""
        return Result(**{**values, "outcomes": tuple(Graded(**each) for each in values["outcomes"])})


class Session:
    """The process of one submission, started anew when it has ended; and why it ended."""

    def __init__(self, cells: Sequence[str], limits: Limits, *, sandboxed: bool) -> None:
        self.cells, self.limits, self.sandboxed = list(cells), limits, sandboxed
        self.student: Student | None = None
        self.left, self.errors, self.log = limits.total, [], b""
        self.endings: list[Ended] = []
        self.skipped: set[int] = set()
        self.hopeless: Ended | None = None
        self.failed: Exception | None = None

    def call(self, **question: Any) -> dict[str, Any]:
        """Call a function of the submission.

        Raises:
            AttemptError: there is no answer; the message says why.
        """
        try:
            if self.hopeless:
                raise self.hopeless
            if self.student is None:
                self._start()
            return self._ask(self.limits.call, **question)
        except Ended as error:
            self._stop()
            if error is not self.hopeless:
                self.endings.append(error)
            raise AttemptError(str(error)) from None
        except Exception as error:
            self._stop()
            self.failed = error
            raise AttemptError("the grader failed") from None

    def close(self) -> None:
        """End the process."""
        self._stop()

    def _start(self) -> None:
        """Start the process and run the cells, without those that have ended a process before."""
        self.student = Student(self.limits, sandboxed=self.sandboxed)
        try:
            self.student.ask(self.limits.boot, cells=[])
        except Ended as error:  # nothing of the student's has run yet
            said = self.student.log.decode("utf-8", "replace").strip()
            raise RuntimeError(f"the process did not start ({error.status}) {said[-300:]}") from error
        self.errors, left = [], self.limits.cells
        for number in (number for number in range(1, len(self.cells) + 1) if number not in self.skipped):
            try:
                errors = self._ask(left, cells=[(number, self.cells[number - 1])]).get("errors")
            except Ended as error:
                return self._skip(number, error)
            left -= self.student.used
            self.errors += [each for each in errors if isinstance(each, str)] if isinstance(errors, list) else []

    def _skip(self, number: int, error: Ended) -> None:
        """Start anew without a cell that ended the process; give up after a few of them."""
        self._stop()
        if error is self.hopeless:
            raise error
        told = Ended(error.status, f"{error} (code cell {number} of your notebook; the others were run without it)")
        self.skipped.add(number)
        self.endings.append(told)
        if len(self.skipped) > MOST_SKIPPED:
            self.hopeless = told
            raise told
        self._start()

    def _ask(self, seconds: float, **question: Any) -> dict[str, Any]:
        """Ask within what is left of the time of the whole submission."""
        if self.left <= 0:
            self.hopeless = Ended("timeout", "the time for the whole notebook was used up before this check")
            raise self.hopeless
        try:
            return self.student.ask(min(seconds, self.left), **question)
        finally:
            self.left -= self.student.used

    def _stop(self) -> None:
        if self.student is not None:
            self.student.end()
            self.log = self.log or bytes(self.student.log)
            self.student = None


def grade(student: str, path: Path, tasks: Sequence[Task], limits: Limits, *, sandboxed: bool) -> Result:
    """Grade the notebook of one student.

    Raises:
        NoSandboxError: bubblewrap is missing.
        Exception: the grader itself failed, for which no student is to blame.
    """
    try:
        cells = code_of(path)
    except UnreadableError as error:
        zero = [Graded(task.exercise, check.title, TODO, "the notebook could not be read", check.points, hidden)
                for task in tasks for check, hidden in checks_of(task)]  # fmt: skip
        return Result(student, "unreadable", str(error), tuple(zero))
    session = Session(cells, limits, sandboxed=sandboxed)
    try:
        outcomes = tuple(_judged(session, task, check, hidden) for task in tasks for check, hidden in checks_of(task))
    finally:
        session.close()
    if session.failed:
        raise session.failed
    note = "; ".join([*dict.fromkeys(map(str, session.endings)), *session.errors])
    return Result(student, _status(session, outcomes), note[:1000], outcomes, session.log.decode("utf-8", "replace"))


def checks_of(task: Task) -> Iterator[tuple[Check, bool]]:
    """The checks of a task, and whether each is hidden."""
    yield from ((check, False) for check in task.visible)
    yield from ((check, True) for check in task.hidden)


def _judged(session: Session, task: Task, check: Check, hidden: bool) -> Graded:
    """Run a check on a stand-in, which takes the place of the function that ``run_check`` hands to it."""
    stand_in = StandIn(session, task.function)
    outcome = run_check(replace(check, run=lambda _: check.run(stand_in)), stand_in)
    return Graded(task.exercise, check.title, outcome.status, outcome.message, check.points, hidden)


def _status(session: Session, outcomes: Sequence[Graded]) -> str:
    if session.endings:
        return session.endings[0].status
    return "not attempted" if all(outcome.status == TODO for outcome in outcomes) else "ok"
