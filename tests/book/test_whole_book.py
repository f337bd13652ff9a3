"""The whole book as one page for paper: every page, links that lead somewhere in it, and contents with page numbers."""

import re
import sys
from collections import Counter

import pytest
from book_build import ROOT
from bs4 import BeautifulSoup

sys.path.append(str(ROOT / "scripts" / "print"))
from built_pages import words
from chromium import print_with
from destinations import page_numbers
from paper import write_paper
from whole_book import Page, numbered, read_book, running_heads, set_page, whole_book

INDEX = "<section><h1>4. Gemma</h1><p>It is.</p><h2>What</h2></section>"
LESSON = """<section><h1>4.1. Norms</h1><p id="here">See <a href="#here">here</a>,
<a href="exercises.html#ex-q">there</a>, <a href="index.html">above</a>,
<a href="../../genindex.html">nowhere</a> and <a href="https://example.org">away</a>.</p>
<figure class="explorer"><div class="explorer-controls">Turn</div><img src="../../_images/a.svg"></figure>
<details class="hide"><summary>Code</summary><pre>import this</pre></details></section>"""
EXERCISES = """<section><h1>4.2. Exercises</h1><h2>How</h2><div class="exercise" id="ex-q">
<p class="admonition-title">Exercise 1</p><section><p><strong>A coin.</strong> What?</p></section></div>
<div class="solution"><p class="admonition-title">Solution</p><section><p>Heads.</p></section></div></section>"""
FRONT = "<section><h1>A Book</h1><p>Begin.</p></section>"


def parsed(html):
    return BeautifulSoup(html, "html.parser").find(True)


def small_book():
    names = {"book/index": FRONT, "chapters/gemma/index": INDEX, "chapters/gemma/01-norms": LESSON,
             "chapters/gemma/exercises": EXERCISES}  # fmt: skip
    return [Page(name, parsed(html)) for name, html in names.items()]


def dangling(html):
    """Links within a page that lead to no name on it, and names that it has twice."""
    html = re.sub(r"<svg.*?</svg>", "", html, flags=re.DOTALL)  # the maps have marks of their own
    names, links = Counter(re.findall(r'<[^>]* id="([^"]*)"', html)), set(re.findall(r'<a [^>]*href="([^"]*)"', html))
    lost = {link for link in links if link.startswith("#") and link[1:] not in names}
    return lost | {name for name, count in names.items() if count > 1} | {
        link for link in links if not link.startswith(("#", "http://", "https://"))}  # fmt: skip


@pytest.fixture(scope="module")
def book(built_book):
    """The body of the real one."""
    return whole_book(read_book(built_book))


def test_every_link_of_the_book_leads_somewhere(book):
    """To a name in the book, once there, or to another site."""
    assert not dangling(book)
    assert len(re.findall(r'class="page-of-book of-', book)) > 35


def test_a_link_that_leads_nowhere_is_seen():
    """The twin."""
    assert dangling('<p id="a"><a href="#b">b</a><a href="#a">a</a><a href="c.html">c</a></p><p id="a"></p>') == {
        "#b", "c.html", "a"}  # fmt: skip


def test_a_page_becomes_a_part_of_the_book():
    """Names get its key, links follow, headings go below the chapter's, controls and folded code are gone."""
    html = whole_book(small_book())
    soup = BeautifulSoup(html, "html.parser")
    lesson = soup.select_one("#chapters-gemma-01-norms")
    assert [link["href"] for link in lesson.select("a")] == [
        "#chapters-gemma-01-norms--here", "#chapters-gemma-exercises--ex-q", "#chapters-gemma-index",
        "https://example.org"]  # fmt: skip
    assert lesson.h2.get_text() == "4.1. Norms" and not lesson.h1 and lesson.img["src"] == "../_images/a.svg"
    assert "Turn" not in html and "import this" not in html and not dangling(html)
    assert [each.get_text() for each in soup.select("h1")] == ["Contents", "4. Gemma", "Solutions"]


def test_solutions_stand_at_the_end_and_exercises_lead_to_them():
    """And not below the task."""
    soup = BeautifulSoup(whole_book(small_book()), "html.parser")
    link = soup.select_one("#chapters-gemma-exercises a.to-solution")
    assert "Heads" not in words(soup.select_one("#chapters-gemma-exercises"))
    assert "Heads." in words(soup.select_one(f'[id="{link["href"][1:]}"]'))


PAPER = """<section><h1>4.3. Move</h1><section id="ask"><h2>Ask</h2>
<ul><li><button class="explorer-answer" disabled>None</button> <span>Then so.</span></li></ul>
<div class="cell"><div class="cell_input"><pre>{long}</pre></div></div>
<div class="cell"><div class="cell_input"><pre>short</pre></div></div></section>
<section id="done"><h2>Done</h2><div class="cell"><pre>progress({})</pre></div></section>
<section id="refs"><h2>References</h2></section>
<section id="drawn"><h2>Drawn</h2><img src="a.svg"></section></section>"""


def test_what_needs_a_screen_or_a_reader_is_other_on_paper():
    """A button is a word, long code may break, a report on nothing done goes, and so does a heading over nothing."""
    page = Page("chapters/gemma/03-move", parsed(PAPER.replace("{long}", "a = 1\n" * 20)))
    part = BeautifulSoup(str(set_page(page, {page.name: page.key})), "html.parser")
    assert part.strong.get_text() == "None." and not part.button
    assert ["long" in each["class"] for each in part.select(".cell_input")] == [True, False]
    assert [words(each) for each in part.select("h3")] == ["Ask", "Drawn"]


def test_the_pages_of_the_package_are_not_printed(built_book):
    names = [page.name for page in read_book(built_book)]
    assert "book/glossary" in names and not [name for name in names if name.startswith("book/api/")]


def test_the_contents_name_the_sheet_of_each_page(built_book, tmp_path, chromium):
    """Printed by the browser; a file of another make gives none, and the contents stay without."""
    site = tmp_path / "html"
    site.mkdir()
    (site / "_static").symlink_to(built_book / "_static")
    pages, pdf = small_book(), tmp_path / "book.pdf"
    heads, html = running_heads(pages), whole_book(pages)
    print_with(chromium, site, {pdf: write_paper(site, "book", "A Book", html, heads)})
    numbers = page_numbers(pdf.read_bytes())
    assert [numbers[page.key] for page in pages[1:]] == [4, 5, 6] and numbers["solutions"] == 7
    shown = BeautifulSoup(numbered(html, numbers), "html.parser").select(".contents .number")
    assert [each.get_text() for each in shown] == ["4", "5", "6", "7"]
    assert page_numbers(b"%PDF-1.7 of another make") == {} and numbered(html, {}) == html
