"""A drawing read back as plain numbers and words, to be compared with what it was asked to draw.

Numbers have six digits (:func:`numbers`), so that what is drawn and what is expected can be compared with ``==``. A
color is a name of the palette where it is one. Lines across the whole axes (``axhline``) are rules, not curves, and
bars across it (``axvspan``) are spans. ``test_drawing.py`` shows that every reader sees a wrong drawing.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from drawn import Arrow, Band, Bar, Box, Curve, Dots, Key, Numbers, Picture, Rule, Word, color, dash, number, numbers
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection, LineCollection, PathCollection
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import AxLine, Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Patch, Rectangle, StepPatch
from matplotlib.text import Annotation

from llmbook.plots.style import new_figure, to_svg


def redrawn(plot: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What the plotting function gives, called twice: both drawings must be the same SVG, byte for byte.

    Every test of a figure draws it like this, and ``test_all_figures.py`` sees the ones that have none.
    """
    first, second = (plot(*arguments, **options) for _ in range(2))
    pictures = [to_svg(drawn[0] if isinstance(drawn, tuple) else drawn) for drawn in (first, second)]
    assert pictures[0].startswith("<svg")
    assert pictures[0] == pictures[1], f"{plot} draws the same numbers in two ways"
    if "ax" in inspect.signature(plot).parameters and "ax" not in options:
        draws_on_given_axes(first, plot, *arguments, **options)
    return first


def draws_on_given_axes(figure: Figure, plot: Callable[..., Any], *arguments: Any, **options: Any) -> None:
    """A plotting function that takes axes draws on them, and the same as on its own."""
    _, ax = new_figure(size=tuple(figure.get_size_inches()))
    drawn = plot(*arguments, **options, ax=ax)
    assert (drawn[0] if isinstance(drawn, tuple) else drawn) is ax.figure, f"{plot} draws on axes of its own"
    for read in (curves, bars, bands, dots, words, boxes, titles):
        assert read(ax) == read(figure.axes[0]), f"{plot} draws something else on given axes"


def _in_data(artist: Any, ax: Axes) -> tuple[bool, bool]:
    """Whether x, and whether y, is a value on the axis."""
    return artist.get_transform().contains_branch_seperately(ax.transData)


def curve(line: Line2D) -> Curve:
    """One line of ``ax.lines``."""
    marker, fill = line.get_marker(), line.get_markerfacecolor()
    marker = "" if marker in ("None", None, " ") else marker
    return Curve(numbers(line.get_xdata()), numbers(line.get_ydata()), color(line.get_color()), dash(line), marker,
                 color(fill) if marker else "")


def curves(ax: Axes) -> list[Curve]:
    """All lines and rows of markers in the order of drawing, without the rules."""
    return [curve(line) for line in ax.lines if not isinstance(line, AxLine) and all(_in_data(line, ax))]


def lines(ax: Axes) -> dict[str, Curve]:
    """The curves that have a name (a label for the legend), by name."""
    return {str(line.get_label()): curve(line) for line in ax.lines if not str(line.get_label()).startswith("_")
            and not isinstance(line, AxLine) and all(_in_data(line, ax))}


def rules(ax: Axes) -> list[Rule]:
    """Lines across the axes: ``axhline`` stands at a value of "y", ``axvline`` at one of "x"."""
    found = []
    for line in ax.lines:
        across = _in_data(line, ax)
        if not isinstance(line, AxLine) and across != (True, True):
            axis, data = ("x", line.get_xdata()) if across[0] else ("y", line.get_ydata())
            found.append(Rule(axis, number(data[0]), color(line.get_color()), dash(line)))
    return found


def _rectangles(ax: Axes, spans: bool) -> list[Bar]:
    return [Bar(*numbers((*bar.get_xy(), bar.get_width(), bar.get_height())), color(bar.get_facecolor()),
                str(bar.get_hatch() or ""), color(bar.get_edgecolor()))
            for bar in ax.patches if isinstance(bar, Rectangle)
            and (bar.get_transform().contains_branch_seperately(ax.transData) != (True, True)) == spans]


