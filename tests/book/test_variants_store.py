"""A run is kept under what it depends on: nothing that matters may change without another run."""

import sys

import nbformat
import pytest
from book_build import ROOT

sys.path.append(str(ROOT / "scripts" / "variants"))
import store
from settings import SETTINGS

GOOD = {"cells": {"one": {"text": "1", "stderr": "", "error": ""}}, "problems": []}
STDERR = {"cells": {"one": {"text": "1", "stderr": "careful", "error": ""}}, "problems": []}
ERROR = {"cells": {"one": {"text": "1", "stderr": "", "error": "ValueError: no"}}, "problems": []}
PROBLEM = GOOD | {"problems": ["explorer 1: it fails"]}


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A page of a book of its own: one cell, one module, one table."""
    monkeypatch.setattr(store, "ROOT", tmp_path)
    monkeypatch.setattr(store, "STORE", tmp_path / "_build" / "variants")
    monkeypatch.setattr(store, "everywhere", lambda: "versions")
    monkeypatch.setattr(store, "inputs", lambda: store.Inputs(tmp_path, ("code",), ("data",)))
    (tmp_path / "code" / "kit").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    for name in ("code/kit/__init__.py", "code/kit/used.py", "code/kit/other.py", "data/table.csv"):
        (tmp_path / name).write_text("1\n" if name.startswith("data") else "a = 1\n")
    return write(tmp_path / "page.ipynb", "from kit import used\nopen('data/table.csv')")


def write(path, code, text="Words."):
    """A page of a sentence and a cell."""
    make = nbformat.v4
    cells = [make.new_markdown_cell(text, id="text"), make.new_code_cell(code, id="one")]
    nbformat.write(make.new_notebook(cells=cells), path)
    return path


def key(page, name="plain", training=()):
    """The key of a run."""
    return store.key(page, SETTINGS[name], list(training))


def test_words_and_other_modules_run_nothing(page):
    """What a page does not use, and what it says, may change."""
    before = key(page)
    write(page, "from kit import used\nopen('data/table.csv')", "Other words.")
    (page.parent / "code" / "kit" / "other.py").write_text("a = 2\n")
    assert key(page) == before


def test_all_that_matters_runs_the_page_again(page):
    """The twin: each change gives another key."""
    keys = {key(page), key(page, "seeds"), key(page, "seeds", [1]), key(page, "avx2")}
    (page.parent / "code" / "kit" / "used.py").write_text("a = 2\n")
    keys.add(key(page))
    (page.parent / "data" / "table.csv").write_text("2\n")
    keys.add(key(page))
    write(page, "from kit import used\nopen('data/table.csv').close()")
    keys.add(key(page))
    assert len(keys) == 7


def test_only_good_runs_are_kept(page):
    """And only for their key; a damaged record is none."""
    store.keep(page, "plain", "k", GOOD)
    assert store.load(page, "plain", "k") == GOOD
    assert store.load(page, "plain", "other") is None and store.load(page, "avx2", "k") is None
    for bad in (STDERR, ERROR, PROBLEM):
        store.keep(page, "avx2", "k", bad)
        assert store.load(page, "avx2", "k") is None
    store.place(page, "plain").write_text('{"key": "k", "rec')
    assert store.load(page, "plain", "k") is None
