"""Figures of the comparison table: a quantity against the context, and a router.

All functions take plain arrays and give back a figure.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from llmbook.plots.diagram import tint
from llmbook.plots.style import DASHES, MARKERS, PALETTE, figure_for, styled, text_color

LINES = ("blue", "vermillion")


@styled
def plot_by_context(
    rows: Mapping[str, tuple[Sequence[int], Sequence[float], int]], *, ylabel: str, logarithmic: bool = False,
    ax: Any = None,
) -> Figure:
    """Lines over the length of the context, thin beyond the longest input that a config names.

    Args:
        rows: Name to contexts in tokens, values, and the longest context of the training. Two rows at most.
        ylabel: Name and unit of the values.
        logarithmic: Whether the values, too, are on a logarithmic axis, from 0.003 to 40.
        ax: Axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(5.2, 3.4))
    for place, (name, (contexts, values, longest)) in enumerate(rows.items()):
        contexts, values = np.asarray(contexts), np.asarray(values)
        color, style = PALETTE[LINES[place]], {"color": PALETTE[LINES[place]], "linestyle": DASHES[place]}
        named = contexts <= longest
        ax.plot(contexts, values, **style, linewidth=1.3)
        ax.plot(contexts[named], values[named], **style, linewidth=2.6, label=name)
        ax.plot(contexts[named][-1:], values[named][-1:], MARKERS[place], color=color, markersize=8,
                markeredgecolor=PALETTE["ink"], linestyle="")
    ax.set_xscale("log", base=2)
    ax.set_xlabel("context in tokens")
    ax.set_ylabel(ylabel, fontsize=10.5)
    if logarithmic:
        ax.set(yscale="log", ylim=(0.003, 40))  # the same in every figure, so that two can be compared
        ax.set_yticks([0.01, 0.1, 1, 10], ["0.01", "0.1", "1", "10"])
    else:
        ax.set_ylim(0, 1.12 * max(max(values) for _, values, _ in rows.values()))
    ticks = [512, 2048, 8192, 32_768]
    ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    ax.minorticks_off()
    ax.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=2, borderaxespad=0.2, fontsize=10)
    return figure


@styled
def plot_routing(scores: np.ndarray, weights: np.ndarray, *, ax: Any = None) -> Figure:
    """The router's scores, a row a position and a column an expert; chosen cells are filled and show their weight.

    Args:
        scores: ``(positions, experts)``.
        weights: ``(positions, experts)``, zero where an expert does not run.
        ax: Axes to draw on; new ones by default.
    """
    positions, experts = scores.shape
    figure, ax = figure_for(ax, size=(1.1 + 1.05 * experts, 0.8 + 0.72 * positions))
    for row, column in np.ndindex(positions, experts):
        chosen = weights[row, column] > 0
        color = tint("orange", 0.45) if chosen else "none"
        ax.add_patch(Rectangle((column - 0.46, row - 0.42), 0.92, 0.84, facecolor=color,
                               edgecolor=PALETTE["ink"] if chosen else PALETTE["gray"],
                               linewidth=1.4 if chosen else 0.7, linestyle="-" if chosen else ":"))
        score = f"{scores[row, column]:+.2f}".replace("-", "\N{MINUS SIGN}")
        ax.text(column, row - (0.14 if chosen else 0), score, ha="center", va="center", fontsize=10,
                color=PALETTE["ink"] if chosen else text_color("gray"))
        if chosen:
            ax.text(column, row + 0.18, f"weight {weights[row, column]:.2f}", ha="center", va="center",
                    fontsize=10, fontweight="bold")
    ax.set(xlim=(-0.55, experts - 0.45), ylim=(positions - 0.5, -0.5))
    ax.set_xticks(range(experts), [f"expert {index}" for index in range(experts)])
    ax.set_yticks(range(positions), [f"token {index}" for index in range(positions)])
    ax.tick_params(length=0)
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return figure
