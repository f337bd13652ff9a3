"""A page depends on the modules that it reaches and the data that these read: no less, and little more."""

import importlib
import statistics
import sys

import pytest
from book_build import ROOT
from small_book import FILES, RESULT, TABLE, write, write_all, write_page
from witness import missed

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from code_facts import READERS
from page_inputs import Inputs, is_page, table

TABLES = {"a.csv", "b.csv"}
ALL = {name.removeprefix("data/") for name in FILES if name.startswith("data/")}


@pytest.fixture
def root(tmp_path):
    """A small book: a package, data, and no page yet."""
    write_all(tmp_path)
    return tmp_path


def found(root, *cells):
    """What a page of these cells depends on: modules without folder and ending, data without its folder."""
    files = [path.relative_to(root).as_posix() for path in Inputs(root).of(write_page(root, *cells))]
    code = {name.removeprefix("code/llmbook/").removesuffix(".py") for name in files if name.startswith("c")}
    return code, {name.removeprefix("data/") for name in files if name.startswith("data/")}


DEEP = {"__init__", "deep/__init__", "deep/beside", "up"}
HALL = {"__init__", "hall/__init__", "hall/door", "hall/far_door", "up"}
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
    ("from llmbook.hall.door import x", HALL - {"hall/far_door", "up"}),  # past a function that imports more
    ("from llmbook.hall import door", HALL - {"hall/far_door", "up"}),
    ("from llmbook.hall import all_doors", HALL),
    ("from llmbook.hall import *", HALL),
    ("from llmbook.hall.door import x\nimport llmbook.hall as h", HALL),
    ("from llmbook import hall", HALL),
    ("import llmbook.hall.door", HALL),  # as llmbook.hall.all_doors is at hand then
    ("from llmbook.hurry.desk import x", {"__init__", "hurry/__init__", "hurry/desk", "far"}),  # it runs at once
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


@pytest.mark.parametrize("head", ["", "---\ntags: [remove-input]\n---\n", ":tags: [remove-input]\n"])
def test_cells_in_markdown_count_too(root, head):
    """A page in Markdown with code cells, with their settings in either form; other Markdown is no page."""
    text = f"---\nfile_format: mystnb\n---\n\n# T\n\n```{{code-cell}} python3\n{head}import llmbook.up\n```\n\nWords.\n"
    page, plain = write(root, "book/page.md", text), write(root, "book/plain.md", text.replace("code-cell", "code"))
    files = [path.relative_to(root).as_posix() for path in Inputs(root).of(page)]
    assert files == ["code/llmbook/__init__.py", "code/llmbook/up.py"]
    assert is_page(page) and not is_page(plain)


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
    ("from llmbook.meetings.stored import stored_meetings\nstored_meetings('train')", {"meetings/train.jsonl"}),
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
