"""The same figure for a telephone: panels below each other, and no letter smaller than ten pixels.

A page gives a figure 336 CSS pixels on a screen that is 390 wide, in an explorer's box; a figure 6.4 inches wide would
be shown at half its size. So while the book is built each figure is drawn a second time, 336 points wide: there a
point is a pixel. What the figure shows stays as it is. Only places change: of panels, legends, and of the lines into
which titles break. A drawing in one piece (:func:`llmbook.plots.diagram.canvas`) cannot be arranged anew; where its
letters would be too small it keeps its size, and the page lets it scroll sideways.
"""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backend_bases import _get_renderer
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from llmbook.plots.phone_drawings import PIXELS, WIDTH, arrange_drawing

SMALLEST = 10.0
"""CSS pixels of the smallest letters, exponents and indices apart."""
ROOM = 0.97  # of the width that a legend may take
SHORT = 200  # points: a title or name of an axis that fits wherever its axes begin


def letters(figure: Figure) -> list[Text]:
    """All texts of a figure that can be seen, apart from the numbers of its axes."""
    numbers = {text for axis in _axes(figure) for text in axis.findobj(Text) if text is not axis.label}
    found = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [text for text in found if text not in numbers]


def _axes(figure: Figure) -> list[Axis]:
    return [axis for ax in figure.axes if ax.axison for axis in (ax.xaxis, ax.yaxis)]


def smallest(figure: Figure) -> float:
    """CSS pixels of a figure's smallest letters where a narrow screen shows it."""
    sizes = [text.get_fontsize() for text in letters(figure)] + [_number_size(axis) for axis in _axes(figure)]
    return min(sizes, default=np.inf) * min(96 / 72, WIDTH / figure.get_figwidth())


def _number_size(axis: Axis) -> float:
    """Points of the numbers of an axis, infinite where it has none."""
    tick = axis.get_major_ticks(1)[0]
    shown = tick.label1.get_visible() and len(axis.get_majorticklocs())
    return tick.label1.get_fontsize() if shown else np.inf


def for_phone(figure: Figure) -> Figure | None:
    """A copy of a figure, arranged for a narrow screen; None where the figure is fit for one as it is.

    Args:
        figure: stays as it is.
    """
    if smallest(figure) >= SMALLEST:
        return None
    copied = copy.deepcopy(figure)  # not by pickle, which refuses an axis whose scale is a lambda
    arrange(copied)
    _legend_below(copied)
    return copied


def arrange(figure: Figure) -> None:
    """Arrange a figure for a narrow screen, in place.

    Args:
        figure: its panels go below each other, its letters get at least :data:`SMALLEST` points.
    """
    for text in letters(figure):
        text.set_fontsize(max(text.get_fontsize(), SMALLEST))
    for axis in _axes(figure):
        if _number_size(axis) < SMALLEST:
            axis.set_tick_params(which="both", labelsize=SMALLEST)
    if figure.get_layout_engine() is None:
        arrange_drawing(figure)
        return
    _stack(figure)
    _break_lines(figure)
    _narrow_legends(figure)


def _stack(figure: Figure) -> None:
    """As many panels beside each other as keep the width that they had, or one."""
    panels = [ax for ax in figure.axes if ax.get_subplotspec() is not None]
    grids = {id(ax.get_subplotspec().get_gridspec()): ax.get_subplotspec().get_gridspec() for ax in panels}
    if len(grids) != 1:
        figure.set_size_inches(WIDTH, figure.get_figheight())
        return
    (grid,) = grids.values()
    wide, high = figure.get_size_inches()
    even = len(set(grid.get_width_ratios() or [1])) == 1
    columns = min(grid.ncols, max(1, int(WIDTH / (wide / grid.ncols) + 0.25))) if even else 1
    figure.set_size_inches(WIDTH, high)
    if columns == grid.ncols or (grid.nrows > 1 and _is_table(panels)):
        return
    rows = [places[start:start + columns] for places in _rows(panels) for start in range(0, len(places), columns)]
    heights = [_height(grid, row) for row in rows]
    figure.set_figheight(high * sum(heights))
    fresh = GridSpec(len(rows), columns, figure=figure, height_ratios=heights)
    where = {place: fresh[row, column] for row, places in enumerate(rows) for column, place in enumerate(places)}
    _own_labels(panels)
    for ax in panels:
        ax.set_subplotspec(where[_place(ax)])


def _rows(panels: Sequence[Axes]) -> list[list[tuple[int, int]]]:
    """The places of the panels, row by row."""
    places = sorted({_place(ax) for ax in panels})
    return [[place for place in places if place[0] == row] for row in sorted({row for row, _ in places})]


def _place(ax: Axes) -> tuple[int, int]:
    """Row and column where a panel begins."""
    where = ax.get_subplotspec()
    return where.rowspan.start, where.colspan.start


