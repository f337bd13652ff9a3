"""One check of an exercise that raises unless it passes: what a test of nbgrader's calls, to which an error is zero."""

import contextlib
import io
import warnings

from llmbook.classroom.hidden import known_exercises
from llmbook.exercises import CheckFailed
from llmbook.exercises.checking import run_check
from llmbook.exercises.registry import Attempt
from llmbook.exercises.report import PASS


def must_pass(name: str, number: int, attempt: Attempt) -> None:
    """Run one check, quietly: nbgrader also gives zero to a cell that writes to its standard error.

    Args:
        name: of the exercise.
        number: of the check among those of the exercise, from 1.
        attempt: the student's function.

    Raises:
        CheckFailed: it did not pass; the message is the one that the check gives.
        LookupError: there is no such check.
    """
    checks = known_exercises().get(name, ())
    if not 1 <= number <= len(checks):
        raise LookupError(f"there is no check number {number} of {name}")
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        outcome = run_check(checks[number - 1], attempt)
    if outcome.status != PASS:
        raise CheckFailed(str(outcome))
