"""The cache of executed pages saves work and is never stale; a strict build stays strict; pages carry their times."""

import json
import re
import time

import pytest
from tiny_book import COUNT, USE, TinyBook

BUSY = """import time
block = b"x" * 400_000_000
time.sleep(2)
while time.process_time() < 1.5:
    sum(range(100_000))"""


@pytest.fixture
def book(tmp_path):
    """A tiny book, not built."""
    return TinyBook(tmp_path)


def build(book):
    """Build, and insist that it went well."""
    status, printed = book.build()
    assert status == 0, printed
    return printed


def plain(printed):
    """Text without the terminal's color codes."""
    return re.sub(r"\x1b\[[0-9;]*m", "", printed)


def cache_folders(book):
    """The cache folders that are left."""
    return list((book.folder / "_build" / ".jupyter_cache").iterdir())


def test_only_what_a_page_depends_on_runs_it_again(book):
    """A sentence: nothing runs. The package, the data, the pinned versions or the code: the page runs."""
    build(book)
    assert book.runs() == 1 and "answer 41" in book.html("chapters/one/page.html")
    book.write_page("Other words.")
    start = time.perf_counter()
    build(book)
    assert book.runs() == 1 and "Other words." in book.html("chapters/one/page.html")
    assert time.perf_counter() - start < 30
    book.write("package/thing.py", "answer = 42\n")
    build(book)
    assert book.runs() == 2 and "answer 42" in book.html("chapters/one/page.html")
    book.write("data/table.csv", "a,b\n3,4\n")
    book.write("constraints.txt", "numpy==2\n")
    build(book)
    assert book.runs() == 3
    book.write_page(cells=(COUNT, USE + "\nprint('new cell')"))
    build(book)
    assert book.runs() == 4 and "new cell" in book.html("chapters/one/page.html")
    assert len(cache_folders(book)) == 1


def test_without_the_extension_the_cache_would_be_stale(tmp_path):
    """The twin: the same change of the package goes unnoticed when build_cache is left out."""
    book = TinyBook(tmp_path, without=("build_cache", "run_pages"))
    build(book)
    book.write("package/thing.py", "answer = 42\n")
    book.write_page("Other words.")
    build(book)
    assert book.runs() == 1 and "answer 41" in book.html("chapters/one/page.html")


def test_inputs_changed_during_the_build_are_not_cached(book):
    """The outputs of a page that ran while the data changed under it are not kept."""
    book.write_page(cells=(COUNT, "Path('../../data/table.csv').write_text(Path('../../runs.txt').read_text())"))
    assert "the next build runs the pages again" in build(book)
    build(book)
    assert book.runs() == 2


def test_a_failing_build_fails_again_until_it_is_repaired(book):
    """A failing cell and a warning end the build with a status and the reason, also the second time."""
    book.write_page("See {ref}`nowhere`.", cells=(COUNT, "x = 1\nx / 0"))
    for _ in range(2):
        status, printed = book.build()
        assert status != 0
        assert "ZeroDivisionError: division by zero" in plain(printed) and "undefined label" in printed
    book.write_page()
    build(book)


def test_times_and_memory_are_measured(book):
    """Times stand under the title and in the map; the record and the peak of memory say what the page did."""
    book.write_page("word " * 500, cells=(BUSY,))
    build(book)
    record = json.loads((book.folder / "_build" / "page-times.json").read_text())["chapters/one/page"]
    assert record["read_minutes"] == 3 and 2 < record["run_seconds"] < 30
    assert 'class="page-times">About 3 min to read. Its code ran in' in book.html("chapters/one/page.html")
    assert 'href="../chapters/one/page.html">Page</a>' in book.html("book/index.html")
    assert "4 min to read, " in book.html("book/index.html")
    cost = json.loads((cache_folders(book)[0] / "page-costs.json").read_text())["chapters/one/page"]
    assert 400_000_000 < cost["peak_bytes"] < 1_000_000_000 and 1 < cost["cpu_seconds"] < 30 and cost["seconds"] > 2
    assert "page-times" not in book.html("chapters/one/index.html")
