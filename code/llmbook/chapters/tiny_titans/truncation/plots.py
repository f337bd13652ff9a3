"""Figures about what is read of a long meeting: turns and facts along the tokens, scores by context, recall by place.

Numbers come from ``experiment.py`` by way of the caller.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from llmbook.metrics.intervals import Interval
from llmbook.plots.diagram import tint
from llmbook.plots.style import DASHES, PALETTE, BookAxes, BookFigure, new_figure, styled, text_color

LOOKS = {"cut": ("vermillion", "o", "-"), "chunks": ("blue", "s", DASHES[1])}
"""Color, marker and dash of each way to read."""
LENGTH_LOOKS = {"short": ("green", "^"), "medium": ("purple", "D"), "long": ("ink", "o")}
NAMES = {"cut": "cut off", "chunks": "in pieces"}
READING_LOOKS = {"cut": ("vermillion", "o"), "whole": ("green", "D")}


@styled
def plot_meeting(borders: Sequence[int], facts: Sequence[int], rows: Mapping[str, Sequence[tuple[int, int]]]) -> Figure:
    """One meeting along its tokens, once for each way to read it: turns as boxes, facts filled, what is unread pale.

    Args:
        borders: n + 1 tokens at which the n turns begin and the last one ends.
        facts: indices of turns that state a fact, in order.
        rows: way to read to the stretches of tokens that are read together.
    """
    figure, ax = new_figure(size=(6.6, 0.9 + 0.75 * len(rows)))
    for place, stretches in enumerate(rows.values()):
        for turn, (start, end) in enumerate(pairwise(borders)):
            read = any(start < stop and begin < end for begin, stop in stretches)
            color = PALETTE["orange"] if turn in facts else tint("sky", 0.5)
            ax.add_patch(Rectangle((start, place - 0.28), end - start, 0.56, facecolor=color if read else "none",
                                   edgecolor=PALETTE["gray"], linewidth=0.6, zorder=2))  # fmt: skip
        for _, stop in stretches:
            ax.plot([stop, stop], [place - 0.42, place + 0.42], "-", color=PALETTE["vermillion"], linewidth=2, zorder=3)
    for number, turn in enumerate(facts, start=1):
        ax.text((borders[turn] + borders[turn + 1]) / 2, -0.62, f"fact {number}", ha="center", fontsize=10)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.grid(visible=False)
    ax.set(xlim=(0, borders[-1] * 1.01), ylim=(len(rows) - 0.45, -0.85), xlabel="tokens")
    return figure


@styled
def plot_scores(
    contexts: Sequence[int], panels: Mapping[str, Mapping[str, Mapping[str, Interval]]],
    ceilings: Mapping[str, Mapping[str, Sequence[float]]],
) -> Figure:  # fmt: skip
    """Scores against the context: a row of panels for each measure, a column for each length of meeting.

    Args:
        contexts: tokens, ascending, in equal number with every interval.
        panels: measure to length of meeting to way of reading ("cut", "chunks") to means with intervals.
        ceilings: measure to length to what a careful reader who cuts would reach, drawn dotted.
    """
    lengths = list(next(iter(panels.values())))
    figure, axes = new_figure(len(panels), len(lengths), size=(7.0, 2.45 * len(panels) + 0.3), squeeze=False,
                              sharex=True, sharey=True)  # fmt: skip
    for row, (measure, columns) in zip(axes, panels.items(), strict=True):
        for ax, (length, ways) in zip(row, columns.items(), strict=True):
            ax.plot(contexts, ceilings[measure][length], ":", color=PALETTE["ink"], label="careful reader, cut off")
            for way, found in ways.items():
                _line(ax, contexts, found, way)
            _context_axis(ax, contexts)
        row[0].set_ylabel(measure)
    for ax, length in zip(axes[0], lengths, strict=True):
        ax.set_title(f"{length} meetings")
    for ax in axes[-1]:
        ax.set_xlabel("context, tokens")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside upper left", ncols=3, fontsize=10)
    return figure


@styled
def plot_recall(edges: Sequence[float], panels: Mapping[int, tuple[Interval, float]]) -> Figure:
    """Recall of a fact against its position, a panel for each context, beside what the null expects.

    Args:
        edges: n + 1 borders of the positions, in tokens.
        panels: context to n shares with intervals (NaN where there is no fact), and the share of all facts.
    """
    figure, axes = new_figure(1, len(panels), size=(7.0, 2.9), squeeze=False, sharey=True)
    for ax, (context, (found, mean)) in zip(axes[0], panels.items(), strict=True):
        draw_recall(ax, edges, found, context)
        ax.axhline(mean, color=PALETTE["gray"], linestyle=DASHES[1], linewidth=1.4)
        ax.set_title(f"context {context}", fontsize=10.5)
    axes[0][0].set_ylabel("share of facts kept")
    figure.supxlabel("where the fact ends, tokens", fontsize=11)
    return figure


def draw_recall(ax: Any, edges: Sequence[float], found: Interval, context: int) -> None:
    """Bars of recall by position with intervals; what lies beyond the context is shaded."""
    edges, mean = np.asarray(edges), np.asarray(found.mean)
    there = np.isfinite(mean)
    middles, widths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    if context < edges[-1]:
        ax.axvspan(context, edges[-1], color=PALETTE["gray"], alpha=0.25, zorder=0, linewidth=0)
        ax.axvline(context, color=PALETTE["vermillion"], linewidth=1.6)
    ends = np.array([mean - found.low, found.high - mean])
    ax.bar(middles[there], mean[there], 0.86 * widths[there], color=tint("sky", 0.75), edgecolor=PALETTE["ink"],
           linewidth=0.7)  # fmt: skip
    ax.errorbar(middles[there], mean[there], yerr=ends[:, there].clip(min=0), linestyle="", color=PALETTE["ink"],
                capsize=2, linewidth=1.2)  # fmt: skip
    ax.set(xlim=(edges[0], edges[-1]), ylim=(0, 1.04))
    ax.grid(axis="x", visible=False)


@styled
def plot_differences(contexts: Sequence[int], panels: Mapping[str, Mapping[str, Interval]]) -> Figure:
    """Paired differences against the context, a panel for each measure, a mark for each length of meeting.

    Args:
        contexts: tokens, ascending.
        panels: measure to length of meeting to mean differences with intervals; above 0 the pieces are better.
    """
    figure, axes = new_figure(1, len(panels), size=(7.0, 3.2), squeeze=False)
    for ax, (measure, lengths) in zip(axes[0], panels.items(), strict=True):
        ax.axhline(0, color=PALETTE["gray"], linewidth=1.4)
        for index, (length, found) in enumerate(lengths.items()):
            color, marker = LENGTH_LOOKS[length]
            ax.errorbar(np.arange(len(contexts)) + 0.2 * (index - 1), found.mean, yerr=_ends(found), label=length,
                        linestyle="", marker=marker, color=PALETTE[color], capsize=2, linewidth=1.3)  # fmt: skip
        ax.set_xticks(range(len(contexts)), _every_other(contexts), fontsize=9)
        ax.set(xlabel="context, tokens", title=measure)
    axes[0][0].set_ylabel("pieces minus cut off")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside upper left", ncols=3, fontsize=10)
    return figure


@styled
def plot_tunings(
    found: Mapping[str, Mapping[str, Interval]], seeds: Mapping[str, Mapping[str, Sequence[float]]],
    levels: Mapping[str, float], *, ylabel: str,
) -> Figure:  # fmt: skip
    """A score for each way to tune, for each way to read: the mean with its interval, and a dot for each seed.

    Args:
        found: way to tune to way to read ("cut", "whole") to mean with interval.
        seeds: the same, to the mean of each seed.
        levels: name of another model to its score, drawn as a dashed line.
        ylabel: what is measured.
    """
    figure, ax = new_figure(size=(6.4, 3.8))
    for name, level in levels.items():
        ax.axhline(level, color=PALETTE["gray"], linestyle=DASHES[1], linewidth=1.4)
        ax.annotate(name, (0, level), (3, 3), xycoords=("axes fraction", "data"), textcoords="offset points",
                    fontsize=10, color=text_color("gray"))  # fmt: skip
    for index, (read, (color, marker)) in enumerate(READING_LOOKS.items()):
        places = np.arange(len(found)) + 0.24 * (index - 0.5)
        each = [cells[read] for cells in found.values()]
        ends = [[one.mean - one.low for one in each], [one.high - one.mean for one in each]]
        ax.errorbar(places, [one.mean for one in each], yerr=ends, linestyle="", marker=marker, color=PALETTE[color],
                    capsize=2, label=f"read {read}")  # fmt: skip
        for place, cells in zip(places, seeds.values(), strict=True):
            ax.plot([place + 0.07] * len(cells[read]), cells[read], ".", color=PALETTE["ink"], markersize=3)
    ax.set_xticks(range(len(found)), list(found))
    ax.set(xlim=(-0.5, len(found) - 0.5), xlabel="meetings that the model was tuned on", ylabel=ylabel)
    ax.set_ylim(bottom=0)
    ax.grid(axis="x", visible=False)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper left", ncols=2, fontsize=10)
    return figure


@styled
def draw_reading_frame(edges: Sequence[float], found: Interval, context: int, scores: Mapping[str, float]) -> Figure:
    """For an explorer: recall by position on the left, the scores as dots on the right, on axes that do not move.

    Args:
        edges: as in :func:`plot_recall`.
        found: shares with intervals.
        context: tokens that are read at once.
        scores: name to a share from 0 to 1.
    """
    figure = BookFigure(figsize=(5.8, 2.7))
    left = figure.add_axes((0.1, 0.2, 0.52, 0.74), axes_class=BookAxes)
    right = figure.add_axes((0.77, 0.2, 0.21, 0.74), axes_class=BookAxes)
    draw_recall(left, edges, found, context)
    left.set_xlabel("where the fact ends, tokens", fontsize=10)
    left.set_ylabel("share kept", fontsize=10)
    for place, value in enumerate(scores.values()):
        right.plot([0, value], [place, place], "-", color=PALETTE["gray"], linewidth=1.5)
        right.plot([value], [place], "o", color=PALETTE["blue"], markersize=8, clip_on=False)
        right.text(min(value, 0.86), place - 0.22, f"{value:.2f}", ha="center", fontsize=10, color=text_color("blue"))
    right.set_yticks(range(len(scores)), list(scores), fontsize=10)
    right.set(xlim=(0, 1), ylim=(len(scores) - 0.5, -0.6))
    return figure


def _line(ax: Any, contexts: Sequence[int], found: Interval, way: str) -> None:
    color, marker, dash = LOOKS[way]
    ax.errorbar(contexts, found.mean, yerr=_ends(found), marker=marker, linestyle=dash, color=PALETTE[color],
                label=NAMES[way], capsize=2, linewidth=1.6)  # fmt: skip


def _ends(found: Interval) -> list[np.ndarray]:
    return [np.asarray(found.mean) - found.low, np.asarray(found.high) - found.mean]


def _context_axis(ax: Any, contexts: Sequence[int]) -> None:
    ax.set_xscale("log", base=2)
    ax.set_xticks(contexts, _every_other(contexts), fontsize=9)
    ax.minorticks_off()
    ax.set_ylim(0, 1.04)


def _every_other(values: Sequence[int]) -> list[str]:
    return [str(value) if place % 2 == 0 else "" for place, value in enumerate(values)]
