"""Each lesson begins with a picture, on its first two screens, and asks for a prediction before a figure opens."""

import math

from first_picture import TWO_SCREENS, asks_first, height_above

ERROR = 1.1
"""By how much the height that is added up may be above the true one."""
PAGE = '<article class="bd-article"><h1>A</h1>{}<figure><img src="a.svg"></figure></article>'


def lessons(folder):
    """Name to the text of each built lesson."""
    found = sorted((folder / "chapters").glob("*/[0-9]*.html"))
    return {f"{path.parent.name}/{path.stem}": path.read_text("utf-8") for path in found}


def late(pages):
    """The lessons whose first picture stands below the second screen, or that have none."""
    return {name for name, html in pages.items() if height_above(html) > ERROR * TWO_SCREENS}


def test_a_lesson_begins_with_a_picture(built_book):
    """On its first two screens of 1440 by 900."""
    pages = lessons(built_book)
    assert len(pages) >= 29 and late(pages) == set()


def test_a_picture_that_comes_late_or_never_is_seen():
    """The twin: a long page of text, of code, of rows; a picture that is folded; none. Little above it is fine."""
    long = {"text": "<p>word</p>" * 60, "code": "<pre>" + "x = 1\n" * 120, "rows": "<tr><td>1</td></tr>" * 60}
    pages = {name: PAGE.format(above) for name, above in long.items()}
    pages["none"] = '<article class="bd-article"><h1>A</h1></article>'
    pages["folded"] = pages["none"].replace("</h1>", "</h1><details><figure></figure></details>")
    assert late(pages) == pages.keys() and height_above(pages["none"]) == math.inf
    assert not late({"short": PAGE.format("<p>word</p>" * 5)})


def test_every_lesson_asks_for_a_prediction(built_book):
    """At least once, before a figure opens."""
    assert not [name for name, html in lessons(built_book).items() if not asks_first(html)]


def test_a_lesson_that_asks_nothing_is_seen():
    """The twin."""
    assert not asks_first(PAGE.format('<div class="explorer-controls"></div>'))
    assert asks_first(PAGE.format('<div class="explorer-ask" role="group"></div>'))
