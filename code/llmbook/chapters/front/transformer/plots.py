"""Pictures of numbers: the stream and the units as tables, queries and keys in a plane, weights, words and losses."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from llmbook.plots.diagram import tint
from llmbook.plots.style import PALETTE, figure_for, new_figure, styled, text_color

WIDTH = 4.8  # inches: letters stay legible on a telephone


@styled
def plot_table(values: Any, rows: Sequence[str], columns: Sequence[str]) -> Figure:
    """Numbers in cells: blue above zero, orange below, white at zero, darker where they are larger.

    Args:
        values: ``(rows, columns)``, an array or what becomes one.
        rows: names on the left.
        columns: names above.
    """
    figure, ax = new_figure(size=(WIDTH, 0.55 + 0.31 * len(rows)))
    values = np.asarray(values, dtype=float)
    largest = np.abs(values).max()
    for (row, column), value in np.ndenumerate(values):
        written = f"{value:.2f}".rstrip("0").rstrip(".").replace("-", "−")
        is_zero = written in ("0", "−0")
        shade = "#FFFFFF" if is_zero else tint("blue" if value > 0 else "orange", 0.1 + 0.5 * abs(value) / largest)
        ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=shade, edgecolor=PALETTE["gray"],
                               linewidth=0.6))
        ax.text(column, row, "0" if is_zero else written, ha="center", va="center", fontsize=11)
    ax.set_xticks(range(len(columns)), columns, fontsize=11)
    ax.set_yticks(range(len(rows)), rows, fontsize=11)
    ax.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    ax.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    return figure


@styled
def plot_plane(query: np.ndarray, keys: np.ndarray, words: Sequence[str], *,
               scores: Sequence[float] = (0, 3, 6, 9)) -> Figure:
    """One query as an arrow, the keys of all words as points, and lines of equal score at right angles to the arrow.

    Both axes have one scale, so that a key that lies farther along the arrow has the higher score.

    Args:
        query: ``(2,)``, of the last word; both numbers above zero.
        keys: ``(T, 2)``; words with the same key share a point.
        words: T names.
        scores: those that get a line: query times key, divided by the root of two.
    """
    figure, ax = new_figure(size=(WIDTH, 4.4))
    query = np.asarray(query, dtype=float)
    for score in scores:
        _draw_score(ax, query, score)
    ax.annotate("", query, (0, 0), arrowprops={"arrowstyle": "-|>", "color": PALETTE["vermillion"], "linewidth": 2.4,
                                               "shrinkA": 0, "shrinkB": 0})
    ax.annotate(f"query of {words[-1]}", query, (0, 5), textcoords="offset points", ha="center", fontsize=11,
                color=text_color("vermillion"))
    for place, named in shared_places(keys, words).items():
        ax.plot(*place, "o", color=PALETTE["blue"], zorder=5)
        ax.annotate(", ".join(named), place, (7, -9), textcoords="offset points", fontsize=11)
    ax.set(xlim=(-2.9, 5.1), ylim=(LOWEST, 4.7), aspect="equal", xticks=range(-2, 6, 2), yticks=range(0, 6, 2),
           xlabel="first number: a noun", ylabel="second number: early")
    ax.grid(False)
    return figure


LOWEST = -1.6  # of the plane: below the keys is room for the names of the scores


def _draw_score(ax: Any, query: np.ndarray, score: float) -> None:
    """The line of all keys that have a score, from the right end down to the left end up, and its name on it."""
    x, y = (lambda y: (score * 2**0.5 - query[1] * y) / query[0]), (LOWEST, LOWEST + 8)
    ax.plot([x(y[0]), x(y[1])], y, color=PALETTE["gray"], linestyle=":", linewidth=1.4)
    low = LOWEST + 0.5
    ax.text(x(low), low, f"score {score}", rotation=-np.degrees(np.arctan2(query[0], query[1])), fontsize=10,
            ha="center", va="center", color=PALETTE["gray"], bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})


def shared_places(keys: np.ndarray, words: Sequence[str]) -> dict[tuple[float, float], list[str]]:
    """The words at each place of the plane, each once, in the order of the text."""
    found: dict[tuple[float, float], list[str]] = {}
    for key, word in zip(keys, words, strict=True):
        place = (round(float(key[0]), 3) + 0.0, round(float(key[1]), 3) + 0.0)
        named = found.setdefault(place, [])
        if word not in named:
            named.append(word)
    return found


@styled
def plot_weights(weights: np.ndarray, words: Sequence[str]) -> Figure:
    """Attention weights of one head: a row looks, a column is looked at, a cross is masked.

    Args:
        weights: ``(T, S)``, rows summing to one; the area of a square is the weight.
        words: S names; the last T of them look.
    """
    queries, keys = weights.shape
    figure, ax = new_figure(size=(WIDTH, 0.75 + 0.31 * queries))
    for (row, column), weight in np.ndenumerate(weights):
        if column > row + keys - queries:
            ax.plot(column, row, "x", color=PALETTE["gray"], markersize=3.5, markeredgewidth=0.8)
            continue
        side = float(np.sqrt(weight))
        ax.add_patch(Rectangle((column - side / 2, row - side / 2), side, side, facecolor=PALETTE["blue"]))
    ax.set_xticks(range(keys), words, rotation=60, ha="right", rotation_mode="anchor", fontsize=10.5)
    ax.set_yticks(range(queries), words[-queries:], fontsize=10.5)
    ax.set(xlim=(-0.6, keys - 0.4), ylim=(queries - 0.4, -0.6), aspect="equal")
    ax.grid(False)
    return figure


@styled
def plot_bars(words: Sequence[str], values: Sequence[float], *, xlabel: str, marked: int | None = None,
              limit: float | None = None, ax: Any = None) -> Figure:
    """A horizontal bar for each word, from the top down, with its number.

    Args:
        words: names on the left.
        values: lengths of the bars, none below zero.
        xlabel: below the axes.
        marked: the place of the bar that has the color of what is asked about.
        limit: where the axis ends; by default a little beyond the longest bar.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(WIDTH, 0.9 + 0.26 * len(words)))
    limit = limit or 1.2 * float(max(values))
    places = range(len(words))
    colors = [PALETTE["vermillion" if place == marked else "sky"] for place in places]
    ax.barh(places, values, 0.72, color=colors, edgecolor=PALETTE["ink"], linewidth=0.8)
    for place, value in zip(places, values, strict=True):
        ax.text(float(value) + 0.012 * limit, place, f"{float(value):.2f}", va="center", fontsize=10.5)
    ax.set_yticks(places, words, fontsize=11)
    ax.set(xlim=(0, limit), ylim=(len(words) - 0.4, -0.6), xlabel=xlabel)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", visible=False)
    return figure


@styled
def plot_slope(loss: Callable[[float], float], at: float, slope: float, step: float, *, reach: float = 3.0) -> Figure:
    """The loss as a function of one parameter, its tangent where we stand, and the step that follows from it.

    Args:
        loss: from the parameter to the loss in nats.
        at: the parameter now.
        slope: the derivative of the loss there.
        step: how far the parameter moves.
        reach: how far to both sides the curve is drawn.
    """
    figure, ax = new_figure(size=(WIDTH, 3.3))
    places = np.linspace(at - reach, at + reach, 61)
    ax.plot(places, [loss(place) for place in places], color=PALETTE["blue"], linestyle="-", label="loss")
    here, near = loss(at), np.array([at - reach / 2, at + reach / 2])
    ax.plot(near, here + slope * (near - at), color=PALETTE["orange"], linestyle=(0, (5, 1.6)), label="slope here")
    ax.plot(at, here, "o", color=PALETTE["ink"])
    ax.plot(at + step, loss(at + step), "s", color=PALETTE["vermillion"], label="after the step")
    ax.set(xlabel="one parameter", ylabel="loss (nats)")
    ax.legend(loc="upper right")
    return figure
