"""Figures about meetings: their lengths, what is said in them and when, and scores with their intervals."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from llmbook.meetings.meeting import FACT_KINDS, Meeting
from llmbook.meetings.turn_kinds import TURN_KINDS, is_repaired, turn_kinds
from llmbook.metrics.intervals import Interval
from llmbook.plots.style import DASHES, MARKERS, PALETTE, new_figure, styled

COLORS = ("blue", "vermillion", "green", "purple", "orange", "sky")
ROW_COLORS = dict.fromkeys(TURN_KINDS, "gray") | dict(zip(FACT_KINDS, COLORS, strict=False))


@styled
def plot_lengths(panels: Mapping[str, Mapping[str, Sequence[int]]], *, bins: int = 12) -> Figure:
    """How many texts have how many words, a panel for each kind of text and a line for each group.

    Args:
        panels: title to group to the number of words of each text.
        bins: steps of each panel; their edges are the same for all groups, in equal ratios.
    """
    figure, axes = new_figure(1, len(panels), size=(6.8, 3.1), squeeze=False, sharey=True)
    for ax, (title, groups) in zip(axes[0], panels.items(), strict=True):
        everything = np.concatenate([np.asarray(lengths) for lengths in groups.values()])
        edges = np.geomspace(everything.min() * 0.98, everything.max() * 1.02, bins + 1)
        for index, (name, lengths) in enumerate(groups.items()):
            counts, _ = np.histogram(lengths, edges)
            ax.stairs(counts, edges, label=name, color=PALETTE[COLORS[index]], linestyle=DASHES[index], linewidth=2)
        ax.set(xscale="log", title=title, xlabel="words")
        shown = [tick for tick in (10, 20, 50, 100, 200, 500, 1000) if edges[0] <= tick <= edges[-1]]
        ax.set_xticks(shown, [str(tick) for tick in shown])
        ax.minorticks_off()
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.24), ncols=len(groups), columnspacing=1.0,
                  handlelength=1.6, fontsize=10)
    axes[0][0].set_ylabel("texts")
    return figure


@styled
def plot_beside(rows: Mapping[str, Sequence[int]], *, limit: tuple[float, float], limit_name: str) -> Figure:
    """A row of dots for each group of meetings, one dot a meeting, on a logarithmic axis, with a band as a ruler.

    Args:
        rows: group to the number of words of each meeting, from top to bottom.
        limit: the ends of the band, in words.
        limit_name: what to write beside the band.
    """
    figure, ax = new_figure(size=(6.8, 3.4))
    ax.axvspan(*limit, color=PALETTE["orange"], alpha=0.35, linewidth=0)
    for row, (name, lengths) in enumerate(rows.items()):
        spread = row + 0.24 * np.sin(2.4 * np.arange(len(lengths)))  # apart, and the same in every build
        ours = "QMSum" not in name
        ax.scatter(np.sort(lengths), spread, s=22, color=PALETTE["blue" if ours else "vermillion"],
                   marker=MARKERS[0 if ours else 1], alpha=0.9, linewidth=0)
        ax.plot([np.median(lengths)] * 2, [row - 0.38, row + 0.38], color=PALETTE["ink"], linestyle="-")
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set(xscale="log", xlabel="words of the transcript; the black bar is the median", ylim=(len(rows) - 0.4, -1.0))
    ax.set_xticks([100, 300, 1000, 3000, 10_000, 30_000], ["100", "300", "1,000", "3,000", "10,000", "30,000"])
    ax.minorticks_off()
    ax.text(limit[1] * 1.06, -0.72, limit_name, va="center", fontsize=10.5)
    return figure


@styled
def draw_strip(meeting: Meeting) -> Figure:
    """A meeting from left to right, a row for each kind of turn; a turn is as wide as it has words."""
    figure, ax = new_figure(size=(6.8, 3.5))
    ends = np.cumsum([len(turn.line.split()) for turn in meeting.turns])
    starts = np.concatenate([[0], ends[:-1]])
    kinds = turn_kinds(meeting)
    for row, kind in enumerate(TURN_KINDS):
        spans = [(starts[n], ends[n] - starts[n]) for n, each in enumerate(kinds) if each == kind]
        ax.broken_barh(spans, (row - 0.38, 0.76), color=PALETTE[ROW_COLORS[kind]], linewidth=0)
    middles = (starts + ends) / 2
    for marker, label, turns in _marks(meeting):
        rows = [TURN_KINDS.index(kinds[number]) for number in turns]
        ax.scatter(middles[turns], rows, marker=marker, s=46, color="white", edgecolor=PALETTE["ink"],
                   linewidth=1.2, label=label, zorder=3)
    ax.axhline(len(FACT_KINDS) - 0.5, color=PALETTE["ink"], linewidth=0.9, linestyle="-")
    ax.set_yticks(range(len(TURN_KINDS)), TURN_KINDS)
    ax.set(xlabel="words from the beginning", xlim=(0, ends[-1]), ylim=(len(TURN_KINDS) - 0.4, -0.6))
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _marks(meeting: Meeting) -> list[tuple[str, str, list[int]]]:
    """Marker, meaning, and the turns that get it."""
    coded = [fact.turn for fact in meeting.facts if fact.code_name]
    repaired = [fact.turn for fact in meeting.facts if is_repaired(meeting.turns[fact.turn].text)]
    return [("D", "said in code", coded), ("X", "corrected while speaking", repaired)]


@styled
def plot_intervals(
    panels: Mapping[str, Mapping[str, Mapping[str, Interval]]], *, xlabels: Sequence[str] | None = None
) -> Figure:
    """Means with their intervals, a panel for each score, a row for each way, and a marker for each group.

    Args:
        panels: title to row to group to the mean with its interval, shares from 0 to 1.
        xlabels: below each panel.
    """
    rows = list(next(iter(panels.values())))
    figure, axes = new_figure(1, len(panels), size=(6.8, 1.3 + 0.52 * len(rows)), squeeze=False, sharey=True)
    for column, (ax, (title, ways)) in enumerate(zip(axes[0], panels.items(), strict=True)):
        for index, group in enumerate(next(iter(ways.values()))):
            found = [ways[row][group] for row in rows]
            ends = [[each.mean - each.low for each in found], [each.high - each.mean for each in found]]
            shift = 0.16 * (2 * index - len(ways[rows[0]]) + 1)
            ax.errorbar([each.mean for each in found], np.arange(len(rows)) + shift, xerr=ends, linestyle="none",
                        color=PALETTE[COLORS[index]], marker=MARKERS[index], label=group)
        ax.set(title=title, xlim=(-0.03, 1.03), xlabel=xlabels[column] if xlabels else "")
        ax.set_yticks(range(len(rows)), rows)
        ax.set_ylim(len(rows) - 0.5, -0.5)
    handles = axes[0][0].get_legend_handles_labels()
    if len(handles[1]) > 1:
        figure.legend(*handles, loc="outside lower center", ncols=len(handles[1]))
    return figure
