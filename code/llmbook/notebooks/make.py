"""All reader's notebooks of a checkout, and their files."""

import itertools
import json
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from llmbook.checkpoint.writing import replace_file
from llmbook.notebooks import NOTEBOOKS
from llmbook.notebooks.citations import read_references
from llmbook.notebooks.contents import BookError, Cell, Page, read_addresses, read_pages
from llmbook.notebooks.labels import find_targets
from llmbook.notebooks.render import Book, Renderer, heading_of
from llmbook.notebooks.tasks import Piece, split

KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
          "language_info": {"name": "python"}}  # fmt: skip
KEPT = ("exercise",)
"""The metadata of cells that a notebook keeps."""
NEEDS = ("*A notebook of the book Open LLMs from Scratch. It needs the package `llmbook`; where that is missing, run "
         "`%pip install {what}` in a cell of its own{where}.*")  # fmt: skip


def make_notebooks(root: Path) -> dict[PurePosixPath, str]:
    """The text of every reader's notebook of a checkout, by its place below ``book/notebooks``.

    Raises:
        BookError: a page says something that no notebook can show, or refers to nothing.
    """
    pages = read_pages(root)
    try:
        references = read_references(root / "book" / "references.bib")
        book = Book(pages, find_targets(pages), references, read_addresses(root))
        return {place: text for page in pages for place, text in _of_page(book, page)}
    except BookError:
        raise
    except ValueError as error:
        raise BookError(f"a page of {root} cannot be read: {error}") from error


def write_notebooks(root: Path) -> list[PurePosixPath]:
    """Write what has changed below ``book/notebooks``, and remove the notebooks of pages that are gone.

    Returns:
        The places that were written or removed.

    Raises:
        BookError: as :func:`make_notebooks`; nothing is written then.
        OSError: a file cannot be written.
    """
    made, folder = make_notebooks(root), root / NOTEBOOKS
    changed = stale(root, made)
    for place in changed:
        if place in made:
            replace_file(folder / place, made[place])
        else:
            (folder / place).unlink()
    return changed


def stale(root: Path, made: dict[PurePosixPath, str]) -> list[PurePosixPath]:
    """The notebooks that differ from what the pages make, are missing, or belong to no page."""
    folder = root / NOTEBOOKS
    there = {PurePosixPath(path.relative_to(folder).as_posix()): path for path in folder.glob("*/*.ipynb")}
    return sorted(
        place
        for place in there.keys() | made.keys()
        if place not in made or place not in there or there[place].read_text("utf-8") != made[place]
    )


def _of_page(book: Book, page: Page) -> Iterable[tuple[PurePosixPath, str]]:
    """One notebook, or two for a page of exercises."""
    if not page.is_exercises:
        yield page.notebook, _notebook(book, page, page.notebook, [Piece(cell) for cell in page.cells])
        return
    tasks, solutions = split(page)
    place = page.notebook.with_name("solutions.ipynb")
    yield page.notebook, _notebook(book, page, page.notebook, tasks)
    yield place, _notebook(book, page, place, [_solutions_title(page), *_imports(tasks), *solutions])


def _solutions_title(page: Page) -> Piece:
    text = f"# Solutions\n\nThe tasks are in {{doc}}`the exercises </{page.name}>`. First try them yourself."
    return Piece(Cell("markdown", text, {}, "title"))


def _imports(tasks: list[Piece]) -> list[Piece]:
    """What the page imports before its first task."""
    before = itertools.takewhile(lambda piece: not piece.opens, tasks)
    return [piece for piece in before if piece.cell.kind == "code"]


def _notebook(book: Book, page: Page, place: PurePosixPath, pieces: list[Piece]) -> str:
    """A notebook as the text of its file."""
    renderer = Renderer(book, page, place)
    cells = [_markdown("about", _about(book, place))]
    for piece in pieces:
        cells += _cells(renderer, piece)
    listed = any("{bibliography}" in piece.cell.source for piece in pieces)
    if renderer.keys and not listed:
        cells.append(_markdown("references", "## References\n\n" + book.references.listed(renderer.keys)))
    cells.append(_markdown("onward", _onward(renderer, book.pages)))
    content = {"cells": cells, "metadata": KERNEL, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _about(book: Book, place: PurePosixPath) -> str:
    """How to get the package: from its repository, or from a copy of the book."""
    if book.addresses.repository:
        return NEEDS.format(what=f"git+{book.addresses.repository}", where="")
    root = os.path.relpath(".", NOTEBOOKS / place.parent)
    return NEEDS.format(what=f"-e {root}", where=", from a copy of the book")


def _cells(renderer: Renderer, piece: Piece) -> list[dict]:
    """A cell of a page as it stands in the notebook, with its caption behind it."""
    cell = piece.cell
    if cell.kind == "markdown":
        text = "\n\n".join(part for part in (_heading(renderer, piece), renderer.markdown(cell.source)) if part)
        return [_markdown(cell.id, text)] if text else []
    figure = cell.metadata.get("mystnb", {}).get("figure")
    opened = [_markdown(f"{cell.id}-title", _heading(renderer, piece))] if piece.opens else []
    return [*opened, _code(cell)] + ([_markdown(f"{cell.id}-caption", _caption(renderer, figure))] if figure else [])


def _heading(renderer: Renderer, piece: Piece) -> str:
    """The heading of an exercise, or of a solution; empty for any other cell."""
    if not piece.opens:
        return ""
    target = renderer.book.targets[piece.opens]
    heading = renderer.inline(heading_of(target))
    return f"### {heading}\n\n*{piece.level}*" if piece.level else f"### {heading}"


def _caption(renderer: Renderer, figure: dict) -> str:
    number = renderer.book.targets[figure["name"]].number if "name" in figure else ""
    return renderer.inline(f"**Figure {number}.** {figure['caption']}" if number else figure["caption"])


def _onward(renderer: Renderer, pages: list[Page]) -> str:
    """Links to the page before and the page behind."""
    place = pages.index(renderer.page)
    named = (("Before", place - 1), ("Next", place + 1))
    found = [(word, pages[at]) for word, at in named if 0 <= at < len(pages)]
    links = [f"{word}: {renderer.inline(f'{{doc}}`/{page.name}`')}" for word, page in found]
    if renderer.page.is_exercises and renderer.notebook == renderer.page.notebook:
        links.insert(0, "[Solutions](solutions.ipynb)")
    if site := renderer.book.addresses.site:
        links.append(f"[On the web]({site}/{renderer.page.name}.html)")
    return "---\n\n" + " · ".join(links)


def _markdown(name: str, text: str) -> dict:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text.splitlines(keepends=True)}


def _code(cell: Cell) -> dict:
    metadata = {key: value for key, value in cell.metadata.items() if key in KEPT}
    return {"cell_type": "code", "execution_count": None, "id": cell.id, "metadata": metadata, "outputs": [],
            "source": cell.source.splitlines(keepends=True)}  # fmt: skip
