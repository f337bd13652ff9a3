"""How light, steady and guarded the pages are, in a browser; with proof that each check finds a bad page."""

import sys

import pytest
from book_build import ROOT
from explorer_page import CONTROLS
from mechanics import CUT_OFF, FORMULAS_IN_ORDER, JUMPS, REFUSED, SAME_NAMES, WIDE_TABLES, unframed
from serve import serve
from visit import SETTLE, WIDE

sys.path.insert(0, str(ROOT / "book" / "_ext"))
sys.path.insert(0, str(ROOT / "scripts"))
import lean_pages
import page_weight

LESSON, EXERCISES = "chapters/gemma/05-scaled-embedding.html", "chapters/tiny-titans/exercises.html"
DRAWING, SCROLLS = "chapters/tiny-titans/04-t5.html", "drawing-scrolls runs-on"
SAMPLE = ("book/index.html", LESSON, EXERCISES, "book/reading-list.html", "files/data/llm_configs.csv.html")


@pytest.fixture
def page(chromium):
    """A new tab, which has stored nothing and writes down what a policy refuses."""
    context = chromium.new_context(viewport=WIDE)
    made = context.new_page()
    made.add_init_script(REFUSED)
    yield made
    context.close()


def settled(page, address, width=WIDE):
    page.set_viewport_size(width)
    page.goto(address, wait_until="load")
    page.evaluate(SETTLE)
    return page


def ask_nothing(page):
    """Open the figures that ask first."""
    page.evaluate("document.querySelectorAll('.explorer-skip').forEach((each) => each.click())")


CHANGED = """async (before) => {  // wait_for_function would ask later by eval, which the policy refuses
  const shown = () => document.querySelector("img.explorer-frame").getAttribute("src"), end = performance.now() + 5000;
  while (shown() === before && performance.now() < end) await new Promise((done) => setTimeout(done, 50));
  return shown() !== before;
}"""


def moved(page):
    """Move the first control of a page by keyboard; whether its figure follows."""
    before = page.locator("img.explorer-frame").first.get_attribute("src")
    for key in ("ArrowLeft", "ArrowRight"):
        page.locator(CONTROLS).first.press(key)
        if page.evaluate(CHANGED, before):
            return True
    return False


