"""The map, read back from its SVG: boxes in which their words fit, arrows from one box to another, links with names."""

import re
import sys
from xml.etree import ElementTree

import pytest
from book_build import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from map_drawing import Item, draw_book, draw_chapter


def item(page, title=None, **more):
    """A page to draw."""
    title = title or f"The page {page}"
    return Item(page, title, "20 / 40 min", f"{page}.html", f"{title}. 20 min core.", **more)


OPENING = [item("start", opens=0, on_tour=True), item("read", opens=1)]
LONG = "A title that is longer than a line of its box"
ONE = [item("one", heads=True), item("a", LONG, signs=((0, "core"), (1, "deeper"))), item("b", on_tour=True), item("c")]
TWO = [item("two", heads=True), item("x"), item("y", "Wörter & <zeichen>")]
LINKS = {"a": {"start": "core"}, "b": {"a": "core"}, "y": {"x": "deeper"}}
LINKS["c"] = {"a": "deeper", "b": "core", "y": "core"}
BOOK = draw_book(OPENING, [ONE, TWO], LINKS, "Map of the book")
CHAPTER = draw_chapter(ONE[1:], [OPENING[0], TWO[2]], LINKS, "Map of the chapter")
BOTH = pytest.mark.parametrize("drawing", [BOOK, CHAPTER], ids=["book", "chapter"])


def frames(drawing):
    """{page: (left, top, right, bottom)} of the boxes."""
    found = {}
    for link in ElementTree.fromstring(drawing).iter("a"):
        x, y, width, height = (float(link.find("rect").get(name)) for name in ("x", "y", "width", "height"))
        found[link.get("href").removesuffix(".html")] = (x, y, x + width, y + height)
    return found


def arrows(drawing):
    """{(from, to): (its kind, its first point, its last)} of the arrows."""
    found = {}
    for path in ElementTree.fromstring(drawing).iter("path"):
        if path.get("data-from"):
            numbers = [float(number) for number in re.findall(r"-?[\d.]+", path.get("d"))]
            last = (numbers[0], numbers[-1]) if "V" in path.get("d") else tuple(numbers[-2:])
            kind = path.get("class").rpartition("map-")[2]
            found[path.get("data-from"), path.get("data-to")] = (kind, tuple(numbers[:2]), last)
    return found


def on_edge(point, frame):
    """Whether a point is on the edge of a frame."""
    (x, y), (left, top, right, bottom) = point, frame
    return (x in (left, right) and top <= y <= bottom) or (y in (top, bottom) and left <= x <= right)


def misplaced(drawing):
    """Boxes that lie over each other or outside, words outside their box, arrows that do not end at their boxes."""
    root, found, places = ElementTree.fromstring(drawing), [], frames(drawing)
    _, _, width, height = map(float, root.get("viewBox").split())
    for page, (left, top, right, bottom) in places.items():
        if left < 0 or top < 0 or right > width or bottom > height:
            found.append(f"{page} is outside")
        found += [f"{page} over {other}" for other, (x, y, to, below) in places.items()
                  if page < other and left < to and x < right and top < below and y < bottom]  # fmt: skip
    for link in root.iter("a"):
        left, top, right, bottom = places[link.get("href").removesuffix(".html")]
        for text in link.iter("text"):
            x, y = float(text.get("x")), float(text.get("y"))
            if x + 6.5 * len(text.text) > right or not top + 10 < y < bottom - 3:
                found.append(f"{text.text!r} leaves its box")
    for (start, end), (_, first, last) in arrows(drawing).items():
        if not on_edge(first, places[start]) or not on_edge(last, places[end]):
            found.append(f"the arrow from {start} to {end}")
    return found


@BOTH
def test_everything_has_its_place(drawing):
    assert misplaced(drawing) == []


def test_the_book_has_every_page_and_every_need():
    assert list(frames(BOOK)) == ["start", "read", "one", "a", "b", "c", "two", "x", "y"]
    assert {ends: kind for ends, (kind, *_) in arrows(BOOK).items()} == {
        ("a", "b"): "core", ("a", "c"): "deeper", ("b", "c"): "core", ("y", "c"): "core", ("x", "y"): "deeper",
    }  # fmt: skip


def test_the_chapter_has_its_part():
    """What it needs from elsewhere stands on the left; the pages that open the book have signs instead of arrows."""
    assert set(frames(CHAPTER)) == {"start", "a", "b", "c", "y"}
    assert max(frames(CHAPTER)[page][2] for page in ("start", "y")) < frames(CHAPTER)["a"][0]
    assert arrows(CHAPTER).keys() == {("a", "b"), ("a", "c"), ("b", "c"), ("y", "c")}
    assert float(ElementTree.fromstring(CHAPTER).get("width")) <= 360  # as wide as a telephone


@BOTH
def test_boxes_are_links_with_names(drawing):
    """The name that is spoken begins with the words that stand there; arrows are not spoken."""
    root = ElementTree.fromstring(drawing)
    assert root.get("aria-label").startswith("Map of the") and root.find("g").get("aria-hidden") == "true"
    for link in root.iter("a"):
        *title, times = [text.text for text in link.iter("text")]
        assert link.get("aria-label").startswith(" ".join(title)) and times == "20 / 40 min"


def test_signs_say_which_opening_page_is_needed():
    """A circle and a square, hollow where only the deeper part needs the page; each opening page has its own."""
    signs = {}
    for link in ElementTree.fromstring(BOOK).iter("a"):
        found = [(each.tag, each.get("data-opening"), each.get("class")) for each in link if each.get("data-opening")]
        signs[link.get("href")] = sorted(found)
    full, hollow = "map-sign map-core", "map-sign map-deeper"
    assert signs["a.html"] == [("circle", "0", full), ("rect", "1", hollow)]
    assert signs["start.html"] == [("circle", "0", full)] and signs["read.html"] == [("rect", "1", full)]
    assert signs["b.html"] == []


def test_the_tour_is_marked():
    links = ElementTree.fromstring(BOOK).iter("a")
    assert [link.get("href") for link in links if "map-tour" in link.get("class")] == ["start.html", "b.html"]


@pytest.mark.parametrize(("spoil", "said"), [
    (lambda text: text.replace("The page b", "The page b with a long name"), "leaves its box"),
    (lambda text: text.replace(' V', ' V1'), "the arrow from"),
    (lambda text: re.sub(r'rect x="[\d.]+" y="[\d.]+"', 'rect x="9" y="9"', text), " over "),
    (lambda text: re.sub(r'viewBox="0 0 \d+', 'viewBox="0 0 90', text), "is outside"),
])  # fmt: skip
def test_a_bad_drawing_is_seen(spoil, said):
    assert said in " ".join(misplaced(spoil(BOOK)))
