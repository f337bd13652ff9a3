"""Figures about changed summaries: scores beside the truth, groups that disagree when mixed, similar tokens.

Scores and truths are shares from 0 to 1, from the page or from the caller.
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from torch import Tensor

from llmbook.metrics.intervals import Interval
from llmbook.plots.diagram import LETTERS, canvas, note, tint, word_width
from llmbook.plots.style import DASHES, MARKERS, PALETTE, new_figure, styled

COLORS = ("blue", "green", "purple", "vermillion")
WIDTH, ROW, SPACE = 6.2, 0.34, 0.1  # of a drawn text: inches across, a row, and between words
BAR, BAR_LEFT, BAR_WIDTH = 0.3, 1.9, 3.55  # of a drawn score: inches


@styled
def plot_changes(
    scores: Mapping[str, Mapping[str, Interval]], *, truth: str, xlabel: str = "mean F over the meetings"
) -> Figure:
    """For each change of a summary its mean scores as dots with intervals, the truth as a filled bar behind them.

    Args:
        scores: name of a change to name of a metric to mean with interval; the first change is at the top.
        truth: which of the metrics is the truth.
        xlabel: what is drawn.
    """
    names, metrics = list(scores), [name for name in next(iter(scores.values())) if name != truth]
    figure, ax = new_figure(size=(6.4, 0.42 * len(names) + 1.1))
    means = [scores[name][truth].mean for name in names]
    ax.barh(range(len(names)), means, 0.72, color=tint("orange", 0.45), edgecolor=PALETTE["ink"], linewidth=0.8,
            label=truth, zorder=1)
    for index, metric in enumerate(metrics):
        offset = 0.2 * (index - (len(metrics) - 1) / 2)
        found = [scores[name][metric] for name in names]
        ends = [[each.mean - each.low for each in found], [each.high - each.mean for each in found]]
        ax.errorbar([each.mean for each in found], np.arange(len(names)) + offset, xerr=ends, label=metric,
                    linestyle="", marker=MARKERS[index], color=PALETTE[COLORS[index]], capsize=2, markersize=5,
                    zorder=3)
    ax.set_yticks(range(len(names)), names, fontsize=11)
    ax.set(xlim=(-0.02, 1.03), ylim=(len(names) - 0.5, -0.5), xlabel=xlabel)
    ax.grid(axis="y", visible=False)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure


@styled
def plot_groups(groups: Mapping[str, tuple[np.ndarray, np.ndarray]], *, ylabel: str, points: int = 20) -> Figure:
    """Scores against the truth, in groups: a line through each, and a dashed one through all of them together.

    Args:
        groups: name to truths and scores, both ``(S, N)`` for S systems and N meetings; large marks are systems.
        ylabel: what the score is.
        points: how many meetings are drawn as small marks.
    """
    figure, ax = new_figure(size=(6.2, 4.1))
    for index, (name, (truths, scores)) in enumerate(groups.items()):
        color = PALETTE[COLORS[index]]
        ax.plot(truths[:, :points].ravel(), scores[:, :points].ravel(), MARKERS[index], color=color, markersize=2.6,
                alpha=0.35, linestyle="")
        ax.plot(truths.mean(1), scores.mean(1), MARKERS[index], color=color, markersize=9, linestyle="",
                markeredgecolor=PALETTE["ink"], label=name)
        _line(ax, truths, scores, color=color, linestyle=DASHES[0])
    everything = [np.concatenate([pair[side].ravel() for pair in groups.values()]) for side in (0, 1)]
    _line(ax, *everything, color=PALETTE["ink"], linestyle=DASHES[1], label="all together")
    ax.set(xlabel="truth: F1 of the facts", ylabel=ylabel, ylim=(-0.02, 1.04))
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return figure


def _line(ax: Any, x: np.ndarray, y: np.ndarray, **options: Any) -> None:
    """The least-squares line through all pairs, over their range."""
    slope, start = np.polyfit(x.ravel(), y.ravel(), 1)
    ends = np.array([x.min(), x.max()])
    ax.plot(ends, start + slope * ends, linewidth=2.2, **options)


@styled
def plot_similarity(similarity: Tensor, reference: Sequence[str], candidate: Sequence[str]) -> Figure:
    """The similarities of all pairs of tokens; a ring marks the best of each row, a cross the best of each column.

    Args:
        similarity: ``(R, C)`` cosines.
        reference: R tokens, down the side.
        candidate: C tokens, across the top.
    """
    values = np.asarray(similarity)
    rows, columns = values.shape
    figure, ax = new_figure(size=(6.4, 0.24 * rows + 1.4))
    image = ax.imshow(values, vmin=min(0.0, float(values.min())), vmax=1, aspect="auto")
    ax.plot(values.argmax(1), range(rows), "o", markersize=10, markerfacecolor="none", markeredgewidth=1.8,
            markeredgecolor=PALETTE["vermillion"])
    ax.plot(range(columns), values.argmax(0), "x", markersize=6, markeredgecolor=PALETTE["ink"], markeredgewidth=1.6)
    ax.set_yticks(range(rows), reference, fontsize=9.5)
    ax.set_xticks(range(columns), candidate, fontsize=9.5, rotation=60, ha="left", rotation_mode="anchor")
    ax.xaxis.tick_top()
    ax.set(ylabel="reference")
    ax.set_xlabel("candidate")
    ax.grid(False)
    figure.colorbar(image, ax=ax, label="cosine", fraction=0.05, pad=0.02)
    return figure


@styled
def draw_changed(
    reference: str, summary: str, scores: Mapping[str, float], *, truths: Sequence[str], rows: int
) -> Figure:
    """A summary with its changed words in boxes, and below it scores and truths as bars.

    Args:
        reference: a sentence a line.
        summary: likewise; what it has and the reference has not in this place is marked.
        scores: name to a share from 0 to 1.
        truths: which of them are the truth; they are drawn in another color.
        rows: room for the text, so that the frames of an explorer are equally high.
    """
    height = rows * ROW + len(scores) * BAR + 0.35
    figure, ax = canvas(None, WIDTH, height)
    for word, left, row, width, changed in _layout(reference, summary):
        y = height - 0.06 - (row + 0.5) * ROW
        ax.text(left, y - 0.045, word, fontsize=LETTERS, zorder=4, color=PALETTE["ink"])
        if changed:
            ax.add_artist(FancyBboxPatch((left - 0.04, y - 0.12), width + 0.08, 0.26, zorder=3, linewidth=1.2,
                                         boxstyle="round,pad=0,rounding_size=0.05", edgecolor=PALETTE["vermillion"],
                                         facecolor=tint("vermillion", 0.2)))
    for place, (name, value) in enumerate(scores.items()):
        _bar(ax, (len(scores) - place - 0.5) * BAR + 0.1, name, value, "orange" if name in truths else "blue")
    return figure


def _bar(ax: Any, y: float, name: str, value: float, color: str) -> None:
    note(ax, BAR_LEFT - 0.1, y, name, align="right", fontsize=LETTERS, bold=color == "orange")
    ax.add_artist(Rectangle((BAR_LEFT, y - 0.1), BAR_WIDTH, 0.2, facecolor="none", edgecolor="#868F9C", linewidth=0.8))
    ax.add_artist(Rectangle((BAR_LEFT, y - 0.1), BAR_WIDTH * value, 0.2, facecolor=tint(color, 0.6),
                            edgecolor=PALETTE[color]))
    note(ax, BAR_LEFT + BAR_WIDTH + 0.1, y, f"{value:.2f}", fontsize=LETTERS, bold=color == "orange")


def text_rows(reference: str, summary: str) -> int:
    """How many rows :func:`draw_changed` needs for a summary."""
    return 1 + max((row for _, _, row, _, _ in _layout(reference, summary)), default=0)


def _layout(reference: str, summary: str) -> Iterator[tuple[str, float, int, float, bool]]:
    """Each word with its left end, row, width, and whether it is new; a line begins a row and goes on indented."""
    new, row, number = changed_words(reference, summary), 0, 0
    for line in summary.splitlines():
        left = 0.1
        for word in line.split():
            width = word_width(word)
            if left + width > WIDTH - 0.1:
                row, left = row + 1, 0.4
            yield word, left, row, width, number in new
            left, number = left + width + SPACE, number + 1
        row += 1


def changed_words(reference: str, summary: str) -> set[int]:
    """Places of the words of a summary that the reference does not have in this order."""
    ours, theirs = reference.split(), summary.split()
    edits = SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()
    return {place for kind, _, _, start, end in edits if kind != "equal" for place in range(start, end)}
