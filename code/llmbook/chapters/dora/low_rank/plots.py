"""Figures of low rank: matrices as pictures, sums of rank-one pictures, spectra, and errors and losses by rank."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from llmbook.plots.style import (
    DASHES,
    GRID,
    MARKERS,
    PALETTE,
    PAPER,
    BookAxes,
    figure_for,
    new_figure,
    styled,
    text_color,
)
from llmbook.plots.training import draw_seeds

SIGNED = LinearSegmentedColormap.from_list("signed", [PALETTE["vermillion"], PAPER, PALETTE["blue"]], N=33)
"""Negative, zero, positive."""
COLORS = ("vermillion", "blue", "gray", "green", "purple", "orange")


@styled
def show_matrix(ax: Axes, matrix: np.ndarray, *, limit: float | None = None, title: str = "",
                numbers: bool = False) -> None:  # fmt: skip
    """Draw a matrix as a picture.

    Args:
        ax: where.
        matrix: ``(rows, columns)``.
        limit: the size at which the colors are full; by default the largest entry.
        title: above it.
        numbers: write each entry into its cell.
    """
    limit = limit or float(np.abs(matrix).max()) or 1.0
    ax.imshow(matrix, cmap=SIGNED, vmin=-limit, vmax=limit, interpolation="none")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(False)
    ax.spines[:].set(visible=True, color=GRID)
    ax.set_title(title, fontsize=11, loc="center")
    for (row, column), value in np.ndenumerate(matrix if numbers else np.empty((0, 0))):
        ax.text(column, row, f"{value + 0:g}", ha="center", va="center", fontsize=13,
                color=PAPER if abs(value) > 0.7 * limit else PALETTE["ink"])  # fmt: skip


@styled
def plot_outer(column: Sequence[float], row: Sequence[float]) -> Figure:
    """A column, a row, and the matrix of all their products, with the numbers in it."""
    column, row = np.asarray(column)[:, None], np.asarray(row)[None]
    figure, axes = new_figure(2, 2, size=(5.0, 4.6), width_ratios=(1, row.size), height_ratios=(1, column.size))
    axes[0, 0].axis("off")
    show_matrix(axes[0, 1], row, numbers=True, title="the row")
    show_matrix(axes[1, 0], column, numbers=True, title="the column")
    show_matrix(axes[1, 1], column * row, numbers=True)
    axes[1, 1].set_xlabel("every entry: column times row")
    return figure


@styled
def plot_terms(matrix: np.ndarray, *, count: int = 4) -> Figure:
    """The first terms of a matrix's singular value decomposition, their sums, the singular values, and the matrix."""
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    figure, axes = new_figure(2, count + 1, size=(6.6, 3.4))
    limit = float(np.abs(matrix).max())
    for index in range(count):
        term = values[index] * np.outer(left[:, index], right[index])
        total = (left[:, : index + 1] * values[: index + 1]) @ right[: index + 1]
        show_matrix(axes[0, index], term, limit=limit, title=f"term {index + 1}")
        show_matrix(axes[1, index], total, limit=limit, title=f"first {index + 1}")
    axes[0, count].bar(range(1, len(values) + 1), values, color=PALETTE["blue"])
    axes[0, count].set_title("strengths", fontsize=11, loc="center")
    axes[0, count].set_yticks([])
    show_matrix(axes[1, count], matrix, limit=limit, title="the picture")
    return figure


@styled
def plot_competitors(ranks: Sequence[int], best: Sequence[float], others: Mapping[str, np.ndarray], *,
                     ylabel: str) -> Figure:  # fmt: skip
    """Errors of many matrices of each rank, and the smallest possible error as a line.

    Args:
        ranks: the ranks, on the horizontal axis.
        best: error of the truncated decomposition at each rank.
        others: kind of competitor to errors ``(competitors, ranks)``.
        ylabel: what the error is.
    """
    figure, ax = new_figure(size=(6.4, 4.2))
    ax.plot(ranks, best, color=PALETTE["ink"], linestyle="-", marker=".", label="first terms of the SVD")
    for index, (name, errors) in enumerate(others.items()):
        x = np.broadcast_to(ranks, errors.shape) + 0.16 * (index - (len(others) - 1) / 2)
        ax.plot(x.ravel(), errors.ravel(), linestyle="", marker=MARKERS[index], markersize=4, label=name,
                color=PALETTE[COLORS[index]], markerfacecolor="none")  # fmt: skip
    ax.set(xlabel="rank", ylabel=ylabel, xticks=ranks, ylim=(0, None))
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


