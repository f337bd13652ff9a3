"""Run the checks of an exercise on a function, whatever that function does."""

import copy
import os
import traceback
from difflib import get_close_matches

from llmbook.exercises.registry import Attempt, Check, Exercises
from llmbook.exercises.report import FAIL, PASS, TODO, Outcome, Report

STRICT = "LLMBOOK_STRICT_CHECKS"
"""Environment variable: set to 1, a check that does not pass raises. Tests set it, to hold the solutions to it."""

LONGEST_MESSAGE = 400


class CheckFailed(Exception):
    """In strict mode: an exercise that did not pass."""


class AttemptError(Exception):
    """The attempt raised instead of returning; the message says what and where."""


def check(name: str, attempt: Attempt, exercises: Exercises) -> Report:
    """Try a function on the visible checks of an exercise.

    Args:
        name: of the exercise.
        attempt: your function itself, not the result of calling it.
        exercises: where the name is looked up.

    Returns:
        A report that shows itself. Whatever the function does, nothing is raised, except that interrupting works.

    Raises:
        CheckFailed: in strict mode, if not everything passed.
    """
    report = evaluate(name, attempt, exercises)
    if os.environ.get(STRICT) == "1" and not report.passed:
        raise CheckFailed(repr(report))
    return report


def evaluate(name: str, attempt: Attempt, exercises: Exercises) -> Report:
    """The report of :func:`check`, in any mode."""
    if name not in exercises:
        close = get_close_matches(name, exercises, n=1)
        message = f"there is no exercise of this name; did you mean {close[0]!r}?" if close else "no such exercise"
        return Report(str(name), (Outcome("name of the exercise", FAIL, message, 0),))
    return Report(name, tuple(run_check(item, attempt) for item in exercises[name]))


def run_check(item: Check, attempt: Attempt) -> Outcome:
    """One check on one attempt."""
    status, message = _judge(item, attempt)
    if len(message) > LONGEST_MESSAGE:
        message = message[:LONGEST_MESSAGE] + " ..."
    return Outcome(item.title, status, message, item.points)


def _judge(item: Check, attempt: Attempt) -> tuple[str, str]:
    """Status and message. SystemExit is caught like any error: a stray ``exit()`` must not end the notebook."""
    if not callable(attempt):
        return FAIL, "pass the function itself, by its name and without parentheses"
    try:
        item.run(guarded(attempt))
    except KeyboardInterrupt:
        raise
    except NotImplementedError:
        return TODO, "not attempted yet"
    except (AssertionError, AttemptError) as error:
        return FAIL, str(error) or "the check does not hold"
    except BaseException as error:
        return FAIL, f"the check could not use what your function returned ({type(error).__name__}: {error})"
    return PASS, ""


def guarded(attempt: Attempt) -> Attempt:
    """The same function on copies of its arguments, so that it may change them.

    Raises, when called:
        AttemptError: the function raised something else than ``NotImplementedError``; the message tells the line.
    """

    def call(*args: object, **kwargs: object) -> object:
        args, kwargs = copy.deepcopy((args, kwargs))
        try:
            return attempt(*args, **kwargs)
        except (KeyboardInterrupt, NotImplementedError):
            raise
        except BaseException as error:
            raise AttemptError(describe_error(error, attempt)) from None

    return call


def describe_error(error: BaseException, attempt: Attempt) -> str:
    """What was raised, and on which line of the reader's cell."""
    if isinstance(error, RecursionError):
        return "your function calls itself without end"
    if isinstance(error, SystemExit):
        return "your function called exit(); return a value instead"
    file = getattr(getattr(attempt, "__code__", None), "co_filename", None)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if not frames:
        return f"calling your function as the task describes raised {said}"
    where = f"line {frames[-1].lineno}" + (f", `{frames[-1].line}`" if frames[-1].line else "")
    return f"your function raised {said} ({where})"
