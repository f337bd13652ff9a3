"""Activation functions drawn: the curves, what they do to a distribution, to a deep network, and to the logits."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from llmbook.plots.curves import plot_curves
from llmbook.plots.style import PALETTE, figure_for, new_figure, styled
from llmbook.plots.training import draw_seeds


@styled
def plot_values_and_slopes(
    x: np.ndarray, values: Mapping[str, np.ndarray], slopes: Mapping[str, np.ndarray]
) -> Figure:
    """Functions above, their derivatives below, on the same x."""
    figure, (top, bottom) = new_figure(2, 1, size=(6.4, 6.6), sharex=True)
    plot_curves(x, values, xlabel="", ylabel="$f(x)$", title="The function", ax=top)
    plot_curves(x, slopes, ylabel="$f'(x)$", title="Its derivative", legend=False, ax=bottom)
    bottom.axhline(1, color=PALETTE["ink"], linewidth=0.8, linestyle=(0, (4, 2)))
    return figure


@styled
def plot_convergence(counts: np.ndarray, errors: np.ndarray, *, ax: Any = None) -> Figure:
    """Error of a random estimate against the number of draws, with the law of one over the square root.

    Args:
        counts: draws, ``(points,)``.
        errors: absolute errors, ``(seeds, points)``.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax)
    for row in errors:
        ax.plot(counts, row, linestyle="", marker="o", markersize=3.5, color=PALETTE["blue"], alpha=0.45)
    root = np.sqrt((errors**2).mean(axis=0))
    ax.plot(counts, root, color=PALETTE["vermillion"], linestyle="-", marker="D", label="root mean square")
    ax.plot(counts, root[0] * np.sqrt(counts[0] / counts), color=PALETTE["ink"], linestyle=(0, (4, 2)),
            linewidth=1.4, label=r"falls as $1/\sqrt{n}$")
    ax.set(xscale="log", yscale="log", xlabel="draws $n$", ylabel="error of the estimate")
    ax.legend()
    return figure


@styled
def plot_gap(x: np.ndarray, gap: np.ndarray, spacing: np.ndarray) -> Figure:
    """How far two functions are apart: as a number, and in units of the spacing of a float format.

    Args:
        x: ``(points,)``.
        gap: second function minus first, ``(points,)``.
        spacing: distance between neighboring numbers of the format at the first function's value, ``(points,)``.
    """
    figure, (top, bottom) = new_figure(2, 1, size=(6.4, 6.4), sharex=True)
    plot_curves(x, {"gap": gap}, xlabel="", ylabel="tanh minus exact", legend=False, ax=top,
                title="The gap between the two GELUs")
    top.ticklabel_format(axis="y", scilimits=(0, 0))
    for place in (x[x < 0][np.abs(gap[x < 0]).argmax()], x[x > 0][np.abs(gap[x > 0]).argmax()]):
        height = gap[np.searchsorted(x, place)]
        top.plot([place], [height], marker="o", linestyle="", color=PALETTE["vermillion"])
        top.annotate(f"{height:.2e} at {place:.2f}", (place, height), (0, 8), textcoords="offset points", ha="center")
    top.margins(y=0.22)
    bottom.plot(x, np.abs(gap) / spacing)
    bottom.axhline(0.5, color=PALETTE["ink"], linewidth=1.2, linestyle=(0, (4, 2)))
    bottom.annotate("half a step: bf16 rounding", (x[-1], 0.5), (-2, 5),
                    textcoords="offset points", ha="right")
    bottom.set(yscale="log", ylim=(1e-4, None), xlabel="input $x$", ylabel="gap / spacing in bf16",
               title="The same gap in bf16 units of the result")
    return figure


@styled
def plot_layers(
    panels: Mapping[str, Mapping[str, np.ndarray]], *, ylabels: Sequence[str], xlabel: str = "layer"
) -> Figure:
    """Quantities by layer under each other, on a logarithmic axis, mean over seeds with 95 % band.

    Args:
        panels: by title, then by name of the network: ``(seeds, layers)``, all positive.
        ylabels: one for each panel.
        xlabel: below the last panel.
    """
    figure, axes = new_figure(len(panels), 1, size=(6.4, 3.3 * len(panels)), sharex=True, squeeze=False)
    for ax, (title, curves), ylabel in zip(axes[:, 0], panels.items(), ylabels, strict=True):
        for name, values in curves.items():
            draw_seeds(ax, np.arange(1, values.shape[1] + 1), values, label=name)
        ax.set(yscale="log", title=title, ylabel=ylabel)
    axes[-1, 0].set_xlabel(xlabel)
    axes[0, 0].legend(ncols=2)
    return figure


