"""What can be referred to: pages, sections, figures, tables, equations and exercises, with their numbers and places.

Counted as Sphinx counts on the site: within each chapter, in the order of the pages; a test compares the two.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from llmbook.notebooks.contents import HEADING, BookError, Cell, Page
from llmbook.notebooks.myst import Directive, Text, blocks

LABEL = re.compile(r"^\(([\w-]+)\)=$")
EQUATION = re.compile(r"^\$\$ *\(([\w-]+)\)$")
BOLD_TITLE = re.compile(r"^\*\*(.+?)\*\*\s*", re.DOTALL)
TABLES = ("table", "list-table")
PASSED = ("container", "div", "admonition", "dropdown", "note", "tip", "warning", "seealso", "important")
"""Directives whose body is Markdown again."""


@dataclass(frozen=True)
class Target:
    """Something that has a label."""

    kind: str
    """"page", "section", "Figure", "Table", "Exercise" or "equation"."""
    number: str
    """"4.17"; empty for sections, and for pages outside the chapters."""
    page: Page
    title: str
    """Of a page, a section or an exercise; empty for the others."""


def find_targets(pages: list[Page]) -> dict[str, Target]:
    """All labels of the book, and the names of its pages.

    Raises:
        BookError: two things have one label.
    """
    targets: dict[str, Target] = {}
    counted: Counter[tuple[str, str]] = Counter()
    for page in pages:
        found = {page.name: Target("page", page.number, page, page.title)}
        for kind, label, title in _labels(page):
            number = ""
            if kind != "section":
                counted[page.chapter, kind] += 1
                number = f"{page.chapter}.{counted[page.chapter, kind]}".lstrip(".")
            if label in targets or label in found:
                raise BookError(f"{page.name}: the label {label} stands twice")
            found[label or f"{page.name} {kind} {number}"] = Target(kind, number, page, title)
        targets |= found
    return targets


def _labels(page: Page) -> Iterator[tuple[str, str, str]]:
    """(kind, label, title) in the order of the page."""
    for place, cell in enumerate(page.cells):
        if cell.kind == "markdown":
            yield from _in_text(cell.source, page.cells[place + 1 :])
        elif name := cell.metadata.get("mystnb", {}).get("figure", {}).get("name"):
            yield "Figure", name, ""


def _in_text(text: str, following: tuple[Cell, ...]) -> Iterator[tuple[str, str, str]]:
    """The labels of some Markdown; the title of an exercise begins the cell behind."""
    for block in blocks(text):
        if isinstance(block, Text):
            yield from _in_lines(block.source)
        elif isinstance(block, Directive):
            if block.name == "exercise-start":
                yield "Exercise", block.options["label"], exercise_title(following)
            elif block.name == "math" and "label" in block.options:
                yield "equation", block.options["label"], ""
            elif block.name in TABLES:
                yield "Table", block.options.get("name", ""), ""
            elif block.name in PASSED:
                yield from _in_text(block.body, following)


def _in_lines(text: str) -> Iterator[tuple[str, str, str]]:
    """Sections and equations between directives."""
    waiting: list[str] = []
    for line in text.split("\n"):
        if label := LABEL.match(line):
            waiting.append(label[1])
        elif equation := EQUATION.match(line):
            yield "equation", equation[1], ""
        elif line.strip():
            heading = HEADING.match(line)
            yield from (("section", label, heading[2] if heading else "") for label in waiting)
            waiting = []


def exercise_title(cells: tuple[Cell, ...]) -> str:
    """The bold words that begin the text of a task, without their period."""
    text = next((cell.source for cell in cells if cell.kind == "markdown"), "")
    found = BOLD_TITLE.match(text)
    return found[1].removesuffix(".") if found else ""
