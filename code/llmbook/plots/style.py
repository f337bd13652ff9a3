"""The look of every figure: a palette, one set of matplotlib settings, and a figure that shows itself as SVG.

The palette is that of Okabe and Ito, *Color Universal Design* (2008), which stays distinct under the common
forms of color blindness, but for its orange, sky blue and purple: on paper these are too light for a line
(WCAG 2.2 asks for 3:1), and are darker here. For text all but two are too light, which is what
:func:`text_color` is for. Lines differ in dash as well as in color, because color alone is never enough.

Figures are made without pyplot, so nothing is shared between two of them and nothing has to be closed.
Drawing the same numbers again gives the same SVG, byte for byte: no date, no random ids, letters as
outlines so that no font has to be installed, and nothing from a matplotlibrc of the reader's. While the book
is built (``LLMBOOK_STATIC=1``) the background is transparent, and the page inverts the picture for its dark
theme (``book/_static/llmbook.css``).
"""

import functools
import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

PALETTE = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "green": "#009E73",
    "purple": "#EC5EA7",
    "orange": "#B28947",
    "sky": "#1894F2",
    "gray": "#6B7280",
    "ink": "#1B2330",
}
CYCLE = ("blue", "vermillion", "green", "purple", "orange", "sky")
DASHES = ("-", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)), (0, (9, 2)), (0, (3, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P")
PAPER = "#FFFFFF"
PAGE = "#FDFCFA"  # what the page puts behind a figure, a little darker than white
GRID = "#D5D9E0"

STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": PALETTE["ink"],
    "axes.grid": True,
    "axes.labelcolor": PALETTE["ink"],
    "axes.labelsize": 11.5,
    "axes.linewidth": 0.9,
    "axes.prop_cycle": cycler(color=[PALETTE[name] for name in CYCLE], linestyle=DASHES),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlepad": 9,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "errorbar.capsize": 3,
    "figure.facecolor": PAPER,
    "font.family": "DejaVu Sans",
    "font.size": 11.5,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "image.cmap": "cividis",
    "legend.fontsize": 11,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "lines.linewidth": 2.1,
    "lines.markersize": 5.5,
    "mathtext.fontset": "dejavusans",
    "patch.linewidth": 1.0,
    "svg.fonttype": "path",
    "svg.hashsalt": "llmbook",
    "text.color": PALETTE["ink"],
    "xtick.color": PALETTE["ink"],
    "xtick.labelsize": 10.5,
    "ytick.color": PALETTE["ink"],
    "ytick.labelsize": 10.5,
}
WINDOWS = ("backend", "backend_fallback", "interactive")  # where pyplot draws is the reader's own affair
DEFAULTS = {key: value for key, value in dict.items(matplotlib.rcParamsDefault) if key not in WINDOWS}


def is_static() -> bool:
    """Whether the book is being built, so that figures go on a page instead of into a live notebook."""
    return os.environ.get("LLMBOOK_STATIC") == "1"


def book_settings() -> dict[str, Any]:
    """The style, and matplotlib's defaults for whatever else a matplotlibrc or the caller has set otherwise."""
    # Only what differs: to set all of matplotlib's settings takes as long again as the style.
    others = {key: DEFAULTS[key] for key, value in dict.items(matplotlib.rcParams)
              if key in DEFAULTS and value != DEFAULTS[key]}
    return others | STYLE


def styled(plot: Callable) -> Callable:
    """Decorate a plot function: it runs inside the book's settings and leaves the caller's alone."""

    @functools.wraps(plot)
    def run(*arguments, **options):
        if matplotlib.rcParams["svg.hashsalt"] == STYLE["svg.hashsalt"]:
            return plot(*arguments, **options)  # inside the style already: entering it costs milliseconds
        with matplotlib.rc_context(book_settings()):
            return plot(*arguments, **options)

    return run


class BookAxes(Axes):
    """Axes whose drawing methods use the book's style also when they are called from a notebook cell."""


for _name in ("annotate", "axhline", "axvline", "bar", "barh", "errorbar", "fill_between", "hist", "imshow",
              "legend", "plot", "scatter", "set_title", "set_xlabel", "set_ylabel", "text"):
    setattr(BookAxes, _name, styled(getattr(Axes, _name)))


class BookFigure(Figure):
    """A matplotlib figure that needs no pyplot and shows itself in a notebook as SVG.

    While the book is built, the drawings for narrow screens and dark paper (``forms.py``) lie beside it.
    """

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not is_static():
            return {"image/svg+xml": to_svg(self), "text/plain": repr(self)}
        from llmbook.plots.forms import forms  # draws with this module

        drawn = forms(self)
        about = {"forms": drawn.others, "least": drawn.least}
        return {"image/svg+xml": drawn.wide, "text/plain": repr(self)}, {"image/svg+xml": about}


for _name in ("colorbar", "legend", "suptitle", "text"):
    setattr(BookFigure, _name, styled(getattr(Figure, _name)))


@styled
def new_figure(
    rows: int = 1, columns: int = 1, *, size: tuple[float, float] | None = None, **options: Any
) -> tuple[BookFigure, Any]:
    """Make a figure in the book's style.

    Args:
        rows: Rows of axes.
        columns: Columns of axes.
        size: Width and height in inches. By default 6.0 wide and 3.6 a row: its letters are still
            readable when a telephone shows it at half the size.
        **options: Passed to ``Figure.subplots``, for example ``sharey=True``.

    Returns:
        The figure, and its axes: one, or an array of them as ``Figure.subplots`` gives.
    """
    figure = BookFigure(figsize=size or (6.0, 3.6 * rows), layout="constrained")
    options["subplot_kw"] = {"axes_class": BookAxes} | options.get("subplot_kw", {})
    return figure, figure.subplots(rows, columns, **options)


def figure_for(ax: Any = None, **options: Any) -> tuple[Figure, Any]:
    """The figure and axes to draw on: those of ``ax``, or new ones made with :func:`new_figure`."""
    return new_figure(**options) if ax is None else (ax.figure, ax)


def to_svg(figure: Figure, *, transparent: bool | None = None) -> str:
    """Write a figure as SVG text: equal figures give equal bytes.

    Args:
        figure: Any matplotlib figure.
        transparent: Leave the background out. By default only while the book is being built.
    """
    buffer = io.StringIO()
    bare = is_static() if transparent is None else transparent
    with matplotlib.rc_context(book_settings()), _without_background(figure, bare):
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        FigureCanvasSVG(figure).print_svg(buffer, metadata=nothing)  # savefig would draw everything twice
    return _shorten(buffer.getvalue())


@contextmanager
def _without_background(figure: Figure, really: bool) -> Iterator[None]:
    """Take the white out of a figure and its axes for a while."""
    patches = [figure.patch, *(ax.patch for ax in figure.axes)] if really else []
    before = [patch.get_facecolor() for patch in patches]
    for patch in patches:
        patch.set_facecolor("none")
    try:
        yield
    finally:
        for patch, color in zip(patches, before, strict=True):
            patch.set_facecolor(color)


def _shorten(svg: str) -> str:
    """Keep two decimals of a path's coordinates: finer ones are invisible, and pages load faster."""
    rounded = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path.group()), svg)
    return re.sub(r"^<\?xml.*?(?=<svg)", "", rounded, flags=re.DOTALL)


