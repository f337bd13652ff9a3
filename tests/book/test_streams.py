"""What a cell printed is what its page shows, however the kernel has cut it into pieces."""

import sys

import pytest
from book_build import ROOT
from myst_nb.core.utils import coalesce_streams
from nbformat.v4 import new_output

sys.path.insert(0, str(ROOT / "book" / "_ext"))
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
