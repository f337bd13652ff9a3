"""Markdown of a page as plain Markdown: links for roles, quotes for boxes, pipe tables, numbers for labels."""

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from urllib.parse import quote

from llmbook.notebooks import NOTEBOOKS
from llmbook.notebooks.choices import Choice, folded, read_choices
from llmbook.notebooks.citations import References
from llmbook.notebooks.claims import claims_markdown
from llmbook.notebooks.contents import HEADING, Addresses, BookError, Page
from llmbook.notebooks.labels import EQUATION, LABEL, PASSED, TABLES, Target
from llmbook.notebooks.myst import Code, Directive, Text, blocks, replace_roles
from llmbook.notebooks.papers import list_markdown
from llmbook.notebooks.tables import definitions, list_table

LINK = re.compile(r"(?<=\]\()(?P<target>[^()\s]+)(?=\))")
MARKUP = re.compile(r"[`*_]")
LEFT_OUT = ("book-map", "reading-paths", "chapter-map", "exercise-end", "solution-start", "solution-end")
"""Directives that only the site has, and gates that :mod:`llmbook.notebooks.tasks` reads."""


@dataclass
class Book:
    """All that the text of a page can refer to."""

    pages: list[Page]
    targets: dict[str, Target]
    references: References
    addresses: Addresses = field(default_factory=Addresses)


