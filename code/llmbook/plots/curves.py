"""Functions of one variable on one pair of axes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from llmbook.plots.style import PALETTE, figure_for, styled


@styled
def plot_curves(
    x: np.ndarray, curves: Mapping[str, np.ndarray], *, xlabel: str = "input $x$", ylabel: str = "", title: str = "",
    legend: bool = True, ax: Any = None,
) -> Figure:
    """Functions of one variable on one pair of axes, each with its own color and dash.

    Args:
        x: ``(points,)``.
        curves: by name, ``(points,)``.
        xlabel: below the axes.
        ylabel: beside the axes.
        title: above the axes.
        legend: whether to name the curves.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax)
    for name, y in curves.items():
        ax.plot(x, y, label=name)
    ax.axhline(0, color=PALETTE["ink"], linewidth=0.8, linestyle="-")
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    if legend:
        ax.legend()
    return figure
