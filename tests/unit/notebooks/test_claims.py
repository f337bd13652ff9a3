"""The statements of the article: each has a verdict, a finding, and evidence that leads to a section or to a row."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from llmbook.data import read_table
from llmbook.notebooks.claims import (
    COUNTS,
    ROW,
    SECTIONS,
    VERDICTS,
    Claim,
    claim_markdown,
    claims_markdown,
    counts_markdown,
    read_claims,
)
from llmbook.notebooks.contents import BookError, read_pages
from llmbook.notebooks.labels import find_targets

ROOT = Path(__file__).resolve().parents[3]
CLAIMS = read_claims()
SECTION = find_targets(read_pages(ROOT))


def is_there(place):
    """Whether a piece of evidence is a section of a chapter, or at least one row of a table."""
    if row := ROW.fullmatch(place):
        table = read_table(row["file"].removeprefix("data/"))
        return any(str(each.get(row["column"])) == row["value"] for each in table)
    target = SECTION.get(place)
    return target is not None and target.kind == "section" and target.page.name.startswith("chapters/")


def faults(claim):
    """What is wrong with a statement."""
    found = [place for place in claim.evidence if not is_there(place)]
    found += [] if claim.verdict in VERDICTS else [claim.verdict]
    found += [] if claim.section in SECTIONS else [claim.section]
    found += [] if len(claim.text.split()) > 3 and claim.finding.endswith(".") else ["says nothing"]
    return found


@pytest.mark.parametrize("claim", CLAIMS, ids=range(1, len(CLAIMS) + 1))
def test_every_statement_has_evidence_that_is_there(claim):
    assert faults(claim) == []


@pytest.mark.parametrize("change", [
    {"evidence": ("gemma-nowhere",)},
    {"evidence": ("chapters/gemma/index",)},
    {"evidence": ("notation-shapes",)},
    {"evidence": ("fig-gemma-margins",)},
    {"evidence": ("data/llm_configs.csv: model = Gemma 3B",)},
    {"evidence": ("data/llm_configs.csv: maker = Gemma 2B",)},
    {"evidence": ("",)},
    {"verdict": "true"},
    {"section": "appendix"},
    {"finding": ""},
])
def test_evidence_that_leads_nowhere_is_found(change):
    assert faults(replace(CLAIMS[0], **change))


def test_each_part_and_each_paper_has_its_statements():
    counted = Counter(claim.section for claim in CLAIMS)
    assert set(counted) == set(SECTIONS) and counted["list"] == 50
    assert len({claim.text for claim in CLAIMS}) == len(CLAIMS)
    rows = {place for claim in CLAIMS if claim.section == "list" for place in claim.evidence}
    assert rows == {f"data/feb2024_papers.csv: order = {number}" for number in range(1, 51)}


def test_the_page_shows_every_part():
    page = (ROOT / "book" / "claims.md").read_text("utf-8")
    assert [name for name in (COUNTS, *SECTIONS) if f"{{article-claims}} {name}\n" not in page] == []


def test_a_statement_as_text():
    claim = Claim("gemma", "It is small.", "corrected", "It is large.", ("sec-a", "data/t.csv: model = A 7B"))
    assert claim_markdown(claim) == ("- *It is small.* **Corrected.** It is large. "
                                     "({ref}`sec-a`, `data/t.csv`, model A 7B)")  # fmt: skip


def test_the_counts_add_up():
    lines = counts_markdown(CLAIMS).split("\n")[2:]
    numbers = [int(cell) for line in lines for cell in line.split("|")[2:-1]]
    assert sum(numbers) == len(CLAIMS)
    fewer = counts_markdown(CLAIMS[1:]).split("\n")[2:]
    assert fewer != lines, "the twin: a statement less"


def test_an_unknown_part_is_refused():
    with pytest.raises(BookError, match="no statement is in the part 'appendix'; choose one of counts, front"):
        claims_markdown("appendix")
