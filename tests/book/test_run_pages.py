"""Pages run side by side before Sphinx reads them; a page that fails stops no other, and leaves nothing behind."""

import sys
from types import SimpleNamespace

import nbformat
import pytest
from book_build import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import run_pages

MEET = """import time
from pathlib import Path
Path("{me}.here").touch()
deadline = time.monotonic() + {patience}
while not Path("{other}.here").exists():
    assert time.monotonic() < deadline, "alone"
    time.sleep(0.05)
print("{me} met {other}")"""


def write_page(folder, name, code):
    """A notebook of one cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code, id="only")])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


def pages_that_meet(folder, patience):
    """Two pages, each of which waits for the other so many seconds."""
    pairs = (("anna", "ben"), ("ben", "anna"))
    return {me: write_page(folder, me, MEET.format(me=me, other=other, patience=patience)) for me, other in pairs}


def test_pages_run_side_by_side(tmp_path, monkeypatch):
    """Two pages that wait for each other meet on two cores."""
    monkeypatch.setattr(run_pages, "usable_cores", lambda: 2)
    results = dict(run_pages.run_all(pages_that_meet(tmp_path, patience=60), timeout=90))
    assert "anna met ben" in results["anna"]["notebook"] and "ben met anna" in results["ben"]["notebook"]


def test_on_one_core_they_do_not_meet(tmp_path, monkeypatch):
    """The twin, and a failure: the first gives up and has no result; the second finds what the first has left."""
    monkeypatch.setattr(run_pages, "usable_cores", lambda: 1)
    assert set(dict(run_pages.run_all(pages_that_meet(tmp_path, patience=1), timeout=90))) == {"ben"}


def test_what_has_run_is_found_in_the_cache(tmp_path):
    """Until the page's code changes; and the costs of every page stay in one record."""
    page, cache = write_page(tmp_path, "page", "print(41 + 1)"), tmp_path / "cache"
    assert not run_pages.is_cached(cache, page)
    for name in ("first", "second"):
        run_pages.keep(cache, name, page, run_pages.run_page(page, timeout=90))
    assert run_pages.is_cached(cache, page)
    record = (cache / run_pages.RECORD).read_text()
    assert all(word in record for word in ("first", "second", "cpu_seconds", "peak_bytes"))
    write_page(tmp_path, "page", "print(41 + 2)")
    assert not run_pages.is_cached(cache, page)


def test_nothing_to_run_is_no_work():
    """No page, no result."""
    assert list(run_pages.run_all({}, timeout=90)) == []


@pytest.mark.parametrize(("mode", "runs"), [("cache", 1), ("off", 0), ("force", 0)])
def test_only_a_book_with_a_cache_is_run_ahead(tmp_path, monkeypatch, mode, runs):
    """execute_notebooks: off, and what the other modes do, stay with myst-nb."""
    pages, asked = {"page": write_page(tmp_path, "page", "1 / 0")}, []
    monkeypatch.setattr(run_pages, "run_page", lambda path, timeout: asked.append(path))
    config = {"nb_execution_mode": mode, "nb_execution_cache_path": str(tmp_path / "cache"), "nb_execution_timeout": 9}
    env = SimpleNamespace(doc2path=pages.__getitem__)
    run_pages.run_missing_pages(SimpleNamespace(config=SimpleNamespace(**config)), env, list(pages))
    assert len(asked) == runs


@pytest.mark.parametrize("fault", ["1 / 0", "import os; os._exit(1)", "while True: pass"])
def test_a_page_that_fails_has_no_result(tmp_path, fault):
    """An error, a dead kernel, an endless cell."""
    assert run_pages.run_page(write_page(tmp_path, "page", fault), timeout=5) is None
