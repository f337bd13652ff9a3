"""The pages of the book in their order, each with its number, its title and its cells, read from a checkout."""

import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

HEADING = re.compile(r"^(#+) +(.+?) *$")
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
OF_THE_PACKAGE = "book/api/"
"""Where the pages of the package are: made from its docstrings, on the site alone."""


class BookError(ValueError):
    """The pages of a checkout cannot be read, or say something that no reader's notebook can show."""


@dataclass(frozen=True)
class Cell:
    """A cell of a page."""

    kind: str
    """"markdown" or "code"."""
    source: str
    """Its text."""
    metadata: dict[str, Any]
    """As in the notebook file."""
    id: str
    """Its name, unique on the page."""


@dataclass(frozen=True)
class Page:
    """A page of the book."""

    name: str
    """As in ``_toc.yml``: ``chapters/gemma/04-norms``."""
    number: str
    """"4.4"; "4" for the first page of a chapter; empty outside the chapters."""
    cells: tuple[Cell, ...]

    @property
    def chapter(self) -> str:
        """The first part of its number, within which figures, tables and equations are counted."""
        return self.number.partition(".")[0]

    @property
    def title(self) -> str:
        """Its first heading."""
        found = (
            HEADING.match(line) for cell in self.cells if cell.kind == "markdown" for line in cell.source.split("\n")
        )
        return next((match[2] for match in found if match), self.name)

    @property
    def is_exercises(self) -> bool:
        """Whether it has tasks whose solutions go into a notebook of their own."""
        return any("{exercise-start}" in cell.source for cell in self.cells)

    @property
    def notebook(self) -> PurePosixPath:
        """Where its notebook goes, below ``book/notebooks``."""
        return notebook_of(self.name)


def notebook_of(page: str) -> PurePosixPath:
    """Where the notebook of a page goes, below ``book/notebooks``; pages outside the chapters start the book."""
    folder, _, file = page.rpartition("/")
    chapter = folder.removeprefix("chapters/") if folder.startswith("chapters/") else "start-here"
    return PurePosixPath(chapter, f"{'00-overview' if file == 'index' and chapter != 'start-here' else file}.ipynb")


@dataclass(frozen=True)
class Addresses:
    """Where a book is published; empty where it is not."""

    site: str = ""
    repository: str = ""


def read_addresses(root: Path) -> Addresses:
    """The addresses in the one configuration of a book, ``_config.yml``.

    Raises:
        BookError: the file is damaged.
    """
    try:
        settings = yaml.safe_load((root / "_config.yml").read_text("utf-8"))["sphinx"]["config"]
        return Addresses(settings.get("html_baseurl", "").rstrip("/"), settings.get("book_repository", "").rstrip("/"))
    except FileNotFoundError:
        return Addresses()
    except (OSError, KeyError, TypeError, AttributeError, ValueError, yaml.YAMLError) as error:
        raise BookError(f"{root / '_config.yml'} cannot be read: {error}") from error


def read_pages(root: Path) -> list[Page]:
    """The pages below the front page, in the order of ``_toc.yml``, without those of the package.

    Raises:
        BookError: a file is missing or is no page.
    """
    try:
        contents = yaml.safe_load((root / "_toc.yml").read_text("utf-8"))
        names = _numbered(contents["parts"])
        return [_page(root, name, number) for name, number in names if not name.startswith(OF_THE_PACKAGE)]
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise BookError(f"{root} is no checkout of the book, or a page of it is damaged: {error}") from error


def _numbered(parts: list[dict]) -> list[tuple[str, str]]:
    """The names of all pages, with their numbers."""
    found, chapter = [], 0
    for part in parts:
        for entry in part["chapters"]:
            chapter += bool(part.get("numbered"))
            number = str(chapter) if part.get("numbered") else ""
            found.append((entry["file"], number))
            found += [(section["file"], f"{number}.{place}" if number else "")
                      for place, section in enumerate(entry.get("sections", ()), start=1)]  # fmt: skip
    return found


def _page(root: Path, name: str, number: str) -> Page:
    """Read one page: a notebook, or Markdown, which is one cell."""
    path = root / f"{name}.ipynb"
    if not path.exists():
        text = FRONT_MATTER.sub("", (root / f"{name}.md").read_text("utf-8"))
        return Page(name, number, (Cell("markdown", text, {}, "page"),))
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return Page(name, number, tuple(
        Cell(cell["cell_type"], "".join(cell["source"]), cell["metadata"], cell["id"]) for cell in cells
    ))  # fmt: skip
