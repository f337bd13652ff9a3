"""The built pages in a real browser, light, dark and narrow; and proof that each check reports a bad page."""

import json

import pytest
from serve import serve
from static_checks import find_broken_links, find_missing_alt, find_raw_markup
from visit import NEXT_FRAME, visit

FILES = ("files/index", "files/data/llm_configs.csv", "files/code/llmbook/layers/norm.py", "files/requirements.txt")
CHECKS = ("third party", "console", "accessibility", "sideways")
BAD_PAGE = """<!doctype html><html lang="en"><head><title>Bad</title><meta name="viewport" content="width=device-width">
<script src="https://cdn.example.org/lib.js"></script><script>console.error("oh no")</script></head>
<body><main><h1>Bad</h1><div style="width: 900px">wide</div><button></button>
<p style="color: #bbb; background: #fff">pale</p><div class="highlight"><pre style="background: #fff">
<span class="k">dark</span> <span class="c" style="color: #bbb">pale word of code</span></pre></div>
<style>@media (prefers-color-scheme: dark) { .night { color: #444; background: #000; } }</style>
<p class="night">lost at night</p>
<div class="admonition"><pre style="background: #888"><span class="k" style="color: #999">paler still</span></pre></div>
</main></body></html>"""


def pages_of(folder):
    """The pages of the last build, with those that Sphinx adds; not what an older build has left behind."""
    names = json.loads((folder.parent / "page-times.json").read_text())
    return [folder / f"{name}.html" for name in (*names, "genindex", "search", "404", *FILES)]


@pytest.fixture(scope="module")
def findings(built_book, site, tab):
    """{check: [problem, ...]} over every page."""
    total = {check: [] for check in CHECKS}
    for path in pages_of(built_book):
        name = path.relative_to(built_book).as_posix()
        for check, problems in visit(tab, f"{site}/{name}").items():
            total[check] += [f"{name}: {problem}" for problem in problems]
    return total


@pytest.mark.parametrize("check", CHECKS)
def test_every_page_is_fine_for_every_reader(findings, check):
    """No request to a third party, no error in the console, nothing serious for axe, nothing wider than a phone."""
    assert not findings[check], "\n".join(findings[check])


def test_a_bad_page_is_reported_by_every_check(tmp_path, tab):
    """The twin: a page with one fault of each kind."""
    (tmp_path / "bad.html").write_text(BAD_PAGE)
    with serve(tmp_path) as address:
        problems = {check: " ".join(found) for check, found in visit(tab, f"{address}/bad.html").items()}
    assert "cdn.example.org" in problems["third party"] and "oh no" in problems["console"]
    assert "ERR_NAME_NOT_RESOLVED" in problems["console"]  # what is asked of another host does not leave this machine
    assert "button-name" in problems["accessibility"] and "color-contrast" in problems["accessibility"]
    assert "too wide" in problems["sideways"]
    assert "pale word of code" in problems["accessibility"] and "paler still" in problems["accessibility"]
    assert "lost at night" in problems["accessibility"]


def test_a_switch_of_colors_shows_what_a_reader_in_the_dark_gets(site, tab):
    """A page that was loaded in light colors and then switched looks like one that was loaded in the dark."""
    shown = []
    for loaded, then in (("light", "light"), ("light", "dark"), ("dark", "dark")):
        tab.emulate_media(color_scheme=loaded)
        tab.goto(f"{site}/book/index.html")
        tab.emulate_media(color_scheme=then)
        tab.evaluate(NEXT_FRAME)
        shown.append(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert shown[0] != shown[1] == shown[2]


def test_every_picture_is_described(built_book):
    """Each <img> has alt text, each drawing a name."""
    pages = {path.name: find_missing_alt(path.read_text(encoding="utf-8")) for path in pages_of(built_book)}
    assert not {name: problems for name, problems in pages.items() if problems}


def test_missing_descriptions_are_reported():
    """The twin: pictures without a description, and what must not be reported."""
    assert find_missing_alt('<img src="a.png">') and find_missing_alt('<img src="a.png" alt=" ">')
    assert find_missing_alt('<svg role="img"></svg>')
    assert not find_missing_alt('<img alt="A falling line"><svg role="img" aria-label="A falling line"></svg>')


def test_no_markup_is_left_over(built_book):
    """No directive or role stands on a page as it was typed."""
    pages = {path.name: find_raw_markup(path.read_text(encoding="utf-8")) for path in pages_of(built_book)}
    assert not {name: problems for name, problems in pages.items() if problems}


def test_left_over_markup_is_reported():
    """The twin: a fence that was not closed, a role without its text; and code, which may show both."""
    assert find_raw_markup("<p>```{note} So</p>") and find_raw_markup("<p>see {numref}<code>fig</code></p>")
    assert find_raw_markup("<p>\n:name: tab-x\n</p>")
    assert not find_raw_markup("<pre>```{note}</pre><p>A set {a, b}: <code>{eq}</code></p>")


def test_every_link_leads_somewhere(built_book):
    """No link inside the book misses its file or its anchor."""
    problems = find_broken_links(built_book, [built_book / "index.html", *pages_of(built_book)])
    assert not problems, "\n".join(problems)


def test_broken_links_are_reported(tmp_path):
    """The twin: a missing file, a missing anchor, and three links that are fine."""
    pages = [tmp_path / "a.html", tmp_path / "b.html"]
    pages[0].write_text('<p id="here"></p><a href="no.html">1</a><a href="b.html#no">2</a><a href="#no">3</a>')
    pages[1].write_text('<a href="a.html#here"></a><a href="https://example.org/no"></a><a href="b.html"></a>')
    assert len(find_broken_links(tmp_path, pages)) == 3


def test_search_finds_a_page(site, tab):
    """The search works without a server of its own."""
    tab.goto(f"{site}/search.html?q=gemma")
    tab.wait_for_selector("#search-results ul.search li a", timeout=10_000)
    assert "gemma" in tab.inner_text("#search-results").lower()
