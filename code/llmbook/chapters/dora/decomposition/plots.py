r"""Figures about DoRA: a weight as an arrow with a length and a direction, and what deliberate mistakes change.

A row :math:`w` of a weight matrix with its low-rank change :math:`\delta` becomes
:math:`m (w + \delta) / \|w + \delta\|`: Liu et al. 2024 (arXiv 2402.09353), equation 5.
Here rows have two numbers, so that they can be drawn.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch

from llmbook.plots.style import MARKERS, PALETTE, figure_for, new_figure, styled

ARROWS = {
    "weight": {"color": PALETTE["ink"], "linestyle": "-", "linewidth": 2.2},
    "change": {"color": PALETTE["green"], "linestyle": (0, (1.4, 1.2)), "linewidth": 2.2},
    "adapted": {"color": PALETTE["blue"], "linestyle": (0, (5, 1.8)), "linewidth": 2.2},
    "result": {"color": PALETTE["vermillion"], "linestyle": "-", "linewidth": 3.4},
}


def turned(row: Sequence[float]) -> tuple[float, float]:
    """Length of a row of two numbers, and its direction in degrees from the first axis."""
    return math.hypot(*row), math.degrees(math.atan2(row[1], row[0]))


def adapt(weight: Sequence[float], change: Sequence[float], magnitude: float) -> tuple[np.ndarray, np.ndarray]:
    """The two rows that the figures compare, each ``(2,)``.

    Args:
        weight: The frozen row.
        change: The row of ``s B A`` that is added to it.
        magnitude: m, the length that the result gets.

    Returns:
        ``w + change``, which is LoRA's row, and the same with length ``magnitude``, which is DoRA's.

    Raises:
        ValueError: ``w + change`` is zero, so it has no direction.
    """
    adapted = np.asarray(weight, dtype=float) + np.asarray(change, dtype=float)
    length = float(np.linalg.norm(adapted))
    if length == 0:
        raise ValueError("weight + change is a row of zeros, which has no direction; choose another change")
    return adapted, magnitude / length * adapted


def draw_arrow(ax: Axes, start: Sequence[float], end: Sequence[float], kind: str, *, zorder: float = 3) -> None:
    """An arrow between two points, in the style of :data:`ARROWS`; nothing if the two are one."""
    if np.allclose(start, end):
        return
    style = ARROWS[kind]
    ax.add_patch(FancyArrowPatch(tuple(start), tuple(end), arrowstyle="-|>,head_length=0.5,head_width=0.26",
                                 mutation_scale=15, shrinkA=0, shrinkB=0, joinstyle="miter", zorder=zorder, **style))


def draw_circle(ax: Axes, radius: float, *, strong: bool = False) -> None:
    """A circle around the origin: the unit circle of the directions, or (strong) that of the magnitude."""
    ax.add_patch(Circle((0, 0), radius, fill=False, linewidth=1.5 if strong else 1.0, zorder=1,
                        edgecolor=PALETTE["vermillion"] if strong else PALETTE["gray"],
                        linestyle=(0, (2, 2)) if strong else "-"))


@styled
def plot_geometry(weight: Sequence[float], low_rank_row: Sequence[float], step: float, magnitude: float, *,
                  limits: tuple[float, float, float, float], ax: Axes | None = None) -> Figure:
    """One row of two numbers, before and after: W, W + sBA, and W' on the circle of its magnitude.

    Args:
        weight: The row of W.
        low_rank_row: The row of A (rank 1); the change can only lie along it.
        step: s times the row's number in B.
        magnitude: m.
        limits: Left, right, bottom, top.
        ax: Axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.0, 3.4))
    weight, along = np.asarray(weight, dtype=float), np.asarray(low_rank_row, dtype=float)
    adapted, result = adapt(weight, step * along, magnitude)
    draw_circle(ax, 1.0)
    draw_circle(ax, magnitude, strong=True)
    ax.axline(weight, weight + along, color=PALETTE["green"], linestyle="-", linewidth=0.8, zorder=1)
    draw_arrow(ax, (0, 0), result, "result", zorder=2.5)
    draw_arrow(ax, (0, 0), weight, "weight")
    draw_arrow(ax, weight, adapted, "change")
    draw_arrow(ax, (0, 0), adapted, "adapted", zorder=3.5)
    for row, style in ((weight, "weight"), (adapted, "adapted")):
        ax.plot(*(row / np.linalg.norm(row)), linestyle="", marker="o" if style == "weight" else "s", markersize=6.5,
                markerfacecolor="white", markeredgecolor=ARROWS[style]["color"], markeredgewidth=1.7, zorder=5)
    ax.set(xlim=limits[:2], ylim=limits[2:], aspect="equal", xlabel="first input", ylabel="second input")
    ax.legend(handles=_entries(weight, adapted, result, step), loc="center left", bbox_to_anchor=(1.01, 0.5),
              fontsize=10.5, labelspacing=0.9)
    return figure


