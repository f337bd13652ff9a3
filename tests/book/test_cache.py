"""The cache of executed pages saves work and is never stale; a strict build stays strict; pages carry their times."""

import json
import os
import re
import shutil

import nbformat
import pytest
import yaml
from book_build import ROOT
from myst_nb.core.utils import coalesce_streams
from page_caches import page_caches
from tiny_book import COUNT, USE, TinyBook

BUSY = """import time
block = open("../../data/table.csv").read().encode() * 50_000_000
time.sleep(2)
while time.process_time() < 1.5:
    sum(range(100_000))"""
SPLIT = """import sys
for piece in ("seen: a 1,", " b 2", "\\n\\n", "   c 3\\n"):
    sys.stdout.write(piece)
    sys.stdout.flush()
    time.sleep(0.3)"""
FRONT_PAGE = """---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---

# Tiny

A book.

```{code-cell} python3
---
tags: [remove-input]
---
from thing import answer
print('front', answer)
```

```{chapter-map}
```
"""
WRITING = "Path('../../data/table.csv').write_text(Path('../../.runs.txt').read_text())"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A tiny book, built: a page and the front page that use the package, and a busy page that uses the data."""
    book = TinyBook(tmp_path_factory.mktemp("built"))
    book.write("book/index.md", FRONT_PAGE)
    write_busy(book, "word " * 500)
    contents = book.contents()
    contents["chapters"][0]["sections"].append({"file": "chapters/one/busy"})
    book.write("_toc.yml", yaml.safe_dump(contents))
    build(book)
    return book


@pytest.fixture
def book(built, tmp_path):
    """The built book, moved to another folder."""
    shutil.copytree(built.folder, tmp_path, dirs_exist_ok=True)
    return TinyBook(tmp_path, write=False)


def write_busy(book, words):
    """Write the second page."""
    cells = (COUNT.replace(".runs", ".busy"), BUSY, SPLIT)
    book.write_page(words, cells, name="busy")


def build(book):
    """Build, and insist that it went well."""
    status, printed = book.build()
    assert status == 0, printed
    return printed


def plain(printed):
    """Text without the terminal's color codes."""
    return re.sub(r"\x1b\[[0-9;]*m", "", printed)


def processor_seconds():
    """What the finished builds have used, so that a busy machine does not count; 0 on Windows."""
    used = os.times()
    return used.children_user + used.children_system


def runs(book):
    """How often the two pages have been executed."""
    return book.runs(), len((book.folder / ".busy.txt").read_text())


def test_only_what_a_page_depends_on_runs_it_again(book):
    """A sentence: nothing runs. Its modules, its data, the pinned versions or its code: the page runs, no other."""
    assert runs(book) == (1, 1) and "answer 41" in book.html("chapters/one/page.html")
    book.write_page("Other words.")
    start = processor_seconds()
    build(book)
    page = book.html("chapters/one/page.html")
    assert runs(book) == (1, 1) and "Other words." in page and "answer 41" in page
    assert processor_seconds() - start < 30
    book.write("package/thing.py", "answer = 42\n")
    build(book)
    assert runs(book) == (2, 1) and "answer 42" in book.html("chapters/one/page.html")
    assert "front 42" in book.html("book/index.html")
    book.write("data/table.csv", "a,b\n3,4\n")
    book.write_page(cells=(COUNT, USE + "\nprint('new cell')"))
    build(book)
    assert runs(book) == (3, 2) and "new cell" in book.html("chapters/one/page.html")
    book.write("constraints.txt", "numpy==2\n")
    build(book)
    assert runs(book) == (4, 3)
    switch_back(book)


def switch_back(book):
    """To where the book began, as a branch that is checked out again: nothing runs, and each page is as it was."""
    book.write("package/thing.py", "answer = 41\n")
    book.write("data/table.csv", "a,b\n1,2\n")
    book.write("constraints.txt", "numpy==1\n")
    book.write_page()
    build(book)
    page = book.html("chapters/one/page.html")
    assert runs(book) == (4, 3) and "answer 41" in page and "new cell" not in page
    assert "front 41" in book.html("book/index.html")
    assert len(list((book.folder / "_build/.jupyter_cache/chapters/one/page").iterdir())) == 3


def test_without_digests_the_cache_would_be_stale(book):
    """The twin: the same change of the package goes unnoticed where the digests do not look at it."""
    settings = yaml.safe_load((book.folder / "_config.yml").read_text())
    settings["sphinx"]["config"] |= {"book_cache_code": [], "book_cache_inputs": []}
    book.write("_config.yml", yaml.safe_dump(settings))
    build(book)
    ran = runs(book)
    book.write("package/thing.py", "answer = 42\n")
    book.write_page("Other words.")
    build(book)
    page = book.html("chapters/one/page.html")
    assert runs(book) == ran and "Other words." in page and "answer 41" in page
    assert "front 41" in book.html("book/index.html")


def test_a_failing_build_fails_again_until_it_is_repaired(book):
    """A failing cell and a warning end the build with a status and the reason, also the second time.

    Then the page is repaired, but changes its own data: outputs are not kept if the data changed under them.
    """
    book.write_page("See {ref}`nowhere`.", cells=(COUNT, "x = 1\nx / 0"))
    for _ in range(2):
        status, printed = book.build()
        assert status != 0
        assert "ZeroDivisionError: division by zero" in plain(printed) and "undefined label" in printed
    book.write_page(cells=(COUNT, WRITING))
    ran = book.runs()
    assert "The next build runs the pages again" in build(book)
    build(book)
    assert book.runs() == ran + 2


def test_times_and_memory_are_measured(built):
    """Times stand under the title and in the map; the record and the peak of memory say what the page did."""
    record = json.loads((built.folder / "_build" / "page-times.json").read_text())["chapters/one/busy"]
    assert record["read_minutes"] == 4 and 2 < record["run_seconds"] < 300
    assert 'class="page-times">About 4 min to read. Its code ran in' in built.html("chapters/one/busy.html")
    assert 'href="../chapters/one/busy.html">Page</a>' in built.html("book/index.html")
    assert " min to read, " in built.html("book/index.html")
    cache = page_caches(built.folder)["chapters/one/busy"]
    cost = json.loads((cache / "page-costs.json").read_text())["chapters/one/busy"]
    assert 400_000_000 < cost["peak_bytes"] < 1_000_000_000 and 1 < cost["cpu_seconds"] < 30 and cost["seconds"] > 2
    assert "page-times" not in built.html("chapters/one/index.html")


def test_what_is_printed_in_pieces_stands_in_one_piece(built):
    """Letter for letter, on the page and in the executed notebook; the twin is what myst-nb makes of these pieces."""
    assert "seen: a 1, b 2\n\n   c 3\n" in built.html("chapters/one/busy.html")
    executed = nbformat.read(built.folder / "_build/jupyter_execute/chapters/one/busy.ipynb", nbformat.NO_CONVERT)
    outputs = executed.cells[-1].outputs
    assert len(outputs) > 1 and "".join(output.text for output in outputs) == "seen: a 1, b 2\n\n   c 3\n"
    assert "a 1, b 2" not in coalesce_streams(outputs)[0].text


def test_the_real_book_names_what_it_has():
    """The folders that the extension looks at by default are there."""
    assert all((ROOT / name).exists() for name in ("code", "data", "constraints.txt"))
