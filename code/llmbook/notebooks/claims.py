"""The statements of the article with what was found about each, as Markdown, from their table in ``data/``."""

import re
from collections import Counter
from dataclasses import dataclass

from llmbook.data import read_table
from llmbook.notebooks.contents import BookError

TABLE = "article_claims"
VERDICTS = ("confirmed", "sharpened", "corrected", "open")
SECTIONS = {
    "front": "The opening", "tiny-titans": "Tiny Titans", "dora": "DoRA", "olmo": "OLMo", "gemma": "Gemma",
    "list": "The closing list",
}  # fmt: skip
"""The parts of the article by their names in the table."""
COUNTS = "counts"
"""Asked for in place of a part: how many statements of each verdict there are."""
ROW = re.compile(r"(?P<file>data/[\w/]+\.csv): (?P<column>\w+) = (?P<value>.+)")


@dataclass(frozen=True)
class Claim:
    """A row of the table."""

    section: str
    text: str
    verdict: str
    finding: str
    evidence: tuple[str, ...]
    """Labels of sections, and rows of tables, see :data:`ROW`."""


def read_claims() -> list[Claim]:
    """All statements in the order of the article."""
    return [
        Claim(row["section"], row["claim"], row["verdict"], row["finding"], tuple(row["evidence"].split("; ")))
        for row in read_table(TABLE)
    ]


def claims_markdown(section: str) -> str:
    """The statements of one part as a list in MyST Markdown, or with :data:`COUNTS` a table of how many there are.

    Raises:
        BookError: there is no such part.
    """
    if section == COUNTS:
        return counts_markdown(read_claims())
    found = [claim for claim in read_claims() if claim.section == section]
    if not found:
        raise BookError(f"no statement is in the part {section!r}; choose one of {', '.join((COUNTS, *SECTIONS))}")
    return "\n".join(map(claim_markdown, found))


def claim_markdown(claim: Claim) -> str:
    """One statement as an item of a list."""
    evidence = ", ".join(map(_link, claim.evidence))
    return f"- *{claim.text}* **{claim.verdict.capitalize()}.** {claim.finding} ({evidence})"


def counts_markdown(claims: list[Claim]) -> str:
    """A table of how many statements of each part have which verdict."""
    counted = Counter((claim.section, claim.verdict) for claim in claims)
    lines = ["| part | " + " | ".join(VERDICTS) + " |", "| --- |" + " ---: |" * len(VERDICTS)]
    for name, title in SECTIONS.items():
        lines.append(f"| {title} | " + " | ".join(str(counted[name, verdict]) for verdict in VERDICTS) + " |")
    return "\n".join(lines)


def _link(place: str) -> str:
    row = ROW.fullmatch(place)
    return f"`{row['file']}`, {row['column']} {row['value']}" if row else f"{{ref}}`{place}`"
