"""The glossary from A to Z: a bar of letters, a heading for each, and the pages that use a word. Nothing is built."""

import re
import sys
from types import SimpleNamespace

import pytest
from book_build import ROOT
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.utils import new_document
from sphinx import addnodes

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from glossary_index import IndexGlossary, bar, first_uses, in_order


def link(word):
    """What {term} leaves on a page."""
    return addnodes.pending_xref("", nodes.inline("", word), reftype="term", reftarget=word)


def page(*sections):
    """A page of sections, each (id, nodes of its paragraph)."""
    document = new_document("page")
    document += [nodes.section("", nodes.paragraph("", "", *content), ids=[name]) for name, content in sections]
    return document


def glossary(*words):
    """A page with a glossary of these words."""
    items = [nodes.definition_list_item("", nodes.term("", word), nodes.definition("", nodes.paragraph("", "It is.")))
             for word in words]  # fmt: skip
    document = new_document("glossary")
    document += addnodes.glossary("", nodes.definition_list("", *items, classes=["glossary"]))
    return document


def book(**uses):
    """An environment of the pages a, b and c, in the order c, a, b, whose pages use some words."""
    return SimpleNamespace(
        docname="glossary", config=SimpleNamespace(root_doc="index"),
        metadata={"index": {}, **{name: {"term_uses": uses.get(name, {})} for name in "abc"}},
        toctree_includes={"index": ["c", "a"], "a": ["b"]}, toc_secnumbers={"a": {"": (4, 1)}},
        titles={name: nodes.title("", f"Page {name}: how") for name in "abc"},
    )  # fmt: skip


def indexed(document, env):
    """The glossary's children after the transform: raw HTML as text, lists as their terms; and all links in it."""
    builder = SimpleNamespace(get_relative_uri=lambda here, page: f"../{page}.html")
    run = SimpleNamespace(document=document, env=env, app=SimpleNamespace(builder=builder))
    run.add_pages = lambda item, pages: IndexGlossary.add_pages(run, item, pages)
    run.link = lambda name, place: IndexGlossary.link(run, name, place)
    IndexGlossary.run(run)
    (made,) = document.findall(addnodes.glossary)
    shown = [part.astext() if isinstance(part, nodes.raw) else [term.astext() for term in part.findall(nodes.term)]
             for part in made.children]  # fmt: skip
    links = [BeautifulSoup(raw.astext(), "html.parser").a for raw in made.findall(nodes.raw)]
    return shown, [each for each in links if each]


def test_entries_stand_under_their_letters():
    (letters, *parts), _ = indexed(glossary("activation", "AdamW", "bias", "warm-up"), book())
    assert [re.sub(r"<.*?>", "", part) if isinstance(part, str) else part for part in parts] == [
        "A", ["activation", "AdamW"], "B", ["bias"], "W", ["warm-up"]]  # fmt: skip
    ids = [BeautifulSoup(part, "html.parser").h2["id"] for part in parts if isinstance(part, str)]
    links = [each["href"] for each in BeautifulSoup(letters, "html.parser").select("nav a")]
    assert links == [f"#{name}" for name in ids] == ["#letter-a", "#letter-b", "#letter-w"]


def test_the_bar_has_every_letter_and_links_only_those_that_exist():
    made = BeautifulSoup(bar(["A", "C", "Μ"]), "html.parser")
    assert made.nav["aria-label"] == "A to Z" and len(made.select("li")) == 27
    assert [each.get_text() for each in made.select("a")] == ["A", "C", "Μ"]
    assert all(each["aria-hidden"] == "true" for each in made.select("li:has(span)"))


def test_the_first_use_of_each_word_is_remembered_with_its_section():
    """The twin: other references, and a second use, are not."""
    other = addnodes.pending_xref("", nodes.inline("", "x"), reftype="ref", reftarget="x")
    found = first_uses(page(("one", [link("Key\nvalue"), other]), ("two", [link("key value"), link("gate")])))
    assert found == {"key value": "one", "gate": "two"}
    assert first_uses(page(("one", [other]))) == {}
    within = page(("exercises", []))
    within[0] += nodes.section("", nodes.paragraph("", "", link("gate")), ids=["exercise-content"])
    assert first_uses(within) == {"gate": "exercises"}, "the section within an exercise has no id on the page"


def test_an_entry_ends_with_the_pages_that_use_it_in_the_order_of_the_book():
    env = book(b={"gate": "x"}, c={"gate": "y", "stream": ""}, a={"gate": "z"})
    document = glossary("gate", "stream", "unused")
    _, links = indexed(document, env)
    assert [(each["href"], each.get_text(), each["aria-label"]) for each in links[1:]] == [
        ("../c.html#y", "Page c", "Page c: how"), ("../a.html#z", "4.1", "4.1 Page a: how"),
        ("../b.html#x", "Page b", "Page b: how"), ("../c.html", "Page c", "Page c: how")]  # fmt: skip
    lines = [part.astext() for part in document.findall(nodes.paragraph) if "used-on" in part["classes"]]
    assert len(lines) == 2 and all(line.startswith("Used on: ") for line in lines)


def test_the_order_is_that_of_the_book():
    assert in_order(book()) == ["index", "c", "a", "b"]


def test_a_page_without_a_glossary_stays_as_it_is():
    document = page(("one", [link("gate")]))
    before = document.pformat()
    IndexGlossary.run(SimpleNamespace(document=document, env=book()))
    assert document.pformat() == before


@pytest.fixture(scope="module")
def built(built_book):
    """The glossary of the real book."""
    return BeautifulSoup((built_book / "book" / "glossary.html").read_text("utf-8"), "html.parser")


def test_every_way_back_leads_to_a_place_that_exists(built, built_book):
    """Most terms are used somewhere, and the place is on that page."""
    links = [each["href"].partition("#") for each in built.select("p.used-on a")]
    assert len(built.select("p.used-on")) > 0.8 * len(built.select("dl.glossary dt"))
    known = {}
    for address, _, place in links:
        path = (built_book / "book" / address).resolve()
        if path not in known:
            known[path] = set(re.findall(r'\bid="([^"]+)"', path.read_text("utf-8")))
        assert not place or place in known[path], (address, place)


def test_the_letters_of_the_real_glossary_are_in_order(built):
    letters = [each.get_text() for each in built.select("h2.letter")]
    assert len(letters) > 15 and letters == sorted(letters)
    assert [each["href"] for each in built.select("nav.letters a")] == [f"#letter-{each.lower()}" for each in letters]
