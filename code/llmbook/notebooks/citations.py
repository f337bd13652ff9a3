"""Citations as author and year, and the entries of the reference list, from a BibTeX file."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pybtex.database import BibliographyData, Entry, parse_file
from pybtex.plugin import find_plugin

from llmbook.notebooks.contents import BookError

ESCAPED = re.compile(r"\\([^\w\s*`\[\]\\])")  # pybtex escapes periods and hyphens, too


@dataclass(frozen=True)
class References:
    """The works that the book cites."""

    data: BibliographyData
    style: Any
    """pybtex's style of the site: by author, names in full."""
    backend: Any
    """pybtex's Markdown."""

    def entry(self, key: str) -> Entry:
        """One work.

        Raises:
            BookError: there is none of that name.
        """
        if key not in self.data.entries:
            raise BookError(f"no reference is called {key}; is it in references.bib?")
        return self.data.entries[key]

    def cited(self, role: str, keys: Iterable[str]) -> str:
        """A citation: in parentheses (``cite:p``), or with the author in the sentence (``cite:t``)."""
        entries = [self.entry(key) for key in keys]
        if role == "cite:t":
            return ", ".join(f"{authors(entry)} ({entry.fields['year']})" for entry in entries)
        return "(" + "; ".join(f"{authors(entry)}, {entry.fields['year']}" for entry in entries) + ")"

    def listed(self, keys: Iterable[str]) -> str:
        """Some works as a Markdown list, by author."""
        chosen = BibliographyData({key: self.entry(key) for key in keys})
        texts = [entry.text.render(self.backend) for entry in self.style.format_bibliography(chosen)]
        return "\n".join("- " + ESCAPED.sub(r"\1", " ".join(text.split())) for text in texts)


def read_references(path: Path) -> References:
    """The works of a BibTeX file."""
    style, backend = find_plugin("pybtex.style.formatting", "plain"), find_plugin("pybtex.backends", "markdown")
    return References(parse_file(str(path)), style(), backend())


def authors(entry: Entry) -> str:
    """ "Shazeer", "Loshchilov and Hutter", "Raffel et al."."""
    persons = entry.persons.get("author", entry.persons.get("editor", []))
    names = [" ".join((*person.prelast_names, *person.last_names)) for person in persons]
    names = [name.replace("{", "").replace("}", "") for name in names]
    if len(names) > 2 or "others" in names:
        return f"{names[0]} et al."
    return " and ".join(names)
