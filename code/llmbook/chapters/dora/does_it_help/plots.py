"""Figures about fine-tuning methods: rates, ranks, changes of magnitude and direction, and the published scores.

Numbers come from the page. Every method has its color, dash and marker in all figures.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from llmbook.metrics.intervals import mean_interval
from llmbook.plots.style import DASHES, MARKERS, PALETTE, figure_for, new_figure, styled, text_color

LABELS = {"full": "full fine-tuning", "lora": "LoRA", "dora": "DoRA", "lora+": "LoRA+", "rslora": "rsLoRA"}
ORDER = ("full", "lora", "dora", "lora+", "rslora")
LOSS_TICKS = (0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 3, 5)
COLORS = dict(zip(ORDER, ("ink", "blue", "vermillion", "green", "purple"), strict=True))


def method_style(method: str) -> dict:
    """Color, dash and marker of a method."""
    index = ORDER.index(method)
    return {"color": PALETTE[COLORS[method]], "linestyle": DASHES[index], "marker": MARKERS[index]}


@styled
def plot_sweep(
    curves: Mapping[str, Mapping[float, np.ndarray]], *, xlabel: str, ylabel: str = "validation loss (nats a token)",
    highlight: tuple[str, float] | None = None, styles: Mapping[str, dict] | None = None,
    ax: Any = None,
) -> Figure:
    """A loss against a setting, both on logarithmic axes: a line with intervals over seeds for each method.

    Args:
        curves: by label or method, from the setting to the losses of the seeds, ``(seeds,)``.
        xlabel: what the setting is.
        ylabel: what the loss is, with its unit.
        highlight: a method and a setting to circle.
        styles: color, dash and marker by label; by default those of the methods.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.2, 3.9))
    for name, by_setting in curves.items():
        style = (styles or {}).get(name) or method_style(name)
        x = np.array(sorted(by_setting))
        found = mean_interval(np.array([by_setting[value] for value in x]).T)
        ax.errorbar(x, found.mean, yerr=[found.mean - found.low, found.high - found.mean],
                    label=LABELS.get(name, name), markersize=6, linewidth=1.9, **style)
        if highlight and highlight[0] == name:
            ax.plot([highlight[1]], [found.mean[list(x).index(highlight[1])]], marker="o", markersize=17,
                    markerfacecolor="none", markeredgewidth=2.2, color=style["color"], linestyle="")
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    ax.minorticks_off()
    settings = sorted({value for by_setting in curves.values() for value in by_setting})
    if all(isinstance(value, int) for value in settings):  # ranks: name each
        ax.set_xticks(settings, [str(value) for value in settings])
    low, high = ax.get_ylim()
    ticks = [tick for tick in LOSS_TICKS if low < tick < high]
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.legend(fontsize=10, loc="best")
    return figure


@styled
def plot_new_and_old(
    new: Mapping[str, Mapping[float, np.ndarray]], old: Mapping[str, Mapping[float, np.ndarray]],
    *, highlight: tuple[str, float], base: tuple[float, float],
) -> Figure:
    """Two panels of :func:`plot_sweep`: loss on the new text, and on the old, where forgetting shows.

    Args:
        new: as ``curves`` there.
        old: likewise.
        highlight: a method and a rate.
        base: the two losses before fine-tuning; the second is drawn as a line.
    """
    figure, axes = new_figure(2, 1, size=(6.2, 6.6), sharex=True)
    plot_sweep(new, xlabel="", ylabel="new workplace", highlight=highlight, ax=axes[0])
    plot_sweep(old, xlabel="peak learning rate", ylabel="old workplaces", highlight=highlight, ax=axes[1])
    axes[1].axhline(base[1], color=PALETTE["gray"], linewidth=1.2, linestyle=(0, (4, 2)))
    axes[1].annotate("before", (0.72, base[1]), (0, 4), xycoords=axes[1].get_yaxis_transform(),
                     textcoords="offset points", fontsize=10)
    axes[1].get_legend().remove()
    return figure


