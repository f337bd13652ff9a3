"""The built page of the claims: each statement links its evidence, and each link leads to a place that is there."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

from llmbook.notebooks.claims import read_claims

PAGE = "book/claims.html"
OUTSIDE = ("http", "https")


def statements(page):
    """The items of the lists of statements."""
    return [item for item in page.select("section li") if item.find("em") and item.find("strong")]


def dead_ends(item, folder):
    """The links of an item that lead nowhere below a folder of pages; or that it has none."""
    links = [link["href"] for link in item.select("a[href]") if urlsplit(link["href"]).scheme not in OUTSIDE]
    return [link for link in links if not leads(link, folder)] if links else ["no link"]


def leads(link, folder):
    """Whether the page of a link is there, and the place on it."""
    parts = urlsplit(link)
    path = Path(folder, PAGE).parent / unquote(parts.path)
    if not path.is_file():
        return False
    return not parts.fragment or f'id="{unquote(parts.fragment)}"' in path.read_text("utf-8")


@pytest.fixture(scope="module")
def page(built_book):
    """The built page."""
    return BeautifulSoup((built_book / PAGE).read_text("utf-8"), "html.parser")


def test_every_statement_leads_to_its_evidence(page, built_book):
    found = statements(page)
    assert len(found) == len(read_claims())
    assert {item.get_text()[:60]: ends for item in found if (ends := dead_ends(item, built_book))} == {}


ITEM = "<section><ul><li><em>A.</em> <strong>Open.</strong> B. ({})</li></ul></section>"


@pytest.mark.parametrize(("evidence", "ends"), [
    ('<a href="../one.html#there">x</a>', []),
    ('<a href="../one.html">x</a> <a href="https://a.org/b">y</a>', []),
    ('<a href="../one.html#gone">x</a>', ["../one.html#gone"]),
    ('<a href="../two.html">x</a>', ["../two.html"]),
    ('<a href="https://a.org/b">y</a>', ["no link"]),
    ("x", ["no link"]),
])  # fmt: skip
def test_a_dead_end_is_found(tmp_path, evidence, ends):
    (tmp_path / "book").mkdir()
    (tmp_path / "one.html").write_text('<p id="there">x</p>')
    (item,) = statements(BeautifulSoup(ITEM.format(evidence), "html.parser"))
    assert dead_ends(item, tmp_path) == ends