def luminance(color: str) -> float:
    """Relative luminance of a color, 0 for black to 1 for white (WCAG 2.2, "relative luminance")."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colors, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def text_color(color: str, *, ratio: float = 4.5) -> str:
    """The color, darkened only as far as text on paper needs, for labels written beside their line.

    Args:
        color: A name of :data:`PALETTE` or any matplotlib color.
        ratio: Contrast to reach against the page; 4.5 is what WCAG 2.2 AA asks of text.
    """
    red, green, blue = to_rgb(PALETTE.get(color, color))
    for step in range(100):
        shade = to_hex([c * (1 - step / 100) for c in (red, green, blue)])
        if contrast(shade, PAGE) >= ratio:
            return shade
    return PALETTE["ink"]


@styled
def label_line(line: Line2D, text: str, *, offset: tuple[float, float] = (6, 0)) -> None:
    """Write a name at the right end of a line, in the line's color made dark enough to read.

    Args:
        line: What ``ax.plot`` returned.
        text: The name. Leave room for it on the right: the layout does.
        offset: Points to the right and up, to keep two names apart.
    """
    x, y = line.get_xdata()[-1], line.get_ydata()[-1]
    line.axes.annotate(text, (x, y), offset, textcoords="offset points", va="center",
                       color=text_color(line.get_color()), fontsize=11, annotation_clip=False)
