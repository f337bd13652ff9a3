"""The checks that a grader runs: those of the book, and a teacher's own from a file that no student has.

The file is a module like the book's ``checks``: functions of one argument, marked by ``exercise`` with the name of an
exercise. A check may draw random inputs and compare with a reference, since it runs in the grader and never in a
student's process.
"""

import hashlib
from pathlib import Path
from types import ModuleType

from llmbook.chapters import exercises
from llmbook.classroom.submission import ClassroomError
from llmbook.exercises.registry import Exercises, collect


def known_exercises() -> Exercises:
    """Every exercise of the book with its checks."""
    return exercises()


def hidden_checks(path: Path | None) -> Exercises:
    """The checks of a teacher's file; none without a file.

    Raises:
        ClassroomError: the file cannot be run, or has no checks.
    """
    if path is None:
        return {}
    module = ModuleType("hidden_checks")
    try:
        exec(compile(path.read_text("utf-8"), str(path), "exec"), vars(module))
    except Exception as error:
        raise ClassroomError(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    found = collect([module])
    if not found:
        raise ClassroomError(f"{path} has no checks: mark functions with @exercise(...) of llmbook.exercises")
    return found


def digest_of_checks(hidden: Path | None) -> str:
    """A digest of all that decides about a mark: this package, and the teacher's file."""
    digest = hashlib.sha256(hidden.read_bytes() if hidden else b"")
    root = Path(__file__).parents[1]
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
