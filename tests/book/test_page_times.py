"""What counts as reading: prose and the lines of cells, and nothing that a cell printed or drew."""

import sys

from book_build import ROOT
from docutils import nodes

sys.path.append(str(ROOT / "book" / "_ext"))
import page_times


def page(*parts):
    """A page of some parts."""
    return nodes.section("", *parts)


def block(text, language="python"):
    """A block of code as Sphinx keeps it."""
    return nodes.literal_block(text, text, language=language)


def output(*parts):
    """What a cell gave, with the container that myst-nb puts around each kind."""
    return nodes.container("", nodes.container("", *parts), classes=["cell_output"])


def test_outputs_are_not_read_at_any_depth():
    drawn = output(block("<Figure size 3x3>", "myst-ansi"), nodes.paragraph("", "words " * 500))
    cell = nodes.container("", block("a = 1\n\nb = 2"), classes=["cell_input"])
    assert page_times.code_lines(page(cell, drawn)) == 2
    assert page_times.reading_minutes(page(nodes.paragraph("", "word " * 190), cell, drawn)) == 2
    assert page_times.reading_minutes(page(nodes.paragraph("", "word " * 190), drawn)) == 1


def test_prose_and_code_beside_outputs_are_read():
    beside = page(nodes.container("", block("a = 1"), nodes.paragraph("", "word " * 500)))
    assert page_times.code_lines(beside) == 1
    assert page_times.reading_minutes(beside) == 3


def test_formulas_and_blocks_without_a_language_are_no_code():
    assert page_times.code_lines(page(block("a\nb", "none"), nodes.math_block("x", "x"))) == 0
    assert page_times.reading_minutes(page(nodes.math_block("", "x " * 999))) == 1
