"""Figures of what adapters cost: times of a step, overhead by the number of tokens, memory by what fills it.

All functions take plain numbers and give back a figure. The four parts of the memory keep their color, hatch and order
in every bar, so that nothing depends on color alone.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from llmbook.plots.diagram import tint
from llmbook.plots.style import (
    CYCLE,
    DASHES,
    MARKERS,
    PALETTE,
    BookAxes,
    BookFigure,
    figure_for,
    new_figure,
    styled,
    text_color,
)  # fmt: skip

GB = 1e9
PARTS = {  # part of the memory: (color, share of that color, hatch)
    "weights": ("gray", 0.35, ""),
    "gradients": ("blue", 0.45, "///"),
    "optimizer": ("orange", 0.55, ""),
    "activations": ("green", 0.3, ".."),
}
BAR = 0.64
WIDTH = 5.6


@styled
def draw_times(rounds: Mapping[str, Sequence[float]], *, reference: str, theirs: Sequence[str] = (),
               xlabel: str = "milliseconds", ax: Any = None) -> Figure:
    """Every round as a faint point, the median as a bar across, and how it compares with a reference.

    Args:
        rounds: Name of a variant to its times, one for each round.
        reference: The variant that the factors refer to.
        theirs: Variants of another library, drawn as squares.
        xlabel: What the axis shows.
        ax: Axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(WIDTH, 0.9 + 0.34 * len(rounds)))
    medians = {name: statistics.median(times) for name, times in rounds.items()}
    limit = 1.3 * max(max(times) for times in rounds.values())
    for place, (name, times) in enumerate(rounds.items()):
        color, marker = ("vermillion", "s") if name in theirs else ("blue", "o")
        ax.plot(times, [place] * len(times), marker, color=PALETTE[color], alpha=0.35, markersize=4.5, mew=0)
        ax.plot([medians[name]] * 2, [place - 0.34, place + 0.34], "-", color=PALETTE["ink"], linewidth=2.2)
        ax.text(max(times) + 0.02 * limit, place, f"{medians[name] / medians[reference]:.2f}", va="center",
                fontsize=10.5, fontweight="bold")
    ax.axvline(medians[reference], color=PALETTE["gray"], linewidth=1, linestyle=(0, (2, 2)))
    _name_rows(ax, list(rounds), xlabel, limit)
    return figure


def _name_rows(ax: Any, names: Sequence[str], xlabel: str, limit: float) -> None:
    ax.set_yticks(range(len(names)), names, fontsize=10.5)
    ax.set(xlim=(0, limit), ylim=(len(names) - 0.5, -0.5), xlabel=xlabel)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", visible=False)


@styled
def draw_overhead(tokens: Sequence[int], counted: Mapping[str, Sequence[float]],
                  timed: Mapping[str, Sequence[float]]) -> Figure:
    """How much more than LoRA a variant needs, by the tokens of a step: counted as lines, timed as points.

    Args:
        tokens: Of a step.
        counted: Name to the factor in FLOPs at each number of tokens.
        timed: Name to the factor in time; the same names.
    """
    figure, axes = new_figure(1, 2, size=(7.0, 3.5), sharex=True)
    for ax, rows, title in zip(axes, (counted, timed), ("counted: FLOPs", "timed: medians"), strict=True):
        for index, (name, factors) in enumerate(rows.items()):
            ax.plot(tokens, factors, marker=MARKERS[index], color=PALETTE[CYCLE[index]], linestyle=DASHES[index],
                    label=name)
        ax.axhline(1, color=PALETTE["gray"], linewidth=1)
        ax.set_xscale("log", base=2)
        ax.set_xticks(tokens, [f"{count:,}" for count in tokens], fontsize=9.5)
        ax.set(title=title, xlabel="tokens in a step", ylim=(0, None))
    axes[0].set_ylabel("times LoRA")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=2, fontsize=10)
    return figure


@styled
def draw_memory(rows: Mapping[str, Mapping[str, float]], *, limit: float | None = None, line: float | None = None,
                ax: Any = None) -> Figure:
    """Stacked bars of bytes: weights, gradients, optimizer, activations.

    Args:
        rows: Name of a bar to the bytes of each of ``PARTS``.
        limit: Where the axis ends, in GB; by default a little beyond the longest bar.
        line: Mark an amount of memory, in GB, such as that of a card.
        ax: Axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(WIDTH, 1.35 + 0.46 * len(rows)))
    limit = limit or 1.18 * max(sum(parts.values()) for parts in rows.values()) / GB
    for place, parts in enumerate(rows.values()):
        start = 0.0
        for name, (color, share, hatch) in PARTS.items():
            width = parts[name] / GB
            ax.barh(place, width, BAR, left=start, color=tint(color, share), edgecolor=PALETTE["ink"], linewidth=0.8,
                    hatch=hatch)
            start += width
        crossed = line and start < line < start + 0.1 * limit  # the total would stand on the line
        left = line if crossed else min(start, limit)
        ax.text(left + 0.012 * limit, place, f"{start:.1f}", va="center", fontweight="bold", fontsize=10.5)
    if line:
        ax.axvline(line, color=PALETTE["vermillion"], linewidth=1.4, linestyle=(0, (4, 2)))
        ax.text(line + 0.008 * limit, 0.5, f"{line:g} GB", color=text_color("vermillion"), fontsize=9.5, va="center")
    _name_rows(ax, list(rows), "GB", limit)
    _legend(ax)
    return figure


def _legend(ax: Any) -> None:
    patches = [Patch(facecolor=tint(color, share), edgecolor=PALETTE["ink"], hatch=hatch, label=name, linewidth=0.8)
               for name, (color, share, hatch) in PARTS.items()]
    ax.legend(handles=patches, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=4, fontsize=10, handlelength=1.3,
              columnspacing=1.0, handletextpad=0.5, borderaxespad=0.2)


@styled
def draw_memory_frame(rows: Mapping[str, Mapping[str, float]], *, limit: float, line: float) -> Figure:
    """:func:`draw_memory` with axes that do not move, for the frames of an explorer."""
    figure = BookFigure(figsize=(WIDTH, 3.3))
    draw_memory(rows, limit=limit, line=line, ax=figure.add_axes((0.17, 0.16, 0.79, 0.7), axes_class=BookAxes))
    return figure


@styled
def draw_by_tokens(tokens: Sequence[int], totals: Mapping[str, Sequence[float]], *,
                   line: float | None = None) -> Figure:
    """Total memory of a step by its number of tokens.

    Args:
        tokens: Of a step.
        totals: Name to bytes at each number of tokens.
        line: Mark an amount of memory, in GB.
    """
    figure, ax = new_figure(size=(6.0, 3.7))
    for index, (name, values) in enumerate(totals.items()):
        ax.plot(tokens, [value / GB for value in values], marker=MARKERS[index], color=PALETTE[CYCLE[index]],
                linestyle=DASHES[index], label=name)
    if line:
        ax.axhline(line, color=PALETTE["gray"], linewidth=1.2, linestyle=(0, (2, 2)))
        ax.annotate(f"{line:g} GB", (tokens[0], line), (2, 4), textcoords="offset points", fontsize=10)
    ax.set_xticks(tokens, [f"{count:,}" for count in tokens], fontsize=9.5)
    ax.set(xlabel="tokens in a step", ylabel="GB", ylim=(0, None), xlim=(0, 1.02 * tokens[-1]))
    ax.legend(fontsize=10)
    return figure
