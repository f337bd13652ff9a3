"""The list of papers: complete, each with a source, a summary and BibTeX that a program reads."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from pybtex.database import parse_string

from llmbook.data import read_table
from llmbook.notebooks.papers import bibliography, bibtex, list_markdown, named, paper_markdown, read_papers

ROOT = Path(__file__).resolve().parents[3]
PAPERS = read_papers()
NUMBER = re.compile(r"arXiv:2402\.\d{5}")
LEAST_WORDS, MOST_WORDS = 15, 60


def gaps(papers):
    """What a list of the article's papers lacks, as lines."""
    found = [] if len(papers) == 50 else [f"{len(papers)} papers"]
    found += [] if sum(paper.is_starred for paper in papers) == 10 else ["not ten stars"]
    for name in ("number", "title", "summary", "key"):
        values = [getattr(paper, name) for paper in papers]
        found += [f"{name} stands twice"] if len(set(values)) < len(values) else []
    for paper in papers:
        words = len(paper.summary.split())
        found += [] if NUMBER.fullmatch(paper.number) else [f"{paper.title}: no number"]
        found += [] if LEAST_WORDS <= words <= MOST_WORDS else [f"{paper.title}: {words} words"]
        found += [f"{paper.title}: chapters without a link"] if paper.chapters and "{" not in paper.touches else []
        found += [f"{paper.title}: a link without a chapter"] if paper.touches and not paper.chapters else []
    return found


def test_all_fifty_are_there():
    assert gaps(PAPERS) == []


@pytest.mark.parametrize("change", [
    lambda papers: papers[1:],
    lambda papers: [*papers[1:], papers[1]],
    lambda papers: [replace(papers[0], number="arXiv:2402.1942"), *papers[1:]],
    lambda papers: [replace(papers[0], summary="It is good."), *papers[1:]],
    lambda papers: [replace(papers[0], is_starred=True), *papers[1:]],
    lambda papers: [replace(papers[0], touches=""), *papers[1:]],
    lambda papers: [replace(papers[0], chapters=()), *papers[1:]],
])
def test_a_gap_is_found(change):
    assert gaps(change(PAPERS))


def test_the_number_that_the_article_repeats_is_corrected():
    (aya,) = [paper for paper in PAPERS if paper.title.startswith("Aya")]
    assert aya.number == "arXiv:2402.07827"


def test_the_number_keeps_its_last_zero():
    """A number such as 2402.07610 would lose it, were it read as one."""
    assert {row["arxiv"] for row in read_table("feb2024_papers")} >= {"arXiv:2402.07610"}


def test_the_bibliography_is_current_and_complete():
    text = (ROOT / "book" / "papers.bib").read_text("utf-8")
    assert text == bibliography(), "run scripts/write_papers_bib.py"
    entries = parse_string(text, "bibtex").entries
    assert [entry.fields["url"] for entry in entries.values()] == [paper.address for paper in PAPERS]
    assert all(entry.persons["author"] for entry in entries.values())
    assert set(entries) == {paper.key for paper in PAPERS}


def test_bibtex_of_one():
    made = bibtex(next(paper for paper in PAPERS if paper.title.startswith("DoRA")))
    assert made.startswith("@article{liu2024dora,\n  author = {Liu, Shih-Yang and ") and made.endswith("},\n}")
    assert " and others}" in made and "url = {https://arxiv.org/abs/2402.09353}" in made


@pytest.mark.parametrize(("authors", "shown"), [
    ("Sohl-Dickstein, Jascha", "Sohl-Dickstein"),
    ("Li, A and Ye, B", "Li and Ye"),
    ("Li, A and {Van Roy}, B and others", "Li, Van Roy and others"),
    ("A, a and B, b and C, c and D, d", "A, B, C and others"),
])  # fmt: skip
def test_authors_for_a_reader(authors, shown):
    assert named(authors) == shown


def test_an_entry_says_what_was_read():
    starred = next(paper for paper in PAPERS if paper.is_starred)
    text = paper_markdown(starred)
    assert ", with a star. Read: the abstract." in text and f"]({starred.address})" in text and "```text" in text
    assert "star" not in paper_markdown(replace(starred, is_starred=False)).split("*Topic:*")[1].partition("\n")[0]
    assert list_markdown().count("{dropdown} BibTeX") == 50


def test_the_starred_ones_have_a_paragraph():
    page = (ROOT / "book" / "reading-list.md").read_text("utf-8")
    part = page.partition("(reading-starred)=")[2].partition("(reading-all)=")[0]
    told = re.findall(r"\]\((https://arxiv\.org/abs/[\d.]+)\)", part)
    assert sorted(told) == sorted(paper.address for paper in PAPERS if paper.is_starred)
    paragraphs = [text for text in part.split("\n\n") if text.strip() and not text.startswith(("#", "\n"))]
    assert len(paragraphs) == 10 and min(len(text.split()) for text in paragraphs) > 40