def _entries(weight, adapted, result, step) -> list[Line2D]:
    """The legend, which also carries the numbers."""
    def text(name: str, row: Sequence[float]) -> str:
        length, angle = turned(row)
        return f"{name}\nlength {length:.2f}, {round(angle) + 0}°"

    texts = {
        "weight": text("$W$, frozen (circle)", weight),
        "change": f"$sBA$, along $A$\nlength {float(np.linalg.norm(adapted - weight)):.2f}",
        "adapted": text("$W + sBA$ (square)", adapted),
        "result": text("$W'$, length $m$", result),
    }
    return [Line2D([], [], label=label, **ARROWS[kind]) for kind, label in texts.items()]


@styled
def plot_axes(factors: Mapping[str, np.ndarray]) -> Figure:
    """The factor by which each entry of a weight matrix is multiplied, one panel for each convention.

    Args:
        factors: Title to ``(out, in)``.
    """
    figure, axes = new_figure(1, len(factors), size=(6.4, 3.3), squeeze=False)
    largest = max(float(np.abs(np.asarray(values) - 1).max()) for values in factors.values())
    for index, (ax, (title, values)) in enumerate(zip(axes[0], factors.items(), strict=True)):
        values = np.asarray(values)
        ax.imshow(values, cmap="cividis", vmin=1 - largest, vmax=1 + largest)
        for (row, column), value in np.ndenumerate(values):
            ax.text(column, row, f"{value:.1f}", ha="center", va="center", fontsize=10.5,
                    color="white" if value < 1.15 else PALETTE["ink"])
        ax.set(title=title, xticks=range(values.shape[1]), yticks=range(values.shape[0]), xlabel="input")
        ax.set_ylabel("output" if index == 0 else "")
        ax.grid(visible=False)
    return figure


@styled
def plot_steps(direction: Sequence[float], gradient: Sequence[float], *, rate: float = 1.0) -> Figure:
    """A step of gradient descent on a row of length one, with the norm in the graph and with the norm detached.

    Args:
        direction: The current row, of length one, ``(2,)``.
        gradient: The loss's gradient with respect to the weight in use, ``(2,)``.
        rate: Learning rate.
    """
    direction, gradient = np.asarray(direction, dtype=float), np.asarray(gradient, dtype=float)
    tangent = gradient - (gradient @ direction) * direction
    figure, axes = new_figure(1, 2, size=(6.4, 4.2), sharey=True)
    panels = {"norm in the graph": tangent, "norm detached": gradient}
    for ax, (title, used) in zip(axes, panels.items(), strict=True):
        draw_circle(ax, 1.0, strong=True)
        end = direction - rate * used
        after = end / np.linalg.norm(end)
        ax.plot(*np.stack([(0, 0), direction - rate * used], axis=1), color=PALETTE["gray"], linewidth=1,
                linestyle="-")
        draw_arrow(ax, (0, 0), direction, "weight")
        draw_arrow(ax, direction, end, "change")
        draw_arrow(ax, (0, 0), after, "result", zorder=2.5)
        ax.set(title=title, aspect="equal", xlim=(-0.15, 1.65), ylim=(-0.15, 1.35))
        angle = turned(after)[1] - turned(direction)[1]
        ax.set_xlabel(f"length after the step {np.linalg.norm(end):.2f},\nturned by {abs(angle):.1f}°")
    names = {"weight": "row before", "change": "step", "result": "row in use after"}
    figure.legend(handles=[Line2D([], [], label=name, **ARROWS[kind]) for kind, name in names.items()],
                  loc="outside lower center", ncols=3, frameon=False)
    return figure


@styled
def plot_mistakes(distances: Mapping[str, Mapping[str, Sequence[float]]], *, smallest: float = 1e-8,
                  ax: Axes | None = None) -> Figure:
    """How far deliberate mistakes land from the reference: a row for each, a marker for each moment, dots for seeds.

    Args:
        distances: Mistake, from the top down, to moment to one distance for each seed.
        smallest: Distances below it are rounding; they are drawn at the left edge.
        ax: Axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.4, 1.6 + 0.5 * len(distances)))
    moments = list(next(iter(distances.values())))
    for row, moment_values in enumerate(distances.values()):
        for index, moment in enumerate(moments):
            values = np.maximum(np.asarray(moment_values[moment], dtype=float), smallest)
            color = PALETTE[("ink", "blue", "vermillion")[index]]
            height = row + 0.24 * (index - (len(moments) - 1) / 2)
            ax.plot(values, np.full(len(values), height), linestyle="", marker="|", markersize=6, color=color)
            ax.plot([float(np.exp(np.log(values).mean()))], [height], linestyle="", marker=MARKERS[index],
                    markersize=7.5, color=color, markerfacecolor="white", markeredgewidth=1.7,
                    label=moment if row == 0 else None)
    ax.set_xscale("log")
    ax.set_yticks(range(len(distances)), list(distances))
    ax.set(ylim=(len(distances) - 0.4, -0.6), xlabel="distance from the reference")
    ax.grid(axis="y", visible=False)
    figure.legend(loc="outside upper center", ncols=len(moments), frameon=False, handletextpad=0.3)
    return figure
