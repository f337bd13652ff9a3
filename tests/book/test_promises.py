"""What ``make variants`` takes for the same result: what differs is found, and what a page has promised passes."""

import sys
from itertools import pairwise

import nbformat
import pytest
from book_build import ROOT

sys.path.append(str(ROOT / "scripts" / "variants"))
from classes import LABEL, LabelError, clauses_of
from compare import difference, label_after


@pytest.mark.parametrize(
    ("label", "expected", "holds", "breaks"),
    [
        ("exact.", "loss 1.25", "loss 1.25", "loss 1.26"),
        ("exact, from the stored runs. Means of five.", "1.25 ± 0.10", "1.25 ± 0.10", "1.25 ± 0.11"),
        ("to the printed digits.", "loss  1.25", "loss 1.26", "loss 1.27"),
        ("to the printed digits.", "3.2e-06", "3.3e-06", "3.4e-06"),
        ("to 0.02.", "loss 1.25 nats", "loss 1.27 nats", "loss 1.28 nats"),
        ("to $2 \\times 10^{-3}$.", "1.2500", "1.2515", "1.2525"),
        ("to 2 %.", "100 of 5,000", "101 of 5,050", "103 of 5,000"),
        ("to one digit.", "2.0e-3", "1.1e-3", "0.9e-3"),
        ("to two digits.", "0.123", "0.126", "0.131"),
        ("to the power of ten.", "-0.01", "-0.09", "0.2"),
        ("rounding, below $10^{-5}$.", "gap 3e-08", "gap 9.1e-06", "gap 1.1e-05"),
        ("rounding, below 1e-5; to one digit.", "3e-08 0.5", "0 0.6", "2e-5 0.5"),
        ("line 2: to one digit; the rest: rounding, below $10^{-5}$.", "1e-9\n0.5\n0", "0\n0.6\n1e-6", "0\n0.6\n1e-4"),
        ("lines 1 and 3: illustrative.", "a 1\nb 2\nc 3", "d 7\nb 2\ne", "d 7\nb 3\ne"),
        ("lines 2 to 3: illustrative.", "a\nb\nc\nd", "a\nx\ny\nd", "a\nb\nc\ne"),
        ("the last line: illustrative.", "a 1\nb 2", "a 1\nc 3", "a 2\nb 2"),
        ("the last 2 lines: to 0.1.", "1.0\n1.0\n1.0", "1.0\n1.1\n0.9", "1.1\n1.0\n1.0"),
        ("number 2: to 10 %; the rest: exact.", "step 1 loss 2.0", "step 1 loss 2.1", "step 2 loss 2.0"),
        ("the last number: to 0.5.", "1 2 3.0", "1 2 3.4", "1 2.1 3.0"),
        ("line 2, number 1: to 0.5.", "1.0\n1.0 7", "1.0\n1.3 7", "1.3\n1.0 7"),
        ("up to the seed.", "loss 1.25", "loss 1.25", "loss 1.26"),
        ("up to the seed, to 0.1.", "loss 1.25", "loss 1.30", "loss 1.36"),
        ("to one digit.", "inf nan 5", "inf nan 6", "7 nan 5"),
        ("to one digit.", "gap 5", "gap 6", "gap inf"),
        ("to the power of ten.", "slope -0.01", "slope -0.02", "slope 0.02"),
        ("to the printed digits.", "round 0.5", "round 0.6", "round 0.58"),
        ("to 5.", "[1,2,3] 1,204", "[1,2,3] 1,206", "[1,23] 1,204"),
        ("to 2 %.", "took 1.5x 100", "took 1.5x 101", "took 1.6x 100"),
        ("to 50 %.", "torch 2.13.0 with 2.0", "torch 2.13.0 with 2.1", "torch 2.14.0 with 2.0"),
        ("to 1.", "rows 3-5 | -0.0 |", "rows 3-6 | 0.5 |", "rows 3-5 | -1.5 |"),
        ("exact.", "| a | 1 |  \n", "| a | 1 |", "| a |  1 |"),
        ("the last number: illustrative; the rest: exact.", "fit 1 in 2 s", "fit 1 in 3 s", "failed 1 in 3 s"),
        ("number 1: illustrative; the rest: exact.", "2 s, loss 1", "9 s, loss 1", "2 s, loss 2"),
        ("line 1: exact; the rest: illustrative.", "a\nb\nc", "a\nd", "b\nd"),
        ("the last line: exact; the rest: illustrative.", "a\nb\nc", "a\nx\nb\nc", "a\nx\nb"),
        ("number 1: exact; the rest: illustrative.", "step 1 a\nb", "step 1 a\nb", "step 1 a\nb\nc"),
    ],
)
def test_a_promise_is_kept_or_broken(label, expected, holds, breaks):
    """Each kind accepts what it allows and refuses, as its twin, what lies just outside."""
    assert difference(expected, holds, label) is None
    assert difference(expected, breaks, label) is not None


