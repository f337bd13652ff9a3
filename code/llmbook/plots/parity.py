"""Comparing with the reference, drawn: how far each deliberate fault moves the logits."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from llmbook.plots.style import MARKERS, PALETTE, figure_for, styled


@styled
def plot_faults(
    faults: Sequence[str], differences: Mapping[str, np.ndarray], *, tolerance: float = 1e-5, ax: Any = None
) -> Figure:
    """Relative difference of the logits for each fault, on a logarithmic axis with a place of its own for zero.

    Args:
        faults: names, from top to bottom.
        differences: by kind of weights, one number a fault.
        tolerance: differences left of it would pass the comparison.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.4, 1.3 + 0.42 * len(faults)))
    places = np.arange(len(faults))
    positive = np.concatenate([np.asarray(values)[np.asarray(values) > 0] for values in differences.values()])
    zero = 10.0 ** (np.floor(np.log10(min(positive.min(), tolerance))) - 1)
    ax.axvspan(zero / 4, tolerance, color=PALETTE["vermillion"], alpha=0.13, linewidth=0)
    ax.axvline(tolerance, color=PALETTE["vermillion"], linewidth=1.4, linestyle="-")
    shifts = np.linspace(-0.12, 0.12, len(differences))  # so that equal values do not hide each other
    for (name, values), color, marker, shift in zip(
        differences.items(), ("blue", "orange"), MARKERS, shifts, strict=False
    ):
        ax.plot(np.where(np.asarray(values) > 0, values, zero), places + shift, linestyle="", marker=marker,
                markersize=8, color=PALETTE[color], markeredgecolor=PALETTE["ink"], markeredgewidth=0.7, label=name)
    right = max(10.0, 3 * positive.max())  # a fault may change the size of the logits
    ax.set(xscale="log", xlim=(zero / 4, right), ylim=(len(faults) - 0.5, -0.5))
    ax.set_xlabel("relative difference of the logits")
    ax.set_yticks(places, faults)
    ticks = 10.0 ** np.arange(np.log10(zero) + 1, 2, 2)
    ax.set_xticks([zero, *ticks], ["0", *(f"$10^{{{round(np.log10(tick))}}}$" for tick in ticks)])
    ax.minorticks_off()
    ax.annotate("passes unseen", (tolerance, -0.5), (-5, 3), textcoords="offset points", ha="right", fontsize=10)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure
