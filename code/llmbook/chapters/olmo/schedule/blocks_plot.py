"""Measurements of training by blocks of steps, in panels under each other."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from llmbook.plots.style import DASHES, MARKERS, PALETTE, new_figure, styled
from llmbook.plots.training import draw_seeds


@styled
def plot_blocks(panels: Mapping[str, Mapping[str, np.ndarray]], *, block: int, ylabels: Sequence[str],
                nulls: Sequence[float | None] | None = None) -> Figure:
    """Several measurements by step under each other: the mean over seeds with its interval.

    Args:
        panels: title to setting to values ``(seeds, blocks)``.
        block: steps in a block.
        ylabels: one for each panel.
        nulls: for each panel a value to be drawn as a line, or None.
    """
    figure, axes = new_figure(len(panels), 1, size=(6.4, 2.7 * len(panels)), sharex=True, squeeze=False)
    nulls, names = nulls or [None] * len(panels), ()
    for ax, (title, curves), ylabel, null in zip(axes[:, 0], panels.items(), ylabels, nulls, strict=True):
        if null is not None:
            ax.axhline(null, color=PALETTE["ink"], linewidth=1.2, linestyle=(0, (4, 2)))
        for index, (name, values) in enumerate(curves.items()):
            x = block * np.arange(values.shape[1]) + (block - 1) / 2
            draw_seeds(ax, x, values, label=name, color=PALETTE[("blue", "vermillion", "green")[index]],
                       linestyle=DASHES[index], marker=MARKERS[index], markersize=3.5)
        ax.set(title=title, ylabel=ylabel)
        if tuple(curves) != names:  # a panel of the same settings needs no second legend
            ax.legend()
            names = tuple(curves)
    axes[-1, 0].set_xlabel("step")
    return figure
