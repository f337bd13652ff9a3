"""The definition of a term stands beside each link to it: hidden, and shown on hover and on focus without a request."""

import re
import shutil
import sys

import pytest
import yaml
from book_build import ROOT
from bs4 import BeautifulSoup
from docutils.utils import new_document
from serve import serve
from tiny_book import TinyBook

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from glossary_terms import definitions, plain, with_definitions

GLOSSARY = """# Glossary

```{glossary}
gate
  What lets a {term}`stream` pass, *or* not: $x\\,\\sigma(x) < 2^{-23}$.

  Taught in {doc}`/chapters/one/page`.

stream
  Numbers & more.
```
"""
TEXT = """A {term}`gate`, **two {term}`gates <gate>`**, a {term}`stream`, and `gate`.

```{admonition} At the edge
A word at the very end of a box is a {term}`gate`
```

| a | b |
| --- | --- |
| {term}`gate` | a cell |
"""
SHOWN = "What lets a stream pass, or not: x σ(x) < 2⁻²³."
ASSETS = ("llmbook.css", "terms.css", "site.js")


class BookOfTerms(TinyBook):
    """The tiny book with a glossary, and a page without code that uses it."""

    def write_all(self):
        """Write every file of the book."""
        super().write_all()
        self.write("book/glossary.md", GLOSSARY)
        contents = self.contents()
        contents["chapters"].append({"file": "book/glossary"})
        self.write("_toc.yml", yaml.safe_dump(contents))
        self.write_page(TEXT, cells=())


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The book, built once."""
    made = BookOfTerms(tmp_path_factory.mktemp("terms"))
    status, printed = made.build()
    assert status == 0, printed[-5000:]
    return made


def soup(book, name="chapters/one/page.html"):
    """A built page."""
    return BeautifulSoup(book.html(name), "html.parser")


def test_each_link_has_its_definition_beside_it(book):
    """Named by aria-describedby, each id once; without "Taught in", in plain letters; nothing without a link."""
    page = soup(book)
    links = page.select("article a:has(> span.std-term)")
    tips = page.select("[role=tooltip].term-definition")
    assert [link.get_text() for link in links] == ["gate", "gates", "stream", "gate", "gate"]
    assert [link["aria-describedby"] for link in links] == [tip["id"] for tip in tips]
    assert len({tip["id"] for tip in tips}) == len(tips)
    assert [tip.get_text() for tip in tips] == [SHOWN, SHOWN, "Numbers & more.", SHOWN, SHOWN]
    assert all(link.find_next_sibling() is tip for link, tip in zip(links, tips, strict=True))
    assert soup(book, "book/index.html").select("[role=tooltip].term-definition") == []


def test_the_glossary_shows_the_definitions_of_its_own_links(book):
    """A term that is explained by another."""
    assert [tip.get_text() for tip in soup(book, "book/glossary.html").select(".term-definition")] == [
        "Numbers & more."
    ]


def test_search_does_not_find_a_page_by_a_definition(book):
    """What stands in a definition is found in the glossary alone."""
    index = (book.folder / "_build" / "html" / "searchindex.js").read_text()
    assert index.count('"pass":') == 1 and '"pass":[' not in index


def test_a_changed_definition_reaches_pages_that_have_not_changed(book):
    """The page itself is as old as before, and is written anew."""
    book.write("book/glossary.md", GLOSSARY.replace("Numbers & more", "Fewer numbers"))
    status, printed = book.build()
    assert status == 0, printed[-5000:]
    assert "Fewer numbers." in book.html("chapters/one/page.html")
    book.write("book/glossary.md", GLOSSARY)
    assert book.build()[0] == 0


LINKED = '<a class="reference internal" href="g.html#term-{}"><span class="xref std std-term">word</span></a>'


def test_only_known_terms_are_described():
    """The twin: an unknown id, another kind of reference, and text that must be escaped."""
    other = LINKED.replace("std-term", "std-ref").format("a")
    body = LINKED.format("a") + LINKED.format("b") + other
    made = with_definitions(body, {"term-a": "1 < 2"})
    assert made.endswith(LINKED.format("b") + other) and made.count("tooltip") == 1 and "1 &lt; 2" in made
    assert with_definitions(body, {}) == body


@pytest.mark.parametrize(
    ("formula", "letters"),
    [(r"x\,\Phi(x)", "x Φ(x)"), (r"s(\sqrt{m} \pm \sqrt{n})", "s(√m ± √n)"), ("2^{-23}", "2⁻²³"), ("n^2", "n²")],
)
def test_formulas_become_plain_letters(formula, letters):
    """The few that a glossary needs."""
    assert plain(formula) == letters


def test_each_formula_of_the_glossary_has_plain_letters():
    """Without a build, in which it would be a warning."""
    formulas = re.findall(r"\$([^$]+)\$", (ROOT / "book" / "glossary.md").read_text(encoding="utf-8"))
    assert len(formulas) > 9 and r"\sigma(x) = 1 / (1 + e^{-x})" in formulas
    assert all(plain(formula) for formula in formulas)


@pytest.mark.parametrize("formula", [r"\frac{1}{2}", "x_i", r"\unknown", "e^y"])
def test_other_formulas_are_refused(formula):
    """The twin: what plain letters cannot say."""
    with pytest.raises(ValueError, match="say it in words"):
        plain(formula)


@pytest.fixture(scope="module")
def opened(book, chromium):
    """The built page in the browser, with the book's own looks; MathJax and all else stay where they are."""
    static = book.folder / "_build" / "html" / "_static"
    for name in ASSETS:
        shutil.copy(ROOT / "book" / "_static" / name, static / name)
    with serve(book.folder / "_build" / "html") as address:
        tab = chromium.new_page()
        tab.goto(f"{address}/chapters/one/page.html", wait_until="load")
        yield tab
        tab.close()


