"""Which weights of a published model moved, by layer, and how far lengths and directions of their rows did."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from llmbook.chapters.dora.does_it_help.plots import method_style
from llmbook.plots.style import CYCLE, DASHES, MARKERS, PALETTE, new_figure, styled

TICKS = (0.03, 0.1, 0.3, 1, 3, 10)


@styled
def plot_moved(moved: Mapping[str, Mapping[str, Sequence[float]]], *, titles: Mapping[str, str]) -> Figure:
    """How far each matrix has moved, relative to its size: a panel for each method, a line for each kind.

    Args:
        moved: by method, by kind of matrix: a share for each layer, from the first on.
        titles: by method.
    """
    figure, axes = new_figure(1, len(moved), size=(7.0, 3.3), squeeze=False)
    for ax, (method, kinds) in zip(axes[0], moved.items(), strict=True):
        for place, (kind, shares) in enumerate(kinds.items()):
            ax.plot(range(len(shares)), [100 * share for share in shares], color=PALETTE[CYCLE[place]],
                    linestyle=DASHES[place], marker=MARKERS[place], markersize=3, linewidth=1.4,
                    label=kind.removesuffix("_proj"))  # fmt: skip
        ax.set(title=titles[method], xlabel="layer")
        ax.set_ylim(bottom=0)
    axes[0][0].set_ylabel("% of the matrix's size")
    handles = axes[0][0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=5, fontsize=10, columnspacing=1.2)
    return figure


@styled
def plot_small_changes(panels: Mapping[str, Mapping[str, Mapping[str, Sequence[float]]]], *,
                       titles: Mapping[str, str]) -> Figure:
    """Change of magnitude against change of direction where both are small: a panel for each method, on the same axes.

    Args:
        panels: by method, by kind of matrix: ``magnitude`` and ``direction`` of each layer, and the means of the two
            over random directions, ``random_magnitude`` and ``random_direction``: gray crosses.
        titles: by method.
    """
    figure, axes = new_figure(1, len(panels), size=(7.0, 3.5), squeeze=False, sharex=True, sharey=True)
    for ax, (method, kinds) in zip(axes[0], panels.items(), strict=True):
        color = method_style(method)["color"]
        for marker, (kind, changes) in zip("o^", kinds.items(), strict=False):
            first = {"label": "random"} if marker == "o" else {}
            _scatter(ax, changes, "random_", marker="x", color=PALETTE["gray"], **first)
            _scatter(ax, changes, marker=marker, color=color, label=kind.removesuffix("_proj"))
        ax.set(title=titles[method], xscale="log", yscale="log")
        ax.xaxis.set_major_formatter("{x:g}")
    low, high = axes[0][0].get_ylim()  # of all panels
    ticks = [tick for tick in TICKS if low <= tick <= high]
    axes[0][0].set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes[0][0].yaxis.set_minor_formatter("")
    axes[0][0].set_ylabel("change of magnitude, $10^{-3}$")
    axes[0][len(panels) // 2].set_xlabel("change of direction, $10^{-6}$")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=10)
    return figure


def _scatter(ax: Any, changes: Mapping[str, Sequence[float]], which: str = "", **look: Any) -> None:
    """A point for each layer, in millionths and thousandths."""
    turned, stretched = changes[f"{which}direction"], changes[f"{which}magnitude"]
    ax.scatter([1e6 * each for each in turned], [1e3 * each for each in stretched], s=22, linewidths=1.0, **look)
