"""Figures of the built pages: on a screen 390 pixels wide no letter has fewer than ten, and the twin that has."""

import json

import pytest
from explorer_page import write_page
from figure_checks import letter_sizes, small_letters
from serve import serve

WAYS = {"wide": (1280, "light", "none"), "narrow": (390, "light", "none"), "dark": (1280, "dark", "none"),
        "narrow-dark": (390, "dark", "none"), "forced": (1280, "dark", "active")}
DRAWINGS = {"wide": "drawn-wide drawn-light", "narrow": "drawn-narrow drawn-light", "dark": "drawn-wide drawn-dark",
            "narrow-dark": "drawn-narrow drawn-dark"}
LOOK = """() => [...document.querySelectorAll("img[alt]")].filter((image) => image.offsetWidth).map((image) => {
  const style = getComputedStyle(image);
  return [image.alt, style.filter !== "none", style.backgroundColor];
})"""


def of_pages(folder):
    """The pages of the last build that hold a figure."""
    names = json.loads((folder.parent / "page-times.json").read_text())
    return [name for name in names if ".svg" in (folder / f"{name}.html").read_text(encoding="utf-8")]


@pytest.fixture
def narrow_tab(chromium):
    """A tab that is 390 pixels wide; the pages' policy does not let a test fetch a drawing that stands in the page."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, bypass_csp=True)
    yield context.new_page()
    context.close()


def test_letters_have_ten_pixels_on_a_narrow_screen(built_book, site, narrow_tab):
    """Every third page with figures; a page does not differ from the others in how its figures are drawn."""
    problems = {}
    for name in of_pages(built_book)[::3]:
        narrow_tab.goto(f"{site}/{name}.html")
        problems[name] = small_letters(narrow_tab)
    assert problems and not {name: found for name, found in problems.items() if found}


def test_small_letters_are_reported():
    """The twin: 10.5 points have as many pixels where a point has one, and half as many where it has half."""
    svg = '<svg viewBox="0 0 {} 100"><g style="fill: #000" transform="translate(1 2) scale(0.105 -0.105)"></g></svg>'
    assert letter_sizes(svg.format("336"), 336) == pytest.approx([10.5])
    assert letter_sizes(svg.format("672"), 336) == pytest.approx([5.25])
    assert letter_sizes("<svg></svg>", 336) == []


def four_drawings(folder):
    """A page with the four drawings of one figure, named by their alt."""
    write_page(folder)
    images = "".join(f'<img class="{classes}" alt="{name}" src="a.svg" width="90" height="60">'
                     for name, classes in DRAWINGS.items())
    page = (folder / "page.html").read_text(encoding="utf-8")
    (folder / "page.html").write_text(page.replace("<h1>Lines</h1>", f"<h1>Lines</h1><figure>{images}</figure>"))
    (folder / "a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="90pt" height="60pt"></svg>')


@pytest.mark.parametrize("way", WAYS)
def test_one_drawing_is_shown_and_a_drawn_one_is_not_turned(tmp_path, chromium, way):
    four_drawings(tmp_path)
    width, scheme, forced = WAYS[way]
    context = chromium.new_context(viewport={"width": width, "height": 800}, forced_colors=forced)
    page = context.new_page()
    with serve(tmp_path) as address:
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}/page.html")
        page.evaluate(f"document.documentElement.dataset.theme = '{scheme}'")
        shown = [each for each in page.evaluate(LOOK) if each[0] in DRAWINGS]
    context.close()
    expected = "wide" if way == "forced" else way
    assert [name for name, *_ in shown] == [expected]
    assert not shown[0][1], "neither what is drawn for the dark nor anything in forced colors is turned"
    assert (shown[0][2] == "rgb(255, 255, 255)") == (way == "forced"), "a white card"