@styled
def plot_histograms(samples: Mapping[str, Mapping[str, np.ndarray]], *, reach: float = 3.0, bins: int = 49) -> Figure:
    """Small histograms: a row for each network, a column for each layer, heights as shares of all values.

    Args:
        samples: by network, then by layer: values, ``(N,)``.
        reach: the axes run from minus to plus this; what lies outside is put into the outermost bins.
        bins: an odd number keeps zero in the middle of a bin.
    """
    columns = len(next(iter(samples.values())))
    figure, axes = new_figure(len(samples), columns, size=(6.4, 1.35 * len(samples) + 0.5), sharex=True,
                              sharey="row", squeeze=False)
    edges = np.linspace(-reach, reach, bins + 1)
    for row, (network, layers) in enumerate(samples.items()):
        for column, (layer, values) in enumerate(layers.items()):
            ax = axes[row, column]
            share = np.histogram(np.clip(values, -reach, reach), edges)[0] / values.size
            ax.stairs(share, edges, fill=True, color=PALETTE["blue"])
            ax.yaxis.set_major_locator(NullLocator())
            ax.set_title(layer if row == 0 else "", fontsize=11)
        axes[row, 0].set_ylabel(network)
    return figure


@styled
def plot_logit_differences(
    spreads: np.ndarray, differences: Mapping[str, np.ndarray], *, marks: Mapping[str, float], ax: Any = None
) -> Figure:
    """Relative difference of logits against the size of the weights, one line for each cause.

    Args:
        spreads: standard deviation of the weights, ``(points,)``.
        differences: by cause, largest difference over largest logit, ``(seeds, points)``.
        marks: levels to draw as horizontal lines, by name.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.4, 4.2))
    for (name, values), marker in zip(differences.items(), ("o", "s", "^"), strict=False):
        draw_seeds(ax, spreads, values, label=name, marker=marker)
    for name, level in marks.items():
        ax.axhline(level, color=PALETTE["ink"], linewidth=1.1, linestyle=(0, (4, 2)))
        ax.annotate(name, (spreads[-1], level), (0, 4), textcoords="offset points", fontsize=10, ha="right")
    ax.set(xscale="log", yscale="log", xlabel="standard deviation of the weights",
           ylabel="difference / largest logit")
    ax.set_xticks(spreads, [f"{spread:g}" for spread in spreads])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_ylim(top=10)
    ax.legend(loc="upper left")
    return figure


@styled
def plot_passage(
    x: np.ndarray, function: np.ndarray, slope: np.ndarray, density: np.ndarray, outputs: np.ndarray, *, name: str
) -> Figure:
    """What a function does to a distribution: the curve over the inputs, and the histogram of the outputs.

    Args:
        x: for the curves, ``(points,)``.
        function: ``(points,)``.
        slope: the derivative, ``(points,)``.
        density: of the inputs up to a factor, largest value 1, ``(points,)``.
        outputs: the function of a sample of inputs, ``(N,)``.
        name: of the function.
    """
    figure, (top, bottom) = new_figure(2, 1, size=(6.4, 5.4))
    plot_curves(x, {name: function, "derivative": slope}, title="The function, over gray: where the inputs lie", ax=top)
    top.set(xlim=(x[0], x[-1]), ylim=(-1.2, x[-1]))
    top.fill_between(x, 0, 0.75 * x[-1] * density, color=PALETTE["gray"], alpha=0.25, linewidth=0)
    edges = np.linspace(-2, x[-1], 65)
    share = np.histogram(np.clip(outputs, edges[0], edges[-1]), edges)[0] / outputs.size
    bottom.stairs(share, edges, fill=True, color=PALETTE["blue"])
    bottom.set(yscale="log", ylim=(1e-4, 1), xlim=(-2, x[-1]), ylabel="share of values", title="The outputs")
    bottom.yaxis.set_minor_locator(NullLocator())
    bottom.set_xlabel("output (the last bar holds all that is larger)")
    return figure
