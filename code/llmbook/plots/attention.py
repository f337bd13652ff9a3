"""Attention drawn: who looks where."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from llmbook.plots.style import PALETTE, new_figure, styled


@styled
def plot_attention(weights: np.ndarray, tokens: Sequence[str], *, columns: int = 2) -> Figure:
    """Attention weights, one square a head: a row asks, a column is looked at, a full circle is a weight of one.

    The area of a circle is the weight, so the picture needs no color scale, and it can be read in print.

    Args:
        weights: ``(H, T, S)``, rows summing to 1.
        tokens: ``S`` labels; the last T of them ask.
        columns: heads beside each other.
    """
    heads, queries, keys = weights.shape
    rows = -(-heads // columns)
    figure, axes = new_figure(rows, columns, size=(6.4, 3.1 * rows), squeeze=False)
    for head, ax in enumerate(axes.flat):
        if head >= heads:
            ax.set_axis_off()
            continue
        _draw_head(ax, weights[head], tokens, first=keys - queries)
        ax.set_title(f"Head {head}")
    return figure


def _draw_head(ax, weights: np.ndarray, tokens: Sequence[str], first: int) -> None:
    """One head: circles where there is weight, crosses where the mask forbids it."""
    queries, keys = weights.shape
    asked, looked_at = np.meshgrid(np.arange(queries), np.arange(keys), indexing="ij")
    forbidden = looked_at > asked + first
    ax.scatter(looked_at[~forbidden], asked[~forbidden], s=260 * weights[~forbidden], color=PALETTE["blue"])
    ax.scatter(looked_at[forbidden], asked[forbidden], s=10, marker="x", color=PALETTE["gray"], linewidth=0.8)
    ax.set_xticks(range(keys), tokens, rotation=40, ha="right", fontsize=9.5)
    ax.set_yticks(range(queries), tokens[first:], fontsize=9.5)
    ax.set(xlim=(-0.6, keys - 0.4), ylim=(queries - 0.4, -0.6), aspect="equal")
    ax.grid(False)
