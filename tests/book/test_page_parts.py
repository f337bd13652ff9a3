"""What our extensions make of the HTML of a page: headings of exercises, files of frames, room for what comes later."""

import json
import sys
from types import SimpleNamespace

import pytest
from book_build import ROOT
from bs4 import BeautifulSoup

sys.path.insert(0, str(ROOT / "book" / "_ext"))
sys.path += [str(ROOT / "scripts" / name) for name in ("print", "slides")]
import accessible_theme
import deck
import exercise_titles
import formula_space
import frame_files
import lean_pages
import picture_sizes

EXERCISES = """<section id="exercises"><h1>Exercises</h1><section id="coins"><h2>Coins</h2>
<div class="exercise admonition" id="ex-coin">
<p class="admonition-title"><span class="caption-number">Exercise 4.1 </span> (read, 5 min)</p>
<section id="exercise-content"><p><strong>A <span class="term"><a>fair</a><span class="term-definition">No</span></span>
coin.</strong> What?</p></section></div>
<div class="solution admonition"><p class="admonition-title">Solution</p><section id="solution-content"></section></div>
<h3>Deeper</h3><div class="exercise admonition" id="ex-deep">
<p class="admonition-title"><span class="caption-number">Exercise 4.2 </span></p>
<section id="exercise-content"><p>No name.</p></section></div></section></section>"""
CONTENTS = '<ul><li><a href="#">Exercises</a><ul><li><a href="#coins">Coins</a></li></ul></li></ul>'


def test_titles_of_exercises_are_headings_in_order():
    body, titles = exercise_titles.with_headings(EXERCISES)
    page = BeautifulSoup(body, "html.parser")
    assert [each.name for each in page.find_all(["h1", "h2", "h3", "h4"])] == ["h1", "h2", "h3", "h3", "h4"]
    first = page.select_one("#ex-coin > h3.admonition-title")
    assert first["aria-label"] == "Exercise 4.1: A fair coin (read, 5 min)"
    assert first.get_text() == "Exercise 4.1  (read, 5 min)"  # as before, to look at
    assert titles[0] == exercise_titles.Title("ex-coin", "coins", "Exercise 4.1", "A fair coin")
    assert "-content" not in body  # the same id several times on a page


def test_the_contents_of_a_page_name_its_exercises():
    made = exercise_titles.with_entries(CONTENTS, exercise_titles.with_headings(EXERCISES)[1])
    below = BeautifulSoup(made, "html.parser").find("a", href="#coins").find_next_sibling("ul")
    assert [(each["href"], each.get_text()) for each in below.find_all("a")] == [
        ("#ex-coin", "Exercise 4.1: A fair coin"), ("#ex-deep", "Exercise 4.2")]  # fmt: skip


def test_a_page_without_exercises_stays_as_it_is():
    assert exercise_titles.with_headings("<h1>A</h1>") == ("<h1>A</h1>", [])


def test_frames_move_into_files_that_hold_them_once(tmp_path):
    """The script gives what stood in the page, closing tags within strings included."""
    frames = json.dumps({"lines": ["\\u003c/script\\u003e", "b"], "runs": [[0, 2]], "sentences": ["One."]})
    begin = '<script type="application/json" class="explorer-frames"'
    body = f'{begin}>{frames}</script>{begin} data-set="narrow">{frames}</script>'
    made = frame_files.without_frames(body, lambda found: frame_files.keep_frames(tmp_path, found))
    holders = BeautifulSoup(made, "html.parser").find_all("script")
    assert all(not each.get_text() for each in holders) and holders[1]["data-set"] == "narrow"
    [path] = (tmp_path / "_static/frames").iterdir()
    assert holders[0]["data-src"] == f"_static/frames/{path.name}" and path.stem == holders[0]["data-name"]
    assert path.read_text().split("] = ", 1)[1] == frames + ";\n"
    assert frame_files.without_frames(made, None) == made  # nothing is left to move


def test_files_that_no_page_names_go(tmp_path):
    (tmp_path / "_static/frames").mkdir(parents=True)
    for name in ("kept", "old"):
        (tmp_path / f"_static/frames/{name}.js").write_text("")
    (tmp_path / "page.html").write_text('<script data-src="_static/frames/kept.js"></script>')
    frame_files.prune(SimpleNamespace(outdir=tmp_path), None)
    assert [path.stem for path in (tmp_path / "_static/frames").iterdir()] == ["kept"]


