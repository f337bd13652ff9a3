"""Some exercises of a chapter: those that a teacher hands out, and the same ones when they are graded."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from llmbook.classroom.submission import ClassroomError, Task, read_cells, reader_notebook, source

EXERCISE = re.compile(r"### Exercise ([\d.]+):")
OF_ALL = "overview"
"""The cell that lists every exercise of the chapter."""
ASKED = re.compile(r'"([\w-]+)": (\w+)')


def chosen(root: Path, chapter: str, only: Sequence[str]) -> list[str]:
    """The numbers of the exercises that somebody names, in the order of the chapter; all numbers if none is named.

    Args:
        root: a checkout of the book.
        chapter: the name of its folder.
        only: numbers as students have them (``4.11``), or names (``gemma-ex-mask``).

    Raises:
        ClassroomError: there is no such chapter, or an exercise is none of it.
    """
    names = dict(_names(read_cells(reader_notebook(root, chapter))))
    if strange := sorted(set(only) - names.keys() - set(names.values())):
        numbers = list(names)
        raise ClassroomError(f"{chapter} has no exercise {', '.join(strange)}; it has {numbers[0]} to {numbers[-1]}, "
                             "which also have the names that stand in their checks")  # fmt: skip
    return [number for number, name in names.items() if not only or number in only or name in only]


def only_cells(cells: Sequence[dict], numbers: Sequence[str]) -> list[dict]:
    """The cells of an exercise notebook with these exercises alone.

    A heading with no exercise left below it goes as well, and so does the list of all exercises; the cell that shows
    the progress names those that are left.
    """
    names = dict(_names(cells))
    if list(numbers) == list(names):
        return list(cells)
    left = {names[number] for number in numbers}
    kept: list[dict] = []
    for heading, exercises in _sections(cells):
        staying = [cell for number, part in exercises if number in numbers for cell in part]
        kept += [*heading, *staying] if staying or not exercises else []
    return [_progress(cell, left) for cell in kept if cell.get("id") != OF_ALL]


def only_tasks(tasks: Sequence[Task], cells: Sequence[dict], numbers: Sequence[str]) -> list[Task]:
    """The tasks that are graded: those of the chosen exercises, and a teacher's own.

    Raises:
        ClassroomError: none of the exercises has a check.
    """
    names = dict(_names(cells))
    left = {names[number] for number in numbers}
    found = [task for task in tasks if task.exercise in left or task.exercise not in names.values()]
    if not found:
        raise ClassroomError(f"exercise {', '.join(numbers)} has no check: a question is discussed and not graded")
    return found


def _sections(cells: Sequence[dict]) -> Iterator[tuple[list[dict], list[tuple[str, list[dict]]]]]:
    """(the cells at the head of a section, its exercises as (number, cells)), in order."""
    head, exercises = [], []
    for cell in cells:
        text = source(cell) if cell["cell_type"] == "markdown" else ""
        if found := EXERCISE.match(text):
            exercises.append((found[1], [cell]))
        elif exercises and not text.startswith(("## ", "---")):
            exercises[-1][1].append(cell)
        elif text.startswith(("## ", "---")):
            yield head, exercises
            head, exercises = [cell], []
        else:
            head.append(cell)
    yield head, exercises


def _names(cells: Sequence[dict]) -> Iterator[tuple[str, str]]:
    """(number, name) of each exercise; a question has no function and so no name."""
    for _, exercises in _sections(cells):
        for number, part in exercises:
            marked = [cell["metadata"]["exercise"]["id"] for cell in part if "exercise" in cell.get("metadata", {})]
            yield number, marked[0] if marked else ""


def _progress(cell: dict, names: set[str]) -> dict:
    """The cell that shows the progress, of these exercises alone; any other cell as it is."""
    if cell["cell_type"] != "code" or not source(cell).startswith("progress({"):
        return cell
    lines = [f'    "{name}": {function},\n' for name, function in ASKED.findall(source(cell)) if name in names]
    return cell | {"source": ["progress({\n", *lines, "})"]}
