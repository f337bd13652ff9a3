"""Figures of real meetings: systems with their intervals, and differences beside zero."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from llmbook.metrics.intervals import Interval
from llmbook.plots.style import MARKERS, PALETTE, new_figure, styled, text_color

TUNED = ("LoRA", "DoRA")


@styled
def plot_scores(
    found: Mapping[str, Interval], *, xlabel: str, manner: Mapping[str, float] | None = None,
    marked: Sequence[str] = TUNED,
) -> Figure:  # fmt: skip
    """One row for each system, its mean with an interval, and what its texts score against other meetings.

    Args:
        found: name to mean with interval, from the top down.
        xlabel: what is measured.
        manner: name to the score against references of other meetings, a vertical mark in the row.
        marked: names to draw in color.
    """
    figure, ax = new_figure(size=(6.4, 0.42 * len(found) + 1.0))
    for row, (name, each) in enumerate(found.items()):
        color = PALETTE["vermillion" if name in marked else "gray"]
        ends = [[each.mean - each.low], [each.high - each.mean]]
        ax.errorbar([each.mean], [row], xerr=ends, marker=MARKERS[name in marked], color=color, linestyle="")
        ax.annotate(f"{each.mean:.3f}", (each.high, row), (7, 0), textcoords="offset points", va="center",
                    fontsize=10.5, color=text_color(color))  # fmt: skip
        if manner and name in manner:
            ax.plot([manner[name]], [row], marker="|", markersize=13, color=PALETTE["blue"], linestyle="")
    ax.set_yticks(range(len(found)), list(found))
    ax.set(xlabel=xlabel, ylim=(len(found) - 0.5, -0.5))
    ax.set_xlim(left=0)
    ax.margins(x=0.12)
    ax.grid(axis="y", visible=False)
    return figure


@styled
def plot_differences(
    found: Mapping[str, Interval], seeds: Mapping[str, Sequence[float]], *, xlabel: str
) -> Figure:
    """One row for each comparison: the mean difference with its interval, a dot for each seed, and a line at zero.

    Args:
        found: name to mean difference with interval, from the top down.
        seeds: name to the mean difference of each seed.
        xlabel: what is measured.
    """
    figure, ax = new_figure(size=(6.4, 0.5 * len(found) + 1.0))
    ax.axvline(0, color=PALETTE["ink"], linewidth=1.0)
    for row, (name, each) in enumerate(found.items()):
        color = PALETTE["gray" if each.low <= 0 <= each.high else "vermillion"]
        ends = [[each.mean - each.low], [each.high - each.mean]]
        ax.errorbar([each.mean], [row], xerr=ends, marker="o", color=color, linestyle="")
        ax.plot(list(seeds[name]), [row + 0.25] * len(seeds[name]), ".", color=PALETTE["ink"], linestyle="")
    ax.set_yticks(range(len(found)), list(found))
    ax.set(xlabel=xlabel, ylim=(len(found) - 0.5, -0.5))
    ax.margins(x=0.08)
    ax.grid(axis="y", visible=False)
    return figure
