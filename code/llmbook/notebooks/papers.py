"""The list of papers as Markdown and as BibTeX, from its table: the page and its notebook show the same."""

import re
from dataclasses import dataclass

from llmbook.data import read_table

CHAPTERS = {"tiny-titans": "Tiny Titans", "dora": "DoRA", "olmo": "OLMo", "gemma": "Gemma"}
TABLE = "feb2024_papers"
READ = {"paper": "the paper", "abstract": "the abstract"}
MOST_NAMED = 3
"""So many authors are named in the list; the BibTeX has more."""


@dataclass(frozen=True)
class Paper:
    """A row of the table."""

    title: str
    authors: str
    """As in BibTeX, ``others`` at the end where the list is partial."""
    number: str
    """"arXiv:2402.09353"."""
    date: str
    is_starred: bool
    topic: str
    chapters: tuple[str, ...]
    """Names of chapters as readers see them."""
    summary: str
    touches: str
    """Where it touches this book, with links; may be empty."""
    read: str
    """What the summary comes from, a key of :data:`READ`."""

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return "paper-" + self.number.removeprefix("arXiv:").replace(".", "-")

    @property
    def address(self) -> str:
        """Where it can be read."""
        return "https://arxiv.org/abs/" + self.number.removeprefix("arXiv:")

    @property
    def key(self) -> str:
        """Its name in BibTeX: first author, year, first long word of the title."""
        surname, word = _surnames(self.authors)[0], re.findall(r"\w{4,}", self.title)[0]
        return re.sub(r"\W", "", f"{surname}2024{word}".lower())


def read_papers() -> list[Paper]:
    """All papers in the order of the article."""
    return [_paper(row) for row in read_table(TABLE)]


def _paper(row: dict) -> Paper:
    chapters = tuple(CHAPTERS[name.strip()] for name in (row["chapters"] or "").split(";") if name.strip())
    return Paper(row["title"], row["authors"], row["arxiv"], row["date"], row["starred"] == "yes", row["topic"],
                 chapters, row["summary"], row["touches"] or "", row["read"])  # fmt: skip


def paper_markdown(paper: Paper) -> str:
    """A paper as MyST Markdown: what it is, what it says, where it touches the book, and its BibTeX."""
    end = "" if paper.title.endswith("?") else "."
    facts = f"{paper.topic}{', with a star' if paper.is_starred else ''}. Read: {READ[paper.read]}."
    parts = [
        f"**{paper.title}{end}** {named(paper.authors)}, {paper.date}, [{paper.number}]({paper.address})",
        paper.summary,
        f"*In this book:* {paper.touches}" if paper.touches else "*In this book:* nothing yet.",
        f"*Topic:* {facts}",
        f":::{{dropdown}} BibTeX\n```text\n{bibtex(paper)}\n```\n:::",
    ]
    return "\n\n".join(parts)


def list_markdown() -> str:
    """All papers as MyST Markdown."""
    return "\n\n".join(map(paper_markdown, read_papers()))


def named(authors: str) -> str:
    """Authors for a reader: three surnames at most, and others."""
    names = _surnames(authors)
    more = len(names) > MOST_NAMED or authors.endswith(" and others")
    shown = names[:MOST_NAMED] + ["others"] * more
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def bibtex(paper: Paper) -> str:
    """A paper's entry."""
    fields = {
        "author": paper.authors, "title": f"{{{paper.title}}}", "year": "2024",
        "journal": f"arXiv preprint {paper.number}", "url": paper.address,
    }  # fmt: skip
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@article{{{paper.key},", *lines, "}"])


def bibliography() -> str:
    """The whole list as a BibTeX file."""
    return "\n\n".join(map(bibtex, read_papers())) + "\n"


def _surnames(authors: str) -> list[str]:
    names = [name.partition(",")[0].strip("{} ") for name in authors.split(" and ")]
    return [name for name in names if name != "others"]