@styled
def plot_token_ranks(tokens: Sequence[int], measured: Mapping[str, np.ndarray], *, limit: int) -> Figure:
    """Ranks against the number of tokens, beside the two bounds: the tokens, and the matrix's smaller side.

    Args:
        tokens: how many tokens the batch had.
        measured: label to a rank for each, ``(tokens,)`` or ``(texts, tokens)``: their median, and a band from the
            lowest to the highest.
        limit: the smaller side of the matrix.
    """
    figure, ax = new_figure(size=(6.4, 4.0))
    for index, (name, ranks) in enumerate(measured.items()):
        ranks, color = np.atleast_2d(ranks), PALETTE[COLORS[index]]
        ax.fill_between(tokens, ranks.min(axis=0), ranks.max(axis=0), color=color, alpha=0.2, linewidth=0)
        ax.plot(tokens, np.median(ranks, axis=0), label=name, color=color, linestyle=DASHES[index],
                marker=MARKERS[index])  # fmt: skip
    ax.plot(tokens, np.minimum(tokens, limit), color=PALETTE["ink"], linewidth=1, linestyle=DASHES[2],
            label="as many as tokens, at most the side")  # fmt: skip
    ax.set(xlabel="tokens in the batch", ylabel="rank", xscale="log", yscale="log", xticks=tokens)
    ticks = [tick for tick in tokens if tick <= limit]
    ax.set_yticks(ticks, [str(tick) for tick in ticks])
    ax.set_xticks(tokens, [str(tick) for tick in tokens])
    ax.minorticks_off()
    ax.legend(loc="lower right")
    return figure


@styled
def plot_spectra(panels: Mapping[str, Mapping[str, np.ndarray]], *, ylabels: Sequence[str], logarithmic: bool = False,
                 marks: Mapping[str, float] | None = None) -> Figure:  # fmt: skip
    """Values by their number 1, 2, 3, ...: mean over seeds as a line, its interval as a band.

    Args:
        panels: title to label to ``(seeds, values)``, or ``(values,)`` where there is only one.
        ylabels: one for each panel.
        logarithmic: the horizontal axis.
        marks: label to a height, drawn as a thin line in the first panel.
    """
    figure, axes = new_figure(1, len(panels), size=(6.6, 4.0), squeeze=False)
    for ax, (title, curves), ylabel in zip(axes[0], panels.items(), ylabels, strict=True):
        for index, (name, values) in enumerate(curves.items()):
            _draw_curve(ax, 1 + np.arange(values.shape[-1]), values, index, name)
        ax.set(title=title, xlabel="number of the singular value", ylabel=ylabel, ylim=(0, None))
        if logarithmic:
            ax.set_xscale("log")
    for name, height in (marks or {}).items():
        axes[0, 0].axhline(height, color=PALETTE["ink"], linewidth=1, linestyle=DASHES[2])
        axes[0, 0].annotate(name, (1, height), (-2, 4), xycoords=axes[0, 0].get_yaxis_transform(), fontsize=10,
                            textcoords="offset points", ha="right")  # fmt: skip
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _draw_curve(ax: Axes, x: np.ndarray, values: np.ndarray, index: int, name: str, **options: Any) -> None:
    look = {"label": name, "color": PALETTE[COLORS[index]], "linestyle": DASHES[index]} | options
    if values.ndim == 1:
        ax.plot(x, values, **look)
    else:
        draw_seeds(ax, x, values, **look)


