"""Ways to start a model, drawn: how its stream grows from block to block."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from llmbook.plots.style import CYCLE, DASHES, MARKERS, PALETTE, figure_for, label_line, styled
from llmbook.plots.training import label_shifts


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