@pytest.fixture
def page(opened):
    """The page with no word focused or pointed at, whatever the test before has left."""
    opened.evaluate("document.activeElement.blur()")
    opened.mouse.move(1, 1)
    return opened


SETTLED = "() => Promise.all(document.getAnimations().map((each) => each.finished))"  # the side bar slides away
VISIBLE = "() => [...document.querySelectorAll('.term-definition')].map((tip) => tip.checkVisibility())"
BOX = """(tip) => { const box = tip.getBoundingClientRect();
  const seen = document.elementFromPoint(box.left + box.width / 2, box.bottom - 4);
  return { left: box.left, right: box.right, top: box.top, seen: tip.contains(seen),
           wide: document.documentElement.scrollWidth - window.innerWidth }; }"""


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("width", [1280, 390])
def test_a_definition_shows_on_focus_and_escape_puts_it_away(page, number, width):
    """One at a time, within the window, not cut off by what it stands in, below its word; and no request is made."""
    page.set_viewport_size({"width": width, "height": 844})
    page.evaluate(SETTLED)
    asked, hear = [], lambda request: asked.append(request.url)
    page.on("request", hear)
    link, tip = page.locator(".term > a").nth(number), page.locator(".term-definition").nth(number)
    assert page.evaluate(VISIBLE) == [False] * 5
    link.focus()
    assert page.evaluate(VISIBLE) == [i == number for i in range(5)]
    box = tip.evaluate(BOX)
    assert box["left"] >= 0 and box["right"] <= width and box["wide"] <= 1 and box["seen"], box
    assert box["top"] >= link.bounding_box()["y"] + 8
    page.keyboard.press("Escape")
    assert page.evaluate(VISIBLE) == [False] * 5
    link.evaluate("link => link.blur()")
    link.focus()
    assert page.evaluate(VISIBLE)[number]
    link.evaluate("link => link.blur()")
    page.remove_listener("request", hear)
    assert not asked


def test_a_definition_shows_on_hover_and_stays_under_the_pointer(page):
    """From the word down into the definition; away from both, it is gone."""
    page.set_viewport_size({"width": 1280, "height": 844})
    page.locator(".term > a").nth(1).hover()
    tip = page.locator(".term-definition").nth(1)
    tip.wait_for(state="visible", timeout=5000)
    tip.hover()
    assert page.evaluate(VISIBLE)[1]
    page.mouse.move(1, 1)
    assert page.evaluate(VISIBLE) == [False] * 5


def test_a_definition_can_be_read_in_both_colors_and_is_not_printed(page):
    """Contrast of text and ground at least 4.5; on paper there is nothing, even of a word that has the focus."""
    page.locator(".term > a").first.focus()
    for mode in ("light", "dark"):
        page.evaluate("mode => { document.documentElement.dataset.theme = mode }", mode)
        colors = page.locator(".term-definition").first.evaluate(
            "tip => [getComputedStyle(tip).color, getComputedStyle(tip).backgroundColor]")  # fmt: skip
        assert contrast(*colors) >= 4.5, (mode, colors)
    page.emulate_media(media="print")
    assert page.evaluate(VISIBLE) == [False] * 5
    page.emulate_media(media="screen")


def found_by_search(page, script):
    """What the search shows of the page that it finds, with or without the book's own script."""
    tab = page.context.browser.new_page()
    if not script:
        tab.route("**/site.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    tab.goto(page.url.replace("chapters/one/page.html", "search.html?q=edge"))
    tab.wait_for_selector("#search-results p.context", timeout=10_000)
    shown = tab.inner_text("#search-results p.context")
    tab.close()
    return shown


def test_search_shows_a_page_without_its_definitions(page):
    """The twin is Sphinx's own search, which reads out all that is hidden."""
    assert "is a gate" in found_by_search(page, script=True) and SHOWN not in found_by_search(page, script=True)
    assert SHOWN in found_by_search(page, script=False)


def contrast(one, other):
    """The contrast of two colors as a browser prints them, by WCAG 2."""

    def luminance(color):
        parts = [int(part) / 255 for part in color.removeprefix("rgb(").removesuffix(")").split(",")]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_measured():
    """The twin: black on white, gray on gray."""
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)
    assert contrast("rgb(187, 187, 187)", "rgb(255, 255, 255)") < 2


def test_a_page_without_a_glossary_has_no_definitions():
    """Nothing to read, nothing found."""
    assert definitions(new_document("empty")) == {}
