"""Figures of what a summary costs: prediction and clock, the roofline, the two phases, batches, long inputs.

All functions take plain numbers and give back a figure. Reading is blue and round, writing vermillion and square, in
every figure.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from llmbook.plots.style import CYCLE, DASHES, MARKERS, PALETTE, BookAxes, BookFigure, new_figure, styled, text_color

PHASES = {"reading": ("blue", "o"), "writing": ("vermillion", "s")}
LOOKS = tuple(zip((*CYCLE, "ink"), (*MARKERS, "X"), (*DASHES, "-"), strict=True))  # of lines: color, marker, dash
GIGA = 1e9


@styled
def draw_measured(lengths: Sequence[int], rows: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> Figure:
    """A panel for each phase: the prediction as a line, the clock as points.

    Args:
        lengths: S, tokens read.
        rows: "reading" and "writing" to (predicted, measured), in seconds.
    """
    figure, axes = new_figure(1, len(rows), size=(6.6, 3.2), squeeze=False)
    for ax, (name, (predicted, measured)) in zip(axes[0], rows.items(), strict=True):
        color, marker = PHASES[name]
        ax.plot(lengths, predicted, "-", color=PALETTE["ink"], linewidth=1.4, label="at least, by formula")
        ax.plot(lengths, measured, marker, color=PALETTE[color], label="measured")
        ax.set(title=name, xlabel="tokens read, S", xlim=(0, 1.06 * lengths[-1]),
               ylim=(0, 1.6 * max(*predicted, *measured)))
        ax.legend(fontsize=9.5)
    axes[0][0].set_ylabel("seconds")
    return figure


@styled
def draw_roofline(flops: float, bandwidth: float, points: Mapping[str, Sequence[tuple[float, str]]]) -> Figure:
    """What a machine can reach by FLOPs per fetched byte, and where the phases lie under its roof.

    Args:
        flops: Of the machine, in a second.
        bandwidth: Of the machine, in bytes a second.
        points: "reading" and "writing" to pairs of an intensity and its label, alternately above and below.
    """
    figure, ax = new_figure(size=(6.4, 3.7))
    ridge = flops / bandwidth
    low, high = 0.5, 2e5
    ax.plot([low, ridge, high], [bandwidth * low, flops, flops], color=PALETTE["ink"], linewidth=1.8)
    ax.axvline(ridge, color=PALETTE["gray"], linewidth=1, linestyle=(0, (2, 2)))
    for name, pairs in points.items():
        color, marker = PHASES[name]
        for place, (intensity, label) in enumerate(pairs):
            top = min(flops, intensity * bandwidth)
            ax.plot([intensity], [top], marker, color=PALETTE[color], markersize=8)
            offset = (0, 11 + 15 * (place % 2)) if name == "reading" else (9, -5)
            ax.annotate(label, (intensity, top), offset, textcoords="offset points", fontsize=9.5,
                        ha="center" if name == "reading" else "left", color=text_color(color))
    ax.set(xscale="log", yscale="log", xlim=(low, high), ylim=(bandwidth * low, 6 * flops),
           xlabel="FLOPs for each fetched byte", ylabel="FLOPs a second")
    ax.annotate(f"fetching decides\nbelow {ridge:,.0f}", (ridge, 1.6 * flops), (-8, 0), textcoords="offset points",
                ha="right", va="bottom", fontsize=9.5)
    return figure


@styled
def draw_phases(rows: Mapping[str, Mapping[str, float]], *, xlabel: str) -> Figure:
    """Reading and writing of each model on a logarithmic axis, joined by a line.

    Args:
        rows: Name of a model to "reading" and "writing".
        xlabel: What the axis shows.
    """
    figure, ax = new_figure(size=(6.2, 1.2 + 0.4 * len(rows)))
    for place, phases in enumerate(rows.values()):
        ax.plot(sorted(phases.values()), [place, place], "-", color=PALETTE["gray"], linewidth=1.6, zorder=1)
        for name, value in phases.items():
            color, marker = PHASES[name]
            ax.plot([value], [place], marker, color=PALETTE[color], markersize=8, label="" if place else name)
    ax.set_yticks(range(len(rows)), list(rows), fontsize=10.5)
    ax.set(xscale="log", ylim=(len(rows) - 0.5, -0.5), xlabel=xlabel)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, fontsize=10)
    return figure


@styled
def draw_lines(x: Sequence[float], lines: Mapping[str, Sequence[float]], *, xlabel: str, ylabel: str,
               percent: bool = False) -> Figure:
    """A line for each model over a logarithmic axis.

    Args:
        x: What the horizontal axis shows, ascending.
        lines: Name to one value for each x; at most as many as there are ``LOOKS``.
        xlabel: Name of the horizontal axis.
        ylabel: Name of the vertical axis.
        percent: The values are shares, on a plain axis from 0 to 1; otherwise the axis is logarithmic.
    """
    figure, ax = new_figure(size=(6.4, 3.8))
    for (name, values), (color, marker, dash) in zip(lines.items(), LOOKS, strict=False):
        ax.plot(x, values, marker=marker, color=PALETTE[color], linestyle=dash, label=name, markersize=5)
    ax.set_xscale("log", base=2)
    ax.set_xticks(x, [f"{value:,}" for value in x], fontsize=9.5)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if percent:
        ax.set_ylim(0, 1)
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    else:
        ax.set_yscale("log")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper left", ncols=3, fontsize=9.5)
    return figure


@styled
def draw_serving_frame(memory: Mapping[str, float], times: Mapping[str, tuple[float, float]], *,
                       memory_limits: tuple[float, float], time_limits: tuple[float, float]) -> Figure:
    """For an explorer, with axes that do not move: memory above, time of multiplying and fetching below.

    Args:
        memory: "weights" and "cache" in bytes.
        times: "reading" and "writing" to seconds of multiplying and of fetching; the slower of the two is filled.
        memory_limits: Ends of the axis, in GB.
        time_limits: Ends of the axis, in seconds.
    """
    figure = BookFigure(figsize=(5.6, 3.7))
    top, bottom = (figure.add_axes((0.27, low, 0.68, height), axes_class=BookAxes)
                   for low, height in ((0.73, 0.22), (0.14, 0.40)))
    for place, size in enumerate(memory.values()):
        _stem(top, place, size / GIGA, memory_limits[0], "gray", "D", filled=True)
    labels = []
    for name, pair in times.items():
        color, marker = PHASES[name]
        for what, value in zip(("multiply", "fetch"), pair, strict=True):
            _stem(bottom, len(labels), value, time_limits[0], color, marker, filled=value == max(pair))
            labels.append(f"{name}: {what}")
    _rows(top, list(memory), memory_limits, "GB")
    _rows(bottom, labels, time_limits, "seconds for the batch")
    return figure


def _stem(ax: Any, place: int, value: float, start: float, color: str, marker: str, *, filled: bool) -> None:
    line = "-" if filled else (0, (2, 2))
    ends = [math.log10(start), math.log10(value)]  # plain axes of logarithms are drawn several times as fast
    ax.plot(ends, [place, place], color=PALETTE[color], linewidth=2.6 if filled else 1.2, linestyle=line)
    ax.plot(ends[1:], [place], marker, color=PALETTE[color], markersize=8, clip_on=False,
            markerfacecolor=PALETTE[color] if filled else "none")


def _rows(ax: Any, labels: Sequence[str], limits: tuple[float, float], xlabel: str) -> None:
    ax.set_yticks(range(len(labels)), labels, fontsize=10)
    ax.tick_params(axis="y", length=0)
    low, high = map(math.log10, limits)
    powers = range(math.ceil(low), math.floor(high) + 1)
    ax.set_xticks(powers, [f"{10.0**power:,g}" if power % 2 == 0 else "" for power in powers], fontsize=9.5)
    ax.set(xlim=(low, high), ylim=(len(labels) - 0.5, -0.5))
    ax.set_xlabel(xlabel, fontsize=10)