SVG = '<?xml version="1.0"?>\n<svg width="72pt" height="36.2pt" viewBox="0 0 72 36">'


@pytest.mark.parametrize(("picture", "size"), [
    ('<img alt="a" src="../_images/a.svg" />', ' width="96" height="48"'),
    ('<source srcset="../_images/a.svg">', ' width="96" height="48"'),
    ('<img src="data:image/svg+xml,%3Csvg width=%2272pt%22 height=%2236pt%22%3E" alt="b">', ' width="96" height="48"'),
    ('<img src="../_images/a.svg" width="10">', ""), ('<img src="../_images/a.png">', ""),
])  # fmt: skip
def test_drawings_say_how_large_they_are(picture, size):
    made = picture_sizes.sized(picture, {"../_images/a.svg": SVG}.get)
    assert made.replace(size, "", 1) == picture and (size in made)


def test_a_drawing_without_a_size_gets_none():
    assert picture_sizes.size_of('<svg viewBox="0 0 64 64">') is None and picture_sizes.size_of("no drawing") is None


@pytest.mark.parametrize(("tex", "em"), [  # as MathJax set them in the book, in the size of the letters around
    ("D = 6", 3.05), ("-2", 1.47), (r"\tfrac{8}{3} D", 1.62), (r"\lVert M \rVert_2 = \sigma_1", 5.54)])  # fmt: skip
def test_formulas_get_about_the_room_that_they_need(tex, em):
    assert abs(formula_space.width(tex) - em) < 0.35


def test_a_formula_that_cannot_be_read_gets_the_room_of_its_letters():
    assert 1 < formula_space.width(r"\unknown{a}{b}{c}") < 4
    heights = [formula_space.height(tex) for tex in ("a", r"\frac{a}{b}", r"a \\ b \\ \frac ab")]
    assert heights == sorted(heights) and len(set(heights)) == 3


def test_each_formula_of_a_page_says_how_much_room_it_needs():
    body = (r'<span class="math notranslate nohighlight">\(a &lt; b\)</span><div class="math notranslate nohighlight" '
            r'id="eq"><span class="eqno">(1)</span>\[a \\ b\]</div>')  # fmt: skip
    page = BeautifulSoup(formula_space.with_space(body), "html.parser")
    assert page.span["style"] == f"--wide: {formula_space.width('a < b'):.2f}em"
    assert page.div["style"].startswith("--high: 3") and page.div["id"] == "eq" and page.select_one(".eqno")


def test_each_folded_cell_has_its_own_name():
    cell = '<summary aria-label="Toggle hidden content">\n<p class="collapsed admonition-title">Imports</p></summary>'
    made = accessible_theme.name_the_folds(cell * 2)
    assert [each["aria-label"] for each in BeautifulSoup(made, "html.parser").find_all("summary")] == [
        "Imports, folded code 1", "Imports, folded code 2"]  # fmt: skip


def test_a_page_has_its_policy_once_and_before_what_it_loads():
    page = lean_pages.guarded(lean_pages.guarded('<head><meta charset="utf-8"><script src="a.js"></script></head>'))
    assert page.count("Content-Security-Policy") == 1 and page.index("Policy") < page.index("a.js")


def test_headers_and_slides_have_the_policy_of_the_pages():
    header = f"Content-Security-Policy: {lean_pages.POLICY}; frame-ancestors"
    assert header in (ROOT / "book/setup.md").read_text("utf-8")
    assert deck.POLICY == lean_pages.POLICY


def test_letters_of_icons_go_and_other_rules_stay(tmp_path):
    kept = "a{color:red}.fa-lg{font-size:2em}@font-face{font-family:Literata;src:url(l.woff2)}"
    gone = "@font-face{font-family:Font Awesome\\ 6 Free}" + '.fa-x:before,.fa-y::before{content:"\\f00d"}'
    for folder in ("styles", "vendor/fontawesome/webfonts", "mathjax"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "styles/theme.css").write_text(kept + gone)
    lean_pages.prune(tmp_path)
    assert (tmp_path / "styles/theme.css").read_text() == kept and not (tmp_path / "vendor/fontawesome").exists()
