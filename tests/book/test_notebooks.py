"""Notebooks keep the rules of the book, and stay within a reader's time and memory."""

import json

import nbformat
import pytest
from book_build import ROOT
from notebook_checks import figure_problems, source_problems, time_problems

NOTEBOOKS = sorted(path for folder in ("chapters", "book") for path in (ROOT / folder).glob("**/*.ipynb"))
NOTEBOOKS = [path for path in NOTEBOOKS if ".ipynb_checkpoints" not in path.parts]
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
    """What the kernels needed, as book/_ext/page_costs.py has recorded it."""
    records = list(built_book.with_name(".jupyter_cache").glob("*/page-costs.json"))
    assert len(records) == 1, "no page has been executed under this cache"
    return json.loads(records[0].read_text())


def test_pages_run_within_their_time(built_book, costs):
    """A page takes a minute at most, beside the other test run on the same cores a third more; forty pages fifteen."""
    pages = json.loads(built_book.with_name("page-times.json").read_text())
    clock = {name: page["run_seconds"] for name, page in pages.items() if "run_seconds" in page}
    assert {name.removesuffix(".ipynb") for name in NAMES} <= set(clock)
    problems = time_problems(clock, costs["cpu_seconds"], each=80, together=900)
    assert not problems, "\n".join(problems)


def test_pages_run_within_their_memory(costs):
    """No page needs 2 GiB."""
    peak = costs["peak"]
    assert 0 < peak["bytes"] < 2 * GIB, f"{peak['page']} needed {peak['bytes'] / GIB:.2f} GiB"


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


def test_slow_pages_are_reported():
    """The twin: a slow page, a slow book, and one that is fine."""
    limits = {"each": 60, "together": 600}
    assert "a ran 61 s" in time_problems({"a": 61.0}, {}, **limits)[0]
    assert "a ran 70 s" in time_problems({"a": 90.0}, {"a": 70.0}, **limits)[0]
    assert "650 s" in time_problems({str(i): 50.0 for i in range(13)}, {}, **limits)[0]
    assert not time_problems(
        {"a": 59.0, "on two cores": 59.0, "while busy": 240.0}, {"on two cores": 110.0, "while busy": 30.0}, **limits
    )
