"""A result that is shown as a table counts as printed, for the variants and for the numbers in prose."""

import sys

import nbformat
from book_build import ROOT
from prose_match import output_text

from llmbook.widgets import Table

sys.path.append(str(ROOT / "scripts" / "variants"))
from live import printed_text

TABLE = Table("Scores", ["", "score"], [["one", "0.25"], ["two", "0.50"]])


def cell(html):
    """A cell that has printed a line and shows a table."""
    data = {"text/plain": repr(TABLE), "text/html": html}
    shown = nbformat.v4.new_output("execute_result", data, execution_count=1)
    printed = nbformat.v4.new_output("stream", name="stdout", text="before\n")
    return nbformat.v4.new_code_cell("Table(...)", outputs=[printed, shown])


def test_the_variants_compare_its_lines():
    assert printed_text(cell(TABLE._repr_html_())) == "before\n     score\none   0.25\ntwo   0.50\n"


def test_prose_finds_its_numbers_line_by_line():
    texts, _ = output_text(cell(TABLE._repr_html_()))
    assert texts.split("\n") == ["before", "     score", "one   0.25", "two   0.50"]


def test_other_html_is_no_printed_result():
    """The twin: an explorer's, or that of a report, has its own words."""
    assert printed_text(cell("<p>one 0.25</p>")) == "before\n"
    assert "0.50" not in output_text(cell("<p>one 0.25</p>"))[0]
