"""Draw the parts of a model as SVG, each a link to the page that builds it. Pure functions from parts to text.

From the top down, as a text goes through: the line at the left is the residual stream, a frame holds what is there many
times. A bar under a part says which share of all numbers it has. Colors and letters are those of front.css.
"""

import textwrap
from dataclasses import dataclass
from html import escape
from itertools import pairwise

TITLE, LINE, PAD, GAP = 19, 17, 9, 12  # heights: of a title, of a line below it; within a box, between boxes
LETTER, BOLD = 7.3, 8.6  # letters of 13 and of 14.5 px take at most about so much
TAG = 40  # room for the number of a page
STREAM, INSET, EDGE = 9, 26, 8  # from the left: the stream, boxes; the frame stands out by so much
HEADING = 22  # the line at the head of a frame
WIDE, NARROW = 688, 330
SIDE = 236  # width of what stands beside the model


@dataclass(frozen=True)
class Part:
    """A part to draw.

    Args:
        title: what it is.
        detail: a few words more.
        href: where it is built; "" for a part that stands there a second time and is no link.
        number: of that page, "4.4"; may be empty.
        page: title of that page, for a screen reader.
        share: which part of all numbers it has, 0 for none to speak of.
        added: whether what it makes is added to the stream; the first one begins it.
    """

    title: str
    detail: str = ""
    href: str = ""
    number: str = ""
    page: str = ""
    share: float = 0.0
    added: bool = False


@dataclass(frozen=True)
class Frame:
    """Parts that a model has many times, under a heading."""

    heading: str
    parts: tuple


@dataclass(frozen=True)
class Box:
    """A part in its place."""

    part: Part
    x: float
    y: float
    width: float

    @property
    def titles(self):
        """The title in lines that fit beside the number."""
        return textwrap.wrap(self.part.title, int((self.width - 2 * PAD - TAG) / BOLD))

    @property
    def lines(self):
        """What stands below it."""
        return textwrap.wrap(self.part.detail, int((self.width - 2 * PAD) / LETTER))

    @property
    def height(self):
        """For both, and for the bar."""
        return TITLE * len(self.titles) + LINE * len(self.lines) + 2 * PAD - 3 + 7 * bool(self.part.share)

    @property
    def end(self):
        """Its lower edge."""
        return self.y + self.height

    @property
    def middle(self):
        """Height of its middle."""
        return self.y + self.height / 2


def stack(rows, width):
    """(boxes, frames as (heading, top, bottom)) of parts and frames below each other, `width` for all."""
    boxes, frames, y = [], [], 4
    for row in rows:
        within = row.parts if isinstance(row, Frame) else (row,)
        top, y = y, y + HEADING * isinstance(row, Frame)
        for part in within:
            boxes.append(Box(part, INSET, y, width - INSET - EDGE))
            y = boxes[-1].end + GAP
        if isinstance(row, Frame):
            frames.append((row.heading, top - 2, y - GAP + EDGE))
            y += EDGE + 4
    return boxes, frames


def draw_parts(rows, around, name, wide):
    """The model, and around it what the book does with it: beside it, or below it on a narrow screen.

    Args:
        rows: parts and frames, from the top down.
        around: (part, title of the part of the model that it leads to).
        name: what a screen reader calls the drawing.
        wide: which of the two drawings.
    """
    width = WIDE - SIDE - 44 if wide else NARROW
    boxes, frames = stack(rows, width)
    targets = {box.part.title: box for box in boxes}
    others, wires, below = [], [], (4 if wide else boxes[-1].end + 2 * GAP)
    for part, target in around:
        place = Box(part, WIDE - SIDE, below, SIDE - 1) if wide else Box(part, 1, below, NARROW - 2)
        if wide:
            place = Box(part, place.x, max(below, targets[target].middle - place.height / 2), place.width)
            wires.append(wire(targets[target], place))
        others.append(place)
        below = place.end + GAP
    height = max(boxes[-1].end, below - GAP) + 4
    inside = [*(framed(frame, width) for frame in frames), stream(boxes), *wires, *map(drawn, [*boxes, *others])]
    return (f'<svg class="book-parts parts-{"wide" if wide else "narrow"}" viewBox="0 0 {WIDE if wide else NARROW} '
            f'{height:g}" width="{WIDE if wide else NARROW}" role="group" aria-label="{escape(name)}">'
            f'{"".join(inside)}</svg>')  # fmt: skip


