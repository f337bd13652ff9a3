"""Hand out a chapter: the reader's notebook of its exercises, in which no solution stands."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from llmbook.checkpoint.writing import replace_file
from llmbook.classroom.hidden import Own
from llmbook.classroom.selection import chosen, only_cells
from llmbook.classroom.submission import ClassroomError, read_cells, reader_notebook, source

OF_THE_BOOK = ("about", "how", "onward")
"""Cells that speak of a copy of the book: where it lies, its solutions, the pages before and behind."""
TO_A_PAGE = re.compile(r"\[([^\]]+)\]\([^()\s]*\.ipynb(?:#[^()\s]*)?\)")
HOW = """## How to use this notebook

It needs the package `llmbook`, which your teacher tells you how to get. Run the first code cell. Replace
`raise NotImplementedError` by your code, run the cell, then the `check` below it: it says PASS, or FAIL with a hint.
Try as often as you like. Change nothing but the functions, and add cells where you want. An exercise that you leave as
it is counts as not attempted.

Before you hand it in: *Restart kernel and run all cells*, then save. Hand in this one file."""


def release(root: Path, chapter: str, out: Path, own: Sequence[Own] = (), only: Sequence[str] = ()) -> Path:
    """Write the exercises of a chapter into a folder.

    Args:
        root: a checkout of the book.
        chapter: the name of its folder.
        out: a folder, made if it does not exist.
        own: exercises of the teacher's, which come last.
        only: the numbers or names of the exercises to write; all of them if empty.

    Returns:
        The notebook that was written.

    Raises:
        ClassroomError: there is no such chapter or exercise, a solution stands in its notebook, or the file is there
            already.
    """
    given = reader_notebook(root, chapter)
    if found := solutions_within(given, given.with_name("solutions.ipynb")):
        raise ClassroomError(f"{given} has a solution in it: {found[0].splitlines()[0]}; write the notebooks anew")
    place = out / f"{chapter}.ipynb"
    if place.exists() or place.is_symlink():
        raise ClassroomError(f"{place} is there already: move it away, since somebody may have worked in it")
    cells = only_cells(read_cells(given), chosen(root, chapter, only))
    replace_file(place, with_cells(given, [*handed_out(cells), *_added(own)]))
    return place


def with_cells(notebook: Path, cells: Sequence[dict]) -> str:
    """The text of a notebook file, with other cells."""
    content = json.loads(notebook.read_text("utf-8")) | {"cells": list(cells)}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def handed_out(cells: Sequence[dict]) -> list[dict]:
    """The cells of a reader's notebook for somebody without the book: links to its pages become their words."""
    how = _markdown("how", HOW)
    kept = [_alone(cell) for cell in cells if cell.get("id") not in OF_THE_BOOK]
    return [*kept[:1], how, *kept[1:]]


def _alone(cell: dict) -> dict:
    if cell["cell_type"] != "markdown":
        return cell
    return cell | {"source": TO_A_PAGE.sub(r"\1", source(cell)).splitlines(keepends=True)}


def _added(own: Sequence[Own]) -> list[dict]:
    """The cells of a teacher's own exercises."""
    cells = [_markdown("own", "## More exercises\n\nThese have no check that you can run.")] if own else []
    for place, each in enumerate(own, start=1):
        code = {"cell_type": "code", "execution_count": None, "id": f"own-{place}-starter",
                "metadata": {"exercise": {"id": each.exercise}}, "outputs": [],
                "source": each.starter.splitlines(keepends=True)}  # fmt: skip
        cells += [_markdown(f"own-{place}-task", each.words), code]
    return cells


def _markdown(cell_id: str, text: str) -> dict:
    return {"cell_type": "markdown", "id": cell_id, "metadata": {}, "source": text.splitlines(keepends=True)}


def solutions_within(tasks: Path, solutions: Path) -> list[str]:
    """The cells that define a solution and stand in the notebook of the tasks, under whatever name.

    Raises:
        UnreadableError: one of the files is no notebook.
    """
    given = "\n\n".join(source(cell) for cell in read_cells(tasks))
    cells = [source(cell).strip() for cell in read_cells(solutions) if cell.get("cell_type") == "code"]
    defined = [cell for cell in cells if re.search(r"^def \w+_solution\b", cell, re.MULTILINE)]
    return [cell for cell in defined if cell in given or cell.replace("_solution", "") in given]
