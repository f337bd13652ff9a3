"""Zero-shot scores of several models, benchmark by benchmark and averaged, and the log of a training run.

A mean over benchmarks hides which of them it comes from, so the first two figures keep them apart. Scores are in
percent; their source is the table that is drawn (``data/olmo_zero_shot.csv``: arXiv 2402.00838, Table 6).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from llmbook.plots.style import PALETTE, figure_for, new_figure, styled, text_color

LOOKS = (("vermillion", "o", -0.2), ("blue", "s", 0.0), ("green", "^", 0.2))  # the last: lower in its row


@styled
def plot_scores(scores: Mapping[str, Mapping[str, float]], *, highlighted: Sequence[str], ax: Any = None) -> Figure:
    """One row for each benchmark, one mark for each model.

    Args:
        scores: by model, then by benchmark: percent. The first model's benchmarks give the rows.
        highlighted: up to three models with a mark of their own; the others share a gray cross.
        ax: axes to draw on; new ones by default.
    """
    benchmarks = list(next(iter(scores.values())))
    figure, ax = figure_for(ax, size=(6.4, 5.2))
    others = [model for model in scores if model not in highlighted]
    for model in others:
        ax.plot([scores[model][b] for b in benchmarks], range(len(benchmarks)), linestyle="", marker="x",
                color=PALETTE["gray"], label=None if model != others[0] else f"{len(others)} others")  # fmt: skip
    for model, (color, marker, shift) in zip(highlighted, LOOKS, strict=False):
        places = [row + shift for row in range(len(benchmarks))]
        ax.plot([scores[model][b] for b in benchmarks], places, linestyle="", marker=marker, markersize=7.5,
                color=PALETTE[color], label=model)  # fmt: skip
    ax.set_yticks(range(len(benchmarks)), benchmarks)
    ax.set(xlabel="zero-shot score (%)", ylim=(len(benchmarks) - 0.5, -0.5))
    ax.legend(loc="upper left", bbox_to_anchor=(-0.2, 1.13), ncols=len(highlighted) + 1, columnspacing=1.2,
              handlelength=1.2)  # fmt: skip
    return figure


@styled
def plot_differences(differences: Mapping[str, float], *, xlabel: str, ax: Any = None) -> Figure:
    """Differences of two models as bars from zero, in order of size, with their mean as a line.

    Args:
        differences: by benchmark, in points.
        xlabel: which model minus which.
        ax: axes to draw on; new ones by default.
    """
    ordered = sorted(differences, key=differences.get)
    figure, ax = figure_for(ax, size=(6.4, 3.9))
    for row, name in enumerate(ordered):
        value, color = differences[name], "blue" if differences[name] > 0 else "vermillion"
        ax.barh(row, value, height=0.6, color=PALETTE[color], hatch="" if value > 0 else "//", edgecolor="white")
        side = -1 if value > 0 else 1  # the free side of zero
        ax.annotate(f"{value:+.1f}" if value else "0.0", (0, row), (4 * side, 0), textcoords="offset points",
                    va="center", ha="left" if side > 0 else "right", fontsize=10.5)  # fmt: skip
    mean = sum(differences.values()) / len(differences)
    ax.axvline(0, color=PALETTE["ink"], linewidth=1.2, linestyle="-")
    ax.axvline(mean, color=PALETTE["gray"], linewidth=1.6, linestyle=(0, (5, 2)), zorder=0.5)
    ax.annotate(f"mean {mean:+.2f}", (mean, len(ordered) - 0.55), (-5, 0), textcoords="offset points", ha="right",
                fontsize=10.5)  # fmt: skip
    ax.set_yticks(range(len(ordered)), ordered)
    ax.set(xlabel=xlabel, ylim=(-0.6, len(ordered) - 0.2))
    ax.grid(axis="y", visible=False)
    return figure


@styled
def plot_means(means: Mapping[str, float], *, highlighted: str, ax: Any = None) -> Figure:
    """The mean of each model, highest first, with its value.

    Args:
        means: by model: percent.
        highlighted: the model with a mark and a color of its own.
        ax: axes to draw on; new ones by default.
    """
    ordered = sorted(means, key=means.get, reverse=True)
    figure, ax = figure_for(ax, size=(6.0, 3.4))
    for row, name in enumerate(ordered):
        color, marker = ("vermillion", "o") if name == highlighted else ("gray", "x")
        ax.plot([means[name]], [row], linestyle="", marker=marker, markersize=8, color=PALETTE[color])
        ax.annotate(f"{means[name]:.2f}", (means[name], row), (9, 0), textcoords="offset points", va="center",
                    fontsize=10.5, color=text_color(color))  # fmt: skip
    ax.set_yticks(range(len(ordered)), [f"{row + 1}. {name}" for row, name in enumerate(ordered)])
    ax.set(xlabel="mean score (%)", xlim=(58, 78), ylim=(len(ordered) - 0.5, -0.5))
    return figure


@styled
def plot_log(rows: Sequence[Mapping[str, float]]) -> Figure:
    """Loss, gradient norm and learning rate of a run, one below the other.

    Args:
        rows: with ``step``, ``loss``, ``gradient_norm`` and ``learning_rate``, in order.
    """
    columns = {"loss": "loss", "gradient_norm": "gradient\nnorm", "learning_rate": "learning\nrate"}
    figure, axes = new_figure(3, 1, size=(6.4, 5.0), sharex=True)
    for ax, (key, label), color in zip(axes, columns.items(), ("blue", "green", "vermillion"), strict=True):
        ax.plot([row["step"] for row in rows], [row[key] for row in rows], color=PALETTE[color], linestyle="-",
                linewidth=1.4)  # fmt: skip
        ax.set(ylabel=label, ylim=(0, None))
    axes[-1].set_xlabel("step")
    figure.align_ylabels()
    return figure
