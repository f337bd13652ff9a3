"""The slides that ``make slides`` makes from the built book: complete, each readable by itself, and none too full."""

import re
import sys

import pytest
from book_build import ROOT
from bs4 import BeautifulSoup
from serve import serve
from slide_checks import open_deck, slide_faults
from visit import COLORS, accessibility_problems

sys.path += [str(ROOT / "scripts" / name) for name in ("print", "slides")]
from built_pages import chapters, read_page
from deck import chapter_slides, deck
from questions import expected_choice, question_slides, read_questions
from sentences import sentences, text_length
from slide import Slide, dealt

EXERCISE = """<section><h1>Exercises</h1>
<div class="exercise admonition" id="ex-q"><p class="admonition-title">Exercise</p>
<section><p><strong>A coin.</strong> It fell three times. What follows?</p><div class="choices">
<details class="choice choice-wrong"><summary><strong>A. </strong>It is loaded.</summary><p>No. Too few.</p></details>
<details class="choice choice-right"><summary><strong>B. </strong>Little.</summary><p>Yes. Three is few.</p></details>
<details class="choice choice-wrong"><summary><strong>C. </strong>It is fair.</summary><p>No. Nor that.</p></details>
</div><details class="sd-dropdown"><summary>A hint</summary><p>Count.</p></details>
<p><em>From the page <a href="04-norms.html">Norms</a>.</em></p></section></div>
<div class="solution dropdown admonition"><p class="admonition-title">Solution</p><section>
<p>The wrong answer to expect is <strong>C</strong>. It trusts the name.</p></section></div></section>"""
PARAGRAPH = "<p>See Fig. 4.1 and <em>et al.</em> of it. <strong>Mean.</strong> The rest, 1.5 &lt; 2? “Yes.” Then</p>"


def parsed(html):
    return BeautifulSoup(html, "html.parser").find(True)


@pytest.fixture(scope="module")
def pages(built_book):
    """{chapter: {page: what it says}}."""
    return {chapter: {name: read_page(name, built_book) for name in names} for chapter, names in chapters().items()}


@pytest.fixture(scope="module")
def slides(pages):
    """{chapter: its slides}."""
    return {chapter: chapter_slides(its) for chapter, its in pages.items()}


@pytest.fixture(scope="module")
def folder(built_book, slides, tmp_path_factory):
    """A site with the decks."""
    site = tmp_path_factory.mktemp("site")
    for name in ("_static", "_images"):
        (site / name).symlink_to(built_book / name)
    (site / "slides").mkdir()
    for chapter, made in slides.items():
        (site / "slides" / f"{chapter}.html").write_text(deck(made, chapter))
    return site


def test_every_figure_formula_and_point_is_on_a_slide(pages, slides):
    """Counted on the pages themselves."""
    for chapter, its in pages.items():
        articles = [article for name, article in its.items() if not name.endswith(("/index", "/exercises"))]
        pictures = [figure for each in articles for figure in each.select("figure:has(figcaption)")]
        numbers = {each.get_text() for article in articles for each in article.select("div.math[id] .eqno")}
        shown = "".join(slide.body for slide in slides[chapter])
        assert sum(slide.kind == "figure" for slide in slides[chapter]) == len(pictures) > 20
        assert set(re.findall(r'class="eqno">(.*?)</span>', shown)) == numbers
        points = [item for each in articles for item in each.select("#what-to-remember > ul > li")]
        remembered = [slide.body for slide in slides[chapter] if slide.kind == "remember"]
        assert sum(body.count("<li>") for body in remembered) == len(points) >= 3 * len(articles)


def test_every_slide_says_what_it_is_about_and_leads_to_its_page(built_book, slides):
    """A headline that is not too long, something below it, and the address of what it is from."""
    for chapter, made in slides.items():
        for slide in made:
            assert 3 <= text_length(slide.head) <= 160, slide.head
            assert text_length(slide.body) > 10 or "<img" in slide.body, slide.head
            file, _, anchor = slide.page.partition("#")
            html = (built_book / "chapters" / chapter / file).read_text()
            assert not anchor or f'id="{anchor}"' in html, slide.page


def test_a_deck_is_of_this_site_only(folder):
    """Every script and style is a file of the site, and none stands in the page but the frames of the figures."""
    for path in sorted((folder / "slides").glob("*.html")):
        soup = BeautifulSoup(path.read_text(), "html.parser")
        for tag in soup.select("[src], link[href]"):
            address = tag.get("src") or tag.get("href")
            assert address.startswith("data:image/") or (path.parent / address).exists(), address
        assert {each.get("type") for each in soup.select("script:not([src])")} <= {"application/json"}
        ids = [each["id"] for each in soup.select("[id]")]
        assert len(ids) == len(set(ids))


def test_nothing_runs_over_the_edge_of_its_slide(folder, slides, tab):
    """Every slide of every deck, measured in the browser at 1280 by 720."""
    with serve(folder) as address:
        faults = {chapter: slide_faults(tab, f"{address}/slides/{chapter}.html") for chapter in slides}
    assert not any(faults.values()), faults


def test_a_slide_that_is_too_full_is_reported(folder, tab, tmp_path):
    """The twin: too many words, a line that cannot break, and a picture over its words."""
    (tmp_path / "_static").symlink_to(folder / "_static")
    (tmp_path / "slides").mkdir()
    picture = '<img src="../_static/logo.svg" style="{}" alt="">'
    bodies = ["<p>word</p>" * 90, f"<pre>{'x' * 300}</pre>", picture.format("position: absolute; inset: 100px")
              + "<p>words</p>" * 3, picture.format("flex: none; width: 20px")]  # fmt: skip
    bad = [Slide("figure", "Too full", body, page="index.html") for body in bodies]
    (tmp_path / "slides" / "bad.html").write_text(deck(bad, "gemma"))
    with serve(tmp_path) as address:
        faults = slide_faults(tab, f"{address}/slides/bad.html")
    for said in ("1: p. runs over", "2: pre. is cut", "3: img. and p. stand on each other", "4: the picture is small"):
        assert any(said in fault for fault in faults), (said, faults)