@styled
def plot_changes(panels: Mapping[str, Sequence[Mapping]], *, titles: Mapping[str, str]) -> Figure:
    """Change of magnitude against change of direction, a panel for each method, with lines of least squares.

    Args:
        panels: by method, rows with ``name``, ``step``, ``magnitude`` and ``direction``, and the means of the last two
            over random directions, ``random_magnitude`` and ``random_direction``: gray crosses and a dashed line.
        titles: by method.
    """
    figure, axes = new_figure(1, len(panels), size=(7.0, 3.4), squeeze=False)
    for ax, (method, rows) in zip(axes[0], panels.items(), strict=True):
        color = PALETTE[COLORS[method]]
        ax.scatter(*_points(rows, "random_"), marker="x", s=22, color=PALETTE["gray"], linewidths=1.1, label="random")
        _regression(ax, *_points(rows, "random_"), color=PALETTE["gray"], linestyle=(0, (4, 2)))
        last = max(row["step"] for row in rows)
        for marker, name in (("o", "q_proj"), ("^", "v_proj")):
            own = [row for row in rows if row["name"].endswith(name)]
            filled = [color if row["step"] == last else "none" for row in own]
            ax.scatter(
                *_points(own),
                marker=marker,
                s=26,
                facecolors=filled,
                edgecolors=color,
                linewidths=1.1,
                label=name.removesuffix("_proj"),
            )
        _regression(ax, *_points(rows), color=PALETTE["ink"], linestyle="-")
        ax.set(title=titles[method], xlabel="change of direction")
        ax.set_xlim(left=0)
        ax.set_ylim(bottom=0)
    axes[0][0].set_ylabel("change of magnitude")
    axes[0][0].legend(fontsize=10, loc="best", handletextpad=0.2)
    return figure


def _points(rows: Sequence[Mapping], which: str = "") -> np.ndarray:
    """Changes of direction and of magnitude, ``(2, points)``; with ``which="random_"`` those of random directions."""
    return np.array([[row[which + key] for row in rows] for key in ("direction", "magnitude")])


def _regression(ax: Any, x: np.ndarray, y: np.ndarray, **look: Any) -> None:
    """The line of least squares through the points, over their range."""
    ends = np.array([x.min(), x.max()])
    ax.plot(ends, np.polyval(np.polyfit(x, y, 1), ends), linewidth=1.4, **look)


