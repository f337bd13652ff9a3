"""What a cell printed is what its page shows, however the kernel has cut it into pieces."""

import json
import os
import subprocess
import sys

import pytest
from book_build import ROOT
from bs4 import BeautifulSoup
from myst_nb.core.utils import coalesce_streams
from nbformat.v4 import new_output
from page_caches import executed_page

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import build_cache
from streams import join_streams, on_terminal


def stream(text, name="stdout"):
    """A piece of what a cell printed."""
    return new_output("stream", name=name, text=text)


FIGURE = new_output("display_data", data={"image/svg+xml": "<svg/>"})
CUT = {
    "within a line": (["a 1,", " b 2\n"], "a 1, b 2\n"),
    "after blanks that align a table": (["x   ", "y\nz   ", "w\n"], "x   y\nz   w\n"),
    "before a blank line": (["a\n", "\n", "b\n"], "a\n\nb\n"),
    "within a number": (["3.1", "4\n"], "3.14\n"),
}


@pytest.mark.parametrize("case", CUT)
def test_pieces_are_joined_as_they_are(case):
    """Wherever the kernel cuts; the twin is myst-nb's own function, which gets each of these wrong."""
    pieces, whole = CUT[case]
    assert [output.text for output in join_streams([stream(piece) for piece in pieces])] == [whole]
    assert coalesce_streams([stream(piece) for piece in pieces])[0].text != whole


def test_every_cut_of_a_text_gives_the_text():
    """Cut in two at each place, and in single letters; myst-nb's own function keeps few of them."""
    text = "step  1: loss 2.50\n\n   step  2:\tloss 1.25 \n"
    cuts = [[text[:i], text[i:]] for i in range(1, len(text))] + [list(text)]
    joined = [join_streams([stream(piece) for piece in pieces])[0].text for pieces in cuts]
    assert joined == [text] * len(cuts)
    theirs = [coalesce_streams([stream(piece) for piece in pieces])[0].text for pieces in cuts]
    assert sum(one == text for one in theirs) < 5


def test_the_order_is_that_of_the_cell():
    """What is printed after a figure stays after it; stdout comes before stderr; the pieces are left as they were."""
    outputs = [stream("a "), stream("!", "stderr"), stream("b\n"), FIGURE, stream("c\n"), stream("\n")]
    before = [dict(output) for output in outputs]
    joined = join_streams(outputs)
    assert [output.get("text", "figure") for output in joined] == ["a b\n", "!", "figure", "c\n\n"]
    assert [dict(output) for output in outputs] == before
    assert join_streams([]) == [] and join_streams([stream(" \n")]) == []


@pytest.mark.parametrize(
    ("printed", "left"),
    [
        ("10 %\r50 %\r100 %\n", "100 %\n"),
        ("100 %\rdone\nnext\n", "done%\nnext\n"),  # as a terminal has it: a shorter part leaves the rest
        ("line\r\nline\r\n", "line\nline\n"),
        ("wait\r", "wait"),
        ("1\b2\n\b3ab\b\bc\n", "2\n\b3c\n"),
        ("plain text\n", "plain text\n"),
    ],
)
def test_progress_bars_leave_their_last_state(printed, left):
    """A carriage return writes over the line, a backspace takes a letter, and neither leaves the line."""
    assert on_terminal(printed) == left
    assert "".join(output.text for output in join_streams([stream(letter) for letter in printed])) == left


PAGES = sorted(path.relative_to(ROOT).with_suffix("").as_posix() for path in (ROOT / "chapters").rglob("[!.]*.ipynb"))
PLAIN = ("gemma/01-what-7b-counts", "tiny-titans/02-rouge", "olmo/08-olmo-1-to-3")
PLAIN_PYTHON = """
import contextlib, io, json, sys
import IPython.display
IPython.display.display = lambda *shown, **how: None
names, texts = {"__name__": "__main__"}, []
for source in json.load(sys.stdin):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        exec(source, names)
    texts.append(text.getvalue())
print(json.dumps(texts))
"""


def shown(built_book, page):
    """[(source, streams)] of the code cells that the HTML of a page shows, without the line breaks at their ends."""
    soup = BeautifulSoup((built_book / f"{page}.html").read_text(encoding="utf-8"), "html.parser")
    for cell in soup.select("div.cell"):
        code = cell.select_one("div.cell_input pre")
        streams = cell.select("div.cell_output div.output.stream pre")
        yield code and code.get_text().strip("\n"), [stream.get_text().rstrip("\n") for stream in streams]


def printed(cell):
    """What a cell that ran has printed between its figures, raw: its pieces, one after the other."""
    texts = [""]
    for output in cell.outputs:
        texts = [*texts[:-1], texts[-1] + output.text] if output.output_type == "stream" else [*texts, ""]
    return [text.rstrip("\n") for text in texts if text.strip()]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_what_its_cells_printed(built_book, page):
    """Every cell of every class: the text on the page is the raw text of the executed notebook, letter for letter."""
    executed = executed_page(ROOT, page)
    assert executed, "the built page is not in the cache"
    cells = [cell for cell in executed.cells if cell.cell_type == "code" and printed(cell)]
    raw = [(cell.source.strip("\n"), printed(cell)) for cell in cells]
    assert [found for found in shown(built_book, page) if found[1]] == raw


def is_exact(cells, index):
    """Whether the result of a cell is the same in every run: nothing else is said right after it."""
    after = cells[index + 1].source if index + 1 < len(cells) and cells[index + 1].cell_type == "markdown" else ""
    return not after.startswith("*Reproduces:") or after.startswith("*Reproduces: exact")


@pytest.mark.parametrize("page", PLAIN)
def test_exact_cells_print_the_same_in_a_plain_interpreter(built_book, page):
    """No kernel, no pieces: the code cells of a page in one Python process."""
    executed = executed_page(ROOT, f"chapters/{page}")
    cells = [cell for cell in executed.cells if cell.cell_type == "code"]
    texts = in_plain_python([cell.source for cell in cells], ROOT / "chapters" / page.split("/")[0])
    exact = [cell.id for index, cell in enumerate(executed.cells) if is_exact(executed.cells, index)]
    pairs = [(printed(cell), text.rstrip("\n")) for cell, text in zip(cells, texts, strict=True) if cell.id in exact]
    pairs = [pair for pair in pairs if pair[0]]
    assert len(pairs) > 3 and [" ".join(pair[0]) for pair in pairs] == [pair[1] for pair in pairs]


def in_plain_python(sources, folder):
    """What each of some pieces of code prints, in order, in one Python process that shows no figures."""
    environment = {**os.environ, **build_cache.KERNEL_ENVIRONMENT, "MPLBACKEND": "agg"}
    words = {"input": json.dumps(sources), "cwd": folder, "env": environment, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, "-c", PLAIN_PYTHON], check=False, **words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
