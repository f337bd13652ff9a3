"""Draw the map of the book as SVG: a box for each page, which is a link, and arrows to what needs it.

Pure functions from items and links to text. Colors are those of the page (book/_static/llmbook.css), so that the map is
light or dark with it. The pages that open the book have a sign each; a box that needs one of them carries its sign.
"""

import textwrap
from dataclasses import dataclass
from html import escape

SIGNS = ("circle", "square")  # of the pages that open the book, in order
WIDTH, GAP, SPACE = 152, 38, 26  # of a column, between columns, between the boxes of a column
LETTER, LINE = 7.2, 14  # a letter of 12 px takes at most about so much; from line to line
MARGIN = 6


@dataclass(frozen=True)
class Item:
    """A page to draw.

    Args:
        page: its name.
        title: as it stands in the box.
        times: the last line in the box.
        href: where the box leads.
        spoken: what a screen reader says of the link; begins with the title.
        signs: {number of an opening page: "core", or "deeper" if only the deeper part needs it}.
        opens: its number if it opens the book.
        on_tour: whether it is on the short way.
        heads: whether it stands at the head of a column.
    """

    page: str
    title: str
    times: str
    href: str
    spoken: str
    signs: tuple = ()
    opens: int | None = None
    on_tour: bool = False
    heads: bool = False


@dataclass(frozen=True)
class Box:
    """An item in its place: left, top, width and height in px, and its title in lines."""

    item: Item
    x: float
    y: float
    width: float
    lines: tuple

    @property
    def height(self):
        """For the lines of its title and that of its times."""
        return LINE * (len(self.lines) + 1) + 14

    @property
    def middle(self):
        """Height of its middle."""
        return self.y + self.height / 2


def box(item, x, y, width=WIDTH):
    """A box whose title is broken into lines that fit."""
    return Box(item, x, y, width, tuple(textwrap.wrap(item.title, int((width - 14) / LETTER), break_long_words=False)))


def column(items, x, y, width=WIDTH):
    """Boxes below each other."""
    boxes = []
    for item in items:
        boxes.append(box(item, x, y, width))
        y += boxes[-1].height + SPACE * (not item.heads)
    return boxes


def draw_book(opening, chapters, links, name):
    """The whole map: the pages that open the book above a column for each chapter.

    Args:
        opening: items.
        chapters: lists of items, the first of each the chapter itself.
        links: {page: {page that it needs: "core" or "deeper"}}.
        name: what a screen reader calls the drawing.
    """
    step = WIDTH + GAP
    start = MARGIN + (len(chapters) - len(opening)) * step / 2
    boxes = [box(item, start + step * place, MARGIN) for place, item in enumerate(opening)]
    top = max([each.y + each.height for each in boxes], default=0) + SPACE
    for place, items in enumerate(chapters):
        boxes += column(items, MARGIN + GAP / 2 + step * place, top)
    return svg(boxes, links, name, width=len(chapters) * step - GAP / 2 + 2 * MARGIN)


def draw_chapter(pages, outside, links, name):
    """The map of a chapter: its pages in a column, and beside it, on the left, what they need from elsewhere."""
    inside = column(pages, MARGIN + 158, MARGIN, width=166)
    below, others = MARGIN, []
    for item in outside:
        readers = [each.y for each in inside if item.page in links.get(each.item.page, {})]
        others.append(box(item, MARGIN, max([below, *readers[:1]]), width=118))
        below = others[-1].y + others[-1].height + 14
    return svg([*others, *inside], links, name, width=2 * MARGIN + 158 + 166 + 24, arcs="right")


def svg(boxes, links, name, width, arcs="left"):
    """The drawing of boxes in their places."""
    height = max([each.y + each.height for each in boxes], default=0) + MARGIN
    by_page = {each.item.page: each for each in boxes}
    arrows = [arrow(by_page[there], each, part, arcs) for each in boxes
              for there, part in links.get(each.item.page, {}).items()
              if there in by_page and by_page[there].item.opens is None]  # fmt: skip
    head = ('<marker id="map-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0.5 L8 4 L0 7.5 z"/></marker>')  # fmt: skip
    return (f'<svg class="book-map" viewBox="0 0 {width:g} {height:g}" width="{width:g}" role="group" '
            f'aria-label="{escape(name)}"><defs>{head}</defs><g aria-hidden="true">{"".join(arrows)}</g>'
            f'{"".join(map(drawn, boxes))}</svg>')  # fmt: skip


def arrow(start, end, part, arcs):
    """The arrow from a box that is needed to the box that needs it."""
    between = end.y - start.y - start.height
    if start.x == end.x and 0 < between <= SPACE:
        x = start.x + start.width / 2
        line = f"M{x:g} {start.y + start.height:g} V{end.y:g}"
    elif start.x == end.x:
        right = arcs == "right"
        x = start.x + start.width * right
        out = x + min(8 + abs(between) / 16, 32) * (1 if right else -1)  # a longer one stands further out
        line = f"M{x:g} {start.middle:g} C{out:g} {start.middle:g} {out:g} {end.middle:g} {x:g} {end.middle:g}"
    else:
        forward = start.x < end.x
        x, to = start.x + start.width * forward, end.x + end.width * (not forward)
        half = (x + to) / 2
        line = f"M{x:g} {start.middle:g} C{half:g} {start.middle:g} {half:g} {end.middle:g} {to:g} {end.middle:g}"
    ends = f'data-from="{escape(start.item.page)}" data-to="{escape(end.item.page)}"'
    return f'<path class="map-arrow map-{part}" {ends} d="{line}" marker-end="url(#map-head)"/>'


def drawn(box):
    """A box: a link with a frame, the lines of its title, its times and the signs of what it needs."""
    item, x = box.item, box.x + 7
    kinds = {"map-tour": item.on_tour, "map-opening": item.opens is not None, "map-head": item.heads}
    classes = " ".join(["map-box", *(name for name, holds in kinds.items() if holds)])
    frame = f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="6"/>'
    lines = [f'<text x="{x:g}" y="{box.y + 16 + LINE * place:g}">{escape(line)}</text>'
             for place, line in enumerate(box.lines)]  # fmt: skip
    bottom = box.y + 16 + LINE * len(box.lines)
    times = f'<text class="map-times" x="{x:g}" y="{bottom:g}">{escape(item.times)}</text>'
    own = () if item.opens is None else ((item.opens, "core"),)
    signs = [sign(number, part, box.x + box.width - 10 - 13 * place, bottom - 4)
             for place, (number, part) in enumerate(reversed(item.signs or own))]  # fmt: skip
    link = f'<a class="{classes}" href="{escape(item.href)}" aria-label="{escape(item.spoken)}">'
    return f"{link}{frame}{''.join(lines)}{times}{''.join(signs)}</a>"


def sign(number, part, x, y):
    """The sign of an opening page, hollow if only the deeper part needs it."""
    words = f'class="map-sign map-{part}" data-opening="{number}"'
    if SIGNS[number % len(SIGNS)] == "circle":
        return f'<circle {words} cx="{x:g}" cy="{y:g}" r="4"/>'
    return f'<rect {words} x="{x - 4:g}" y="{y - 4:g}" width="8" height="8"/>'
