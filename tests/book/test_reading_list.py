"""The reading list in a browser: all papers without a script, a filter with it, by keyboard and from a file."""

import pytest

from llmbook.notebooks.papers import read_papers

PAGE = "book/reading-list.html"
PAPERS = read_papers()
SHOWN = """() => [...document.querySelectorAll(".paper")]
  .filter((paper) => paper.checkVisibility()).map((paper) => paper.id)"""
CHOICES = {
    "topic": ("Fine-tuning", lambda paper: paper.topic == "Fine-tuning"),
    "starred": ("with a star", lambda paper: paper.is_starred),
    "chapters": ("DoRA", lambda paper: "DoRA" in paper.chapters),
}


def fits(*names):
    """The places of the papers that some choices leave."""
    return [paper.anchor for paper in PAPERS if all(CHOICES[name][1](paper) for name in names)]


ASKED = [(), ("topic",), ("starred",), ("chapters",), ("starred", "chapters"), tuple(CHOICES)]


@pytest.mark.parametrize("names", ASKED)
def test_the_filter_shows_what_fits_and_says_how_many(site, tab, names):
    tab.goto(f"{site}/{PAGE}", wait_until="load")
    for name in names:
        tab.select_option(f".paper-filter select[name={name}]", label=CHOICES[name][0])
    shown = tab.evaluate(SHOWN)
    assert shown == fits(*names) and len(shown) > 0
    assert tab.inner_text(".paper-count").startswith(f"{len(shown)} of {len(PAPERS)} papers")
    tab.click(".paper-filter button")
    tab.wait_for_function(f"() => ({SHOWN})().length === {len(PAPERS)}")


def test_the_filter_obeys_the_keyboard(site, tab):
    tab.goto(f"{site}/{PAGE}", wait_until="load")
    tab.focus(".paper-filter select[name=starred]")
    tab.keyboard.press("ArrowDown")
    assert tab.evaluate(SHOWN) == fits("starred")
    tab.keyboard.press("Tab")
    assert tab.evaluate("() => document.activeElement.name") == "chapters"


def test_an_address_with_a_hidden_paper_shows_it(site, tab):
    tab.goto(f"{site}/{PAGE}", wait_until="load")
    tab.select_option(".paper-filter select[name=starred]", label="with a star")
    plain = next(paper for paper in PAPERS if not paper.is_starred)
    tab.evaluate(f"() => {{ window.location.hash = '{plain.anchor}'; }}")
    tab.wait_for_function(f"() => document.getElementById('{plain.anchor}').checkVisibility()")


def test_without_the_script_all_are_shown(site, tab):
    """The twin of the filter, too: nothing else filters."""
    tab.route("**/reading-list.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    try:
        tab.goto(f"{site}/{PAGE}", wait_until="load")
        assert tab.evaluate(SHOWN) == [paper.anchor for paper in PAPERS]
        assert tab.query_selector(".paper-filter") is None
    finally:
        tab.unroute("**/reading-list.js*")


def test_a_filter_that_forgets_a_choice_is_found(site, tab):
    """The twin: a script that looks at one choice where several are asked."""

    def forget(route):
        body = route.fetch().text()
        route.fulfill(body=body.replace("asked.every(", "asked.some("), content_type="text/javascript")

    tab.route("**/reading-list.js*", forget)
    try:
        tab.goto(f"{site}/{PAGE}", wait_until="load")
        for name in ("starred", "chapters"):
            tab.select_option(f".paper-filter select[name={name}]", label=CHOICES[name][0])
        assert tab.evaluate(SHOWN) != fits("starred", "chapters")
    finally:
        tab.unroute("**/reading-list.js*")


def test_only_this_page_takes_the_script(built_book):
    assert "reading-list.js" in (built_book / PAGE).read_text("utf-8")
    assert "reading-list.js" not in (built_book / "book/glossary.html").read_text("utf-8")


def test_the_filter_works_where_the_page_is_a_file(built_book, tab):
    tab.goto((built_book / PAGE).as_uri(), wait_until="load")
    tab.select_option(".paper-filter select[name=starred]", label="with a star")
    assert tab.evaluate(SHOWN) == fits("starred")
