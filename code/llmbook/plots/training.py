"""Training results with their uncertainty: loss curves of several seeds, and means with intervals beside a null."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from llmbook.metrics.intervals import Interval, mean_interval
from llmbook.plots.style import PALETTE, figure_for, styled


def draw_seeds(ax: Any, x: np.ndarray, values: np.ndarray, **options: Any) -> Line2D:
    """Draw the mean over seeds as a line, with its 95 % interval as a band around it.

    Args:
        ax: where to draw.
        x: ``(points,)``.
        values: ``(seeds, points)``.
        **options: for the line.
    """
    interval = mean_interval(values)
    (line,) = ax.plot(x, interval.mean, **options)
    ax.fill_between(x, interval.low, interval.high, color=line.get_color(), alpha=0.18, linewidth=0)
    return line


def smooth(values: np.ndarray, window: int) -> np.ndarray:
    """Mean over ``window`` consecutive steps (the last axis); the result is ``window - 1`` shorter."""
    sums = np.cumsum(np.pad(np.asarray(values, dtype=float), [(0, 0)] * (np.ndim(values) - 1) + [(1, 0)]), axis=-1)
    return (sums[..., window:] - sums[..., :-window]) / window


@styled
def plot_losses(
    losses: Mapping[str, np.ndarray], *, window: int = 1, floor: float | None = None, title: str = "",
    ylabel: str = "loss (nats a token)", ylim: tuple[float, float] | None = None, ax: Any = None,
) -> Figure:
    """Loss against steps, one line with its interval for each setting.

    Args:
        losses: by name, ``(seeds, steps)``.
        window: how many steps to average over before anything else.
        floor: the smallest loss that is possible, drawn as a line of its own.
        title: above the axes.
        ylabel: what the loss is, with its unit.
        ylim: lowest and highest loss shown; everything by default.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax)
    for name, values in losses.items():
        y = smooth(values, window)
        draw_seeds(ax, np.arange(y.shape[1]) + (window - 1) / 2, y, label=name)
    if floor is not None:
        ax.axhline(floor, color=PALETTE["ink"], linewidth=1.2, linestyle=(0, (4, 2)))
        ax.annotate("best possible", (0.01, floor), (0, 4), xycoords=ax.get_yaxis_transform(),
                    textcoords="offset points", fontsize=10)
    ax.set(xlabel="step", ylabel=ylabel, title=title, ylim=ylim)
    ax.legend(loc="upper right")
    return figure


@styled
def plot_intervals(
    intervals: Mapping[str, Interval], *, xlabel: str, null: float | None = 0.0,
    points: Mapping[str, np.ndarray] | None = None, title: str = "", ax: Any = None,
) -> Figure:
    """A row for each setting: its mean, its interval and, if given, every seed as a small dot.

    A filled marker says that the interval excludes the null, an open one that it does not.

    Args:
        intervals: by name, from the top down.
        xlabel: what is compared, with its unit.
        null: the value under the null hypothesis, drawn as a line; None for none.
        points: by name, the single values, ``(seeds,)``.
        title: above the axes.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.4, 1.2 + 0.42 * len(intervals)))
    if null is not None:
        ax.axvline(null, color=PALETTE["ink"], linewidth=1.2, linestyle=(0, (4, 2)))
    for row, (name, interval) in enumerate(intervals.items()):
        _draw_row(ax, row, interval, null, None if points is None else points[name])
    ax.set_yticks(range(len(intervals)), list(intervals), fontsize=11)
    ax.set(xlabel=xlabel, title=title, ylim=(len(intervals) - 0.4, -0.6))
    ax.grid(axis="y", visible=False)
    return figure


def _draw_row(ax: Any, row: int, interval: Interval, null: float | None, points: np.ndarray | None) -> None:
    """One interval with its seeds just below it."""
    decided = null is not None and interval.excludes(null)
    if points is not None:
        ax.plot(points, np.full(len(points), row + 0.24), linestyle="", marker="|", markersize=7,
                color=PALETTE["gray"], alpha=0.8)
    ax.plot([interval.low, interval.high], [row, row], color=PALETTE["blue"], linestyle="-", linewidth=2.4)
    ax.plot([interval.mean], [row], linestyle="", marker="o", markersize=8, color=PALETTE["blue"],
            markerfacecolor=PALETTE["blue"] if decided else "white", markeredgewidth=1.8)


def label_shifts(ax: Axes, lines: Mapping[str, Line2D]) -> dict[str, float]:
    """How far to move each label up or down, in points, so that two of them keep 13 points apart."""
    height = 200.0  # of the axes, in points, roughly
    ends = {name: height * ax.transAxes.inverted().transform(
        ax.transData.transform((0, line.get_ydata()[-1])))[1] for name, line in lines.items()}
    shifts, last = {}, -np.inf
    for name in sorted(ends, key=ends.get):
        shifts[name] = max(0.0, last + 13 - ends[name])
        last = ends[name] + shifts[name]
    return shifts
