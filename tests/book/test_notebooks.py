"""Notebooks keep the rules of the book, and stay within a reader's time and memory."""

import json

import nbformat
import pytest
from book_build import ROOT
from notebook_checks import figure_problems, source_problems, time_problems
from page_caches import page_caches

NOTEBOOKS = sorted(path for pattern in ("chapters/*/*.ipynb", "book/*.ipynb") for path in ROOT.glob(pattern))
NAMES = [path.relative_to(ROOT).as_posix() for path in NOTEBOOKS]
GIB = 2**30


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_a_notebook_keeps_the_rules(path):
    """Valid, no outputs, readable and unique ids, no long cell."""
    problems = source_problems(nbformat.read(path, nbformat.NO_CONVERT))
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_described(built_book, name):
    """Every picture that the build shows has alt text, a caption and a name to refer to."""
    executed = built_book.with_name("jupyter_execute") / name
    assert executed.exists(), f"{name} was not built: add it to _toc.yml"
    problems = figure_problems(nbformat.read(executed, 4))
    assert not problems, "\n".join(problems)


@pytest.fixture
def costs(built_book):
    """{page: what its kernel needed}, as book/_ext/run_pages.py has recorded it."""
    names = {path.removesuffix(".ipynb") for path in NAMES}
    records = {name: folder / "page-costs.json" for name, folder in page_caches(ROOT).items() if name in names}
    return {name: json.loads(path.read_text())[name] for name, path in records.items() if path.exists()}


def test_pages_run_within_their_time(built_book, costs):
    """An alarm, with room for a busy machine: on a quiet one a page takes less than a minute, and the book thirteen."""
    assert {name.removesuffix(".ipynb") for name in NAMES} <= set(costs)
    problems = time_problems(costs, each=100, together=1200)
    assert not problems, "\n".join(problems)


def test_pages_run_within_their_memory(costs):
    """No page needs 2 GiB."""
    peaks = {name: cost["peak_bytes"] for name, cost in costs.items()}
    assert not {name: peak / GIB for name, peak in peaks.items() if not 0 < peak < 2 * GIB}


def notebook(*cells):
    """A notebook of cells."""
    made = nbformat.v4.new_notebook()
    made.cells = list(cells)
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return made


def code(**fields):
    """A code cell."""
    cell = nbformat.v4.new_code_cell("1 + 1", id="sum")
    cell.update(fields)
    return cell


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (notebook(code(execution_count=3)), "execution count"),
        (notebook(code(outputs=[nbformat.v4.new_output("stream", text="2")])), "outputs"),
        (notebook(code(source="x = 1\n" * 31)), "31 lines"),
        (notebook(code(id="1f3b5d7a")), "readable"),
        (notebook(code(), code()), "stands twice"),
        (nbformat.v4.new_notebook(cells=[code()]), "kernel"),
        (notebook(code(source=5)), "not a valid notebook"),
    ],
)
def test_a_bad_notebook_is_reported(bad, said):
    """The twin: one fault each; and the notebook without a fault."""
    assert said in " ".join(source_problems(bad))
    assert not source_problems(notebook(code()))


@pytest.mark.parametrize("missing", ["alt", "caption", "name"])
def test_a_bare_figure_is_reported(missing):
    """The twin: a picture that lacks one of its three texts."""
    texts = {"image": {"alt": "A line falls."}, "figure": {"caption": "A line.", "name": "fig-line"}}
    shown = code(outputs=[nbformat.v4.new_output("display_data", data={"image/svg+xml": "<svg/>"})])
    shown.metadata["mystnb"] = {kind: {k: v for k, v in part.items() if k != missing} for kind, part in texts.items()}
    assert missing in " ".join(figure_problems(notebook(shown)))
    shown.metadata["mystnb"] = texts
    assert not figure_problems(notebook(shown))


def cost(seconds, cpu_seconds):
    """What a page has cost."""
    return {"seconds": seconds, "cpu_seconds": cpu_seconds}


def test_slow_pages_are_reported():
    """The twin: a slow page, a slow book, and one that is fine."""
    limits = {"each": 60, "together": 600}
    assert "a ran 61 s" in time_problems({"a": cost(61, 90)}, **limits)[0]
    assert "a ran 70 s" in time_problems({"a": cost(90, 70)}, **limits)[0]
    assert "650 s" in time_problems({str(i): cost(50, 50) for i in range(13)}, **limits)[0]
    assert not time_problems({"on two cores": cost(59, 110), "while busy": cost(240, 30)}, **limits)