def test_slides_are_for_every_reader(folder, slides, tab):
    """Nothing serious for axe on the first slide of each kind, in light colors and in dark ones."""
    kinds = [slide.kind for slide in slides["tiny-titans"]]
    with serve(folder) as address:
        open_deck(tab, f"{address}/slides/tiny-titans.html")
        for colors, rules in (("light", {}), ("dark", {"runOnly": COLORS})):
            tab.emulate_media(color_scheme=colors)
            for number in sorted(kinds.index(kind) + 1 for kind in set(kinds)):
                tab.evaluate(f"() => {{ location.hash = '#{number}'; }}")
                tab.locator(f".slide.is-shown[id='{number}']").wait_for()
                assert not accessibility_problems(tab, **rules), (colors, number)


def test_keys_and_addresses_lead_through_a_deck(folder, tab):
    """Arrows, space, Home and End; the controls of a figure keep their arrows."""
    with serve(folder) as address:
        open_deck(tab, f"{address}/slides/gemma.html#3")
        count = tab.locator(".slide").count()
        shown = [3]
        for key in ("ArrowRight", " ", "ArrowLeft", "Home", "ArrowLeft", "End", "PageDown"):
            tab.keyboard.press(key)
            shown.append(int(tab.locator(".slide.is-shown").get_attribute("id")))
        assert shown == [3, 4, 5, 4, 1, 1, count, count] and tab.url.endswith(f"#{count}")
        ranges = tab.locator(".slide:has(input[type=range])").first
        open_deck(tab, f"{address}/slides/gemma.html?again#{ranges.get_attribute('id')}")
        control = tab.locator(".slide.is-shown input[type=range]").first
        picture, before = tab.locator(".slide.is-shown img"), tab.locator(".slide.is-shown").get_attribute("id")
        frame = picture.get_attribute("src")
        control.press("ArrowLeft")
        control.press("Home")
        assert tab.locator(".slide.is-shown").get_attribute("id") == before and picture.get_attribute("src") != frame
        tab.emulate_media(media="print")
        assert tab.locator(".slide:visible").count() == count and not control.is_visible()
        tab.emulate_media(media="screen")


def test_a_question_is_asked_closed_and_answered_behind():
    """The right choice first, then the wrong one that its solution names; the hint stays on the page."""
    question = read_questions("chapters/gemma/exercises", parsed(EXERCISE))[0]
    asks, answer = question_slides(question, "4.4. Norms")
    assert question.page == "chapters/gemma/04-norms" and asks.head == "A coin"
    assert "What follows?" in asks.body and "Yes." not in asks.body and "hint" not in asks.body
    assert [asks.body.index(line) for line in ("loaded", "Little", "fair")] == sorted(
        asks.body.index(line) for line in ("loaded", "Little", "fair"))  # fmt: skip
    order = [answer.body.index(line) for line in ("What follows?", "Little", "fair", "trusts the name", "loaded")]
    assert order == sorted(order) and answer.body.count("wrong") == 3


@pytest.mark.parametrize("said, letter", [
    ("The wrong answer to expect is <strong>A</strong>: hope.", "A"), ("The common wrong answer is the third.", "C"),
    ("B. The wrong answer to expect is the coin, the first one.", "A"), ("The common wrong answer trusts A coin.", ""),
    ("The wrong answer to expect is B.", ""), ("Three. Is C a wrong answer?", ""),
])
def test_the_wrong_answer_to_expect_is_found_by_letter_or_place(said, letter):
    """In the words of the solutions. One that is right after all, or is not named, is none."""
    html = EXERCISE.replace("The wrong answer to expect is <strong>C</strong>. It trusts the name.", said)
    question = read_questions("chapters/gemma/exercises", parsed(html))[0]
    named = expected_choice(question)
    assert (named.letter if named else "") == letter
    assert ("expected" in question_slides(question, "")[1].body) == (not letter) and "B. The" not in question.expected


def test_a_question_without_a_page_or_an_expected_answer_is_seen():
    """The twin: it belongs to no lesson, and its wrong choices keep their order."""
    bare = EXERCISE.replace("From the page", "By").replace("wrong answer to expect", "way")
    question = read_questions("chapters/gemma/exercises", parsed(bare))[0]
    body = question_slides(question, "")[1].body
    assert question.page == "" and question.expected == "" and body.index("loaded") < body.index("fair")


def test_sentences_end_where_they_end():
    """Not after an abbreviation, and also where the mark stands in a bold word."""
    assert sentences(parsed(PARAGRAPH)) == ["See Fig. 4.1 and <em>et al.</em> of it.", "<strong>Mean.</strong>",
                                            "The rest, 1.5 &lt; 2?", "“Yes.”", "Then"]  # fmt: skip


def test_long_lists_are_dealt_evenly():
    """In order, none lost, no slide over the limit unless one item is; and short lists stay together."""
    items = [f"{number} " + "x" * 98 for number in range(12)]
    groups = dealt(items, 500)
    assert [item for group in groups for item in group] == items and {len(group) for group in groups} == {4}
    assert dealt(items[:4], 500) == [items[:4]] and dealt(["y" * 900, "z"], 500) == [["y" * 900], ["z"]]