@dataclass
class Renderer:
    """Turns the Markdown of one page into that of its notebook, and remembers what was cited on the way."""

    book: Book
    page: Page
    notebook: PurePosixPath
    """Where the notebook goes, below ``book/notebooks``."""
    keys: list[str] = field(default_factory=list)
    """The works that were cited, each once."""

    def markdown(self, text: str) -> str:
        """The same in plain Markdown.

        Raises:
            BookError: a role, a directive or a label is unknown.
        """
        made = [self._block(block) for block in blocks(text)]
        return re.sub(r"\n{3,}", "\n\n", "\n\n".join(part for part in made if part.strip())).strip("\n")

    def inline(self, text: str) -> str:
        """Text within a line, such as a caption."""
        return replace_roles(LINK.sub(lambda found: self._link(found["target"]), text), self._role)

    def _block(self, block: Text | Code | Directive) -> str:
        if isinstance(block, Code):
            return block.source
        if isinstance(block, Text):
            return self.inline("\n".join(self._line(line) for line in block.source.split("\n")
                                         if not LABEL.match(line)))  # fmt: skip
        return self._directive(block)

    def _line(self, line: str) -> str:
        """An equation gets its number, and the title of the page the page's."""
        if equation := EQUATION.match(line):
            return f"{self._tag(equation[1])}\n$$"
        heading = HEADING.match(line)
        if heading and len(heading[1]) == 1:
            return f"# {self.page.number} {heading[2]}".replace("  ", " ")
        return line

    def _directive(self, block: Directive) -> str:
        name = block.name
        if name in LEFT_OUT:
            return ""
        if name in TABLES:
            return self._table(block)
        if name == "math":
            tag = self._tag(block.options["label"]) if "label" in block.options else ""
            return f"$$\n{block.body}\n{tag}\n$$"
        if name == "bibliography":
            return self.book.references.listed(self.keys)
        if name == "choices":
            return "\n\n".join(map(self._choice, read_choices(block.body)))
        if name == "glossary":
            return self.markdown(definitions(block.body))
        if name == "reading-list":
            return self.markdown(list_markdown())
        if name == "article-claims":
            return self.markdown(claims_markdown(block.argument))
        if name in ("container", "div"):
            return self.markdown(block.body)
        if name in PASSED:
            return self._box(block)
        raise BookError(
            f"{self.page.name}: no notebook can show the directive {name} yet; add it to notebooks/render.py"
        )

    def _tag(self, label: str) -> str:
        """The number of an equation, as TeX."""
        return rf"\tag{{{self._target(label).number}}}"

    def _box(self, block: Directive) -> str:
        """A folded answer stays folded; any other box is a quote."""
        title = self.inline(block.argument or block.name.capitalize())
        body = self.markdown(block.body)
        if "dropdown" in block.options.get("class", "") or block.name == "dropdown":
            return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"
        return "\n".join(f"> {line}".rstrip() for line in f"**{title}**\n\n{body}".split("\n"))

    def _choice(self, choice: Choice) -> str:
        return folded(replace(choice, text=self.inline(choice.text), reveals=self.inline(choice.reveals)))

    def _table(self, block: Directive) -> str:
        body = list_table(block.body) if block.name == "list-table" else block.body
        number = self._target(block.options["name"]).number if "name" in block.options else ""
        caption = f"**Table {number}.** {block.argument}" if number else block.argument
        return f"{self.inline(caption)}\n\n{self.inline(body)}"

    def _role(self, role: str, title: str, target: str) -> str:
        if role == "term":
            return title or target
        if role in ("cite:p", "cite:t"):
            keys = [key.strip() for key in target.split(",")]
            self.keys += [key for key in keys if key not in self.keys]
            return self.book.references.cited(role, keys)
        if role == "doc":
            found = self._target(self._page_name(target))
            return self._to(found, title or found.title)
        if role in ("ref", "numref", "eq"):
            found = self._target(target)
            return self._to(found, title or said(found))
        raise BookError(f"{self.page.name}: no notebook can show the role {role} yet; add it to notebooks/render.py")

    def _page_name(self, target: str) -> str:
        """The name of a page as ``{doc}`` gives it: from the root of the book, or beside the page."""
        if target.startswith("/"):
            return target[1:]
        return os.path.normpath(PurePosixPath(self.page.name).parent / target)

    def _target(self, label: str) -> Target:
        if label not in self.book.targets:
            raise BookError(f"{self.page.name}: nothing in the book is called {label}")
        return self.book.targets[label]

    def _to(self, target: Target, text: str) -> str:
        """A link to what has a label; numbers of what stands on this page are no links."""
        text, is_here = self.inline(text), target.page is self.page
        if is_here and target.kind in ("Figure", "Table", "equation"):
            return text
        place = anchor(target)
        return f"[{text}]({place if is_here and place else self._file(target.page) + place})"

    def _file(self, page: Page) -> str:
        """The way from this notebook to that of a page."""
        return quote(os.path.relpath(page.notebook, self.notebook.parent))

    def _link(self, address: str) -> str:
        """An address in a Markdown link, as seen from the notebook."""
        if re.match(r"[a-z]+:", address) or "%" in address:
            return address
        file, _, label = address.partition("#")
        if not file:
            return self._within(label)
        path = os.path.normpath(PurePosixPath(self.page.name).parent / file)
        name = path.removesuffix(".ipynb").removesuffix(".md")
        if name not in self.book.targets:  # another file of the checkout
            return os.path.relpath(path, NOTEBOOKS / self.notebook.parent)
        target = self.book.targets.get(label) if label else None
        return self._file(self.book.targets[name].page) + (anchor(target) if target else "")

    def _within(self, label: str) -> str:
        """A place on the same page, by its label or by the words of its heading."""
        if label in self.book.targets:
            return anchor(self.book.targets[label]) or f"#{label}"
        for cell in self.page.cells:
            for line in cell.source.split("\n") if cell.kind == "markdown" else ():
                heading = HEADING.match(line)
                if heading and slug(heading[2]) == label:
                    return fragment(heading[2])
        return f"#{label}"


def said(target: Target) -> str:
    """How a text names something: by its title, or by its kind and number."""
    if target.kind == "equation":
        return f"({target.number})"
    return target.title if target.kind in ("page", "section") else f"{target.kind} {target.number}"


def heading_of(target: Target) -> str:
    """The heading of an exercise in a notebook."""
    return f"Exercise {target.number}: {target.title}"


def anchor(target: Target) -> str:
    """Where in its notebook something stands; empty for its top, and for what has no heading."""
    if target.kind == "Exercise":
        return fragment(heading_of(target))
    return fragment(target.title) if target.kind == "section" else ""


def fragment(heading: str) -> str:
    """The address of a heading in JupyterLab: its words, joined by hyphens; none for one with a formula."""
    words = MARKUP.sub("", replace_roles(heading, lambda role, title, target: title or target))
    return "" if "$" in words else "#" + quote(words.replace(" ", "-"))


def slug(heading: str) -> str:
    """The address of a heading on the site."""
    return re.sub(r"[^\w -]", "", MARKUP.sub("", heading).lower()).replace(" ", "-")
