"""The reader's notebooks are current, say what the site says, hold no raw markup, lead somewhere, and run."""

import json
import re
import subprocess
import sys
from pathlib import PurePosixPath
from urllib.parse import unquote

import pytest
from book_build import ROOT

from llmbook.notebooks import NOTEBOOKS
from llmbook.notebooks.contents import read_pages
from llmbook.notebooks.labels import find_targets
from llmbook.notebooks.make import make_notebooks, stale

FOLDER = ROOT / NOTEBOOKS
MADE = make_notebooks(ROOT)
RAW = re.compile(r"\{[a-z]+(:[a-z])?\}`|^[`:~]{3,}\{|^\([\w-]+\)=$|^:[a-z-]+: ", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
EXERCISES = [place for place in MADE if place.stem in ("exercises", "solutions")]


def cells(text, kind):
    """The texts of the cells of one kind."""
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == kind]


def raw_markup(text):
    """What a reader should not see: roles, directives and labels, but not in code."""
    prose = [re.sub(r"(?<![}`])(`+)(?![`{]).+?\1(?!`)", "", each, flags=re.DOTALL) for each in cells(text, "markdown")]
    return [found[0] for each in prose for found in RAW.finditer(each)]


def headings(text):
    """The addresses of the headings of a notebook, as JupyterLab makes them."""
    lines = [line for each in cells(text, "markdown") for line in each.split("\n")]
    return {re.sub(r"[`*_]", "", line.lstrip("#").strip()).replace(" ", "-") for line in lines if line.startswith("#")}


def broken_links(made):
    """Links to a file that is not there, or to a heading that a notebook does not have."""
    found = []
    for place, text in made.items():
        for address in LINK.findall("\n".join(cells(text, "markdown"))):
            file, _, heading = unquote(address).partition("#")
            if re.match(r"[a-z]+:", file):
                continue
            target = (FOLDER / place.parent / file).resolve() if file else FOLDER / place
            inside = PurePosixPath(target.relative_to(FOLDER)) if target.is_relative_to(FOLDER) else None
            there = made.get(inside)
            exists = there is not None or (inside is None and target.exists())
            if not exists or (heading and there and heading not in headings(there)):
                found.append(f"{place}: {address}")
    return found


def test_they_are_what_the_pages_make():
    assert stale(ROOT, MADE) == [], "run: python -m llmbook.notebooks write"


@pytest.mark.parametrize("place", MADE, ids=str)
def test_no_raw_markup_is_left(place):
    assert raw_markup(MADE[place]) == []


def test_raw_markup_is_seen():
    for text in ("see {term}`x`", "```{note}\nx\n```", "(label)=\n# A", ":label: x", "{cite:p}`x`"):
        assert raw_markup(json.dumps({"cells": [{"cell_type": "markdown", "source": [text]}]})), text
    assert not raw_markup(json.dumps({"cells": [{"cell_type": "markdown", "source": ["`x`\n```\n:a: b\n```"]}]}))


def test_every_link_leads_somewhere():
    assert broken_links(MADE) == []


def test_a_broken_link_is_seen():
    for old, new in (("](04-norms.ipynb", "](05-norms.ipynb"), ("](#What-to-remember", "](#What-to-forget")):
        spoiled = {place: text.replace(old, new) for place, text in MADE.items()}
        assert spoiled != MADE and broken_links(spoiled)


def test_numbers_are_those_of_the_site(built_book):
    """Captions of figures and tables, titles of exercises, tags of equations: the built pages show what we count."""
    for label, target in find_targets(read_pages(ROOT)).items():
        if target.kind in ("section", "page") or not target.number or " " in label:
            continue
        page = (built_book / target.page.name).with_suffix(".html").read_text("utf-8")
        assert shown_number(page, label, target.kind) == target.number, label


def shown_number(page, label, kind):
    """The number that a built page shows at a label."""
    start = page.index(f'id="{label}"') if f'id="{label}"' in page else page.index(f'id="equation-{label}"')
    patterns = {"Figure": r"Fig\. ([\d.]*\d)", "Table": r"Table ([\d.]*\d)", "Exercise": r"Exercise ([\d.]*\d)",
                "equation": r'class="eqno">\(([\d.]+)\)'}  # fmt: skip
    return re.search(patterns[kind], page[start:])[1]


@pytest.mark.parametrize("place", [place for place in MADE if place not in EXERCISES], ids=str)
def test_a_lesson_has_the_code_of_its_page(place):
    """So that what the build has run is what a reader runs."""
    page = next(page for page in read_pages(ROOT) if page.notebook == place)
    assert cells(MADE[place], "code") == [cell.source for cell in page.cells if cell.kind == "code"]


@pytest.mark.parametrize("place", EXERCISES, ids=str)
def test_exercises_and_solutions_run_from_top_to_bottom(place, tmp_path):
    """In a live kernel, in their own folder."""
    result = tmp_path / "result.json"
    command = [sys.executable, ROOT / "book/_ext/page_run.py", FOLDER / place, result, "300"]
    subprocess.run(command, check=True)
    record = json.loads(result.read_text("utf-8"))
    assert record["fault"] is None
    said = json.dumps(json.loads(record["notebook"]))
    assert ("not attempted yet" in said) == (place.stem == "exercises")
    assert ("PASS" in re.sub(r"[A-Z]+, or FAIL", "", said)) == (place.stem == "solutions")
