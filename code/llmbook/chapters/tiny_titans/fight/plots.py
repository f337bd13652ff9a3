"""Figures of the fair fight: its four cells, systems in rows, and how many meetings of tuning a small model needs."""

from collections.abc import Collection, Mapping

import numpy as np
from matplotlib.figure import Figure

from llmbook.metrics.intervals import Interval
from llmbook.plots.diagram import box, canvas, note, wire
from llmbook.plots.style import MARKERS, PALETTE, new_figure, styled, text_color

COLUMNS, ROWS = {"zero-shot": 2.0, "tuned on the workplace": 5.1}, {"large": 1.85, "small": 0.4}
"""Cells of tuning and of size: their middles, in inches."""


@styled
def draw_cells(filled: Collection[tuple[str, str]]) -> Figure:
    """Size down the side and tuning across: cells with a result solid, the others dashed, arrows for what changes.

    Args:
        filled: size and tuning of the cells that have a result.
    """
    figure, ax = canvas(None, 6.4, 2.75)
    (left, right), (top, bottom) = COLUMNS.values(), ROWS.values()
    for tuning, x in COLUMNS.items():
        note(ax, x, top + 0.62, tuning, align="center", bold=True)
        for size, y in ROWS.items():
            known = (size, tuning) in filled
            box(ax, x, y, "in the paper" if known else "not in the paper", width=1.7, height=0.6, dashed=not known,
                kind="attention" if known else "plain")
        wire(ax, (x, top - 0.3), (x, bottom + 0.3))
        note(ax, x + 0.1, (top + bottom) / 2, "size")
    for size, y in ROWS.items():
        note(ax, 0.1, y, size, bold=True)
        wire(ax, (left + 0.85, y), (right - 0.85, y))
        note(ax, (left + right) / 2, y + 0.16, "tuning", align="center")
    wire(ax, (left + 0.85, top - 0.3), (right - 0.85, bottom + 0.3))
    note(ax, (left + right) / 2 + 0.15, (top + bottom) / 2 + 0.15, "both")
    return figure


@styled
def plot_systems(
    found: Mapping[str, Interval], *, xlabel: str, marked: tuple[str, ...] = (),
    words: Mapping[str, float] | None = None,
) -> Figure:  # fmt: skip
    """One row for each system, its mean with an interval; those that are compared in the text stand out.

    Args:
        found: name to mean with interval, from the top down.
        xlabel: what is measured.
        marked: names to draw in color.
        words: name to the mean length of its summaries, for a column on the right.
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
    if words:
        lines = ["words", *(f"{words[name]:.0f}" for name in found)]
        for row, text in enumerate(lines, start=-1):
            ax.annotate(text, (1, row), (44, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                        ha="right", va="center", fontsize=10.5, annotation_clip=False)  # fmt: skip
    return figure


@styled
def plot_learning_curve(
    curve: Mapping[int, np.ndarray], found: Mapping[int, Interval], level: Interval, *, ylabel: str, level_name: str
) -> Figure:
    """A score against the number of meetings that a model was tuned on, beside the level of another model.

    Args:
        curve: number of meetings to ``(seeds,)`` scores, drawn as dots.
        found: the same, to the mean of the seeds with its interval.
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
    means = [found[count].mean for count in counts]
    ends = [[found[count].mean - found[count].low for count in counts],
            [found[count].high - found[count].mean for count in counts]]  # fmt: skip
    places = range(len(counts))
    ax.errorbar(places, means, yerr=ends, color=PALETTE["blue"], marker="o")
    for place, count in zip(places, counts, strict=True):
        ax.plot([place + 0.08] * len(curve[count]), curve[count], ".", color=PALETTE["ink"], markersize=4, linestyle="")
    ax.set_xticks(places, [str(count) for count in counts])
    ax.set(xlabel="meetings of the private workplace that it was tuned on", ylabel=ylabel)
    ax.set_ylim(bottom=0)
    return figure
