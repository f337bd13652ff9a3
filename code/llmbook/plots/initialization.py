"""Ways to start a model, drawn: how its stream grows from block to block, and what a trained one loses or gains."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from llmbook.plots.norms import label_shifts
from llmbook.plots.style import CYCLE, DASHES, MARKERS, PALETTE, figure_for, label_line, styled
from llmbook.statistics import Interval


@styled
def plot_stream_growth(sizes: Mapping[str, np.ndarray]) -> Figure:
    """The size of the residual stream after each block, on a logarithmic axis.

    Args:
        sizes: by name of the start, values ``(seeds, L + 1)``: root mean squares of the embedding and after each block.
            The line is their mean, the band reaches from the smallest to the largest.
    """
    figure, ax = figure_for(None, size=(6.4, 4.2))
    lines = {}
    for index, (name, values) in enumerate(sizes.items()):
        values, color = np.asarray(values), PALETTE[CYCLE[index]]
        blocks = np.arange(values.shape[1])
        ax.fill_between(blocks, values.min(0), values.max(0), color=color, alpha=0.18, linewidth=0)
        (lines[name],) = ax.plot(blocks, values.mean(0), color=color, linestyle=DASHES[index], marker=MARKERS[index],
                                 markevery=4, markersize=5)  # fmt: skip
    ax.set(xlabel="block (0: the embedding)", ylabel="root mean square of the stream", yscale="log")
    for name, shift in label_shifts(ax, lines).items():
        label_line(lines[name], name, offset=(6, shift))
    return figure


@styled
def plot_start_differences(found: Mapping[str, Interval], points: Mapping[str, np.ndarray], *, xlabel: str) -> Figure:
    """Differences from a baseline, a row for each start: a stroke for each seed, mean and interval as a bar.

    Args:
        found: by name, the interval of the mean difference.
        points: by name, the difference of each seed.
        xlabel: what is measured, and in which unit.
    """
    figure, ax = figure_for(None, size=(6.4, 1.2 + 0.6 * len(found)))
    for row, (name, each) in enumerate(found.items()):
        color = PALETTE[CYCLE[row + 1]]
        ax.plot([each.low, each.high], [row, row], color=color, linestyle="-", linewidth=3, solid_capstyle="butt")
        ax.plot([each.mean], [row], MARKERS[row + 1], color=color, markeredgecolor=PALETTE["ink"], markersize=9,
                linestyle="")  # fmt: skip
        ax.plot(points[name], np.full(len(points[name]), row + 0.24), "|", color=PALETTE["ink"], markersize=8,
                linestyle="")  # fmt: skip
    ax.axvline(0, color=PALETTE["gray"], linewidth=1.2, linestyle="-")
    ax.set_yticks(range(len(found)), list(found))
    ax.set(xlabel=xlabel, ylim=(len(found) - 0.4, -0.6))
    ax.grid(axis="y", visible=False)
    return figure
