"""A page of exercises as two: the tasks with their starters and checks, and the solutions."""

import re
from dataclasses import dataclass

from llmbook.notebooks.contents import BookError, Cell, Page
from llmbook.notebooks.labels import BOLD_TITLE

GATE = re.compile(r"^`{3,}\{(?P<gate>exercise-start|exercise-end|solution-start|solution-end)\} *(?P<argument>.*)")


@dataclass(frozen=True)
class Piece:
    """A cell, and where it stands."""

    cell: Cell
    opens: str = ""
    """The label of the exercise or solution that begins with this cell."""
    level: str = ""
    """"warm-up, 5 min"; of a cell that opens an exercise."""


def split(page: Page) -> tuple[list[Piece], list[Piece]]:
    """The cells of the tasks with all that stands around them, and the cells of the solutions.

    Raises:
        BookError: gates do not match, or a cell is tagged as a solution and stands outside of one.
    """
    tasks, solutions, opened, where = [], [], "", "page"
    level = ""
    for cell in page.cells:
        gate = GATE.match(cell.source) if cell.kind == "markdown" else None
        if gate is None:
            _check_tag(page, cell, where)
            (solutions if where == "solution" else tasks).append(
                Piece(_untitled(cell) if level else cell, opened, level)
            )
            opened = level = ""
            continue
        where, opened, level = _pass(page, gate, cell, where)
    if where != "page":
        raise BookError(f"{page.name}: the last {where} is not closed")
    return tasks, solutions


def _pass(page: Page, gate: re.Match, cell: Cell, where: str) -> tuple[str, str, str]:
    """(where the next cell stands, the label that it opens, the level of its exercise)."""
    kind, _, step = gate["gate"].partition("-")
    if where != ("page" if step == "start" else kind):
        raise BookError(f"{page.name}: {gate['gate']} in the cell {cell.id} stands within: {where}")
    if step == "end":
        return "page", "", ""
    found = re.search(r"^:label: *([\w-]+)", cell.source, re.MULTILINE)
    if kind == "exercise":
        return kind, found[1], gate["argument"].strip()
    return kind, gate["argument"].strip(), ""


def _check_tag(page: Page, cell: Cell, where: str) -> None:
    if "solution" in cell.metadata.get("tags", ()) and where != "solution":
        raise BookError(f"{page.name}: the cell {cell.id} is a solution, and stands outside of one")


def _untitled(cell: Cell) -> Cell:
    """A task without its title, which becomes a heading."""
    return Cell(cell.kind, BOLD_TITLE.sub("", cell.source), cell.metadata, cell.id)
