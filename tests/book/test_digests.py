"""A change gives new digests to the pages that it concerns, and to no other; the last digests of a page are kept."""

import os
import sys
from types import SimpleNamespace

import nbformat
import pytest
import yaml
from book_build import ROOT
from small_book import FILES, STRAY, TABLE, write, write_all, write_page

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import build_cache


def digests(root, **changes):
    """The digests of the pages of a book."""
    config = SimpleNamespace(book_cache_inputs=["constraints.txt"], book_cache_code=["code"], book_cache_data=["data"])
    vars(config).update(changes)
    env = SimpleNamespace(doc2path=lambda name: str(root / f"chapters/one/{name}.ipynb"))
    names = [path.stem for path in (root / "chapters/one").glob("*.ipynb")]
    return build_cache.page_digests(SimpleNamespace(srcdir=str(root), config=config, env=env), names)


PAGES = {"plain": "x = 1", "chained": "import llmbook.chain", "late": "import llmbook.late",
         "reads-a": TABLE + "read_table('a')", "reads-any": TABLE + "read_table(x)"}  # fmt: skip
CONCERNED = {
    "code/llmbook/up.py": {"chained"},
    "code/llmbook/deep/__init__.py": {"chained"},
    "code/llmbook/far.py": {"late"},
    "code/llmbook/data.py": {"reads-a", "reads-any"},
    "code/llmbook/__init__.py": {"chained", "late", "reads-a", "reads-any"},
    "code/llmbook/rows.py": set(),
    "code/llmbook/new.py": set(),
    "code/llmbook/style.mplstyle": set(PAGES),  # no import tells who reads it
    "data/a.csv": {"reads-a", "reads-any"},
    "data/b.csv": {"reads-any"},
    "data/c.csv": {"reads-any"},
    "data/results/a.json": set(),
    "constraints.txt": set(PAGES),
    **{f"code/llmbook/{name}": set() for name in STRAY},
    **{f"data/{name}": set() for name in STRAY},
}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The small book with some pages."""
    folder = tmp_path_factory.mktemp("book")
    write_all(folder)
    for name, cell in PAGES.items():
        write_page(folder, cell, name=name)
    return folder


@pytest.mark.parametrize("name", CONCERNED)
def test_a_change_concerns_its_pages_and_no_other(book, name):
    """A changed or a new file; and when it is as it was, so is every digest."""
    before, old = digests(book), FILES.get(name)
    path = write(book, name, f"{old or ''}\n# another line\n")
    after = digests(book)
    assert {page for page in PAGES if before[page] != after[page]} == CONCERNED[name]
    path.unlink() if old is None else path.write_text(old)
    assert digests(book) == before


def test_without_imports_and_data_nothing_would_be_seen(book):
    """The twin: digests that look at neither."""
    blind = {"book_cache_code": [], "book_cache_data": []}
    before = digests(book, **blind)
    for name in ("code/llmbook/up.py", "data/a.csv"):
        write(book, name, "# changed")
        assert digests(book, **blind) == before != digests(book)
        write(book, name, FILES[name])


@pytest.mark.parametrize("name", ["LLMBOOK_TEST", "ATEN_CPU_CAPABILITY"])
def test_settings_concern_every_page(book, monkeypatch, name):
    """The book's own, and those that choose the arithmetic."""
    monkeypatch.delenv(name, raising=False)  # who runs the tests under other kernels has set it
    before = digests(book)
    monkeypatch.setenv(name, "default")
    assert not set(digests(book).values()) & set(before.values())


def test_the_last_digests_of_a_page_are_kept(tmp_path):
    """Five of them, by their last use; that of this build is used now."""
    for age in range(8):
        write(tmp_path, f"page/{age}/global.db", "")
        os.utime(tmp_path / "page" / str(age), (1000 - age, 1000 - age))
    build_cache.keep_last(tmp_path / "page" / "6")
    assert {path.name for path in (tmp_path / "page").iterdir()} == {"0", "1", "2", "3", "6"}


@pytest.mark.parametrize(("stream", "ending", "dropped"), [
    ("stderr", ".md", True), ("stdout", ".md", False), ("stderr", ".ipynb", False)])  # fmt: skip
def test_markdown_that_wrote_to_stderr_is_not_kept(tmp_path, stream, ending, dropped):
    """myst-nb runs and keeps it; of notebooks run_pages.py keeps only what may be kept."""
    output = nbformat.v4.new_output("stream", name=stream, text="careful\n")
    cell = nbformat.v4.new_code_cell("1", outputs=[output])
    write(tmp_path, "front/d1/executed/1f/base.ipynb", nbformat.writes(nbformat.v4.new_notebook(cells=[cell])))
    env = SimpleNamespace(book_page_digests={"front": "d1"}, doc2path=lambda name: name + ending)
    app = SimpleNamespace(env=env, config=SimpleNamespace(nb_execution_cache_path=str(tmp_path)))
    assert build_cache.wrote_to_stderr(app, "front") == dropped


def test_markdown_names_its_cache():
    """Among its other settings, whatever letters the folder has; the text stays as it is."""
    text = "---\nfile_format: mystnb\nmystnb: {render_text_lexer: none}\n---\n\n# T\n\n---\n"
    folder = "C:\\a book\\x: 'y'"
    _, front, rest = build_cache.name_cache(text, folder).split("---\n", 2)
    wanted = {"render_text_lexer": "none", "execution_cache_path": folder}
    assert yaml.safe_load(front) == {"file_format": "mystnb", "mystnb": wanted} and rest == "\n# T\n\n---\n"
