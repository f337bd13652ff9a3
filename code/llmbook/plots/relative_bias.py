"""Figures about relative positions: the bucket of every distance, and the bias that a table makes of it.

Buckets and biases come from ``layers/relative_bias.py`` by way of the caller.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from llmbook.plots.style import DASHES, GRID, PALETTE, figure_for, label_line, new_figure, styled

COLORS = ("blue", "vermillion", "green")


@styled
def plot_buckets(
    distances: Sequence[int], lines: Mapping[str, Sequence[int]], *, marks: Sequence[int] = (), ax: Any = None,
) -> Figure:
    """The bucket against the position of the key minus that of the query, a step line for each name.

    Args:
        distances: ascending whole numbers.
        lines: name to one bucket a distance.
        marks: distances to draw a vertical line at, on both sides.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.4, 3.6))
    for mark in sorted({side * mark for mark in marks for side in (-1, 1)}):
        ax.axvline(mark, color=PALETTE["gray"], linewidth=1.0, linestyle=DASHES[2], zorder=1)
    for index, (name, buckets) in enumerate(lines.items()):
        (line,) = ax.plot(distances, buckets, color=PALETTE[COLORS[index]], linestyle=DASHES[index],
                          drawstyle="steps-mid")
        if len(lines) > 1:
            label_line(line, name)
    ax.axvline(0, color=GRID, linewidth=1.2, zorder=0)
    ax.set(xlim=(distances[0], distances[-1]), ylim=(-1, None), ylabel="bucket",
           xlabel="position of the key minus position of the query")
    return figure


@styled
def plot_bias(panels: Mapping[str, np.ndarray], *, label: str = "added to the score") -> Figure:
    """Square maps with one color scale: rows are queries, columns are keys.

    Args:
        panels: title to ``(T, S)`` numbers, NaN where the mask hides the key.
        label: what the colors mean.
    """
    figure, axes = new_figure(1, len(panels), size=(6.4, 3.3), squeeze=False, sharey=True)
    low, high = (function([function(values) for values in panels.values()]) for function in (np.nanmin, np.nanmax))
    for ax, (title, values) in zip(axes[0], panels.items(), strict=True):
        image = ax.imshow(values, vmin=low, vmax=high)
        ax.set(title=title, xlabel="key")
        ax.grid(False)
    axes[0][0].set_ylabel("query")
    figure.colorbar(image, ax=list(axes[0]), label=label, shrink=0.8)
    return figure
