"""The pages of the book: a room for each, with all that serves it alone, ``llmbook.chapters.<chapter>.<topic>``.

``plots`` has its figures, ``explorer`` what a reader can move, ``experiment`` what it trains or measures, and
``checks`` its exercises. A page imports the library and its own room, never that of another page: what two pages need
is a part of the library. ``check("gemma-ex-kv-cache", my_function)`` tries an attempt on the exercises of any page.
"""

from collections.abc import Mapping

from llmbook.exercises import checking
from llmbook.exercises.progress import Progress
from llmbook.exercises.registry import Attempt, Exercises
from llmbook.exercises.report import Report


def check(name: str, attempt: Attempt) -> Report:
    """Try a function on the checks of an exercise.

    Args:
        name: of the exercise.
        attempt: your function itself, not the result of calling it.

    Returns:
        A report that shows itself. Whatever the function does, nothing is raised, except that interrupting works.

    Raises:
        CheckFailed: in strict mode, if not everything passed.
    """
    return checking.check(name, attempt, exercises())


def evaluate(name: str, attempt: Attempt) -> Report:
    """The report of :func:`check`, in any mode."""
    return checking.evaluate(name, attempt, exercises())


def progress(attempts: Mapping[str, Attempt]) -> Progress:
    """Try all functions anew and show how far they are; nothing is remembered between two calls.

    Args:
        attempts: the name of each exercise, and your function for it.

    Returns:
        A list that shows itself.
    """
    return Progress(tuple(evaluate(name, attempt) for name, attempt in attempts.items()))


def exercises() -> Exercises:
    """Every exercise of the book with its checks."""
    from llmbook.chapters.all_checks import EXERCISES  # here, since the room of one page needs no other page's checks

    return EXERCISES
