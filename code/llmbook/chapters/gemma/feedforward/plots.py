"""Gated layers drawn: their matrices, the surface of one gated number, how an output grows, and losses in panels.

Source for gates: Shazeer, "GLU Variants Improve Transformer" (2020), section 2.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from llmbook.plots.curves import plot_curves
from llmbook.plots.diagram import RADIUS, box, canvas, node, note, wire
from llmbook.plots.style import PALETTE, figure_for, new_figure, styled
from llmbook.plots.training import plot_losses

GATE_FUNCTIONS = {"GeGLU": "GELU", "SwiGLU": "SiLU", "ReGLU": "ReLU", "GLU": "sigmoid", "bilinear": "identity"}


@styled
def draw_glu(kind: str = "GeGLU", *, ax: Any = None) -> Figure:
    """A plain feed-forward layer beside a gated one: two matrices and a bend, three matrices and a product.

    Args:
        kind: "GeGLU", "SwiGLU", "ReGLU", "GLU" or "bilinear".
        ax: Axes to draw on; new ones by default.

    Raises:
        ValueError: If ``kind`` is another word.
    """
    if kind not in GATE_FUNCTIONS:
        raise ValueError(f"kind is one of {sorted(GATE_FUNCTIONS)}, not {kind!r}")
    figure, ax = canvas(ax, 5.3, 4.75)
    _plain_feedforward(ax, 0.85, "GELU" if kind == "bilinear" else GATE_FUNCTIONS[kind])
    _gated_feedforward(ax, 2.75, 4.35, kind)
    return figure


def _plain_feedforward(ax: Any, x: float, function: str) -> None:
    note(ax, x, 4.58, "plain", align="center", fontsize=11.5, bold=True)
    note(ax, x, 0.16, "x", align="center", fontsize=12, bold=True)
    wire(ax, (x, 0.3), (x, 0.75))
    box(ax, x, 0.98, "up\nD → F", width=1.1, height=0.5, kind="feedforward")
    wire(ax, (x, 1.23), (x, 1.6))
    box(ax, x, 1.8, function, width=1.1, kind="gate")
    wire(ax, (x, 2.0), (x, 3.25))
    box(ax, x, 3.5, "down\nF → D", width=1.1, height=0.5, kind="feedforward")
    wire(ax, (x, 3.75), (x, 4.25))


def _gated_feedforward(ax: Any, gate: float, up: float, kind: str) -> None:
    middle, top = (gate + up) / 2, 2.6
    note(ax, middle, 4.58, f"gated: {kind}", align="center", fontsize=11.5, bold=True)
    note(ax, middle, 0.16, "x", align="center", fontsize=12, bold=True)
    for x, name in ((gate, "gate"), (up, "up")):
        wire(ax, (middle, 0.3), (middle, 0.5), (x, 0.5), (x, 0.75))
        box(ax, x, 0.98, f"{name}\nD → F", width=1.1, height=0.5, kind="feedforward")
    wire(ax, (gate, 1.23), (gate, 1.6))
    box(ax, gate, 1.8, GATE_FUNCTIONS[kind], width=1.1, kind="gate")
    wire(ax, (gate, 2.0), (gate, top), (middle - RADIUS, top))
    wire(ax, (up, 1.23), (up, top), (middle + RADIUS, top))
    node(ax, middle, top, "x")
    note(ax, middle, top - 0.32, "value by value", align="center")
    wire(ax, (middle, top + RADIUS), (middle, 3.25))
    box(ax, middle, 3.5, "down\nF → D", width=1.1, height=0.5, kind="feedforward")
    wire(ax, (middle, 3.75), (middle, 4.25))


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
        ups: the other half, ``(U,)``.
        surface: their gated product, ``(U, G)``.
        gate: where to cut.
        factor: the activation there: the slope of the output in the up half.
        slope: its derivative there: the gradient to the gate is this times the up half.
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


@styled
def plot_loss_panels(
    groups: Mapping[str, Mapping[str, np.ndarray]], *, size: tuple[float, float] = (6.4, 6.2), **options: Any
) -> Figure:
    """One panel of :func:`plot_losses` for each group of settings, under each other with the same axes."""
    figure, axes = new_figure(len(groups), 1, size=size, sharex=True, sharey=True, squeeze=False)
    for ax, (title, losses) in zip(axes[:, 0], groups.items(), strict=True):
        plot_losses(losses, title=title, ax=ax, **options)
    for ax in axes[:-1, 0]:
        ax.set_xlabel("")
    return figure
