"""A page depends on the modules that it reaches and the data that these read: no less, and little more."""

import importlib
import os
import statistics
import sys
from types import SimpleNamespace

import nbformat
import pytest
from book_build import ROOT
from witness import missed

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import build_cache
from code_facts import READERS
from page_inputs import Inputs, table

FILES = {
    "code/llmbook/__init__.py": "",
    "code/llmbook/chain.py": "from llmbook import link",
    "code/llmbook/link.py": "from .deep import end",
    "code/llmbook/deep/__init__.py": "from llmbook.deep import beside",
    "code/llmbook/deep/beside.py": "from .. import up",
    "code/llmbook/deep/end.py": "END = 1",
    "code/llmbook/up.py": "UP = 1",
    "code/llmbook/late.py": "def load():\n    from llmbook import far\n\n    return far",
    "code/llmbook/far.py": "FAR = 1",
    "code/llmbook/data.py": "def read_table(name):\n    return open('data' + name)",
    "code/llmbook/rows.py": "from llmbook.data import read_table\n\ndef rows(name):\n    return read_table(name)",
    "code/llmbook/newer.py": "from llmbook.data import data_folder\n\ndef notes():\n    return data_folder() / 'notes'",
    "data/a.csv": "a\n1\n",
    "data/b.csv": "b\n1\n",
    "data/results/a.json": "{}",
    "data/results/c.json": "{}",
    "data/meetings/train.jsonl": "",
    "data/models/m/config.json": "{}",
    "data/models/n/config.json": "{}",
    "chapters/one/helper.py": "HELP = 1",
    "constraints.txt": "numpy==1\n",
    "requirements.txt": "numpy>=1\n",
}
STRAY = (".DS_Store", "far.py~", ".far.py.swp", "#far.py#", "__pycache__/far.pyc", ".ipynb_checkpoints/far.py",
         "far.py.orig", "../llmbook.egg-info/PKG-INFO")  # fmt: skip
TABLES = {"a.csv", "b.csv"}
ALL = {name.removeprefix("data/") for name in FILES if name.startswith("data/")}


def write(root, name, text):
    """Write a file below a folder."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def write_page(root, *cells, name="page"):
    """Write a page of these code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return write(root, f"chapters/one/{name}.ipynb", nbformat.writes(notebook))


@pytest.fixture
def root(tmp_path):
    """A small book: a package, data, and no page yet."""
    for name, text in FILES.items():
        write(tmp_path, name, text)
    return tmp_path


def found(root, *cells):
    """What a page of these cells depends on: modules without folder and ending, data without its folder."""
    files = [path.relative_to(root).as_posix() for path in Inputs(root).of(write_page(root, *cells))]
    code = {name.removeprefix("code/llmbook/").removesuffix(".py") for name in files if name.startswith("c")}
    return code, {name.removeprefix("data/") for name in files if name.startswith("data/")}


DEEP = {"__init__", "deep/__init__", "deep/beside", "up"}
EVERY = {name.removeprefix("code/llmbook/").removesuffix(".py") for name in FILES if name.startswith("code/")}


@pytest.mark.parametrize(("cell", "modules"), [
    ("x = 1", set()),
    ("import json, torch.nn", set()),
    ("import llmbook.up", {"__init__", "up"}),
    ("from llmbook import up as u, far", {"__init__", "up", "far"}),
    ("from llmbook import chain", DEEP | {"chain", "link", "deep/end"}),  # through a chain, and relative imports
    ("from llmbook.deep.end import END", DEEP | {"deep/end"}),  # through the package on the way
    ("import llmbook.late as late", {"__init__", "late", "far"}),  # through an import within a function
    ("def f():\n    import llmbook.up", {"__init__", "up"}),
    ("if 0:\n    import llmbook.up\nelse:\n    from helper import HELP", {"__init__", "up", "chapters/one/helper"}),
    ("%matplotlib inline", EVERY),  # what follows hides what it needs
    ("!python far.py", EVERY),
    ("import importlib\nimportlib.import_module('llmbook' + '.up')", EVERY),
    ("from subprocess import run", EVERY),
    ("exec('import llm' + 'book.up')", EVERY),
    ("import os\nos.system('python')", EVERY),
    ("model.eval()", set()),
    ("1 +", EVERY),
])  # fmt: skip
def test_modules_are_reached_as_python_reaches_them(root, cell, modules):
    """And in no other way: a module that is not reached does not count."""
    assert found(root, "y = 2", cell)[0] == modules