def _is_table(panels: Sequence[Axes]) -> bool:
    """Whether only the panels of the first row say what stands below them, so that each must stay in its column."""
    return any(_place(ax)[0] and not (ax.get_title("left") or ax.get_title()) for ax in panels)


def _height(grid: Any, places: Sequence[tuple[int, int]]) -> float:
    """The share of the figure's height that the highest of some panels had."""
    ratios = grid.get_height_ratios() or [1] * grid.nrows
    return max(ratios[row] for row, _ in places) / sum(ratios)


def _own_labels(panels: Sequence[Axes]) -> None:
    """Give each panel the names and numbers that it shared with a panel beside it or below it."""
    for ax in panels:
        row, column = _place(ax)
        for axis, side, beside in (("y", "left", [each for each in panels if _place(each)[0] == row]),
                                   ("x", "bottom", [each for each in panels if _place(each)[1] == column])):
            name = getattr(ax, f"get_{axis}label")()
            others = [getattr(each, f"get_{axis}label")() for each in beside]
            if not name:
                getattr(ax, f"set_{axis}label")(next(filter(None, others), ""))
            shared = getattr(ax, f"get_shared_{axis}_axes")().get_siblings(ax)
            key = f"label{side}"
            told = [getattr(each, f"{axis}axis").get_tick_params().get(key, True) for each in shared]
            if len(told) > 1 and any(told):
                ax.tick_params(axis=axis, **{key: True})


def _break_lines(figure: Figure) -> None:
    """Break titles and names of axes into lines that fit."""
    texts = [text for ax in figure.axes for text in (ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label)]
    legends = [legend for legend in _legends(figure) if legend._ncols > 1]
    if not legends and all(_length(text.get_text(), text) < SHORT for text in texts if "\n" not in text.get_text()):
        return
    figure.draw_without_rendering()
    dots = figure.dpi / 72
    for ax in figure.axes:
        box = ax.get_window_extent()
        beside = [other.get_window_extent() for other in figure.axes]
        end = min((other.x0 for other in beside if other.x0 > box.x1 and other.width > 0.3 * box.width
                   and other.y0 < box.y1 and box.y0 < other.y1), default=figure.bbox.x1)
        left, right, high = box.x0 / dots, (end - box.x0) / dots, box.height / dots
        for title in (ax.title, ax._left_title, ax._right_title):
            _break(title, right if title is ax._left_title else 2 * min(right, left + box.width / dots / 2))
        middle = (box.x0 + box.x1) / 2 / dots
        _break(ax.xaxis.label, 2 * min(middle, PIXELS - middle))
        _break(ax.yaxis.label, max(high * 1.15, 100))
    for text in (figure._suptitle, figure._supxlabel):
        if text is not None:
            _break(text, PIXELS)


def _break(text: Text, room: float) -> None:
    """Break a text into lines no longer than so many points."""
    lines: list[str] = []
    for line in text.get_text().split("\n"):
        words = line.split(" ")
        lines.append(words[0])
        for word in words[1:]:
            longer = f"{lines[-1]} {word}"
            if _length(longer, text) <= room:
                lines[-1] = longer
            else:
                lines.append(word)
    text.set_text("\n".join(lines))


def _length(line: str, text: Text) -> float:
    """Points that a line takes in the letters of a text; half a formula counts as it is written."""
    formula = line.count("$") % 2 == 0 and "$" in line
    return text_to_path.get_text_width_height_descent(line, text.get_fontproperties(), ismath=formula)[0]


def _narrow_legends(figure: Figure) -> None:
    """Give a legend fewer columns until it fits."""
    for legend in _legends(figure):
        box = legend._legend_handle_box
        columns = box.get_children()
        names = [name for column in columns for name in column.get_children()]
        while len(columns) > 1 and legend.get_window_extent(_get_renderer(figure)).width > ROOM * WIDTH * figure.dpi:
            columns = columns[:-1]
            rows = -(-len(names) // len(columns))
            for place, column in enumerate(columns):
                column._children = names[place * rows:(place + 1) * rows]
            columns = [column for column in columns if column._children]
            box._children = columns


def _legend_below(figure: Figure) -> None:
    """A legend to the right of the only panel, which would be cut off there, goes below it."""
    legend = figure.axes[0].get_legend() if len(figure.axes) == 1 and figure.get_layout_engine() is not None else None
    if legend is None:
        return
    figure.draw_without_rendering()
    box = legend.get_window_extent()
    if box.x1 <= figure.bbox.x1 + 1 or box.x0 < figure.axes[0].get_window_extent().x1:
        return
    texts = legend.get_texts()
    figure.set_figheight(figure.get_figheight() + box.height / figure.dpi)
    figure.legend(legend.legend_handles, [text.get_text() for text in texts], loc="outside lower center",
                  ncols=2, fontsize=texts[0].get_fontsize(), frameon=False)
    legend.remove()
    _narrow_legends(figure)


def _legends(figure: Figure) -> list[Legend]:
    """The legends of a figure and of its axes."""
    return [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend() is not None)]
