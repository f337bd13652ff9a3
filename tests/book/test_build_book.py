"""`make book` always leaves a book to read, says what failed and how to report it, and leaves nothing else behind."""

import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlparse

import nbformat
import pytest
import torch
import yaml
from book_build import ROOT, build_book
from tiny_book import COUNT, TinyBook

sys.path.append(str(ROOT / "scripts"))
import build_book as driver

PASSING = """import sys, tempfile
from pathlib import Path
folder = tempfile.mkdtemp()
if not Path("seen").exists():
    print("a passing", "line", file=sys.stderr)
Path("seen").touch()
print("all", "fine")"""
FAILING = ("x = 1\nx / 0", "print('never', 'printed')")
LEFT_BEHIND = re.compile(r"\b(mkdtemp|mkstemp|mktemp)\b|delete=False")
FAULT = {"page": "chapters/one/page", "cell": 2, "begins": "x = 1", "kind": "failed", "error": "E: text", "details": ""}


class TwoPages(TinyBook):
    """The tiny book with a second notebook, whose first run writes a line to stderr."""

    def __init__(self, folder):
        super().__init__(folder)
        contents = self.contents()
        contents["chapters"][0]["sections"].append({"file": "chapters/one/passing"})
        self.write("_toc.yml", yaml.safe_dump(contents))
        notebook = nbformat.reads((folder / "chapters/one/page.ipynb").read_text(), nbformat.NO_CONVERT)
        notebook.cells[1:] = [nbformat.v4.new_code_cell(PASSING, id="cell-0")]
        self.write("chapters/one/passing.ipynb", nbformat.writes(notebook))


def build_for_reader(book):
    """Build as `make book`, with an empty folder for temporary files that must be empty again; (status, lines)."""
    temporary = book.folder.parent / "temporary"
    temporary.mkdir(exist_ok=True)
    status, printed = build_book(book.folder, [], TMPDIR=str(temporary), TEMP=str(temporary), TMP=str(temporary))
    assert list(temporary.iterdir()) == [], printed
    return status, printed.splitlines()


def test_a_failing_page_is_shown_told_and_run_again(tmp_path):
    """First a page fails and another writes to stderr; then the one is repaired, and the other's line has passed."""
    (tmp_path / "my book").mkdir()
    book = TwoPages(tmp_path / "my book")
    book.write_page(cells=(COUNT, *FAILING))
    status, lines = build_for_reader(book)
    page, passing = book.html("chapters/one/page.html"), book.html("chapters/one/passing.html")
    assert status == 1 and book.runs() == 1
    assert "ZeroDivisionError" in page and "the cells below it have not run" in page and "never printed" not in page
    assert "all fine" in passing and "a passing line" not in passing and "Its code ran in" in passing
    assert "a passing line" in lines and any("build succeeded, 2 warnings" in line for line in lines)
    end = lines[lines.index("1 page failed on this machine; the others are fine:"):]
    assert end[1] == "  chapters/one/page, code cell 2 (`x = 1`): ZeroDivisionError: division by zero"
    assert end[-1] == (book.folder / "_build" / "html" / "index.html").as_uri()

    book.write_page(cells=(COUNT, "print('repaired')"))
    status, lines = build_for_reader(book)
    assert status == 0 and book.runs() == 2 and "repaired" in book.html("chapters/one/page.html")
    assert "a passing line" not in lines and not any("WARNING" in line for line in lines)
    address = urlparse(lines[-1])
    assert address.scheme == "file" and Path(unquote(address.path)).is_file() and " " not in lines[-1]


def test_a_book_that_cannot_be_built_says_so(tmp_path):
    """No table of contents: Jupyter Book does not get far, and there is no address."""
    status, printed = build_book(tmp_path, [])
    assert status != 0 and "The book could not be built" in printed and "file://" not in printed.splitlines()[-1]


@pytest.mark.parametrize("strict", [True, False])
def test_only_a_strict_build_takes_warnings_for_errors(tmp_path, monkeypatch, capfd, strict):
    """What Jupyter Book is called with."""
    monkeypatch.setattr(driver, "BUILDER", "import sys; print(sys.argv)")
    assert driver.build(tmp_path, strict) == (0, None)
    assert ("'-W'" in capfd.readouterr().out) == strict


def test_an_old_report_is_not_read_again(tmp_path, monkeypatch):
    """A build that stops early has no word about pages, whatever the one before has left."""
    monkeypatch.setattr(driver, "BUILDER", "raise SystemExit(3)")
    (tmp_path / "_build").mkdir()
    (tmp_path / driver.REPORT).write_text("[]")
    assert driver.build(tmp_path, False) == (3, None)


def test_a_report_names_the_machine(tmp_path):
    """System, processor, Python, PyTorch with its kernels; the commit of a clone."""
    words = "\n".join(driver.last_words(tmp_path, 0, [FAULT, FAULT]))
    assert "2 pages failed" in words and "code cell 2 (`x = 1`): E: text" in words and "not a clone" in words
    assert f"{torch.__version__}, kernels: {torch.backends.cpu.get_cpu_capability()}" in words
    assert driver.platform.platform() in words and driver.platform.python_version() in words
    assert driver.machine(ROOT)["book"].startswith("commit ") == (ROOT / ".git").exists()


def test_a_good_build_ends_without_a_report(tmp_path):
    """The twin: nothing but the address."""
    front = tmp_path / driver.FRONT
    front.parent.mkdir(parents=True)
    front.touch()
    assert driver.last_words(tmp_path, 0, []) == ["Open the book:", front.as_uri()]
    assert "strict build failed" in driver.last_words(tmp_path, 1, [])[0]


def lasting_files(path):
    """What makes temporary files in the code cells of a notebook that stay when they are no longer needed."""
    cells = nbformat.read(path, nbformat.NO_CONVERT).cells
    return [found[0] for cell in cells if cell.cell_type == "code" for found in LEFT_BEHIND.finditer(cell.source)]


@pytest.mark.parametrize("page", sorted((ROOT / "chapters").rglob("[!.]*.ipynb")), ids=lambda page: page.stem)
def test_no_page_makes_files_that_stay(page):
    """TemporaryDirectory is the way: in a cell as a context, across cells one of the page."""
    assert lasting_files(page) == []


def test_a_page_with_files_that_stay_is_found(tmp_path):
    """The twin."""
    assert lasting_files(TwoPages(tmp_path).folder / "chapters/one/passing.ipynb") == ["mkdtemp"]
