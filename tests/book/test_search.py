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


QUERIES = {  # what a reader types, and the page or place that stands first
    "rms_norm": "chapters/gemma/04-norms.html#norms-four",
    "weight tying": "chapters/olmo/02-positions-and-vocabulary.html#olmo-tying",
    "Exercise 4.11": "chapters/gemma/exercises.html#",
    "figure 2.3": "chapters/dora/01-low-rank.html#",
    "how many parameters": "chapters/gemma/01-what-7b-counts.html",
    "perplexity": "book/how-to-read-an-experiment.html#reading-loss",
    "learning rates": "#",
    "GeGLU": "chapters/gemma/03-glu-swiglu-geglu.html",
    "which rank": "chapters/dora/05-does-it-help.html",
    "human judgment": "chapters/tiny-titans/03-where-rouge-misleads.html",
    "kv cache": "#",
    "anneal": "chapters/olmo/04-schedule.html#olmo-anneal",
}


def first_hit(tab, site, words):
    """Where the first result of a search leads."""
    search(tab, site, words)
    return tab.locator("#search-results li a").first.get_attribute("href")


@pytest.mark.parametrize("words", QUERIES)
def test_what_a_reader_looks_for_stands_first(site, tab, words):
    address = first_hit(tab, site, words)
    assert QUERIES[words] in address and ":~:text=" in address


def test_without_the_places_it_does_not(site, tab):
    """The twin: the words alone find other pages first."""
    tab.route("**/places.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    try:
        assert sum(place not in first_hit(tab, site, words) for words, place in QUERIES.items()) >= 4
    finally:
        tab.unroute("**/places.js*")


def standing(tab, site, words):
    """The pages of the results of a search, in their order."""
    search(tab, site, words)
    links = tab.locator("#search-results li > a")
    return [links.nth(place).get_attribute("href") for place in range(links.count())]


def are_last(found):
    """Whether there are entries of the package, and none stands before another page."""
    entries = ["book/api/" in address for address in found]
    return any(entries) and not all(entries) and entries == sorted(entries)


def test_entries_of_the_package_stand_behind_the_lessons(site, tab):
    assert are_last(standing(tab, site, "bootstrap"))


def test_without_our_script_they_do_not(site, tab):
    """The twin."""
    tab.route("**/search.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    try:
        assert not are_last(standing(tab, site, "bootstrap"))
    finally:
        tab.unroute("**/search.js*")
