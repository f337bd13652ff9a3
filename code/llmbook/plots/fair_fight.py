"""Figures of the fair fight: systems in rows, and how many meetings of tuning a small model needs."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from llmbook.plots.style import MARKERS, PALETTE, new_figure, styled, text_color
from llmbook.statistics import Interval, mean_interval


@styled
def plot_systems(found: Mapping[str, Interval], *, xlabel: str, marked: tuple[str, ...] = ()) -> Figure:
    """One row for each system, its mean with an interval; those that are compared in the text stand out.

    Args:
        found: name to mean with interval, from the top down.
        xlabel: what is measured.
        marked: names to draw in color.
    """
    figure, ax = new_figure(size=(6.4, 0.42 * len(found) + 0.9))
    for row, (name, each) in enumerate(found.items()):
        color = PALETTE["vermillion" if name in marked else "gray"]
        ends = [[each.mean - each.low], [each.high - each.mean]]
        ax.errorbar([each.mean], [row], xerr=ends, marker=MARKERS[name in marked], color=color, linestyle="")
        ax.annotate(f"{each.mean:.2f}", (each.high, row), (7, 0), textcoords="offset points", va="center",
                    fontsize=10.5, color=text_color(color))  # fmt: skip
    ax.set_yticks(range(len(found)), list(found))
    ax.set(xlabel=xlabel, ylim=(len(found) - 0.5, -0.5))
    ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
    ax.margins(x=0.1)
    ax.grid(axis="y", visible=False)
    return figure


@styled
def plot_learning_curve(
    curve: Mapping[int, np.ndarray], level: Interval, *, ylabel: str, level_name: str
) -> Figure:
    """A score against the number of meetings that a model was tuned on, beside the level of another model.

    Args:
        curve: number of meetings to ``(seeds,)`` scores; with one seed, as before any tuning, no interval is drawn.
        level: mean and interval of the other model.
        ylabel: what is measured.
        level_name: of the other model.
    """
    figure, ax = new_figure(size=(6.2, 3.7))
    ax.axhspan(level.low, level.high, color=PALETTE["gray"], alpha=0.18, linewidth=0)
    ax.axhline(level.mean, color=PALETTE["gray"], linestyle=(0, (4, 2)), linewidth=1.4)
    ax.annotate(level_name, (0, level.high), (2, 4), textcoords="offset points", fontsize=10.5,
                color=text_color("gray"))  # fmt: skip
    counts = sorted(curve)
    means = [curve[count].mean() for count in counts]
    several = [count for count in counts if len(curve[count]) > 1]
    found = [mean_interval(curve[count]) for count in several]
    places = range(len(counts))
    ax.plot(places, means, color=PALETTE["blue"], marker="o")
    ax.errorbar([counts.index(count) for count in several], [each.mean for each in found], linestyle="",
                yerr=[[each.mean - each.low for each in found], [each.high - each.mean for each in found]],
                color=PALETTE["blue"])  # fmt: skip
    for place, count in zip(places, counts, strict=True):
        ax.plot([place] * len(curve[count]), curve[count], ".", color=PALETTE["ink"], markersize=4, linestyle="")
    ax.set_xticks(places, [str(count) for count in counts])
    ax.set(xlabel="meetings of the private workplace that it was tuned on", ylabel=ylabel)
    ax.set_ylim(bottom=0)
    return figure
