"""Gated layers drawn: the surface of one gated number, and how an output grows with its input."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from llmbook.plots.curves import plot_curves
from llmbook.plots.style import PALETTE, figure_for, new_figure, styled


@styled
def plot_growth(scales: np.ndarray, sizes: Mapping[str, np.ndarray], slopes: Mapping[str, float], ax=None) -> Figure:
    """Size of a layer's output against the size of its input, both logarithmic: the slope is the order.

    Args:
        scales: factors of the input, ``(points,)``.
        sizes: by layer, ``(points,)``.
        slopes: by layer, the slope at the left end, for the legend.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.4, 4.4))
    for name, values in sizes.items():
        ax.plot(scales, values, label=f"{name}: slope {slopes[name]:.2f}")
    ax.set(xscale="log", yscale="log", xlabel="factor of the input", ylabel="size of the output")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_locator(NullLocator())
    ax.legend(title="near zero")
    return figure


@styled
def plot_gate(
    gates: np.ndarray, ups: np.ndarray, surface: np.ndarray, *, gate: float, factor: float, slope: float, name: str
) -> Figure:
    """One gated number as a surface, and a cut through it at one place of the gate.

    Args:
        gates: what the gate's activation gets, ``(G,)``.
        ups: the other branch, ``(U,)``.
        surface: their gated product, ``(U, G)``.
        gate: where to cut.
        factor: the activation there: the slope of the output in the up branch.
        slope: its derivative there: the gradient to the gate is this times the up branch.
        name: of the layer.
    """
    figure, (top, bottom) = new_figure(2, 1, size=(6.4, 6.4), height_ratios=(1.15, 1))
    box = (gates[0], gates[-1], ups[0], ups[-1])
    top.imshow(surface, extent=box, origin="lower", aspect="auto", interpolation="bilinear", vmin=-8, vmax=8)
    lines = top.contour(gates, ups, surface, levels=[-6, -4, -2, -1, -0.5, 0, 0.5, 1, 2, 4, 6], colors="white",
                        linewidths=0.9, linestyles="solid")
    top.clabel(lines, fontsize=9, fmt="%g")
    top.axvline(gate, color="white", linewidth=5, linestyle="-")
    top.axvline(gate, color=PALETTE["vermillion"], linewidth=2.2, linestyle="-")
    top.grid(visible=False)
    top.set(xlabel="gate, before its activation", ylabel="up", title=f"{name}: output over gate and up")
    curves = {"output": factor * ups, "gradient to the gate": slope * ups, "gradient to up": np.full_like(ups, factor)}
    plot_curves(ups, curves, xlabel="up", title=f"Along the line, gate = {gate:g}",
                legend=False, ax=bottom)
    bottom.set_ylim(-5, 5)
    bottom.legend(loc="upper left", fontsize=10)
    return figure
