r"""Figures about normalization: what a norm does, what its gain and its eps do, and where in a block it stands.

The curves come from the reader's page; here they are only drawn. Equations: ``llmbook.layers.norm``. Sources of the
questions: Zhang and Sennrich 2019 (arXiv 1910.07467) for the norms, Xiong et al. 2020 (arXiv 2002.04745) for the place.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from llmbook.plots.architecture import draw_decoder_block
from llmbook.plots.diagram import draw_side_by_side
from llmbook.plots.style import CYCLE, DASHES, MARKERS, PALETTE, figure_for, label_line, new_figure, styled
from llmbook.plots.training import label_shifts

PLACE_COLORS = {"pre": "blue", "post": "vermillion", "both": "green"}
PLACE_LABELS = {"pre": "pre-norm", "post": "post-norm", "both": "both"}
PLACE_ORDER = tuple(PLACE_COLORS)


def place_style(place: str) -> dict:
    """Color, dash and marker of a placement, the same in every figure."""
    index = PLACE_ORDER.index(place)
    return {"color": PALETTE[PLACE_COLORS[place]], "linestyle": DASHES[index], "marker": MARKERS[index]}


@styled
def plot_vectors(vectors: Mapping[str, Sequence[float]], *, sharey: bool = False) -> Figure:
    """A small vector as bars, one panel for each version of it, with its root mean square drawn as a line.

    Args:
        vectors: title to numbers, each as long as the others.
        sharey: One scale for all panels.
    """
    figure, axes = new_figure(1, len(vectors), size=(2.15 * len(vectors), 2.7), sharey=sharey, squeeze=False)
    for index, (ax, (title, numbers)) in enumerate(zip(axes[0], vectors.items(), strict=True)):
        numbers = np.asarray(numbers, dtype=float)
        ax.bar(range(1, len(numbers) + 1), numbers, width=0.62, color=PALETTE["sky"], edgecolor=PALETTE["ink"])
        rms = float(np.sqrt(np.mean(numbers**2)))
        ax.axhline(rms, color=PALETTE["vermillion"], linestyle=DASHES[1], linewidth=1.6)
        ax.axhline(float(numbers.mean()), color=PALETTE["ink"], linestyle=DASHES[2], linewidth=1.6)
        ax.set_title(title)
        ax.set_xlabel(f"rms {rms:.2f} (dashes)\nmean {numbers.mean().round(6) + 0.0:.2f} (dots)")
        ax.set_xticks(range(1, len(numbers) + 1))
        ax.margins(y=0.12)
        if index == 0:
            ax.set_ylabel("value")
    return figure


@styled
def plot_gain_decay(steps: Sequence[int], gains: Mapping[str, np.ndarray], labels: Sequence[str],
                    targets: Sequence[float | None]) -> Figure:
    """How gains move while they are trained under weight decay, one panel for each way to store them.

    Args:
        steps: Training steps, ``(N,)``.
        gains: title to the gain in use, ``(N, number of labels)``.
        labels: One for each column.
        targets: The gain that the data asks for, or None where it asks for nothing; one for each column.
    """
    figure, axes = new_figure(1, len(gains), size=(6.4, 3.4), sharey=True, squeeze=False)
    for ax, (title, values) in zip(axes[0], gains.items(), strict=True):
        for index, target in enumerate(targets):
            (line,) = ax.plot(steps, values[:, index], color=PALETTE[CYCLE[index]], linestyle=DASHES[index])
            if target is not None:
                ax.plot(steps[-1], target, marker=MARKERS[index], color=line.get_color(), markerfacecolor="none",
                        markersize=9, markeredgewidth=1.8, clip_on=False, zorder=4)
        for end, names in _joined(values[-1], labels).items():
            ax.annotate(names, (steps[-1], end), (-12, 6), textcoords="offset points", ha="right", fontsize=9.5)
        ax.set(title=title, xlabel="step")
    axes[0][0].set_ylabel("gain in use")
    return figure


def _joined(ends: Sequence[float], labels: Sequence[str]) -> dict[float, str]:
    """Labels by the height where their line ends; lines that end together share one."""
    joined: dict[float, str] = {}
    for end, label in zip(ends, labels, strict=True):
        near = next((other for other in joined if abs(other - end) < 0.02), None)
        joined[end if near is None else near] = label if near is None else f"{joined[near]}, {label}"
    return joined


@styled
def plot_staircase(offsets: Sequence[float], curves: Mapping[str, Sequence[float]], ax: Axes | None = None) -> Figure:
    """What a format makes of the gain ``1 + w``, drawn as the distance from one against the exact ``w``.

    Args:
        offsets: ``w``, ascending.
        curves: name to what is left of ``w``: the gain in use, minus one.
    """
    figure, ax = figure_for(ax, size=(6.4, 3.6))
    for index, (name, values) in enumerate(curves.items()):
        ax.plot(offsets, values, label=name, color=PALETTE[("vermillion", "blue", "green")[index]],
                linestyle=DASHES[index], linewidth=2.4 - 0.4 * index)
    ax.set(xlabel="w that training asks for", ylabel="gain in use, minus 1")
    ax.legend(loc="upper left")
    return figure


@styled
def plot_eps(input_rms: Sequence[float], curves: Mapping[str, Sequence[float]], ax: Axes | None = None) -> Figure:
    """Size of a norm's output against the size of its input, both root mean squares, on logarithmic scales."""
    figure, ax = figure_for(ax, size=(6.4, 3.6))
    for name, values in curves.items():
        (line,) = ax.plot(input_rms, values, label=name)
        half = float(np.interp(0.5, values, input_rms))
        ax.plot(half, 0.5, "o", color=line.get_color())
    ax.axhline(0.5, color=PALETTE["gray"], linewidth=1, linestyle=":")
    ax.set(xscale="log", yscale="log", xlabel="root mean square of the input", ylabel="root mean square of the output")
    ax.legend(loc="lower right")
    return figure