@styled
def plot_published_ranks(
    scores: Mapping[str, Mapping[int, float]], others: Mapping[str, Mapping[int, float]], *, ax: Any = None
) -> Figure:
    """Average score against rank for LoRA and DoRA; a second witness of the same setting is an open marker.

    Args:
        scores: by method, average by rank, of the first witness.
        others: likewise, only where the second witness differs.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.2, 3.8))
    for method, by_rank in scores.items():
        style = method_style(method)
        ax.plot(list(by_rank), list(by_rank.values()), label=LABELS[method], **style)
        for rank, score in others.get(method, {}).items():
            ax.plot([rank, rank], [by_rank[rank], score], color=style["color"], linestyle=":", linewidth=1.3)
            ax.plot([rank], [score], marker=style["marker"], markersize=9, markerfacecolor="white", linestyle="",
                    color=style["color"], markeredgewidth=1.8)
    ax.set(xscale="log", xlabel="rank", ylabel="average of 8 benchmarks", ylim=(30, 85))
    ranks = sorted({rank for by_rank in scores.values() for rank in by_rank})
    ax.set_xticks(ranks, [str(rank) for rank in ranks])
    ax.minorticks_off()
    ax.legend(loc="lower right")
    return figure


@styled
def plot_published(scores: Mapping[str, Mapping[str, float]], *, xlabel: str) -> Figure:
    """Published scores: a row for each model, a mark for each setting, LoRA round and DoRA square.

    Args:
        scores: by model, from the top down: the score by setting, whose name begins with that of its method; the
            second of a row is drawn open.
        xlabel: what is scored.
    """
    figure, ax = new_figure(size=(6.2, 1.3 + 0.42 * len(scores)))
    for row, settings in enumerate(scores.values()):
        ax.plot([min(settings.values()), max(settings.values())], [row, row], "-", color=PALETTE["gray"], zorder=1)
        for place, (setting, score) in enumerate(settings.items()):
            method = setting.split(",")[0].lower()
            color = PALETTE[COLORS[method]]
            ax.plot([score], [row], "os"[method == "dora"], color=color, markersize=8, label="" if row else setting,
                    linestyle="", markerfacecolor="white" if place == 1 else color, markeredgewidth=1.8)
    ax.set_yticks(range(len(scores)), list(scores))
    ax.set(xlabel=xlabel, ylim=(len(scores) - 0.5, -0.5))
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, fontsize=10)
    return figure


@styled
def plot_witnesses(groups: Mapping[str, Mapping[str, float]], *, xlabel: str, xlim: tuple[float, float]) -> Figure:
    """What each witness gives for the same setting: a row for each setting, a labeled mark for each witness.

    Args:
        groups: by setting, from the top down: the score by the witness's name.
        xlabel: what is scored.
        xlim: lowest and highest score shown.
    """
    figure, ax = new_figure(size=(6.4, 1.1 + 0.75 * len(groups)))
    for row, (setting, witnesses) in enumerate(groups.items()):
        color = PALETTE[COLORS["dora" if setting.startswith("DoRA") else "lora"]]
        ends = [min(witnesses.values()), max(witnesses.values())]
        ax.plot(ends, [row, row], color=color, linewidth=1.6, linestyle="-")
        for side, (name, score) in enumerate(sorted(witnesses.items(), key=lambda item: item[1])):
            ax.plot([score], [row], marker="os"[name.startswith("README")], markersize=9, linestyle="", color=color,
                    markerfacecolor=color if name.startswith("paper") else "white", markeredgewidth=1.8)
            ax.annotate(f"{name}\n{score:g}", (score, row), ((-9, 9)[side % 2], 0), textcoords="offset points",
                        ha=("right", "left")[side % 2], va="center", fontsize=9.5, color=text_color(color))
    ax.set_yticks(range(len(groups)), list(groups), fontsize=11)
    ax.set(xlabel=xlabel, xlim=xlim, ylim=(len(groups) - 0.4, -0.6))
    ax.grid(axis="y", visible=False)
    return figure


@styled
def plot_benchmarks(
    scores: Mapping[int, Sequence[float]], names: Sequence[str], chance: Mapping[str, float], *, title: str = ""
) -> Figure:
    """The single benchmarks behind an average: a column for each, its ranks as marks, the score of guessing as a bar.

    Args:
        scores: by rank, one for each benchmark.
        names: of the benchmarks.
        chance: what guessing among the possible answers would score, where that is known.
        title: above the axes.
    """
    figure, ax = new_figure(size=(6.6, 3.9))
    colors = ("orange", "purple", "sky", "green", "ink")
    for name, level in chance.items():
        index = list(names).index(name)
        ax.plot([index - 0.42, index + 0.42], [level, level], color=PALETTE["gray"], linewidth=2.2, linestyle="-",
                label="guessing" if name == next(iter(chance)) else None)
    for place, ((rank, values), color) in enumerate(zip(scores.items(), colors, strict=False)):
        x = np.arange(len(names)) + 0.14 * (place - (len(scores) - 1) / 2)
        ax.plot(x, values, linestyle="", marker=MARKERS[place], color=PALETTE[color], label=f"rank {rank}",
                markersize=7, markeredgecolor=PALETTE["ink"], markeredgewidth=0.6)
    ax.set_xticks(range(len(names)), names, rotation=28, ha="right", fontsize=10)
    ax.set(ylabel="score", ylim=(0, 100), title=title)
    ax.grid(axis="x", visible=False)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=6, fontsize=9.5, frameon=False,
                  handletextpad=0.2, columnspacing=0.9)
    return figure
