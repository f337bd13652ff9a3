"""A model at work, drawn: who looks where, what a cache saves, and what sampling settings do to the next token."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from llmbook.plots.style import MARKERS, PALETTE, figure_for, label_line, new_figure, styled


@styled
def plot_step_times(lengths: Sequence[int], times: Mapping[str, np.ndarray], *, ax: Any = None) -> Figure:
    """Time for one more token against the tokens before it, one line a method, both axes logarithmic.

    Args:
        lengths: tokens already there.
        times: by method, seconds for each length.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax)
    for (name, seconds), marker in zip(times.items(), MARKERS, strict=False):
        (line,) = ax.plot(lengths, 1000 * np.asarray(seconds), marker=marker)
        label_line(line, name)
    ax.set(xscale="log", yscale="log", xlabel="tokens so far", ylabel="milliseconds for the next token")
    ax.set_xticks(lengths, [str(length) for length in lengths])
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.minorticks_off()
    return figure


@styled
def plot_training(losses: Sequence[float], held_out: Mapping[int, float], *, ax: Any = None) -> Figure:
    """Loss of each training step, and of held-out text at some of them.

    Args:
        losses: one a step, nats a token.
        held_out: by step, nats a token.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax)
    ax.plot(range(len(losses)), losses, color=PALETTE["sky"], linewidth=1.4, linestyle="-", label="training batch")
    ax.plot(list(held_out), list(held_out.values()), color=PALETTE["vermillion"], marker="s", label="held out")
    ax.set(xlabel="step", ylabel="loss (nats a token)", ylim=(0, None))
    ax.legend()
    return figure


@styled
def plot_next_tokens(
    tokens: Sequence[str], before: np.ndarray, after: np.ndarray, *, title: str = "", ax: Any = None
) -> Figure:
    """Probabilities of the next token: the model's own as outlines, what is drawn from as bars.

    Args:
        tokens: labels, likeliest first; the last may stand for all others.
        before: the model's probabilities, one a label.
        after: those after temperature, top-k and top-p; 0 where a token was cut.
        title: above the axes.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.4, 1.4 + 0.29 * len(tokens)))
    places = np.arange(len(tokens))
    ax.barh(places, after, height=0.72, color=PALETTE["sky"], label="drawn from")
    ax.barh(places, before, height=0.72, fill=False, edgecolor=PALETTE["ink"], linewidth=1.3, label="the model's own")
    for place, (own, drawn) in enumerate(zip(before, after, strict=True)):
        text = f"{drawn:.1%}".replace("%", " %") if drawn > 0 else "cut"
        ax.annotate(text, (max(own, drawn), place), (5, 0), textcoords="offset points", va="center",
                    fontsize=9.5, fontweight="normal" if drawn > 0 else "bold")
    ax.set_yticks(places, tokens)
    ax.set(xlim=(0, 1.15), ylim=(len(tokens) - 0.4, -0.6), xlabel="probability", title=title)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    ax.grid(False, axis="y")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


@styled
def plot_attention(weights: np.ndarray, tokens: Sequence[str], *, columns: int = 2) -> Figure:
    """Attention weights, one square a head: a row asks, a column is looked at, a full circle is a weight of one.

    The area of a circle is the weight, so the picture needs no color scale, and it can be read in print.

    Args:
        weights: ``(H, T, S)``, rows summing to 1.
        tokens: ``S`` labels; the last T of them ask.
        columns: heads beside each other.
    """
    heads, queries, keys = weights.shape
    rows = -(-heads // columns)
    figure, axes = new_figure(rows, columns, size=(6.4, 3.1 * rows), squeeze=False)
    for head, ax in enumerate(axes.flat):
        if head >= heads:
            ax.set_axis_off()
            continue
        _draw_head(ax, weights[head], tokens, first=keys - queries)
        ax.set_title(f"Head {head}")
    return figure


def _draw_head(ax, weights: np.ndarray, tokens: Sequence[str], first: int) -> None:
    """One head: circles where there is weight, crosses where the mask forbids it."""
    queries, keys = weights.shape
    asked, looked_at = np.meshgrid(np.arange(queries), np.arange(keys), indexing="ij")
    forbidden = looked_at > asked + first
    ax.scatter(looked_at[~forbidden], asked[~forbidden], s=260 * weights[~forbidden], color=PALETTE["blue"])
    ax.scatter(looked_at[forbidden], asked[forbidden], s=10, marker="x", color=PALETTE["gray"], linewidth=0.8)
    ax.set_xticks(range(keys), tokens, rotation=40, ha="right", fontsize=9.5)
    ax.set_yticks(range(queries), tokens[first:], fontsize=9.5)
    ax.set(xlim=(-0.6, keys - 0.4), ylim=(queries - 0.4, -0.6), aspect="equal")
    ax.grid(False)
