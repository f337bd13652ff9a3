"""Figures without a layout engine on a narrow screen: panels that stand in inches, and drawings in one piece."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text

PIXELS = 336
"""CSS pixels across that a figure has on a narrow screen, in an explorer's box."""
WIDTH = PIXELS / 72
"""Inches across of a figure for it: one point is one pixel."""


def arrange_drawing(figure: Figure) -> None:
    """Panels that stand in inches keep their margins; drawings beside each other go below each other."""
    drawn = [ax for ax in figure.axes if not ax.axison]
    if len(drawn) > 1 and len(drawn) == len(figure.axes):
        _stack_drawings(figure)
    elif not drawn:
        _squeeze(figure)


def _squeeze(figure: Figure) -> None:
    """Make the panels narrower and leave the margins between them as wide as they are."""
    wide, high = figure.get_size_inches()
    columns = sorted({(ax.get_position().x0 * wide, ax.get_position().x1 * wide) for ax in figure.axes})
    places = np.array([0.0, *np.ravel(columns), wide])
    if np.any(np.diff(places) < 0):
        return  # panels of different widths above each other
    steps = np.diff(places)
    steps[1::2] *= 1 - (wide - WIDTH) / steps[1::2].sum()
    narrow = np.array([0.0, *np.cumsum(steps)])
    figure.set_size_inches(WIDTH, high)
    for ax in figure.axes:
        box = ax.get_position()
        left, right = np.interp((box.x0 * wide, box.x1 * wide), places, narrow) / WIDTH
        ax.set_position((left, box.y0, right - left, box.height))


def _stack_drawings(figure: Figure) -> None:
    """The drawings of :func:`llmbook.plots.diagram.draw_side_by_side`, as many in a row as fit, each with its title."""
    size = figure.get_size_inches()
    boxes = [np.array(ax.get_position().bounds).reshape(2, 2) * size for ax in figure.axes]
    titles: list[Text | None] = list(figure.texts) or [None] * len(boxes)
    above = 0.35 if figure.texts else 0.0
    rows: list[list[int]] = [[]]
    for place, (_, (width, _)) in enumerate(boxes):
        if rows[-1] and sum(boxes[each][1][0] for each in rows[-1]) + width > WIDTH:
            rows.append([])
        rows[-1].append(place)
    heights = [max(boxes[each][1][1] for each in row) + above for row in rows]
    wide, bottom = max(sum(boxes[each][1][0] for each in row) for row in rows), sum(heights)
    figure.set_size_inches(wide, bottom)
    for row, height in zip(rows, heights, strict=True):
        bottom, left = bottom - height, 0.0
        for place in row:
            width, tall = boxes[place][1]
            figure.axes[place].set_position((left / wide, bottom / sum(heights), width / wide, tall / sum(heights)))
            if titles[place] is not None:
                titles[place].set_position(((left + width / 2) / wide, (bottom + tall + 0.17) / sum(heights)))
            left += width
