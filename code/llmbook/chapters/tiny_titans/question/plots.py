"""Figures of model sizes, where models whose size is not published have no place, and of scores of summaries."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from llmbook.plots.style import PALETTE, new_figure, styled, text_color

GROUPS = {"compact": ("blue", "o"), "larger": ("vermillion", "s")}


@styled
def draw_sizes(rows: Sequence[tuple[str, str, float | None]], *, line: float | None = None) -> Figure:
    """Sizes of models, smallest first.

    Args:
        rows: Name, a key of ``GROUPS``, and the number of parameters, None where it is not published.
        line: Mark a number of parameters.
    """
    figure, ax = new_figure(size=(6.2, 1.1 + 0.34 * len(rows)))
    known = [size for _, _, size in rows if size]
    low, high = min(known) / 2, max(known) * 8
    named = set()
    for place, (_, group, size) in enumerate(rows):
        color, marker = GROUPS[group]
        if size is None:
            ax.text(1.15 * low, place, "size not published", va="center", fontsize=10)
            continue
        ax.plot([low, size], [place, place], "-", color=PALETTE["gray"], linewidth=1)
        ax.plot([size], [place], marker, color=PALETTE[color], markersize=8, label="" if group in named else group)
        ax.text(high, place, f"{size / 1e9:.3g}B ", ha="right", va="center", fontsize=10, color=text_color(color))
        named.add(group)
    if line:
        ax.axvline(line, color=PALETTE["gray"], linewidth=1.2, linestyle=(0, (4, 2)))
    ax.set_yticks(range(len(rows)), [name for name, _, _ in rows], fontsize=10.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", visible=False)
    ax.set(xscale="log", xlim=(low, high), ylim=(len(rows) - 0.5, -0.5), xlabel="parameters")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, fontsize=10)
    return figure


@styled
def draw_scores(scores: Mapping[str, float]) -> Figure:
    """A bar for each summary, with its score.

    Args:
        scores: Name of a summary, from the top down, to a score from 0 to 1.
    """
    figure, ax = new_figure(size=(6.0, 0.9 + 0.5 * len(scores)))
    ax.barh(list(scores), list(scores.values()), color=PALETTE["blue"], height=0.6)
    for place, score in enumerate(scores.values()):
        ax.text(score + 0.015, place, f"{score:.3f}", va="center", fontsize=11)
    ax.set(xlim=(0, 1.14), ylim=(len(scores) - 0.45, -0.55), xlabel="score", xticks=[0, 0.25, 0.5, 0.75, 1])
    ax.grid(axis="y", visible=False)
    return figure
