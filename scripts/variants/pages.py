"""The pages of the book, what their cells show where the book is built, and what is wrong with a run of one."""

from pathlib import Path

import nbformat
from classes import LabelError
from compare import difference, label_after
from live import printed_text

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "_build" / "jupyter_execute"


def all_pages() -> list[Path]:
    """Every notebook of the book that is a page of it."""
    found = sorted(path for folder in ("chapters", "book") for path in (ROOT / folder).glob("**/*.ipynb"))
    return [path for path in found if ".ipynb_checkpoints" not in path.parts and "notebooks" not in path.parts]


def label(page: Path) -> str:
    """A page as messages name it."""
    return page.relative_to(ROOT).as_posix() if page.is_relative_to(ROOT) else page.name


def built_texts(page: Path) -> dict[str, str] | None:
    """What the cells of the built page show, by cell id; None where it was not built from this very code."""
    built = BUILT / page.relative_to(ROOT) if page.is_relative_to(ROOT) else None
    if not built or not built.exists():
        return None
    executed, source = nbformat.read(built, 4), nbformat.read(page, 4)
    cells, now = ([cell for cell in book.cells if cell.cell_type == "code"] for book in (executed, source))
    if [(cell.id, cell.source) for cell in cells] != [(cell.id, cell.source) for cell in now]:
        return None
    return {cell.id: printed_text(cell) for cell in cells}


def problems_of(page: Path, record: dict, expected: dict[str, str], *, shifted: bool) -> list[str]:
    """All that a run of a page has brought to light."""
    cells, problems = nbformat.read(page, 4).cells, list(record["problems"])
    for index, cell in enumerate(cells):
        done = record["cells"].get(cell.get("id"))
        if not done:
            continue
        said = {kind: done[kind].strip()[-600:] for kind in ("error", "stderr") if done[kind]}
        problems += [f"cell {cell.id}: {kind}: {text}" for kind, text in said.items()]
        try:
            promise, before = label_after(cells, index), expected.get(cell.id, "")
            found = None if done["error"] else difference(before, done["text"], promise, shifted=shifted)
        except LabelError as error:
            found = error
        problems += [f"cell {cell.id}: {found}"] if found else []
    return problems
