"""What is printed: a page shows no solution and no empty frame, and handouts hold the tasks alone."""

import sys

import pytest
from book_build import ROOT
from bs4 import BeautifulSoup
from serve import serve

sys.path.append(str(ROOT / "scripts" / "print"))
from built_pages import chapters, cleaned, read_page, words
from chromium import print_with
from handout import exercises, solutions
from paper import write_paper

CHAPTER = "4. Gemma"
EXERCISE = """<section><h1>Exercises</h1><section><h2>How to use</h2><p>Open it.</p></section>
<section><h2>Coins</h2><p>These belong to Coins.</p>
<div class="exercise admonition" id="ex-q"><p class="admonition-title">Exercise 1 (question)</p>
<section><p><strong>A coin.</strong> What follows?</p><div class="choices">
<details class="choice choice-wrong"><summary>It is loaded.</summary><p>No, too few.</p></details>
<details class="choice choice-right"><summary>Little.</summary><p>Yes, three is few.</p></details></div>
<details class="sd-dropdown"><summary>A hint</summary><p>Count them.</p></details>
<div class="cell"><div class="cell_input"><pre>def toss</pre></div></div>
<div class="cell"><pre>check("ex-q")</pre><div class="check-report">not attempted yet</div></div>
<div class="cell"><pre>check("ex-q", toss)</pre></div></section></div>
<div class="solution dropdown admonition"><p class="admonition-title">Solution</p><section><p>The rest of it.</p>
<div class="cell"><pre>check("ex-q")</pre><div class="check-report">PASS</div></div></section></div>
</section></section>"""
SEEN = """() => {
  const seen = (parts) => [...document.querySelectorAll(parts)].filter((part) => part.checkVisibility());
  const empty = (part) => !part.innerText.trim() && !part.querySelector('img, svg, canvas, table');
  const frames = seen('.bd-article :is(.cell, .cell_input, .cell_output, .highlight, pre, .admonition, figure)');
  const inside = (part) => getComputedStyle(part).breakInside;
  return {
    solutions: seen('.bd-article div.solution').length,
    reveals: seen('.bd-article details.choice:not([open]) > :not(summary)').length,
    hints: seen('.bd-article details.sd-dropdown:not([open])').length,
    controls: seen('.explorer-controls, .copybtn, .toggle-button').length,
    empty: frames.filter(empty).length,
    torn: seen('.bd-article .cell_input:has(pre)').filter((part) => inside(part) !== 'avoid').length,
    frames: seen('figure.explorer .explorer-frame').length,
    explorers: document.querySelectorAll('figure.explorer').length,
    pictures: seen('figure.explorer .explorer-frame').filter((image) => !image.naturalWidth).length,
  };
}"""


def printed(page, address):
    """What a page shows on paper. The browser opens what it would open for printing."""
    page.goto(address, wait_until="load")
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    try:
        return page.evaluate(SEEN)
    finally:
        page.emulate_media(media="screen")


@pytest.mark.parametrize("name", [name for names in chapters().values() for name in (names[1], names[-1])])
def test_a_printed_page_shows_no_solution_and_no_empty_frame(name, site, tab):
    """A lesson and the exercises of every chapter: nothing folded opens, and figures stand as they begin."""
    found = printed(tab, f"{site}/{name}.html")
    assert found["frames"] == found["explorers"]
    assert not any(value for key, value in found.items() if key not in ("frames", "explorers")), found


def test_what_would_be_printed_wrong_is_seen(built_book, tmp_path, tab):
    """The twin: the same page without our style sheet for paper, and with the theme's opening of solutions."""
    for name in ("_static", "_images"):
        (tmp_path / name).symlink_to(built_book / name)
    html = (built_book / "chapters/gemma/exercises.html").read_text()
    assert "_static/print.css" in html
    bad = html.replace("_static/print.css", "_static/none.css").replace("</article>", "<pre></pre></article>")
    (tmp_path / "chapters/gemma").mkdir(parents=True)
    (tmp_path / "chapters/gemma/exercises.html").write_text(bad)
    with serve(tmp_path) as address:
        found = printed(tab, f"{address}/chapters/gemma/exercises.html")
    assert found["solutions"] and found["empty"] and found["torn"]


def article():
    return cleaned(BeautifulSoup(EXERCISE, "html.parser").section)


def test_a_handout_has_the_tasks_and_nothing_that_helps():
    """Choices become boxes to mark; hints, reveals, solutions and reports of checks are gone."""
    page = BeautifulSoup(exercises("chapters/gemma/exercises", article(), CHAPTER), "html.parser")
    said = words(page)
    for kept in ("4. Gemma: exercises", "Coins", "A coin.", "It is loaded.", "Little.", "def toss", "Why?"):
        assert kept in said
    for gone in ("How to use", "too few", "three is few", "hint", "Count", "attempted", "check(", "The rest"):
        assert gone not in said
    assert len(page.select(".choice-line")) == 2 and not page.select("details, .choice-right, .solution")


def test_the_solutions_apart_have_what_the_handout_leaves_out():
    """The twin: what each choice reveals, which is right, and the solution; no report."""
    page = BeautifulSoup(solutions("chapters/gemma/exercises", article(), CHAPTER), "html.parser")
    said = words(page)
    assert all(kept in said for kept in ("too few", "three is few", "The rest of it.", "A coin"))
    assert "PASS" not in said and words(page.select_one(".right")).startswith("Little.")
    assert [words(each.p) for each in page.select(".wrong")] == ["It is loaded."]


def test_every_exercise_is_on_paper(built_book):
    """All of them, in order, in both, and no solution's code among the tasks."""
    for names in chapters().values():
        name = next(name for name in names if name.endswith("/exercises"))
        page = read_page(name, built_book)
        numbers = [words(each) for each in page.select("div.exercise > .admonition-title")]
        for make in (exercises, solutions):
            made = BeautifulSoup(make(name, page, CHAPTER), "html.parser")
            titles = [words(each) for each in made.select("div.exercise > .admonition-title")]
            assert len(titles) == len(numbers) > 15
            assert all(title.startswith(number) for title, number in zip(titles, numbers, strict=True))
        assert "_solution(" not in exercises(name, page, CHAPTER)


def test_a_handout_is_printed(built_book, tmp_path, chromium):
    """One of them, as a PDF that is more than an empty sheet."""
    site = tmp_path / "html"
    site.mkdir()
    (site / "_static").symlink_to(built_book / "_static")
    body = exercises("chapters/gemma/exercises", article(), CHAPTER)
    texts = {"full": body, "bare": ""}
    pages = {tmp_path / f"{name}.pdf": write_paper(site, name, name, text) for name, text in texts.items()}
    full, bare = print_with(chromium, site, pages)
    assert full.read_bytes().startswith(b"%PDF-") and full.stat().st_size > 2 * bare.stat().st_size