@pytest.mark.parametrize("label", ["exact.", "to 10 %.", "to one digit.", "rounding, below 1."])
def test_words_and_lines_are_equal_whatever_the_numbers(label):
    """Another word, another number of lines, another number of numbers."""
    for got in ("wins by 0.10", "loses by 0.10\n", "loses by 0.10 0.10", "loses by 0.10\nand more", ""):
        assert (difference("loses by 0.10", got, label) is None) == (got == "loses by 0.10\n")


def test_a_bound_holds_for_equal_texts_too():
    """Noise of rounding is small in every run; what is not small is no noise, however often it comes out again."""
    found = difference("gap 3e-04", "gap 3e-04", "rounding, below $10^{-5}$.")
    assert str(found) == "line 1: 'gap 3e-04' is not what the label says"
    assert difference("gap 3e-06", "gap 3e-06", "rounding, below $10^{-5}$.") is None


@pytest.mark.parametrize("where", ["line 3", "lines 1 and 3", "lines 1 to 3", "the last 3 lines", "line 1, number 2",
                                   "number 3", "the last 3 numbers"])
def test_a_label_names_only_what_is_printed(where):
    """A clause that stayed behind when its cell changed is reported; with the third line and number it is in order."""
    with pytest.raises(LabelError, match="does not print"):
        difference("a 1\nb 2 3", "a 1\nb 2 3", f"{where}: illustrative; the rest: exact.")
    assert difference("a 1 1 1\nb 2 3 4\nc", "a 1 1 1\nb 2 3 4\nc", f"{where}: illustrative; the rest: exact.") is None


def test_another_seed_frees_only_what_depends_on_it():
    """Under shifted seeds "up to the seed" allows any text; exact results stay exact."""
    assert difference("loss 1.25", "nothing", "up to the seed, to 0.1.", shifted=True) is None
    assert difference("a\nb 1", "a\nc 2", "line 2: up to the seed; the rest: exact.", shifted=True) is None
    assert difference("a\nb 1", "x\nb 1", "line 2: up to the seed; the rest: exact.", shifted=True) is not None
    assert difference("loss 1.25", "loss 1.26", "exact.", shifted=True) is not None
    assert difference("at 1: 2.5", "at 1: 9.5", "number 2: up to the seed; the rest: exact.", shifted=True) is None
    assert difference("at 1: 2.5", "by 1: 9.5", "number 2: up to the seed; the rest: exact.", shifted=True) is not None
    assert difference("a\nb", "a", "illustrative.") is None


def test_digits_in_names_are_words():
    """bf16 is no number, and 7B neither: the second number is what a reader counts as the second."""
    assert difference("bf16 7B 1.0 2.0", "bf16 7B 1.0 2.4", "number 2: to 0.5; the rest: exact.") is None
    assert difference("bf16 1.0", "bf32 1.0", "to 100 %.") is not None


@pytest.mark.parametrize("label", ["about right.", "row 2: exact.", "to some digits.", "rounding, below little.",
                                   "line 0: exact.", "lines 3 to 2: exact."])
def test_a_label_outside_the_language_is_reported(label):
    """A promise that cannot be checked is none."""
    with pytest.raises(LabelError):
        clauses_of(label)


def test_every_label_of_the_book_can_be_read():
    """And none stands where the runner does not look."""
    problems = []
    for path in sorted(ROOT.glob("chapters/*/*.ipynb")):
        cells = nbformat.read(path, 4).cells
        problems += [f"{path.name}: {count} labels stand elsewhere" for count in [misplaced(cells)] if count]
        for index in range(len(cells)):
            try:
                clauses_of(label_after(cells, index))
            except LabelError as error:
                problems.append(f"{path.name}: after {cells[index].id}: {error}")
    assert not problems, "\n".join(problems)


def misplaced(cells):
    """How many labels do not begin a Markdown cell right behind a code cell, and are not read."""
    read = sum(before.cell_type == "code" and after.cell_type == "markdown" and LABEL.match(after.source) is not None
               for before, after in pairwise(cells))
    return sum(cell.source.count("Reproduces:") for cell in cells) - read


@pytest.mark.parametrize("texts", [["Text.\n\n*Reproduces: exact.*"], ["Text.", "*Reproduces: exact.*"]])
def test_a_label_that_is_not_read_is_found(texts):
    """Behind a sentence, or behind another Markdown cell; its twin begins the cell."""
    make = nbformat.v4
    code = make.new_code_cell("1")
    assert misplaced([code, *map(make.new_markdown_cell, texts)]) == 1
    assert misplaced([code, make.new_markdown_cell("*Reproduces: exact.*")]) == 0