def bad_page(folder, body, head=""):
    """A page of its own with our style sheets and scripts; returns its folder."""
    for name in ("theme-fixes.css", "site.js"):
        (folder / name).write_text((ROOT / "book/_static" / name).read_text())
    (folder / "bad.html").write_text(f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Bad</title>
<style>html {{ --pst-color-accent: #a63f00; }}</style>
<link rel="stylesheet" href="theme-fixes.css"><script src="site.js"></script>{head}</head>
<body><main class="bd-article">{body}</main></body></html>""")
    return folder


@pytest.mark.parametrize("way", ["served", "as files"])
def test_a_page_does_nothing_that_its_policy_refuses(way, site, built_book, page):
    """While it loads, and while a figure moves."""
    base = site if way == "served" else built_book.as_uri()
    for name in (*SAMPLE, "search.html?q=gemma"):
        settled(page, f"{base}/{name}")
        ask_nothing(page)
        assert not page.locator(CONTROLS).count() or moved(page), name
        assert page.evaluate("window.refused") == [], name


def test_what_a_policy_refuses_is_heard(tmp_path, page):
    """The twin: a script within a page of ours, and a picture from elsewhere."""
    bad_page(tmp_path, '<img src="https://example.org/a.png" alt="a"><script>window.ran = 1</script>')
    html = lean_pages.guarded((tmp_path / "bad.html").read_text())
    (tmp_path / "bad.html").write_text(html)
    with serve(tmp_path) as address:
        page.goto(f"{address}/bad.html")
        refused = " ".join(page.evaluate("window.refused"))
        assert "script-src" in refused and "example.org" in refused and not page.evaluate("window.ran")


def test_every_page_has_its_policy(built_book):
    pages = [path for path in built_book.rglob("*.html") if path.relative_to(built_book).parts[0] not in
             ("_static", "print", "slides")]  # fmt: skip
    assert len(pages) > 40 and not [path for path in pages if lean_pages.POLICY not in path.read_text("utf-8")]


@pytest.mark.parametrize("name", SAMPLE)
def test_a_first_visit_is_light_and_still(name, built_book, chromium, site):
    """In bytes and in what moves. How long it takes depends on the machine: page_weight.py measures it."""
    found = page_weight.weigh(chromium, built_book, site, name)
    assert found.compressed < page_weight.LIMITS["compressed"] and found.shift < page_weight.LIMITS["shift"], found


def test_a_page_that_is_heavy_and_moves_is_seen(tmp_path, chromium):
    """The twin: a script of noise, and a line that comes late above the others."""
    (tmp_path / "noise.js").write_text("//" + "".join(f"{place * 7919 % 1000003:x}" for place in range(400_000)))
    late = "document.querySelector('h1').insertAdjacentHTML('beforebegin', '<p style=\"height: 300px\">late</p>')"
    (tmp_path / "late.js").write_text(f"setTimeout(() => {{ {late} }}, 100)")
    scripts = '<script src="noise.js"></script><script src="late.js" defer></script>'
    bad_page(tmp_path, "<h1>Bad</h1>" + "<p>words</p>" * 30, scripts)
    with serve(tmp_path) as address:
        found = page_weight.weigh(chromium, tmp_path, address, "bad.html")
    assert len(page_weight.over(found)) >= 2 and "compressed" in page_weight.over(found)[0]
    assert found.shift > 0.05 and found.requests == 5


def test_frames_come_when_a_reader_comes_near(built_book, site, page):
    """None of them with the page; one file of this site at the first touch, and no second."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    settled(page, f"{site}/{LESSON}")
    assert not [url for url in asked if "/frames/" in url]
    ask_nothing(page)
    assert moved(page) and moved(page)
    assert len([url for url in asked if "/frames/" in url]) == 1


def test_a_reader_is_told_of_frames_that_do_not_come(site, page):
    page.route("**/frames/*.js", lambda route: route.abort())
    settled(page, f"{site}/{LESSON}")
    ask_nothing(page)
    assert not moved(page)
    page.get_by_text("The other pictures of this figure could not be loaded.").wait_for()


def test_without_mathjax_formulas_can_be_read(site, page):
    page.route("**/mathjax/**", lambda route: route.abort())
    page.goto(f"{site}/{LESSON}", wait_until="load")
    formula = page.locator(".bd-article span.math").first
    assert formula.evaluate("(each) => getComputedStyle(each).color") != "rgba(0, 0, 0, 0)"


@pytest.mark.parametrize("name", SAMPLE)
def test_names_headings_and_stops_are_in_order(name, site, page):
    """Each button has a name of its own, no level is left out, a formula is no stop, what is cut off shows it."""
    settled(page, f"{site}/{name}")
    assert [page.evaluate(check) for check in (SAME_NAMES, JUMPS, FORMULAS_IN_ORDER, CUT_OFF)] == [[], [], [], []]


def test_a_drawing_that_scrolls_shows_it_and_is_a_stop(site, page):
    settled(page, f"{site}/{DRAWING}", {"width": 390, "height": 844})
    ask_nothing(page)
    page.locator(".drawing-scrolls.runs-on[tabindex='0']").first.wait_for()
    assert page.evaluate(CUT_OFF) == []
    settled(page, f"{site}/{DRAWING}")
    assert not page.locator(".drawing-scrolls:is(.runs-on, [tabindex])").count(), "where it has the room it needs"


def test_disorder_is_seen(tmp_path, page):
    """The twin: buttons of one name, h1 before h3, a formula to stop at, what goes on unseen or is no stop."""
    body = """<h1>A</h1><h3>B</h3><button>Open</button><button>Open</button>
<mjx-container tabindex="0">x</mjx-container>
<pre style="overflow-x: auto; mask-image: none !important; width: 90px">one two three four five six seven</pre>
<pre id="late" style="display: none; overflow-x: auto; width: 90px">eight nine ten eleven</pre>
<div class="drawing-scrolls" style="overflow-x: auto; mask-image: none !important; width: 90px">
<p style="width: 300px"></p></div>"""
    with serve(bad_page(tmp_path, body)) as address:
        page.goto(f"{address}/bad.html")
        assert [page.evaluate(check) for check in (SAME_NAMES, JUMPS, FORMULAS_IN_ORDER)] == [["Open"], ["B"], ["x"]]
        page.evaluate("document.querySelector('#late').style.display = 'block'")  # after site.js has looked
        page.evaluate("document.querySelector('#late').classList.add('runs-on')")
        assert page.evaluate(CUT_OFF) == ["one two three four five six seven", "eight nine ten eleven", SCROLLS]


def test_the_contents_of_exercises_list_each(built_book, site, page):
    settled(page, f"{site}/{EXERCISES}")
    heads = page.locator("div.exercise > .admonition-title").evaluate_all("(all) => all.map((each) => each.tagName)")
    listed = page.locator("#pst-page-toc-nav a[href*='-ex-'], #pst-page-toc-nav a[href*='-q-']").all_inner_texts()
    assert len(heads) == len(listed) > 15 and set(heads) <= {"H3", "H4"} and listed[0].startswith("Exercise 1.1: ")


@pytest.mark.parametrize("colors", ["none", "active"])
def test_the_focus_shows_where_it_is(colors, site, page):
    """By the Tab key through the side bar, the buttons above, and into the text; also in forced colors."""
    page.emulate_media(forced_colors=colors)
    settled(page, f"{site}/book/setup.html")
    assert unframed(page, 45) == []


def test_a_focus_that_does_not_show_is_seen(tmp_path, page):
    """The twin."""
    body = '<button style="outline: none !important">Lost</button><a href="#x">Seen</a>'
    with serve(bad_page(tmp_path, body)) as address:
        page.goto(f"{address}/bad.html")
        assert unframed(page, 2) == ["BUTTON Lost"]


def test_the_tables_of_the_notation_fit(site, page):
    assert settled(page, f"{site}/book/notation.html", {"width": 1440, "height": 900}).evaluate(WIDE_TABLES) == []