def bars(ax: Axes) -> list[Bar]:
    """Bars and other rectangles, in the order of drawing."""
    return _rectangles(ax, spans=False)


def spans(ax: Axes) -> list[Bar]:
    """Rectangles across the axes (``axhspan``, ``axvspan``)."""
    return _rectangles(ax, spans=True)


def bands(ax: Axes) -> list[Band]:
    """What ``fill_between`` filled: the lowest and the highest value at each x."""
    found = []
    for area in ax.collections:
        if isinstance(area, FillBetweenPolyCollection):
            corners = np.concatenate([path.vertices for path in area.get_paths()])
            x = sorted(set(corners[:, 0]))
            heights = [corners[corners[:, 0] == each, 1] for each in x]
            found.append(Band(numbers(x), numbers(map(min, heights)), numbers(map(max, heights)),
                              color(area.get_facecolor()[0])))
    return found


def segments(ax: Axes) -> list[list[Numbers]]:
    """The pieces of every ``vlines``, ``hlines`` or error bar: each ``(x, y, x, y)``, a list for each collection."""
    return [[numbers(np.ravel(piece)) for piece in each.get_segments()] for each in ax.collections
            if isinstance(each, LineCollection)]


def _marker(points: PathCollection) -> str:
    """The letter of a marker, by its shape."""
    drawn = points.get_paths()[0].vertices
    shapes = {letter: MarkerStyle(letter) for letter in "os^vDPx+*|"}
    paths = {letter: style.get_path().transformed(style.get_transform()) for letter, style in shapes.items()}
    return next((letter for letter, path in paths.items() if np.array_equal(path.vertices, drawn)), "?")


def dots(ax: Axes) -> list[Dots]:
    """What each ``scatter`` drew."""
    found = []
    for each in ax.collections:
        if isinstance(each, PathCollection):
            x, y = np.asarray(each.get_offsets(), dtype=float).reshape(-1, 2).T
            fills, edges = (tuple(color(value) for value in colors) or ("none",)
                            for colors in (each.get_facecolor(), each.get_edgecolor()))
            found.append(Dots(numbers(x), numbers(y), _marker(each), numbers(each.get_sizes()), fills, edges))
    return found


def stairs(ax: Axes) -> list[tuple[Numbers, Numbers, str]]:
    """Heights, edges and color of every histogram drawn with ``stairs``."""
    return [(numbers(step.get_data().values), numbers(step.get_data().edges), color(step.get_facecolor()))
            for step in ax.patches if isinstance(step, StepPatch)]


def words(ax: Any) -> list[Word]:
    """The texts of axes or of a figure, in the order of drawing, without its titles and labels."""
    found = []
    for text in ax.texts:
        noted = isinstance(text, Annotation)
        x, y = text.xy if noted else text.get_position()
        offset = numbers(text.xyann) if noted else None
        found.append(Word(text.get_text(), number(x), number(y), offset, color(text.get_color())))
    return found


def ticks(axis: Any) -> dict[float, str]:
    """The names of an axis (``ax.xaxis`` or ``ax.yaxis``) by the place where they stand."""
    return {number(place): label.get_text() for place, label in zip(axis.get_ticklocs(), axis.get_ticklabels(),
                                                                    strict=True)}


def titles(ax: Axes) -> tuple[str, str, str]:
    """Title, name of the horizontal axis, name of the vertical axis."""
    title = next((each for each in map(ax.get_title, ("left", "center")) if each), "")
    return title, ax.get_xlabel(), ax.get_ylabel()


def scales(ax: Axes) -> tuple[str, str]:
    """"linear" or "log", of x and of y."""
    return ax.get_xscale(), ax.get_yscale()


def limits(ax: Axes) -> tuple[Numbers, Numbers]:
    """Left and right, bottom and top; a reversed axis has its larger value first."""
    return numbers(ax.get_xlim()), numbers(ax.get_ylim())


