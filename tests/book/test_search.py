"""The search of the built book finds words, and nothing for what every JavaScript object has: no word of a page."""

from urllib.parse import urlsplit

import pytest
from visit import listening

OF_EVERY_OBJECT = ["constructor", "__proto__", "gemma constructor", "-constructor gemma"]
HAS_ENDED = "() => Boolean(document.querySelector('#search-results .search-summary')?.innerText)"
PATIENCE = 10_000  # ms


def search(tab, site, words):
    """What the page of the search shows, and what goes wrong meanwhile."""
    problems = {"console": [], "third party": []}
    with listening(tab, urlsplit(site).netloc, problems):
        tab.goto(f"{site}/search.html?q={words}", wait_until="load")
        if not problems["console"]:
            tab.wait_for_function(HAS_ENDED, timeout=PATIENCE)
            tab.wait_for_load_state("networkidle")  # the summaries of what was found
    return tab.inner_text("#search-results"), problems["console"]


def is_answered(tab, site, words):
    """Whether it says how many pages it found, or that it found none, and nothing goes wrong."""
    shown, problems = search(tab, site, words)
    return "earch" in shown and "undefined" not in shown and "NaN" not in shown and not problems


@pytest.mark.parametrize("words", OF_EVERY_OBJECT)
def test_what_every_object_has_is_a_word_like_others(site, tab, words):
    assert is_answered(tab, site, words)


def test_a_word_of_the_book_is_found(site, tab):
    shown, problems = search(tab, site, "gemma")
    assert "matching" in shown and shown.lower().count("gemma") > 1 and not problems


@pytest.mark.parametrize("words", OF_EVERY_OBJECT)
def test_without_our_script_it_is_not(site, tab, words):
    """The twin: Sphinx's search alone."""
    tab.route("**/search.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    try:
        assert not is_answered(tab, site, words)
    finally:
        tab.unroute("**/search.js*")
