"""Pages run side by side before Sphinx reads them; one that fails is shown as it is, and stops no other.

Each page has a room: nothing of the reader's settings comes in, and nothing stays behind.
"""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from book_build import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import page_faults
import page_room
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


@pytest.fixture(scope="session")
def lasting(tmp_path_factory):
    """The folder that stays between builds, made once."""
    folder = tmp_path_factory.mktemp("lasting")
    page_room.warm(folder)
    return folder


def cells(result):
    """The cells of a page that ran."""
    return nbformat.reads(result["notebook"], nbformat.NO_CONVERT).cells


def printed(result):
    """All that a page printed."""
    return "".join(output.get("text", "") for cell in cells(result) for output in cell.get("outputs", []))


def test_pages_run_side_by_side(tmp_path, monkeypatch, lasting):
    """Two pages that wait for each other meet on two cores."""
    monkeypatch.setattr(run_pages, "usable_cores", lambda: 2)
    results = dict(run_pages.run_all(pages_that_meet(tmp_path, patience=60), 90, lasting))
    assert printed(results["anna"]) == "anna met ben\n" and printed(results["ben"]) == "ben met anna\n"


def test_on_one_core_they_do_not_meet(tmp_path, monkeypatch, lasting):
    """The twin, and a failure: the first gives up; the second finds what the first has left."""
    monkeypatch.setattr(run_pages, "usable_cores", lambda: 1)
    results = dict(run_pages.run_all(pages_that_meet(tmp_path, patience=1), 90, lasting))
    assert results["anna"]["fault"] == {"cell": 0, "error": "AssertionError: alone"} and not results["ben"]["fault"]


def test_what_has_run_is_found_in_the_cache(tmp_path, lasting):
    """Until the page's code changes; and the costs of every page stay in one record."""
    page, cache = write_page(tmp_path, "page", "print(41 + 1)"), tmp_path / "cache"
    assert not run_pages.is_cached(cache, page)
    result = run_pages.run_page(page, 90, lasting)
    for name in ("first", "second"):
        run_pages.keep(cache, name, page, result)
    assert page_faults.remarks("page", result) == [] and printed(result) == "42\n"
    assert run_pages.is_cached(cache, page)
    record = (cache / run_pages.RECORD).read_text()
    assert all(word in record for word in ("first", "second", "cpu_seconds", "peak_bytes"))
    write_page(tmp_path, "page", "print(41 + 2)")
    assert not run_pages.is_cached(cache, page)


@pytest.mark.parametrize("left", [None, 0, 100])
def test_a_page_that_was_kept_by_half_runs_again(tmp_path, left):
    """A build that is killed while it writes: no file, an empty one, the beginning of one; the next build mends it."""
    page, cache = write_page(tmp_path, "page", "print(1)"), tmp_path / "cache"
    result = {"notebook": page.read_text(), "costs": {"seconds": 1.0}}
    run_pages.keep(cache, "page", page, result)
    assert run_pages.is_cached(cache, page)
    (kept,) = cache.glob("executed/*/base.ipynb")
    kept.unlink() if left is None else kept.write_text(kept.read_text()[:left])
    assert not run_pages.is_cached(cache, page)
    run_pages.keep(cache, "page", page, result)
    assert run_pages.is_cached(cache, page)


def test_nothing_to_run_is_no_work(tmp_path):
    """No page, no result, and no fonts looked for."""
    assert list(run_pages.run_all({}, 90, tmp_path / "lasting")) == [] and not (tmp_path / "lasting").exists()


@pytest.mark.parametrize(("mode", "runs"), [("cache", 1), ("off", 0), ("force", 0)])
def test_only_a_book_with_a_cache_is_run_ahead(tmp_path, monkeypatch, mode, runs):
    """execute_notebooks: off, and what the other modes do, stay with myst-nb."""
    pages, asked = {"page": write_page(tmp_path, "page", "1 / 0")}, []
    monkeypatch.setattr(run_pages, "run_all", lambda missing, timeout, lasting: asked.extend(missing) or ())
    config = {"nb_execution_mode": mode, "nb_execution_cache_path": str(tmp_path / "cache"), "nb_execution_timeout": 9}
    app = SimpleNamespace(config=SimpleNamespace(**config), outdir=tmp_path / "html")
    run_pages.Pages().run_missing(app, SimpleNamespace(doc2path=pages.__getitem__), list(pages))
    assert len(asked) == runs


@pytest.mark.parametrize(("fault", "error"), [
    ("print('so far')\n1 / 0", "ZeroDivisionError: division by zero"),
    ("print('so far', flush=True)\nimport os, time; time.sleep(1); os._exit(1)", "DeadKernelError: Kernel died"),
    ("print('so far')\nwhile True: pass", "CellTimeoutError: A cell timed out"),
])
def test_a_page_that_fails_shows_its_error_in_place(tmp_path, lasting, fault, error):
    """An error, a dead kernel, an endless cell: what was printed stands, then the error, then that nothing more ran."""
    page = write_page(tmp_path, "page", fault)
    result = run_pages.run_page(page, 5, lasting)
    assert result["fault"]["cell"] == 0 and result["fault"]["error"].startswith(error)
    notebook = nbformat.reads(page_faults.shown(result), nbformat.NO_CONVERT)
    (text, *_, failure), note = notebook.cells[0].outputs, notebook.cells[1].source
    assert text.text == "so far\n" and failure.output_type == "error" and failure.ename in error
    assert note.startswith("```{error}") and notebook.metadata["mystnb"] == {"execution_mode": "off"}
    (remark,) = page_faults.remarks("page", result)
    assert remark["cell"] == 1 and remark["begins"] == fault.splitlines()[0] and remark["kind"] == "failed"
    assert failure.ename in page_faults.in_words(remark) and "\x1b" not in page_faults.in_words(remark)


