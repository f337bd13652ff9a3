"""The parts that the architecture drawings are made of: a canvas in inches, boxes, wires and nodes.

One unit is one inch, so that a letter of 11 points is 0.15 high in every drawing, and a drawing is as large as what is
in it. Colors say what a part does, in every drawing the same: see :data:`KINDS`.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from llmbook.plots.style import PALETTE, BookAxes, BookFigure, styled

KINDS = {
    "embedding": "green",
    "norm": "gray",
    "attention": "blue",
    "feedforward": "vermillion",
    "gate": "purple",
    "values": "orange",
    "plain": "ink",
}
WIRE = {"color": PALETTE["ink"], "linewidth": 1.3}
STREAM = {"color": PALETTE["ink"], "linewidth": 3.0}
RADIUS = 0.12
LETTERS = 11  # of drawn text, in points


def canvas(ax: Any, width: float, height: float) -> tuple[Figure, Any]:
    """Axes without ticks, ``width`` by ``height`` inches: new ones that fill a figure, or ``ax`` made ready."""
    figure = BookFigure(figsize=(width, height)) if ax is None else ax.figure
    ax = figure.add_axes((0, 0, 1, 1), axes_class=BookAxes) if ax is None else ax
    ax.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    ax.axis("off")
    return figure, ax


def tint(color: str, share: float = 0.14) -> str:
    """A light version of a palette color to fill a box with: ``share`` of it on white."""
    return to_hex([1 - share * (1 - part) for part in to_rgb(PALETTE[color])])


def box(ax: Any, x: float, y: float, text: str, *, width: float, height: float = 0.4, kind: str = "plain",
        fontsize: float = 11.5, dashed: bool = False) -> None:
    """A labelled box around the point (x, y)."""
    corner, color = (x - width / 2, y - height / 2), KINDS[kind]
    ax.add_patch(FancyBboxPatch(
        corner, width, height, boxstyle="round,pad=0,rounding_size=0.07", edgecolor=PALETTE[color],
        facecolor=tint(color), linewidth=1.4, linestyle=(0, (4, 2)) if dashed else "-", zorder=3))
    ax.text(x, y, text, ha="center", va="center", fontsize=fontsize, linespacing=1.2, zorder=4)


def frame(ax: Any, x: float, y: float, width: float, height: float) -> None:
    """A quiet frame around what is repeated; (x, y) is its lower left corner."""
    ax.add_patch(FancyBboxPatch(
        (x, y), width, height, boxstyle="round,pad=0,rounding_size=0.12", edgecolor="#868F9C",
        facecolor=tint("gray", 0.06), linewidth=1.1, linestyle=(0, (5, 3)), zorder=0))


def wire(ax: Any, *points: tuple[float, float], arrow: bool = True, dashed: bool = False, stream: bool = False) -> None:
    """A line through the points with rounded corners, an arrow head at its end."""
    style = dict(STREAM if stream else WIRE)
    head = "-|>,head_length=0.45,head_width=0.24" if arrow else "-"
    ax.add_patch(FancyArrowPatch(
        path=rounded(points, radius=RADIUS), arrowstyle=head, mutation_scale=14, shrinkA=0, shrinkB=0,
        linestyle=(0, (3, 2)) if dashed else "-", fill=arrow, joinstyle="round", capstyle="butt", zorder=2, **style))


def rounded(points: Sequence[tuple[float, float]], *, radius: float) -> Path:
    """The path through the points, each corner replaced by a curve of this radius."""
    corners = [np.asarray(point, dtype=float) for point in points]
    vertices, codes = [corners[0]], [Path.MOVETO]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        vertices += [corner + radius * unit(before - corner), corner, corner + radius * unit(after - corner)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*vertices, corners[-1]], [*codes, Path.LINETO])


def unit(vector: np.ndarray) -> np.ndarray:
    """The vector with length one."""
    return vector / np.linalg.norm(vector)


def node(ax: Any, x: float, y: float, symbol: str) -> None:
    """A circle with "+" (add) or "x" (multiply value by value), drawn as strokes so that it sits in the middle."""
    ax.add_patch(Circle((x, y), RADIUS, facecolor=tint("gray", 0.1), edgecolor=PALETTE["ink"], linewidth=1.4, zorder=5))
    reach = 0.07 if symbol == "+" else 0.05
    ends = [(reach, 0), (0, reach)] if symbol == "+" else [(reach, reach), (reach, -reach)]
    for across, up in ends:
        ax.plot([x - across, x + across], [y - up, y + up], "-", color=PALETTE["ink"], linewidth=1.6, zorder=6)


def note(ax: Any, x: float, y: float, text: str, *, align: str = "left", fontsize: float = 10.5,
         bold: bool = False) -> None:
    """Words beside a part: a shape, a count, a name."""
    color = PALETTE["ink"] if bold else "#4B5563"
    ax.text(x, y, text, ha=align, va="center", fontsize=fontsize, color=color, linespacing=1.25,
            fontweight="bold" if bold else "normal", zorder=4)


@styled
def draw_side_by_side(
    drawings: Sequence[Callable[..., Figure]], *, titles: Sequence[str] = (), columns: int | None = None,
) -> Figure:
    """Several drawings in one figure, at the size that each has on its own.

    Args:
        drawings: Drawing functions with their options bound, for example
            ``partial(draw_decoder_block, norm_place="post")``.
        titles: A title above each; none by default.
        columns: Drawings in a row; all by default.
    """
    columns, above = columns or len(drawings), 0.35 if titles else 0.0
    sizes = [draw().get_size_inches() for draw in drawings]
    rows = [range(start, min(start + columns, len(drawings))) for start in range(0, len(drawings), columns)]
    width = max(sum(sizes[place][0] for place in row) for row in rows)
    heights = [max(sizes[place][1] for place in row) + above for row in rows]
    figure, bottom = BookFigure(figsize=(width, sum(heights))), sum(heights)
    for row, height in zip(rows, heights, strict=True):
        bottom, left = bottom - height, 0.0
        for place in row:
            title = titles[place] if titles else ""
            _inset(figure, drawings[place], left, bottom, sizes[place], title)
            left += sizes[place][0]
    return figure


def _inset(figure: Figure, draw: Callable[..., Figure], left: float, bottom: float, size: Sequence[float],
           title: str) -> None:
    """One drawing with its lower left corner at (left, bottom), in inches, and its title above it."""
    width, height = figure.get_size_inches()
    draw(ax=figure.add_axes((left / width, bottom / height, size[0] / width, size[1] / height), axes_class=BookAxes))
    figure.text((left + size[0] / 2) / width, (bottom + size[1] + 0.17) / height, title, ha="center", va="center",
                fontsize=11.5, fontweight="bold")


@lru_cache(maxsize=4096)
def word_width(word: str) -> float:
    """Inches across that a word of ``LETTERS`` points takes."""
    return float(TextPath((0, 0), word, size=LETTERS).get_extents().width) / 72
