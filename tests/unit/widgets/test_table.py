"""A table is a table for a browser, and the same numbers in columns for a terminal."""

from xml.etree import ElementTree

import pytest

from llmbook.widgets import Table

HEAD, ROWS = ("", "kind", "count"), [("a <b>", "x", "7"), ("c", "long word", "1,234")]


def shown(table):
    return ElementTree.fromstring(table._repr_html_())


def test_in_a_terminal_words_stand_at_the_left_and_numbers_at_the_right():
    assert repr(Table("Counts", HEAD, ROWS, words=2)).split("\n") == [
        "       kind       count", "a <b>  x              7", "c      long word  1,234"]  # fmt: skip


def test_on_a_page_it_has_a_caption_heads_with_a_scope_and_every_cell():
    html = shown(Table("Counts & kinds", HEAD, ROWS, words=2))
    assert html.findtext(".//caption") == "Counts & kinds"
    assert [(each.text, each.get("scope")) for each in html.iter("th")] == [
        ("kind", "col"), ("count", "col"), ("a <b>", "row"), ("c", "row")]  # fmt: skip
    cells = [[each.text or "" for each in row] for row in html.iter("tr")]
    assert cells == [list(HEAD), *map(list, ROWS)]
    sides = [[each.get("style") for each in row] for row in html.iter("tr")]
    assert sides[1] == ["text-align:left", "text-align:left", "text-align:right"]


def test_it_scrolls_within_itself_and_counts_as_a_printed_result():
    """The class of the frame is the one that site.js brings to the keyboard; "results" is what the variants read."""
    html = shown(Table("Counts", HEAD, ROWS))
    assert html.get("class") == "pst-scrollable-table-container"
    assert html.find("table").get("class") == "dataframe results"


@pytest.mark.parametrize(("caption", "rows", "said"), [
    (" ", ROWS, "caption"), ("Counts", [("a", "b")], "2 cells, and the head has 3")])  # fmt: skip
def test_a_table_that_says_too_little_is_refused(caption, rows, said):
    with pytest.raises(ValueError, match=said):
        Table(caption, HEAD, rows)
