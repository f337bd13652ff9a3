"""Attention masks drawn: which positions a position may see."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from llmbook.plots.diagram import tint
from llmbook.plots.style import PALETTE, new_figure, styled


@styled
def plot_masks(masks: Mapping[str, np.ndarray]) -> Figure:
    """Masks as matrices beside each other: a filled square where a query (row) may see a key (column).

    Args:
        masks: Title to a Boolean array ``(T, S)``. The number at the end of a row counts its squares.
    """
    figure, axes = new_figure(1, len(masks), size=(2.75 * len(masks), 2.9), squeeze=False)
    for ax, (title, mask) in zip(axes.flat, masks.items(), strict=True):
        queries, keys = mask.shape
        for query, key in np.argwhere(mask):
            ax.add_patch(Rectangle((key - 0.5, query - 0.5), 1, 1, facecolor=tint("blue", 0.5),
                                   edgecolor=PALETTE["ink"], linewidth=0.8))
        for query, count in enumerate(mask.sum(-1)):
            ax.text(keys - 0.1, query, str(count), ha="left", va="center", fontsize=9.5)
        ax.set(xlim=(-0.6, keys + 0.9), ylim=(queries - 0.4, -0.6), aspect="equal", title=title, xlabel="key")
        ax.set_xticks(range(0, keys, 2))
        ax.set_yticks(range(0, queries, 2))
        ax.grid(False)
    axes.flat[0].set_ylabel("query")
    return figure
