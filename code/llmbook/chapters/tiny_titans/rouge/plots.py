"""Figures about ROUGE: the table of the longest common subsequence, the words that are counted, resampled means.

Words are drawn as ROUGE sees them: lower case, letters a to z and digits, a row for each line of the text.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from llmbook.metrics.intervals import Interval
from llmbook.metrics.lcs import Tokens, lcs_table, lcs_walk
from llmbook.metrics.matches import matched_places
from llmbook.metrics.rouge import Score, rouge_scores
from llmbook.metrics.rouge_tokens import rouge_sentences
from llmbook.plots.diagram import LETTERS, canvas, note, tint, word_width
from llmbook.plots.style import DASHES, PALETTE, new_figure, styled

CELL, LEFT, ABOVE = (0.43, 0.4), 1.02, 0.94  # of the table: inches a cell, for the words at the left, and above
WIDTH, ROW = 5.0, 0.36  # of the words: inches across, and a row
SPACE, INDENT = 0.13, 0.3
BARS, BAR = 1.22, 3.3  # inches for the three bars, and across for a share of 1
NAMES = {"rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeL": "ROUGE-L", "rougeLsum": "ROUGE-Lsum"}


@styled
def draw_lcs_table(reference: Tokens, candidate: Tokens) -> Figure:
    """The table of the longest common subsequence, with the walk that reads it out.

    Filled cells are the words of the subsequence; pale cells are the rest of the walk; dots are equal words.

    Args:
        reference: R tokens, down the side.
        candidate: C tokens, across the top.
    """
    table = lcs_table(reference, candidate)
    rows, columns = table.shape
    width, height = LEFT + columns * CELL[0] + 0.35, ABOVE + rows * CELL[1] + 0.06
    figure, ax = canvas(None, width, height)
    walk = lcs_walk(table, reference, candidate)
    equal = {(i, j) for i in range(1, rows) for j in range(1, columns) if reference[i - 1] == candidate[j - 1]}
    for (i, j), length in np.ndenumerate(table):
        _cell(ax, *_middle(i, j, height), str(length), on_walk=(i, j) in walk, equal=(i, j) in equal)
    for i, word in enumerate(reference, start=1):
        note(ax, LEFT - 0.1, _middle(i, 0, height)[1], word, align="right", fontsize=LETTERS, bold=True)
    for j, word in enumerate(candidate, start=1):
        ax.text(_middle(0, j, height)[0] - 0.07, height - ABOVE + 0.07, word, rotation=55, ha="left", va="bottom",
                rotation_mode="anchor", fontsize=LETTERS, fontweight="bold")
    for start, end in pairwise(walk):
        _arrow(ax, np.array(_middle(*start, height)), np.array(_middle(*end, height)))
    return figure


def _middle(i: int, j: int, height: float) -> tuple[float, float]:
    """The middle of a cell of the table."""
    return LEFT + (j + 0.5) * CELL[0], height - ABOVE - (i + 0.5) * CELL[1]


def _cell(ax: Any, x: float, y: float, text: str, *, on_walk: bool, equal: bool) -> None:
    """One entry of the table: filled on a match of the walk, pale on the walk, a dot where words are equal."""
    fill = (tint("vermillion", 0.5) if equal else tint("blue", 0.2)) if on_walk else "none"
    ax.add_artist(Rectangle((x - CELL[0] / 2, y - CELL[1] / 2), *CELL, facecolor=fill, edgecolor="#868F9C",
                           linewidth=0.8, zorder=1))
    ax.text(x, y, text, ha="center", va="center", fontsize=LETTERS, zorder=5,
            fontweight="bold" if on_walk and equal else "normal")
    if equal:
        ax.plot(x + 0.36 * CELL[0], y + 0.32 * CELL[1], "o", color=PALETTE["vermillion"], markersize=3.6, zorder=5)


def _arrow(ax: Any, start: np.ndarray, end: np.ndarray) -> None:
    """A short arrow between two cells that lie next to each other."""
    step = end - start
    ax.annotate("", start + 0.7 * step, start + 0.3 * step, zorder=4,
                arrowprops={"arrowstyle": "-|>", "color": PALETTE["ink"], "linewidth": 1.1, "mutation_scale": 8,
                            "shrinkA": 0, "shrinkB": 0})


@styled
def draw_matches(reference: str, candidate: str, kind: str, *, rows: tuple[int, int] = (1, 1)) -> Figure:
    """Both texts with the words that a kind of ROUGE counts in boxes, and precision, recall and F as bars.

    Args:
        reference: a sentence a line.
        candidate: likewise.
        kind: one of ``ROUGE_TYPES``; the pairs of "rouge2" are joined.
        rows: the least rows for each text, so that the frames of an explorer are equally high.
    """
    texts = [rouge_sentences(text) for text in (reference, candidate)]
    places = [list(_layout(sentences)) for sentences in texts]
    used = [max(least, 1 + max((row for _, _, row, _ in words), default=0))
            for least, words in zip(rows, places, strict=True)]
    height = 2 * 0.42 + sum(used) * ROW + BARS
    figure, ax = canvas(None, WIDTH, height)
    top = height
    for name, words, count, matched in zip(("reference", "candidate"), places, used, matched_places(kind, *texts),
                                           strict=True):
        note(ax, 0.08, top - 0.24, f"{name}, {len(words)} words", fontsize=LETTERS, bold=True)
        _words(ax, words, top - 0.42, matched, joined=kind == "rouge2")
        top -= 0.42 + count * ROW
    _bars(ax, rouge_scores(reference, candidate)[kind], BARS - 0.12)
    return figure


def _layout(sentences: Sequence[Tokens]) -> Iterator[tuple[str, float, int, float]]:
    """Each word with its left end, its row and its width; a sentence begins a row, and goes on indented."""
    row = 0
    for sentence in sentences:
        left = 0.14
        for word in sentence:
            width = word_width(word)
            if left + width > WIDTH - 0.2:
                row, left = row + 1, 0.14 + INDENT
            yield word, left, row, width
            left += width + 2 * SPACE
        row += 1


def _words(ax: Any, words: Sequence[tuple[str, float, int, float]], top: float, matched: Sequence[int], *,
           joined: bool) -> None:
    """Words in their rows; those that count in boxes, pairs with a bar between their two words."""
    boxed = set(matched) | ({place + 1 for place in matched} if joined else set())
    for place, (word, left, row, width) in enumerate(words):
        y = top - (row + 0.5) * ROW
        color = PALETTE["ink"] if place in boxed else "#4B5563"
        ax.text(left, y - 0.045, word, fontsize=LETTERS, color=color, zorder=4)
        if place in boxed:
            ax.add_artist(FancyBboxPatch((left - 0.07, y - 0.135), width + 0.14, 0.27, zorder=3, linewidth=1.2,
                                         boxstyle="round,pad=0,rounding_size=0.06", edgecolor=PALETTE["blue"],
                                         facecolor=tint("blue", 0.18)))
    bars = [bar for place in matched for bar in _bars_between(*words[place : place + 2], top)] if joined else []
    ax.add_artist(LineCollection(bars, colors=PALETTE["blue"], linewidths=3, zorder=2))


def _bars_between(first: tuple, second: tuple, top: float) -> list[list[tuple[float, float]]]:
    """The line that joins two neighbors, or two short ones where a row ends between them."""
    (_, left, row, width), (_, end, next_row, _) = first, second
    start, end, y, next_y = left + width + 0.07, end - 0.07, top - (row + 0.5) * ROW, top - (next_row + 0.5) * ROW
    if row == next_row:
        return [[(start, y), (end, y)]]
    return [[(start, y), (start + 0.1, y)], [(end - 0.1, next_y), (end, next_y)]]


def _bars(ax: Any, score: Score, top: float) -> None:
    """Precision, recall and F from 0 to 1."""
    for place, (name, value) in enumerate(zip(("precision", "recall", "F"), score, strict=True)):
        y = top - 0.15 - 0.35 * place
        note(ax, 0.93, y, name, align="right", fontsize=LETTERS)
        ax.add_artist(Rectangle((1.02, y - 0.11), BAR, 0.22, facecolor="none", edgecolor="#868F9C", linewidth=0.8))
        color = "vermillion" if name == "F" else "blue"
        ax.add_artist(Rectangle((1.02, y - 0.11), BAR * value, 0.22, facecolor=tint(color, 0.55),
                                edgecolor=PALETTE[color]))
        note(ax, 1.1 + BAR, y, f"{value:.3f}", fontsize=LETTERS, bold=name == "F")


@styled
def plot_resampled(means: Mapping[str, np.ndarray], intervals: Mapping[str, Interval], *, xlabel: str) -> Figure:
    """Distributions of resampled means as outlines, with a bar below each for its interval.

    Args:
        means: name to ``(samples,)``.
        intervals: name to its interval.
        xlabel: what the mean is of.
    """
    figure, ax = new_figure(size=(6.2, 3.6))
    edges = np.histogram_bin_edges(np.concatenate(list(means.values())), bins=70)
    highest = max(np.histogram(values, edges, density=True)[0].max() for values in means.values())
    for place, (name, values) in enumerate(means.items()):
        color, y = PALETTE[("blue", "vermillion", "green")[place]], -highest * (0.07 + 0.09 * place)
        ax.hist(values, edges, density=True, histtype="step", label=name, color=color, linestyle=DASHES[place],
                linewidth=1.8)
        found = intervals[name]
        ax.plot([found.low, found.high], [y, y], color=color, linestyle="-", linewidth=3)
        ax.plot(found.mean, y, "o", color=color)
    ax.axvline(0, color=PALETTE["gray"], linewidth=1.2, linestyle=(0, (2, 2)))
    ax.set(xlabel=xlabel, ylabel="density", ylim=(-highest * (0.05 + 0.1 * len(means)), highest * 1.08))
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return figure