def test_a_page_that_cannot_be_run_at_all_says_so(tmp_path, lasting):
    """No such kernel: the page is shown without results, with the reason."""
    page = write_page(tmp_path, "page", "1 + 1")
    page.write_text(page.read_text().replace('"python3"', '"fortran"'))
    result = run_pages.run_page(page, 5, lasting)
    (remark,) = page_faults.remarks("page", result)
    assert remark["cell"] is None and "fortran" in remark["details"]
    assert [cell.get("id") for cell in cells({"notebook": page_faults.shown(result)})] == ["only", "what-failed-here"]


@pytest.mark.parametrize("kernel", ["python3", "fortran"])
def test_outputs_that_were_saved_are_not_shown_as_new(tmp_path, lasting, kernel):
    """A reader saves a notebook as it stands in JupyterLab: behind a failure stands nothing, and no old result."""
    notebook = nbformat.read(write_page(tmp_path, "page", "1 / 0"), nbformat.NO_CONVERT)
    notebook.metadata["kernelspec"]["name"] = kernel
    saved = nbformat.v4.new_output("stream", text="old result")
    notebook.cells.append(nbformat.v4.new_code_cell("print(1)", outputs=[saved], execution_count=2))
    nbformat.write(notebook, tmp_path / "page.ipynb")
    shown = page_faults.shown(run_pages.run_page(tmp_path / "page.ipynb", 90, lasting))
    assert "what-failed-here" in shown and "old result" not in shown


SAYS = "import sys\nprint('a passing line', file=sys.stderr)\nprint('fine')"


def test_what_a_page_writes_to_stderr_is_told_and_not_shown(tmp_path, lasting):
    """The text goes into the log; the page is shown without it."""
    result = run_pages.run_page(write_page(tmp_path, "page", SAYS), 90, lasting)
    (remark,) = page_faults.remarks("page", result)
    assert remark["kind"] == "stderr" and "a passing line" in page_faults.in_words(remark)
    assert printed({"notebook": page_faults.shown(result)}) == "fine\n"


LOOKS = """import os, matplotlib, matplotlib.font_manager
print(matplotlib.rcParams["lines.linewidth"], "mark" in globals(), __debug__)"""


def hostile_reader(folder, monkeypatch):
    """Settings of a reader: an old key and a wide line for matplotlib, startup files, no assertions, no home."""
    for name in ("matplotlibrc", "profile_default/startup/00-mine.py", "start.py"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mark = 1\n" if name.endswith(".py") else "lines.linewidth: 9\nold.key: 1\n")
    (folder / "home").touch()
    values = {"MPLCONFIGDIR": folder, "MATPLOTLIBRC": folder / "matplotlibrc", "IPYTHONDIR": folder,
              "PYTHONSTARTUP": folder / "start.py", "PYTHONOPTIMIZE": 1, "HOME": folder / "home"}
    for name, value in values.items():
        monkeypatch.setenv(name, str(value))


def test_nothing_of_the_readers_settings_reaches_a_page(tmp_path, monkeypatch, lasting):
    """The page sees defaults, and nothing is written to stderr."""
    hostile_reader(tmp_path / "reader", monkeypatch)
    result = run_pages.run_page(write_page(tmp_path, "page", LOOKS), 90, lasting)
    assert printed(result) == "1.5 False True\n"


def test_without_a_room_they_would(tmp_path, monkeypatch, lasting):
    """The twin: with the reader's own environment the line is wide, the startup file ran, and the old key is told."""
    hostile_reader(tmp_path / "reader", monkeypatch)
    monkeypatch.setattr(run_pages, "page_environment", lambda room, lasting: dict(os.environ))
    result = run_pages.run_page(write_page(tmp_path, "page", LOOKS), 90, lasting)
    assert "9.0 True False\n" in printed(result) and "old.key" in printed(result)


LEAVES = """import os, subprocess, sys, tempfile
tempfile.mkdtemp()
subprocess.run([sys.executable, "-c", "import tempfile; tempfile.mkstemp()"], check=True)
os._exit(1)"""


@pytest.mark.parametrize("own", [True, False])
def test_a_page_leaves_no_file(tmp_path, monkeypatch, lasting, own):
    """Not even one that dies, nor its children. The twin runs without a folder of its own for temporary files."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(run_pages.tempfile, "tempdir", str(temporary))
    whole = page_room.page_environment
    if not own:
        spoiled = {name: str(temporary) for name in ("TMPDIR", "TEMP", "TMP")}
        monkeypatch.setattr(run_pages, "page_environment", lambda room, lasting: whole(room, lasting) | spoiled)
    page = write_page(tmp_path, "page", LEAVES)
    before = set(Path(tmp_path).iterdir())
    assert run_pages.run_page(page, 90, lasting)["fault"]
    assert (list(temporary.iterdir()) == []) == own and set(Path(tmp_path).iterdir()) == before