@styled
def plot_by_rank(ranks: Sequence[int], curves: Mapping[str, np.ndarray], *, levels: Mapping[str, float], ylabel: str,
                 ax: Axes | None = None) -> Figure:  # fmt: skip
    """A loss against the rank, one curve for each way to be of that rank; the mean over seeds and its interval.

    Args:
        ranks: on the horizontal axis; 0 is allowed and stands at the left end.
        curves: label to ``(seeds, ranks)`` or ``(ranks,)``; NaN where a curve has no point.
        levels: label to a loss that has no rank, drawn as a horizontal line.
        ylabel: what is measured.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.4, 4.4))
    positions = np.arange(len(ranks))
    for index, (name, values) in enumerate(curves.items()):
        there = ~np.isnan(values.reshape(-1, len(ranks))).any(axis=0)
        _draw_curve(ax, positions[there], values[..., there], index, name, marker=MARKERS[index])
    for name, level in levels.items():
        ax.axhline(level, color=PALETTE["ink"], linewidth=1, linestyle=DASHES[2])
        below = level < 0.5 * max(levels.values())  # where the curves are not
        ax.annotate(name, (0.995, level), (0, -4 if below else 4), xycoords=ax.get_yaxis_transform(), ha="right",
                    va="top" if below else "bottom", textcoords="offset points", fontsize=10.5)  # fmt: skip
    ax.set_xticks(positions, [str(rank) for rank in ranks])
    ax.set(xlabel="rank", ylabel=ylabel, ylim=(0, None))
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


@styled
def plot_shares(shapes: Mapping[str, tuple[int, int]], *, ranks: Sequence[int]) -> Figure:
    """Numbers of two thin matrices over numbers of the full one, against the rank; from 100 % on, nothing is saved.

    Args:
        shapes: label to ``(out, in)``.
        ranks: on the horizontal axis.
    """
    figure, ax = new_figure(size=(6.4, 4.0))
    ranks = np.asarray(ranks)
    for index, (name, (rows, columns)) in enumerate(shapes.items()):
        there = ranks <= min(rows, columns)
        ax.plot(ranks[there], 100 * ranks[there] * (rows + columns) / (rows * columns), label=name,
                color=PALETTE[COLORS[index]], linestyle=DASHES[index], marker=MARKERS[index], markersize=4)  # fmt: skip
    ax.axhline(100, color=PALETTE["ink"], linewidth=1)
    ax.annotate("nothing saved above", (ranks[0], 100), (0, 5), textcoords="offset points", fontsize=10.5,
                color=text_color("ink"))  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="rank", ylabel="share of the matrix's numbers")
    ax.set_xticks(ranks[::2], [f"{rank:,}" for rank in ranks[::2]])
    ax.set_yticks([0.1, 1, 10, 100], ["0.1 %", "1 %", "10 %", "100 %"])
    ax.minorticks_off()
    ax.legend(loc="lower right", fontsize=10)
    return figure


@styled
def plot_truncated(matrix: np.ndarray, kept: np.ndarray, errors: Mapping[int, float], *, rank: int) -> Figure:
    """A matrix, what a number of its terms makes of it, and the error by rank with this rank marked.

    Args:
        matrix: ``(rows, columns)``.
        kept: the same, of rank ``rank``.
        errors: rank to relative error.
        rank: of ``kept``.
    """
    figure, axes = new_figure(2, 2, size=(6.0, 5.2), height_ratios=(1.5, 1))
    limit = float(np.quantile(np.abs(matrix), 0.99))
    show_matrix(axes[0, 0], matrix, limit=limit, title="the matrix")
    show_matrix(axes[0, 1], kept, limit=limit, title=f"its first {rank} terms" if rank else "nothing")
    for unused in axes[1]:
        unused.remove()
    ax = figure.add_subplot(axes[1, 0].get_gridspec()[1, :], axes_class=BookAxes)
    ax.plot(list(errors), list(errors.values()), color=PALETTE["gray"], linestyle="-", linewidth=1.4)
    ax.plot([rank], [errors[rank]], color=PALETTE["vermillion"], marker="o", markersize=8, linestyle="")
    ax.set(xlabel="rank", ylabel="error that is left", ylim=(0, 1.08))
    return figure
