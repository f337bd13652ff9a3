"""What is read back from a drawing (``drawing.py``): records of numbers with six digits, and names of colors."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D

from llmbook.plots.style import DASHES, PALETTE

NAMES = {value.lower(): name for name, value in PALETTE.items()}
Numbers = tuple[float, ...]


class Curve(NamedTuple):
    """A line or a row of markers. ``dash`` is "" for markers alone, ``marker`` "" for a line alone."""

    x: Numbers
    y: Numbers
    color: str
    dash: Any
    marker: str
    fill: str  # of the markers


class Bar(NamedTuple):
    """A rectangle: its lower left corner as drawn, width and height (negative if it grows down or left)."""

    x: float
    y: float
    width: float
    height: float
    color: str  # of its inside, "none" if it has none
    hatch: str
    edge: str


class Rule(NamedTuple):
    """A line across the axes at a value of ``axis``."""

    axis: str
    at: float
    color: str
    dash: Any


class Band(NamedTuple):
    """What ``fill_between`` fills."""

    x: Numbers
    low: Numbers
    high: Numbers
    color: str


class Dots(NamedTuple):
    """What ``scatter`` draws; ``fills`` and ``edges`` have one color if all are the same."""

    x: Numbers
    y: Numbers
    marker: str
    sizes: Numbers
    fills: tuple[str, ...]
    edges: tuple[str, ...]


class Word(NamedTuple):
    """A text and the point that it belongs to; ``offset`` in points for an annotation, else None."""

    text: str
    x: float
    y: float
    offset: Numbers | None
    color: str


class Key(NamedTuple):
    """What stands beside a name in a legend; ``color`` of a patch is that of its inside."""

    color: str
    dash: Any = ""
    marker: str = ""
    hatch: str = ""


class Arrow(NamedTuple):
    """From ``start`` to ``end``, through the corners of a wire; ``head`` is whether it ends in one."""

    start: Numbers
    end: Numbers
    color: str
    dash: Any
    width: float
    head: bool


class Box(NamedTuple):
    """A box of an architecture drawing: its middle, its size and its color (that of the edge)."""

    x: float
    y: float
    width: float
    height: float
    color: str


class Picture(NamedTuple):
    """A matrix as a picture: its rows from the top down, the values where the colors end, extent and color map."""

    rows: tuple[Numbers, ...]
    limits: Numbers
    extent: Numbers
    colors: str


def number(value: float) -> float:
    """A number with six digits; what rounding leaves of zero is zero."""
    value = float(value)
    return 0.0 if abs(value) < 1e-12 else float(f"{value:.6g}")


def numbers(values: Iterable[float]) -> Numbers:
    """Numbers with six digits each, also from an array of one dimension or a tensor."""
    return tuple(number(value) for value in values)


def color(value: Any) -> str:
    """The name of a color of the palette, "white", "none", or its hexadecimal number; opacity does not count."""
    if (isinstance(value, str) and value == "none") or (np.size(value) == 4 and np.asarray(value)[3] == 0):
        return "none"
    found = to_hex(value).lower()
    return NAMES.get(found, "white" if found == "#ffffff" else found)


def dash(line: Line2D) -> Any:
    """How a line is dashed: "-", ":", a pattern as ``DASHES`` has them, or "" if there is no line."""
    style = line.get_linestyle()
    offset, pattern = line._unscaled_dash_pattern
    return {"None": "", "-": "-", ":": ":"}.get(style, (offset, numbers(pattern or ())))


def same_dash(pattern: Any) -> Any:
    """A member of ``DASHES`` as :func:`dash` gives it."""
    return pattern if isinstance(pattern, str) else (pattern[0], numbers(pattern[1]))


DASHED, DOTTED = same_dash(DASHES[1]), same_dash(DASHES[2])
"""The second and the third line of a figure, as :func:`dash` gives them."""
T95 = 12.7062047
"""Of Student's t, 97.5 % with one degree of freedom: two seeds are as far from their mean as it is long."""