def stream(boxes):
    """The line that parts read from and write to: an arm where one reads, a plus where what was made is added.

    It begins where the first part writes, without a plus, and ends where the last one reads.
    """
    writes = [box for box in boxes if box.part.added]
    reads = [box for before, box in pairwise(boxes) if before.part.added]
    line = "".join(f'<path class="parts-stream" d="M{STREAM} {first.end - 6:g} V{last.middle:g}"/>'
                   for first, last in zip(writes[:1], reads[-1:], strict=False))  # fmt: skip
    arms = "".join(f'<path class="parts-arm" d="M{STREAM} {y:g} H{box.x:g}"/>'
                   for box, y in [*((box, box.end - 6) for box in writes[:1]), *((box, box.middle) for box in reads)])
    follow = "".join(f'<path class="parts-arm" d="M{box.x + 24:g} {box.end:g} V{after.y:g}"/>'
                     for box, after in pairwise(boxes) if not box.part.added)  # fmt: skip
    marks = "".join(plus(box.x, box.end - 6) for box in writes[1:])
    return f'<g aria-hidden="true">{line}{arms}{follow}{marks}</g>'


def plus(x, y):
    """The place where something is added to the stream, and the arm that brings it."""
    return (f'<path class="parts-arm" d="M{STREAM} {y:g} H{x:g}"/><g class="parts-plus"><circle cx="{STREAM}" '
            f'cy="{y:g}" r="7"/><path d="M{STREAM - 4} {y:g} h8 M{STREAM} {y - 4:g} v8"/></g>')  # fmt: skip


def framed(frame, width):
    """The frame around parts that are there many times."""
    heading, top, bottom = frame
    return (f'<rect class="parts-frame" x="{INSET - EDGE}" y="{top:g}" width="{width - INSET + EDGE - 1}" '
            f'height="{bottom - top:g}" rx="8"/><text class="parts-heading" x="{INSET}" y="{top + 17:g}">'
            f"{escape(heading)}</text>")  # fmt: skip


def wire(box, other):
    """From a part of the model to what stands beside it."""
    start, end = box.x + box.width, other.x
    half = (start + end) / 2 + 4
    ends = f"M{start:g} {box.middle:g} C{half:g} {box.middle:g} {half:g} {other.middle:g} {end:g} {other.middle:g}"
    return f'<path class="parts-wire" aria-hidden="true" d="{ends}"/>'


def drawn(box):
    """A part: a frame, its words, the number of its page, its bar; a link if it leads somewhere."""
    part, x, inner = box.part, box.x + PAD, box.width - 2 * PAD
    rect = f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="6"/>'
    titles = [f'<text class="parts-title" x="{x:g}" y="{box.y + PAD + 12 + TITLE * place:g}">{escape(line)}</text>'
              for place, line in enumerate(box.titles)]  # fmt: skip
    first = box.y + PAD + 11 + TITLE * len(titles)
    lines = [f'<text x="{x:g}" y="{first + LINE * place:g}">{escape(line)}</text>'
             for place, line in enumerate(box.lines)]  # fmt: skip
    number = (f'<text class="parts-number" text-anchor="end" x="{x + inner:g}" y="{box.y + PAD + 12:g}">'
              f"{escape(part.number)}</text>") * bool(part.number)  # fmt: skip
    bar = (f'<rect class="parts-bar" x="{x:g}" y="{box.end - 9:g}" width="{max(2, inner * part.share):g}" '
           'height="4" rx="1"/>') * bool(part.share)  # fmt: skip
    words = "".join([rect, *titles, *lines, number, bar])
    if not part.href:
        return f'<g class="parts-again" aria-hidden="true">{words}</g>'
    spoken = f"{part.title}. {part.detail}. Built on page {part.number}: {part.page}".replace("..", ".")
    return f'<a class="parts-box" href="{escape(part.href)}" aria-label="{escape(spoken)}">{words}</a>'
