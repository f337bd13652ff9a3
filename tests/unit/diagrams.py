"""An architecture drawing read back: which part stands where, what each wire joins, and which words are in the way.

``test_architecture.py`` and ``test_architecture_parts.py`` show that these readers see a wrong drawing.
"""

import itertools

from drawing import arrows, boxes, circles, curves, words
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyBboxPatch


def parts(ax):
    """Every box with the word in it: (word, color), from the bottom up, with the places."""
    said = {(word.x, word.y): word.text for word in words(ax)}
    found = [((said.get((each.x, each.y), "").partition("\n")[0], each.color), each) for each in boxes(ax)
             if (each.x, each.y) in said or each.color != "#868f9c"]
    return sorted(found, key=lambda part: (part[1].y, part[1].x))


def signs(ax):
    """The signs in the circles from the bottom up, by the strokes: upright is "+", slanted "x"."""
    strokes = [curve for curve in curves(ax) if len(curve.x) == 2]
    found = [(y, x, "+" if any(curve.x[0] == curve.x[1] == x and min(curve.y) < y < max(curve.y) for curve in strokes)
              else "x") for x, y, *_ in circles(ax)]
    return [(sign, x, y) for y, x, sign in sorted(found)]


def at(ax, point, stream):
    """What is at a point: the sign of a circle, the word in a box, "stream", or else "wire"."""
    for sign, x, y in signs(ax):
        if ((point[0] - x) ** 2 + (point[1] - y) ** 2) ** 0.5 < 0.16:
            return sign
    for (word, _), each in parts(ax):
        if abs(point[0] - each.x) <= each.width / 2 and abs(point[1] - each.y) <= each.height / 2 + 0.015:
            return word
    return "stream" if point[0] == stream else "wire"


def links(ax, stream=None):
    """What every wire joins, without the stream itself, and in which direction."""
    return [(at(ax, wire.start, stream), at(ax, wire.end, stream)) for wire in arrows(ax) if wire.width < 2]


def texts_with_places(figure):
    """Every text with its rectangle in pixels."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    texts = [*figure.texts, *(text for ax in figure.axes for text in ax.texts)]
    return [(text, text.get_window_extent(renderer)) for text in texts if text.get_text()]


def faults(figure):
    """Texts that overlap another text, leave the paper, or leave the box that they stand in."""
    shown, paper = texts_with_places(figure), figure.bbox
    found = [(a.get_text(), b.get_text()) for (a, first), (b, second) in itertools.combinations(shown, 2)
             if first.overlaps(second)]
    found += [text.get_text() for text, place in shown if paper.x0 > place.x0 or paper.x1 < place.x1
              or paper.y0 > place.y0 or paper.y1 < place.y1]
    boxes = [patch.get_window_extent() for ax in figure.axes for patch in ax.patches
             if isinstance(patch, FancyBboxPatch) and patch.get_zorder() > 0]
    found += [text.get_text() for text, place in shown for box in boxes if box.overlaps(place)
              and not (box.x0 <= place.x0 and place.x1 <= box.x1 and box.y0 <= place.y0 and place.y1 <= box.y1)]
    return found
