"""Explorers on the built pages: every control moves by keyboard, and the frame and its description follow."""

import pytest
from explorer_page import draw_line, move_everything, write_page
from serve import serve

from llmbook.widgets import Prediction

MOST_BYTES = 1_500_000


@pytest.fixture
def open_page(chromium):
    """Opens an address in a browser context with the given settings."""
    contexts = []

    def open_at(address, **settings):
        contexts.append(chromium.new_context(**settings))
        page = contexts[-1].new_page()
        page.goto(address)
        return page

    yield open_at
    for context in contexts:
        context.close()


@pytest.fixture
def small(tmp_path, open_page):
    """Opens the small page; arguments for the page by keyword, settings of the browser as a dict."""
    with serve(tmp_path) as address:
        def open_small(settings=None, **options):
            write_page(tmp_path, **options)
            return open_page(f"{address}/page.html", **(settings or {}))

        yield open_small


def pages_with_explorers(folder):
    """Paths of the built pages that carry an explorer."""
    return [path for path in sorted(folder.rglob("*.html")) if '<figure class="explorer"' in path.read_text("utf-8")]


def test_every_control_of_every_page_moves_its_figure(built_book, site, tab):
    """A reader with a keyboard moves each control one step: picture, description and value follow; Reset returns."""
    paths = pages_with_explorers(built_book)
    problems = []
    for path in paths:
        name = path.relative_to(built_book).as_posix()
        tab.goto(f"{site}/{name}")
        problems += [f"{name} {problem}" for problem in move_everything(tab)]
    assert paths, "no page of the book has an explorer"
    assert not problems, "\n".join(problems)


def test_pages_with_explorers_stay_light(built_book):
    """No page carries more than 1.5 MB of HTML."""
    heavy = {path.name: path.stat().st_size for path in pages_with_explorers(built_book)}
    assert not {name: size for name, size in heavy.items() if size > MOST_BYTES}


def test_the_small_page_works(small):
    """The page that the twins below break is in order."""
    page = small()
    assert move_everything(page) == []
    page.get_by_label("Slope").press("Home")
    page.get_by_label("Kind").select_option("curve")
    assert page.locator(".explorer-sentence").inner_text() == "The curve rises by 1 in its first step."


def test_a_page_without_the_script_is_reported(small):
    """Twin: the controls stay hidden."""
    problems = move_everything(small(script=False))
    assert len(problems) == 2 and all("cannot be seen" in problem for problem in problems)


def test_equal_frames_are_reported(small):
    """Twin: pictures that do not depend on the controls."""
    first = {"slope": 1, "kind": "line"}
    problems = move_everything(small(draw=lambda **values: (draw_line(**first)[0], draw_line(**values)[1])))
    assert any("the picture does not change" in problem for problem in problems)
    assert not any("sentence does not change" in problem for problem in problems)


def test_equal_sentences_are_reported(small):
    """Twin: a description that fits every frame describes none."""
    problems = move_everything(small(draw=lambda **values: (draw_line(**values)[0], "A line.")))
    assert any("the sentence does not change" in problem for problem in problems)


def test_without_scripts_the_first_frame_and_its_sentence_stand(small):
    """What is left in a browser that runs no scripts."""
    page = small({"java_script_enabled": False})
    assert page.get_by_role("img", name="The line rises by 3 in its first step.").is_visible()
    assert page.locator(".explorer-sentence").is_visible()
    assert not page.locator(".explorer-controls").is_visible()


ASKED = Prediction("How far does it rise?", {"By 3": "Then the slope is the step.", "By 1": "Then it is not."})


def test_a_figure_that_asks_first_opens_with_an_answer(small):
    """By keyboard; what each answer would have meant is told, of one after the other."""
    page = small(predict=ASKED)
    for hidden in ("img.explorer-frame", ".explorer-meaning >> nth=0"):
        assert not page.locator(hidden).is_visible()
    assert move_everything(page) == []
    page.get_by_role("button", name="By 1").press("Space")
    assert page.locator(".explorer-told").inner_text() == "Then it is not."
    assert not page.get_by_role("button", name="Just show me").is_visible()


def test_a_question_can_be_skipped(small):
    page = small(predict=ASKED)
    page.get_by_role("button", name="Just show me").press("Enter")
    assert page.locator("img.explorer-frame").is_visible() and not page.locator(".explorer-told").is_visible()


def test_a_question_that_does_not_open_is_reported(small):
    """Twin: a figure that stands open before the answer."""
    page = small(predict=ASKED)
    page.evaluate("document.querySelector('.explorer').classList.remove('is-asking')")
    assert any("does not open" in problem for problem in move_everything(page))


@pytest.mark.parametrize("settings", [{"java_script_enabled": False}, None])
def test_without_scripts_and_in_print_a_question_stands_open(small, settings):
    page = small(settings, predict=ASKED)
    page.emulate_media(media="print")
    for part in ("img.explorer-frame", ".explorer-sentence", ".explorer-question", ".explorer-meaning >> nth=1"):
        assert page.locator(part).is_visible(), part
    assert not page.locator(".explorer-skip").is_visible()


def test_few_values_stand_side_by_side(small):
    page = small(slopes=(1, 3))
    assert page.locator("input[type=range]").count() == 0 and page.locator("input[type=radio]").count() == 2
    assert move_everything(page) == []
    page.get_by_label("1", exact=True).check()
    assert page.locator(".explorer-sentence").inner_text() == "The line rises by 1 in its first step."


def test_in_print_the_controls_leave_and_the_frame_stays(small):
    """Print: the frame that is shown, its sentence and its caption."""
    page = small()
    assert page.locator(".explorer-controls").is_visible()
    page.emulate_media(media="print")
    assert not page.locator(".explorer-controls").is_visible()
    assert page.locator("img.explorer-frame").is_visible() and page.locator("figcaption").is_visible()


def test_an_explorer_fits_a_narrow_screen(small):
    """Nothing scrolls sideways at 320 px."""
    page = small({"viewport": {"width": 320, "height": 700}})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_dark_page_turns_the_figure_and_paper_does_not(small):
    """The dark page inverts the picture; a print of the same page shows it as it was drawn, on white."""
    page = small()
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    turned = page.locator("img.explorer-frame").evaluate("(image) => getComputedStyle(image).filter")
    page.emulate_media(media="print")
    printed = page.locator("img.explorer-frame").evaluate("(image) => getComputedStyle(image).filter")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert turned == "invert(1) hue-rotate(180deg) brightness(1.2)"  # test_style.py computes with these numbers
    assert printed == "none" and paper == "rgb(255, 255, 255)"
