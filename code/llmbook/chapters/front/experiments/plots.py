"""Figures of the page on reading an experiment. Plain layers are red squares, gated ones blue dots."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from llmbook.metrics.intervals import Interval, mean_interval, paired_interval
from llmbook.plots.style import DASHES, PALETTE, label_line, new_figure, styled, text_color
from llmbook.plots.training import label_shifts

PLAIN = ("ReLU", "GELU", "SiLU")
NULL = {"color": PALETTE["ink"], "linewidth": 1.2, "linestyle": (0, (4, 2))}
UNIT = "loss of the answer (nats)"


def _look(kind: str) -> dict[str, Any]:
    """Color and marker of a kind of layer."""
    plain = kind in PLAIN
    return {"color": PALETTE["vermillion" if plain else "blue"], "marker": "s" if plain else "o", "linestyle": ""}


def _rows(ax: Any, names: Sequence[str]) -> None:
    """A row for each name, from the top down."""
    ax.set_yticks(range(len(names)), names, fontsize=11)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)


def order(losses: Mapping[str, np.ndarray], seed: int) -> list[str]:
    """The kinds by their loss in one run, the smallest first."""
    return sorted(losses, key=lambda kind: losses[kind][seed])


@styled
def plot_one_run(losses: Mapping[str, np.ndarray], *, seed: int) -> Figure:
    """The loss of each kind in one run, the smallest on top, with its number.

    Args:
        losses: by kind, ``(seeds,)``.
        seed: whose run.
    """
    figure, ax = new_figure(size=(6.2, 3.6))
    kinds = order(losses, seed)
    for row, kind in enumerate(kinds):
        loss = losses[kind][seed]
        ax.plot([0, loss], [row, row], color=_look(kind)["color"], linestyle="-", linewidth=2.4)
        ax.plot([loss], [row], markersize=8, **_look(kind))
        ax.annotate(f"{loss:.3f}", (loss, row), (9, 0), textcoords="offset points", va="center", fontsize=11)
    ax.set(xlabel=UNIT, xlim=(0, 1.15 * max(losses[kind][seed] for kind in kinds)))
    _rows(ax, kinds)
    return figure


@styled
def plot_nats(losses: Mapping[str, float]) -> Figure:
    """Loss against the probability that the right word gets, with some losses marked.

    Args:
        losses: nats by name.
    """
    figure, ax = new_figure(size=(6.2, 3.2))
    probability = np.linspace(0.02, 1, 99)
    ax.plot(probability, -np.log(probability), color=PALETTE["ink"], linestyle="-")
    for name, loss in losses.items():
        ax.plot([np.exp(-loss)], [loss], markersize=9, **_look(name))
        ax.annotate(name, (np.exp(-loss), loss), (7, 6), textcoords="offset points", fontsize=11,
                    color=text_color(_look(name)["color"]))
    ax.plot([np.exp(-1)], [1], marker="D", markersize=8, color=PALETTE["gray"], linestyle="")
    ax.annotate("1 nat at 1/e", (np.exp(-1), 1), (8, 5), textcoords="offset points", fontsize=11)
    ax.set(xlabel="probability of the right word", ylabel="loss (nats)", xlim=(0, 1.05), ylim=(0, 4))
    return figure


@styled
def plot_all_runs(losses: Mapping[str, np.ndarray], *, seed: int, other: int) -> Figure:
    """Every run of every kind, in the order of one run; two runs marked, and the mean as an upright stroke.

    Args:
        losses: by kind, ``(seeds,)``.
        seed: whose order it is, and whose runs are filled.
        other: whose runs are crosses.
    """
    figure, ax = new_figure(size=(6.2, 4.4))
    kinds = order(losses, seed)
    for row, kind in enumerate(kinds):
        look, values = _look(kind), losses[kind]
        ax.plot(values, np.full(len(values), row), markersize=6, markerfacecolor="none", **look)
        ax.plot([values.mean()] * 2, [row - 0.33, row + 0.33], color=PALETTE["ink"], linestyle="-", linewidth=2.4,
                label=None if row else "mean")
        ax.plot([values[seed]], [row], markersize=9, **look, label=None if row else f"seed {seed}")
        ax.plot([values[other]], [row], marker="x", markersize=10, markeredgewidth=2.4, color=PALETTE["ink"],
                linestyle="", label=None if row else f"seed {other}")
    ax.set(xlabel=UNIT, xlim=(0, 1.25))
    _rows(ax, kinds)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


@styled
def plot_pairs(first: np.ndarray, second: np.ndarray, *, names: tuple[str, str]) -> Figure:
    """Two kinds, joined seed by seed, and below them the differences on the same scale.

    Args:
        first: ``(seeds,)``.
        second: likewise, from the same seeds.
        names: of both.
    """
    figure, ax = new_figure(size=(6.2, 3.6))
    ax.axvline(0, **NULL)
    for pair in zip(first, second, strict=True):
        ax.plot(pair, [0, 1], color=PALETTE["gray"], linewidth=1.1, linestyle="-", alpha=0.8)
    rows = (first, second, first - second)
    for row, (values, color) in enumerate(zip(rows, ("vermillion", "vermillion", "green"), strict=True)):
        marker = "s" if row < 2 else "D"
        ax.plot(values, np.full(len(values), row), marker=marker, markersize=6.5, linestyle="", color=PALETTE[color])
        ax.plot([values.mean()] * 2, [row - 0.27, row + 0.27], color=PALETTE["ink"], linestyle="-", linewidth=2.6)
    ax.set(xlabel="nats")
    _rows(ax, [*names, f"{names[0]}\nminus {names[1]}"])
    return figure


@styled
def plot_first_seeds(difference: np.ndarray, *, fewest: int = 3) -> Figure:
    """The mean difference of the first seeds with its interval, one more seed at a time.

    A filled marker says that the interval excludes zero.

    Args:
        difference: ``(seeds,)``, in the order in which they were run.
        fewest: how many seeds the first interval has.
    """
    figure, ax = new_figure(size=(6.2, 3.4))
    ax.axhline(0, **NULL)
    for count in range(fewest, len(difference) + 1):
        found = mean_interval(difference[:count])
        ax.plot([count] * 2, [found.low, found.high], color=PALETTE["green"], linestyle="-", linewidth=2.4,
                solid_capstyle="butt")
        ax.plot([count], [found.mean], marker="D", markersize=7.5, linestyle="", color=PALETTE["green"],
                markerfacecolor=PALETTE["green"] if found.excludes(0) else "white", markeredgewidth=1.8)
    ax.set(xlabel="seeds so far", ylabel="mean difference (nats)")
    return figure


@styled
def plot_nulls(nulls: Mapping[str, tuple[np.ndarray, float]]) -> Figure:
    """What a procedure gives when there is nothing to find, beside what it gave: a panel for each procedure.

    Args:
        nulls: by title, the values under the null, ``(draws,)``, and the measured one.
    """
    figure, axes = new_figure(len(nulls), 1, size=(6.2, 2.5 * len(nulls)), squeeze=False)
    for ax, (title, (null, measured)) in zip(axes[:, 0], nulls.items(), strict=True):
        heights, edges = np.histogram(null, bins=40)
        ax.stairs(heights / len(null), edges, fill=True, color=PALETTE["sky"], label="nothing to find")
        ax.axvline(np.mean(null), label="its mean", **NULL)
        ax.axvline(measured, color=PALETTE["vermillion"], linestyle="-", linewidth=2.6, label="measured")
        ax.set(title=title, ylabel="share", yticks=[])
    axes[-1, 0].set_xlabel("nats")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


@styled
def plot_comparisons(losses: Mapping[str, np.ndarray], *, baseline: str) -> Figure:
    """Each kind minus the baseline: the interval by itself (thick), and the one for all comparisons together (thin).

    A filled marker says that the wide interval excludes zero.

    Args:
        losses: by kind, ``(seeds,)``.
        baseline: the kind that the others are compared with.
    """
    others = sorted((kind for kind in losses if kind != baseline), key=lambda kind: losses[kind].mean())
    figure, ax = new_figure(size=(6.2, 3.7))
    ax.axvline(0, **NULL)
    for row, kind in enumerate(others):
        color = _look(kind)["color"]
        alone, together = (paired_interval(losses[kind], losses[baseline], comparisons=count)
                           for count in (1, len(others)))
        for found, width in ((alone, 5.0), (together, 1.5)):
            ax.plot([found.low, found.high], [row, row], color=color, linestyle="-", linewidth=width,
                    solid_capstyle="butt")
        ax.plot([alone.mean], [row], markersize=8.5, markeredgewidth=1.8, **_look(kind),
                markerfacecolor=color if together.excludes(0) else "white")
    ax.set(xlabel=f"loss minus that of {baseline} (nats)")
    _rows(ax, others)
    return figure


@styled
def plot_choice(losses: Mapping[str, np.ndarray], *, choosing: int) -> Figure:
    """Mean loss on the seeds that choose the best, and on the fresh ones; the chosen kind is drawn strongly.

    Args:
        losses: by kind, ``(seeds,)``.
        choosing: how many seeds, from the first on, choose.
    """
    figure, ax = new_figure(size=(6.2, 3.6))
    means = {kind: np.array([values[:choosing].mean(), values[choosing:].mean()]) for kind, values in losses.items()}
    middle, best = np.mean(list(means.values()), axis=0), min(means, key=lambda kind: means[kind][0])
    ax.axhline(0, **NULL)
    reach = 1.3 * max(abs(each - middle).max() for each in means.values())
    ax.set(ylabel="loss minus mean (nats)", xlim=(-0.15, 1.35), ylim=(-reach, reach))
    drawn = {}
    for kind, each in means.items():
        chosen = kind == best
        (drawn[kind],) = ax.plot([0, 1], each - middle, color=PALETTE["blue" if chosen else "gray"], marker="o",
                                 linestyle="-" if chosen else DASHES[1], linewidth=3.2 if chosen else 1.6)
    for kind, shift in label_shifts(ax, drawn).items():
        label_line(drawn[kind], kind, offset=(9, shift))
    fresh = len(next(iter(losses.values()))) - choosing
    ax.set_xticks([0, 1], [f"{choosing} seeds\nthat choose", f"{fresh} fresh\nseeds"])
    return figure


@styled
def plot_repeats(intervals: Interval, *, effect: float, shown: int = 30, xlim: tuple[float, float]) -> Figure:
    """The intervals of some simulated experiments under each other, with the true effect and zero as lines.

    Filled markers and strong lines: the interval excludes zero.

    Args:
        intervals: means and ends, each ``(experiments,)``.
        effect: the truth.
        shown: how many experiments are drawn.
        xlim: smallest and largest difference shown.
    """
    figure, ax = new_figure(size=(6.2, 4.6))
    ax.axvline(0, **NULL)
    ax.axvline(effect, color=PALETTE["vermillion"], linestyle="-", linewidth=2)
    ends = zip(intervals.mean[:shown], intervals.low[:shown], intervals.high[:shown], strict=True)
    for row, (mean, low, high) in enumerate(ends):
        found = not low <= 0 <= high
        color = PALETTE["blue" if found else "gray"]
        ax.plot([low, high], [row, row], color=color, linestyle="-", linewidth=2.2 if found else 1.3,
                solid_capstyle="butt")
        ax.plot([mean], [row], marker="o", markersize=5.5, linestyle="", color=color,
                markerfacecolor=color if found else "white")
    ax.set(xlabel="difference (nats)", ylabel=f"{shown} experiments", xlim=xlim, ylim=(shown - 0.2, -0.8), yticks=[])
    return figure
