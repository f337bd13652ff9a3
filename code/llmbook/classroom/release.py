"""Hand out a chapter: the reader's notebook of its exercises, in which no solution stands."""

import re
from pathlib import Path

from llmbook.checkpoint.writing import replace_file
from llmbook.classroom.submission import ClassroomError, read_cells, reader_notebook, source


def release(root: Path, chapter: str, out: Path) -> Path:
    """Write the exercises of a chapter into a folder.

    Args:
        root: a checkout of the book.
        chapter: the name of its folder.
        out: a folder, made if it does not exist.

    Returns:
        The notebook that was written.

    Raises:
        ClassroomError: there is no such chapter, a solution stands in its notebook, or the file is there already.
    """
    given = reader_notebook(root, chapter)
    if found := solutions_within(given, given.with_name("solutions.ipynb")):
        raise ClassroomError(f"{given} has a solution in it: {found[0].splitlines()[0]}; write the notebooks anew")
    place = out / f"{chapter}.ipynb"
    if place.exists() or place.is_symlink():
        raise ClassroomError(f"{place} is there already: move it away, since somebody may have worked in it")
    replace_file(place, given.read_text("utf-8"))
    return place


def solutions_within(tasks: Path, solutions: Path) -> list[str]:
    """The cells that define a solution and stand in the notebook of the tasks, under whatever name.

    Raises:
        UnreadableError: one of the files is no notebook.
    """
    given = "\n\n".join(source(cell) for cell in read_cells(tasks))
    cells = [source(cell).strip() for cell in read_cells(solutions) if cell.get("cell_type") == "code"]
    defined = [cell for cell in cells if re.search(r"^def \w+_solution\b", cell, re.MULTILINE)]
    return [cell for cell in defined if cell in given or cell.replace("_solution", "") in given]