@styled
def plot_by_layer(curves: Mapping[str, np.ndarray], *, ylabel: str, logarithmic: bool = False, first: int = 0,
                  highlight: str | None = None, ylim: tuple[float, float] | None = None, title: str = "",
                  ax: Axes | None = None) -> Figure:
    """One number for each layer and each placement: the mean over seeds, in a band from the smallest to the largest.

    Args:
        curves: "pre", "post" or "both" to values ``(seeds, layers)``.
        ylabel: What is measured.
        logarithmic: Logarithmic vertical axis.
        first: The number of the first column: 0 if it is the embedding, 1 if it is the first block.
        highlight: A placement to draw strongly, the others faintly.
        ylim: Limits of the vertical axis.
        title: Above the axes.
        ax: Axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.4, 3.6))
    lines = {place: _layer_line(ax, place, np.asarray(values), first, faint=highlight not in (None, place))
             for place, values in curves.items()}
    ax.set(xlabel="block", ylabel=ylabel, title=title, yscale="log" if logarithmic else "linear")
    ax.margins(x=0.03)
    if ylim is not None:
        ax.set_ylim(*ylim)
    ax.xaxis.get_major_locator().set_params(integer=True)
    for place, shift in label_shifts(ax, lines).items():
        label_line(lines[place], PLACE_LABELS[place], offset=(6, shift))
    return figure


def _layer_line(ax: Axes, place: str, values: np.ndarray, first: int, *, faint: bool) -> Line2D:
    layers = np.arange(first, first + values.shape[1])
    style, strength = place_style(place), 0.35 if faint else 1.0
    ax.fill_between(layers, values.min(0), values.max(0), color=style["color"], alpha=0.18 * strength, linewidth=0)
    style["marker"] = style["marker"] if len(layers) < 12 else None
    (line,) = ax.plot(layers, values.mean(0), alpha=strength, label=PLACE_LABELS[place], **style)
    return line


@styled
def plot_depths(panels: Mapping[str, Mapping[str, np.ndarray]], *, ylabel: str, logarithmic: bool = False,
                first: int = 1) -> Figure:
    """The same measurement in several panels that share one vertical axis; ``panels`` is title to curves."""
    figure, axes = new_figure(1, len(panels), size=(6.4, 3.5), sharey=True, squeeze=False)
    for index, (ax, (title, curves)) in enumerate(zip(axes[0], panels.items(), strict=True)):
        for place, values in curves.items():
            values = np.asarray(values)
            layers, style = np.arange(first, first + values.shape[1]), place_style(place)
            ax.fill_between(layers, values.min(0), values.max(0), color=style["color"], alpha=0.18, linewidth=0)
            style["marker"] = style["marker"] if len(layers) < 12 else None
            ax.plot(layers, values.mean(0), label=PLACE_LABELS[place], **style)
        ax.set(title=title, xlabel="block", ylabel=ylabel if index == 0 else "",
               yscale="log" if logarithmic else "linear")
        ax.xaxis.get_major_locator().set_params(integer=True)
    figure.legend(*axes[0][-1].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=10.5,
                  frameon=False, handlelength=2.6)
    return figure


@styled
def plot_trained(panels: Mapping[str, Mapping[str, Mapping[str, Sequence[float]]]], *, ylabel: str,
                 xlabel: str) -> Figure:
    """Results of training runs on a logarithmic axis: a marker for each seed, and a bar at their mean.

    Args:
        panels: title to placement to group (on the horizontal axis) to one value for each seed.
        ylabel: What is measured.
        xlabel: What the groups are.
    """
    counts = [len(next(iter(curves.values()))) for curves in panels.values()]
    figure, axes = new_figure(1, len(panels), size=(6.4, 3.9), sharey=True, squeeze=False, width_ratios=counts)
    for index, (ax, (title, curves)) in enumerate(zip(axes[0], panels.items(), strict=True)):
        for shift, (place, groups) in enumerate(curves.items()):
            _seed_dots(ax, place, groups, 0.26 * (shift - (len(curves) - 1) / 2))
        ax.set(title=title, xlabel=xlabel, ylabel=ylabel if index == 0 else "", yscale="log",
               xlim=(-0.55, counts[index] - 0.45))
        ax.set_xticks(range(counts[index]), list(next(iter(curves.values()))))
        ax.yaxis.set_major_locator(FixedLocator([0.25, 0.5, 1, 2, 4]))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_locator(NullLocator())
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=10.5,
                  frameon=False)
    return figure


def _seed_dots(ax: Axes, place: str, groups: Mapping[str, Sequence[float]], shift: float) -> None:
    style = place_style(place)
    for position, values in enumerate(groups.values()):
        places = np.full(len(values), position + shift)
        label = PLACE_LABELS[place] if position == 0 else None
        ax.plot(places, values, linestyle="none", marker=style["marker"], color=style["color"], label=label,
                markerfacecolor="none", markersize=5.5)
        mean = float(np.mean(values))
        ax.plot([position + shift - 0.1, position + shift + 0.1], [mean, mean], color=PALETTE["ink"], linestyle="-")


def draw_norm_places(**labels: str) -> Figure:
    """Pre-norm, post-norm and both, side by side; ``labels`` as in :func:`draw_decoder_block`."""
    drawings = [partial(draw_decoder_block, norm_place=place, **labels) for place in ("pre", "post", "both")]
    return draw_side_by_side(drawings, titles=["pre-norm", "post-norm", "both"])
