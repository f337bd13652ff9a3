"""The checks that a grader runs: those of the book, and a teacher's own from a file that no student has.

The file is a module like the book's ``checks``: functions of one argument, marked by ``exercise`` with the name of an
exercise. A check may draw random inputs and compare with a reference, since it runs in the grader and never in a
student's process. The file may also have exercises of its own: a dictionary ``TASKS`` with the name of each, and the
text that is handed out.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from llmbook.chapters import exercises
from llmbook.classroom.submission import ClassroomError
from llmbook.exercises.registry import Exercises, collect


@dataclass(frozen=True)
class Own:
    """An exercise that stands in a teacher's file alone."""

    exercise: str
    """Its name, which is none of the book's."""
    function: str
    """The function that a student writes."""
    words: str
    """The task, in Markdown."""
    starter: str
    """The code that is handed out."""


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
    found = collect([_module(path)])
    if not found:
        raise ClassroomError(f"{path} has no checks: mark functions with @exercise(...) of llmbook.exercises")
    return found


def own_exercises(path: Path | None, known: Exercises) -> list[Own]:
    """The exercises that are the teacher's own: the dictionary ``TASKS`` of the file, if it has one.

    Args:
        path: the teacher's file.
        known: the checks of the book, whose names are taken.

    Raises:
        ClassroomError: a name is one of the book's, or an exercise lacks a check or a starter.
    """
    tasks, checked = (getattr(_module(path), "TASKS", {}), hidden_checks(path)) if path else ({}, {})
    found = []
    for name, text in tasks.items():
        words, starter = re.match(r"(.*?)(^(?:import |from |def ).*|\Z)", text, re.MULTILINE | re.DOTALL).groups()
        functions = re.findall(r"^def (\w+)", starter, re.MULTILINE)
        if name in known:
            raise ClassroomError(f"{path}: {name} is an exercise of the book; give yours another name")
        if not functions or "raise NotImplementedError" not in starter:
            raise ClassroomError(f"{path}: the task {name} needs a function that raises NotImplementedError")
        if name not in checked:
            raise ClassroomError(f'{path}: the task {name} has no check: mark a function with @exercise("{name}")')
        found.append(Own(name, functions[-1], words.strip(), starter.strip()))
    return found


def _module(path: Path) -> ModuleType:
    """A teacher's file, run."""
    module = ModuleType("hidden_checks")
    try:
        exec(compile(path.read_text("utf-8"), str(path), "exec"), vars(module))
    except Exception as error:
        raise ClassroomError(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    return module


def digest_of_checks(hidden: Path | None) -> str:
    """A digest of all that decides about a mark: this package, and the teacher's file."""
    digest = hashlib.sha256(hidden.read_bytes() if hidden else b"")
    root = Path(__file__).parents[1]
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