def _key(handle: Any) -> Key:
    if isinstance(handle, Line2D):
        marker = handle.get_marker()
        return Key(color(handle.get_color()), dash(handle), "" if marker in ("None", None) else marker)
    if isinstance(handle, Patch):
        return Key(color(handle.get_facecolor()), hatch=str(handle.get_hatch() or ""))
    edges = handle.get_edgecolor() if len(handle.get_edgecolor()) else handle.get_facecolor()
    return Key(color(edges[0]))


def legend(owner: Any) -> dict[str, Key]:
    """The names in the legend of axes or of a figure, each with the handle that stands beside it."""
    found = owner if isinstance(owner, Legend) else owner.get_legend() if isinstance(owner, Axes) else owner.legends[0]
    return {text.get_text(): _key(handle) for handle, text in zip(found.legend_handles, found.texts, strict=True)}


def pictures(ax: Axes) -> list[Picture]:
    """Every matrix that ``imshow`` drew, with its rows from the top down."""
    found = []
    for image in ax.images:
        rows = np.asarray(image.get_array())[:: 1 if image.origin == "upper" else -1]
        found.append(Picture(tuple(numbers(row) for row in rows), numbers(image.get_clim()),
                             numbers(image.get_extent()), image.get_cmap().name))
    return found


def endless(ax: Axes) -> list[tuple[Numbers, Numbers, str]]:
    """Lines without end (``axline``): two of their points, and the color."""
    return [(numbers(line.get_xy1()), numbers(line.get_xy2()), color(line.get_color())) for line in ax.lines
            if isinstance(line, AxLine)]


def arrows(ax: Axes) -> list[Arrow]:
    """Arrows and wires, from end to end."""
    found = []
    for each in ax.patches:
        if isinstance(each, FancyArrowPatch):
            ends = each._posA_posB or each._path_original.vertices[[0, -1]]
            offset, pattern = each._unscaled_dash_pattern
            found.append(Arrow(*map(numbers, ends), color(each.get_edgecolor()),
                               (offset, numbers(pattern)) if pattern else "-", number(each.get_linewidth()),
                               type(each.get_arrowstyle()).__name__ != "Curve"))
    return found


def boxes(ax: Axes) -> list[Box]:
    """The boxes of an architecture drawing."""
    return [Box(*numbers((each.get_x() + each.get_width() / 2, each.get_y() + each.get_height() / 2,
                          each.get_width(), each.get_height())), color(each.get_edgecolor()))
            for each in ax.patches if isinstance(each, FancyBboxPatch)]


def circles(ax: Axes) -> list[tuple[float, float, float, str]]:
    """Middle, radius and color of the edge of every circle."""
    return [(*numbers((*each.center, each.radius)), color(each.get_edgecolor())) for each in ax.patches
            if isinstance(each, Circle)]


def pointers(ax: Axes) -> list[Arrow]:
    """Arrows of annotations, from where they begin to where they point."""
    found = []
    for text in ax.texts:
        each = getattr(text, "arrow_patch", None)
        if each is not None:
            offset, pattern = each._unscaled_dash_pattern
            found.append(Arrow(numbers(text.xyann), numbers(text.xy), color(each.get_edgecolor()),
                               (offset, numbers(pattern)) if pattern else "-", number(each.get_linewidth()),
                               type(each.get_arrowstyle()).__name__ != "Curve"))
    return found


def errorbars(ax: Axes) -> dict[str, tuple[Curve, list[Numbers]]]:
    """What each ``errorbar`` drew, by its name (or its number): means, and bars from end to end."""
    found = {}
    for place, each in enumerate(each for each in ax.containers if isinstance(each, ErrorbarContainer)):
        line, _, pieces = each.lines
        name = str(each.get_label())
        found[str(place) if name.startswith("_") else name] = (
            curve(line), [numbers(np.ravel(piece)) for of in pieces for piece in of.get_segments()])
    return found
