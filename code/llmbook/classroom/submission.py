"""What a chapter asks for, and what a student has handed in. A notebook is read as text: nothing in it is believed."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from llmbook.exercises.registry import Check, Exercises
from llmbook.notebooks import NOTEBOOKS

LARGEST = 2**24
"""Bytes of a notebook file, outputs included."""


class ClassroomError(ValueError):
    """What was asked for cannot be done; the message says what to do."""


class UnreadableError(ClassroomError):
    """A file is no notebook."""


@dataclass(frozen=True)
class Task:
    """An exercise, and how it is graded."""

    exercise: str
    """Its name: ``gemma-ex-mask``."""
    function: str
    """The function that a student writes."""
    visible: tuple[Check, ...]
    """The checks of the book."""
    hidden: tuple[Check, ...] = ()
    """The teacher's own."""


def tasks_of(
    root: Path, chapter: str, known: Exercises, hidden: Exercises, own: Mapping[str, str] = MappingProxyType({})
) -> list[Task]:
    """The exercises of a chapter in their order, by the starters of the book's own notebook; then the teacher's.

    Args:
        root: a checkout of the book.
        chapter: the name of its folder.
        known: the checks of the book.
        hidden: the teacher's own checks.
        own: the teacher's own exercises, and the function of each.

    Raises:
        ClassroomError: there is no such chapter, or a hidden check is for an exercise that it has not.
    """
    cells = read_cells(reader_notebook(root, chapter))
    names = {cell["metadata"]["exercise"]["id"]: re.findall(r"^def (\w+)", source(cell), re.MULTILINE)[-1]
             for cell in cells if "exercise" in cell.get("metadata", {})}  # fmt: skip
    if strange := hidden.keys() - names.keys() - own.keys():
        raise ClassroomError(f"no exercise of {chapter} is called {', '.join(sorted(strange))}; there are: "
                             + ", ".join(names))  # fmt: skip
    of_the_book = [Task(name, function, known[name], hidden.get(name, ())) for name, function in names.items()]
    return of_the_book + [Task(name, function, (), hidden[name]) for name, function in own.items()]


def titles_of(root: Path, chapter: str) -> dict[str, str]:
    """The heading of each exercise as students have it: "Exercise 4.1: The cache of one conversation".

    Raises:
        ClassroomError: there is no such chapter.
    """
    found, heading = {}, ""
    for cell in read_cells(reader_notebook(root, chapter)):
        headings = re.findall(r"^### (.+)$", source(cell), re.MULTILINE) if cell.get("cell_type") == "markdown" else []
        heading = headings[0] if headings else heading
        if "exercise" in cell.get("metadata", {}):
            found[cell["metadata"]["exercise"]["id"]] = heading
    return found


def reader_notebook(root: Path, chapter: str) -> Path:
    """The notebook of a chapter's exercises, without solutions.

    Raises:
        ClassroomError: there is none.
    """
    there = sorted(path.parent.name for path in (root / NOTEBOOKS).glob("*/exercises.ipynb"))
    if chapter not in there:
        raise ClassroomError(f"there is no chapter {chapter!r}; there are: {', '.join(there) or 'none'}")
    return root / NOTEBOOKS / chapter / "exercises.ipynb"


def read_cells(path: Path) -> list[dict]:
    """The cells of a notebook file.

    Raises:
        UnreadableError: it is too large, a link, or no notebook.
    """
    try:
        if path.is_symlink() or not path.is_file():
            raise UnreadableError("not a plain file")
        if path.stat().st_size > LARGEST:
            raise UnreadableError(f"larger than {LARGEST:,} bytes; clear the outputs and hand it in again")
        cells = json.loads(path.read_text("utf-8-sig"))["cells"]
    except UnreadableError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableError(f"no notebook, or cut off ({type(error).__name__})") from None
    if not isinstance(cells, list) or not all(
        isinstance(each, dict) and _is_text(each.get("source")) for each in cells
    ):
        raise UnreadableError("no notebook: its cells have no source")
    return cells


def code_of(path: Path) -> list[str]:
    """The sources of all code cells of a submission, whatever their metadata say.

    Raises:
        UnreadableError: it is no notebook.
    """
    return [source(cell) for cell in read_cells(path) if cell.get("cell_type") == "code"]


def source(cell: dict) -> str:
    """The text of a cell, in which half a character has become a question mark."""
    text = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
    return text.encode("utf-8", "replace").decode()


def _is_text(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value))


def find_submissions(folder: Path) -> dict[str, Path]:
    """The notebook of each student: files by their name, folders by theirs.

    A folder should hold one notebook; the path of one that does not is that of the folder, which no grader can read.

    Raises:
        ClassroomError: there is none, or two are of one student.
    """
    if not folder.is_dir():
        raise ClassroomError(f"{folder} is no folder")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        student = path.stem if path.suffix == ".ipynb" else path.name
        if path.name.startswith(".") or not (path.suffix == ".ipynb" or path.is_dir()):
            continue
        if student in found:
            raise ClassroomError(f"{found[student].name} and {path.name} are of one student: rename one of them")
        found[student] = _notebook_in(path) if path.is_dir() and not path.is_symlink() else path
    if not found:
        raise ClassroomError(f"{folder} holds no notebooks, and no folders with notebooks")
    return found


def _notebook_in(folder: Path) -> Path:
    inside = [path for path in sorted(folder.glob("*.ipynb")) if not path.name.startswith(".")]
    return inside[0] if len(inside) == 1 else folder


def likely_chapter(root: Path, submissions: Iterable[Path], known: Exercises) -> str:
    """The chapter whose functions most submissions define.

    Raises:
        ClassroomError: none of them defines any.
    """
    texts = ["\n".join(_code_or_nothing(path)) for path in submissions]
    counts = {
        path.parent.name: sum(f"def {task.function}(" in text
                              for task in tasks_of(root, path.parent.name, known, {}) for text in texts)
        for path in sorted((root / NOTEBOOKS).glob("*/exercises.ipynb"))
    }  # fmt: skip
    best = max(counts, key=lambda name: counts[name], default="")
    if not best or not counts[best]:
        raise ClassroomError("no submission has an exercise of the book: name the chapter with --chapter")
    return best


def _code_or_nothing(path: Path) -> list[str]:
    try:
        return code_of(path)
    except UnreadableError:
        return []
