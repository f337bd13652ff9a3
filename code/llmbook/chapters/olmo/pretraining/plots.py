"""A pretraining run: its loss against steps and tokens beside what counting reaches, its loss by kind of token, and
what changes of the model do from two starts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from llmbook.metrics.intervals import Interval
from llmbook.plots.style import PALETTE, figure_for, styled, text_color
from llmbook.training.run import Point


@styled
def plot_run(points: Sequence[Point], *, nulls: Mapping[str, float], ax: Any = None) -> Figure:
    """Training and validation loss; steps below, tokens above.

    Args:
        points: of one run, in order.
        nulls: by name, losses that need no model; drawn as lines.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.4, 4.0))
    measured = [point for point in points if point.validation_loss is not None]
    ax.plot([p.step + 1 for p in points], [p.loss for p in points], color=PALETTE["sky"], linewidth=1.3,
            linestyle="-", label="training, each batch")  # fmt: skip
    ax.plot([p.step + 1 for p in measured], [p.validation_loss for p in measured], color=PALETTE["vermillion"],
            linestyle="-", marker="o", label="validation")  # fmt: skip
    _add_nulls(ax, nulls)
    _add_tokens(ax, points[-1].tokens / (points[-1].step + 1))
    ax.set(xlabel="step", ylabel="loss (nats a token)", ylim=(0, None))
    ax.legend(loc="upper right")
    return figure


def _add_tokens(ax: Any, each: float) -> Any:
    """A second axis on top that counts tokens instead of steps, logarithmic if the one below is."""
    top = ax.secondary_xaxis("top", functions=(lambda step: step * each / 1000, lambda k: k * 1000 / each))
    top.set_xlabel("thousand tokens read")
    top.spines["top"].set_visible(True)
    return top


@styled
def plot_longer(curves: Mapping[str, Mapping[int, float]], *, nulls: Mapping[str, float], tokens: int,
                ax: Any = None) -> Figure:  # fmt: skip
    """Validation losses of runs of different lengths, both axes logarithmic; steps below, tokens above.

    Args:
        curves: by name of a run: by number of steps taken, the validation loss in nats a token.
        nulls: by name, losses that need no model; drawn as lines.
        tokens: read in one step, the same in all runs.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.4, 4.2))
    for (name, curve), color, marker in zip(curves.items(), ("vermillion", "blue"), ("o", "s"), strict=False):
        ax.plot(list(curve), list(curve.values()), color=PALETTE[color], linestyle="-", marker=marker, label=name)
    ax.set(xscale="log", yscale="log", xlabel="step", ylabel="validation loss (nats a token)")
    _add_nulls(ax, nulls)
    ax.set_ylim(top=1.4 * max(nulls.values()))  # room for the names
    top = _add_tokens(ax, tokens)
    steps = (20, 50, 100, 200, 500, 1000)
    for axis, ticks in ((ax.xaxis, steps), (top.xaxis, steps), (ax.yaxis, (0.4, 0.6, 1, 2, 4))):
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter("{x:g}")
    ax.legend(loc="lower left")
    return figure


def _add_nulls(ax: Any, nulls: Mapping[str, float]) -> None:
    """A dashed line with its name for each loss that needs no model."""
    for name, value in nulls.items():
        ax.axhline(value, color=PALETTE["ink"], linewidth=1.2, linestyle=(0, (4, 2)))
        ax.annotate(name, (0.99, value), (0, 4), xycoords=ax.get_yaxis_transform(), textcoords="offset points",
                    fontsize=10.5, ha="right")  # fmt: skip


@styled
def plot_kinds(losses: Mapping[str, Mapping[str, float]], *, ax: Any = None) -> Figure:
    """Loss by kind of token at several moments, a row for each kind, the moments joined by a line.

    Args:
        losses: by moment, then by kind: nats a token. The moments in order.
        ax: axes to draw on; new ones by default.
    """
    kinds = list(next(iter(losses.values())))
    figure, ax = figure_for(ax, size=(6.4, 1.5 + 0.55 * len(kinds)))
    for row, kind in enumerate(kinds):
        ax.plot([of[kind] for of in losses.values()], [row] * len(losses), color=PALETTE["gray"], linestyle="-",
                linewidth=1.2, zorder=1)  # fmt: skip
    styles = zip(losses.items(), ("gray", "orange", "blue"), ("s", "^", "o"), strict=False)
    for (moment, of), color, marker in styles:
        ax.plot([of[kind] for kind in kinds], range(len(kinds)), linestyle="", marker=marker, markersize=8,
                color=PALETTE[color], label=moment)  # fmt: skip
        for row, kind in enumerate(kinds):
            ax.annotate(f"{of[kind]:.2f}", (of[kind], row), (0, 8), textcoords="offset points", ha="center",
                        fontsize=10, color=text_color(color))  # fmt: skip
    ax.set_yticks(range(len(kinds)), kinds)
    ax.set(xlabel="validation loss (nats a token)", xlim=(0, None), ylim=(len(kinds) - 0.5, -0.7))
    ax.grid(axis="y", visible=False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.32), ncols=len(losses))
    return figure


@styled
def plot_starts(
    found: Mapping[str, Mapping[str, Interval]],
    *,
    points: Mapping[str, Mapping[str, np.ndarray]],
    xlabel: str,
    ax: Any = None,
) -> Figure:
    """Two rows for each change, one for each start: the mean, its interval, and every seed as a small line.

    A filled marker says that the interval excludes zero.

    Args:
        found: by start, then by change, from the top down; two starts.
        points: likewise the single values, ``(seeds,)``.
        xlabel: what is compared, with its unit.
        ax: axes to draw on; new ones by default.
    """
    changes = list(next(iter(found.values())))
    figure, ax = figure_for(ax, size=(6.4, 1.7 + 0.66 * len(changes)))
    ax.axvline(0, color=PALETTE["ink"], linewidth=1.2, linestyle=(0, (4, 2)))
    styles = (("blue", "o", -0.2), ("vermillion", "s", 0.2))
    for (start, of), (color, marker, shift) in zip(found.items(), styles, strict=True):
        for row, change in enumerate(changes):
            _draw_start(ax, row + shift, of[change], points[start][change], color=PALETTE[color], marker=marker)
        ax.plot([], [], color=PALETTE[color], linestyle="-", marker=marker, label=start)
    ax.set_yticks(range(len(changes)), changes, fontsize=11)
    ax.set(xlabel=xlabel, ylim=(len(changes) - 0.4, -0.6))
    ax.grid(axis="y", visible=False)
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2)
    return figure


def _draw_start(ax: Any, row: float, interval: Interval, points: np.ndarray, *, color: str, marker: str) -> None:
    """One interval, and its seeds just below it."""
    ax.plot(points, np.full(len(points), row + 0.15), linestyle="", marker="|", markersize=6, color=PALETTE["gray"],
            alpha=0.8)  # fmt: skip
    ax.plot([interval.low, interval.high], [row, row], color=color, linestyle="-", linewidth=2.2)
    ax.plot([interval.mean], [row], linestyle="", marker=marker, markersize=7.5, color=color, markeredgewidth=1.8,
            markerfacecolor=color if interval.excludes(0) else "white")  # fmt: skip