TABLE, RESULT = "from llmbook.data import read_table\n", "from llmbook.experiments.results import read_result\n"


@pytest.mark.parametrize(("cell", "data"), [
    ("'a.csv'", set()),
    (TABLE + "read_table('a')", {"a.csv"}),
    (TABLE + "read_table('a.csv')", {"a.csv"}),
    (TABLE + "NAME = 'b'\nread_table(NAME)", {"b.csv"}),
    (TABLE + "NAME = 'b'\nNAME = NAME[::-1]\nread_table(NAME)", TABLES),
    (TABLE + "for name in 'ab':\n    read_table(name)", TABLES),
    (TABLE + "list(map(read_table, 'a'))", TABLES),
    (TABLE + "read_table('no such table')", TABLES),
    ("from llmbook.data import read_table as r\nr('a')", TABLES),
    ("from llmbook.data import *\nread_table('a')", {"a.csv"}),
    ("import llmbook.data as d\nd.read_table('b')", {"b.csv"}),
    ("import llmbook.data as d\ngetattr(d, 'read_table')('b')", TABLES),
    ("from llmbook.rows import rows\nrows('a')", TABLES),  # a module that reads what it is told
    ("from llmbook.newer import notes", ALL),  # a reader that READERS does not know
    (RESULT + "read_result('a')", {"results/a.json"}),
    (RESULT + "read_result(f'{x}')", {"results/a.json", "results/c.json"}),
    ("from llmbook.summarization.stored import stored_meetings\nstored_meetings('train')", {"meetings/train.jsonl"}),
    ("from llmbook.data import data_path\ndata_path('models/m')", {"models/m/config.json"}),
    ("from llmbook.data import data_path\ndata_path(f'models/{x}')",
     TABLES | {"models/m/config.json", "models/n/config.json"}),
    ("from llmbook.data import data_folder\ndata_folder() / 'a.csv'", ALL),
    ("open('../../data/results/a.json')", {"results/a.json"}),
    ("open(f'../../data/results/{x}.json')", {"results/a.json", "results/c.json"}),
    ("open(Path('..') / '..' / 'data' / x)", ALL),
    ("Path.cwd()", ALL),
    ("tables = read_table = 3\ntables", set()),  # names of the page's own
    ("def f():\n    '../../data/a.csv'", set()),
])  # fmt: skip
def test_data_is_what_is_read(root, cell, data):
    """By the names that the code spells out; all that it could be where it does not."""
    assert found(root, cell)[1] == data


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
    for name, text in FILES.items():
        write(folder, name, text)
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


def test_an_edited_module_concerns_few_pages():
    """Of the real book; `python book/_ext/page_inputs.py` prints all of it."""
    counts = {file: len(pages) for file, pages in table(ROOT).items()}
    modules = [count for file, count in counts.items() if file.suffix == ".py"]
    assert 3 < statistics.mean(modules) < 13 and min(modules) < 3


@pytest.mark.parametrize("name", READERS)
def test_each_reader_exists(name):
    """A renamed reader would no longer be recognized."""
    module, _, function = name.rpartition(".")
    assert hasattr(importlib.import_module(module), function)


@pytest.mark.parametrize("page", ["gemma/02-activations", "tiny-titans/05-meetings"])
def test_a_page_opens_nothing_that_it_is_not_said_to_depend_on(page):
    """As a hook in its kernel sees it; `python tests/book/witness.py` checks every page."""
    assert missed(ROOT / "chapters" / f"{page}.ipynb") == []


def test_a_page_that_hides_what_it_opens_is_caught(root):
    """The twin: paths put together from pieces that name nothing."""
    hidden = "import sys\nsys.path.append('../../co' + 'de/llmbook')\nimport far\nopen('../../da' + 'ta/a.csv').close()"
    page = write_page(root, hidden, "open('../../data/b.csv').close()")
    assert missed(page, root) == ["code/llmbook/far.py", "data/a.csv"]
