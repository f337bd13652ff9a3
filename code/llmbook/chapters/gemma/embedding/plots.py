r"""Figures about embeddings: a lookup as a matrix product, who gets a gradient, and the size of what enters the stream.

The quantity of most figures is the root mean square of the entries of :math:`x_0 = c\,W_i`, where :math:`W_i` is a row
of the embedding and :math:`c` is 1 or :math:`\sqrt{D}`. Source of the factor: Vaswani et al. 2017 (arXiv 1706.03762),
Section 3.4; for Gemma, google/gemma_pytorch, ``GemmaForCausalLM.forward``.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, NullLocator

from llmbook.plots.style import CYCLE, DASHES, MARKERS, PALETTE, figure_for, label_line, new_figure, styled, text_color
from llmbook.plots.training import label_shifts

SCHEME_STYLES = tuple(
    {"color": PALETTE[CYCLE[index]], "linestyle": DASHES[index], "marker": MARKERS[index]} for index in range(6)
)


@styled
def plot_lookup(ids: Sequence[int], weight: Sequence[Sequence[float]], words: Sequence[str]) -> Figure:
    """A lookup drawn as a product: the one-hot matrix, the embedding, and the rows that come out.

    Args:
        ids: Token ids, ``(T,)``.
        weight: The embedding, ``(V, D)``; small, because every number is written.
        words: A name for each id, ``(V,)``.
    """
    weight = np.asarray(weight)
    one_hot = np.eye(len(weight))[list(ids)]
    ratios = [len(weight), weight.shape[1], weight.shape[1]]
    figure, axes = new_figure(1, 3, size=(6.4, 0.42 * max(len(ids), len(weight)) + 1.0), width_ratios=ratios)
    spoken = [f"{words[token]} ({token})" for token in ids]
    entries = [f"{word} ({token})" for token, word in enumerate(words)]
    panels = ((one_hot, spoken, "one-hot, (T, V)"), (weight, entries, "× embedding, (V, D)"),
              (one_hot @ weight, spoken, "= rows, (T, D)"))
    for ax, (matrix, labels, title) in zip(axes, panels, strict=True):
        _matrix(ax, matrix, labels, title)
    for token in set(ids):
        axes[1].add_patch(Rectangle((-0.5, token - 0.5), weight.shape[1], 1, fill=False, linewidth=2.2,
                                    edgecolor=PALETTE["vermillion"], clip_on=False, zorder=5))
    return figure


def _matrix(ax: Axes, matrix: np.ndarray, labels: Sequence[str], title: str) -> None:
    """A small matrix with its numbers: the larger a number, the darker its cell."""
    size = np.abs(matrix).max()
    ax.imshow(np.abs(matrix) / size, cmap="Blues", vmin=0, vmax=2.2, aspect="equal")
    for (row, column), number in np.ndenumerate(matrix):
        text = f"{number:.0f}" if np.array_equal(matrix, matrix.round()) else f"{number:.1f}"
        ax.text(column, row, text.replace("-", "\N{MINUS SIGN}"), ha="center", va="center", fontsize=9.5)
    ax.set_title(title, fontsize=10.5)
    ax.set_yticks(range(len(labels)), labels, fontsize=9.5)
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[:].set_visible(False)


@styled
def plot_row_gradients(norms: Mapping[str, Sequence[float]], used: Sequence[int]) -> Figure:
    """The length of the gradient of each row of an embedding, one panel for each model.

    Args:
        norms: title to lengths, ``(V,)``.
        used: Ids that occur in the batch; marked with a dot under their bar.
    """
    figure, axes = new_figure(len(norms), 1, size=(6.4, 1.75 * len(norms)), sharex=True, squeeze=False)
    for ax, (title, values) in zip(axes[:, 0], norms.items(), strict=True):
        values = np.asarray(values)
        ax.bar(range(len(values)), values, width=0.7, color=PALETTE["sky"], edgecolor=PALETTE["ink"], linewidth=0.6)
        ax.plot(list(used), np.full(len(used), -0.07 * values.max()), "o", color=PALETTE["vermillion"],
                linestyle="none", clip_on=False, markersize=4.5)
        ax.set(title=title, ylabel="gradient")
    axes[-1, 0].set_xlabel("row of the embedding (dots: tokens in the batch)")
    return figure


@styled
def plot_entry_sizes(widths: Sequence[int], sizes: Mapping[str, Mapping[str, Sequence[float]]],
                     measured: Mapping[str, Mapping[str, Sequence[float]]] | None = None) -> Figure:
    """Root mean square of what enters the stream against the width, one line for each way to draw the embedding.

    Args:
        widths: D, ascending, each twice the one before or so.
        sizes: panel title to scheme to predicted sizes, one for each width.
        measured: the same for measured sizes, drawn as markers.
    """
    figure, axes = new_figure(1, len(sizes), size=(6.4, 4.4), sharey=True, squeeze=False)
    for index, (ax, (title, schemes)) in enumerate(zip(axes[0], sizes.items(), strict=True)):
        ax.axhspan(0.5, 2, color=PALETTE["gray"], alpha=0.18, linewidth=0)
        for style, (name, values) in zip(SCHEME_STYLES, schemes.items(), strict=False):
            ax.plot(widths, values, color=style["color"], linestyle=style["linestyle"])
            dots = (measured or sizes)[title][name]
            ax.plot(widths, dots, marker=style["marker"], color=style["color"], linestyle="none",
                    label=name if index == 0 else None)
        ax.set(title=title, xlabel="width D", xscale="log", yscale="log")
        ax.set_xticks(widths, [str(width) for width in widths], fontsize=9)
        ax.minorticks_off()
    axes[0][0].set_ylabel("root mean square of the entries")
    figure.legend(loc="outside lower center", ncols=2, fontsize=10, frameon=False)
    return figure


@styled
def plot_budget(rows: Mapping[str, Mapping[str, float]], *, limits: tuple[float, float] = (5e-3, 200.0),
                title: str = "", ax: Axes | None = None) -> Figure:
    """Where three sizes stand on one axis: a stored entry, an entry that enters the stream, a logit if tied.

    Args:
        rows: label to the three sizes by name, in the same order in every row.
        limits: Ends of the logarithmic axis.
        title: Above the axes.
        ax: Axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.4, 1.5 + 0.62 * len(rows)))
    ax.axvspan(0.5, 2, color=PALETTE["gray"], alpha=0.18, linewidth=0)
    names = list(next(iter(rows.values())))
    for height, sizes in enumerate(reversed(rows.values())):
        ax.plot([min(sizes.values()), max(sizes.values())], [height, height], color=PALETTE["gray"], linestyle="-",
                linewidth=1.2, zorder=1)
        for index, name in enumerate(names):
            style = SCHEME_STYLES[index]
            ax.plot(sizes[name], height, marker=style["marker"], color=style["color"], linestyle="none",
                    markersize=(12, 8, 9)[index], label=name if height == 0 else None)
            ax.annotate(f"{sizes[name]:.3g}", (sizes[name], height), (0, (9, -16, 9)[index]),
                        textcoords="offset points", ha="center", fontsize=9.5, color=text_color(style["color"]))
    ax.set(xscale="log", xlim=limits, ylim=(-0.6, len(rows) + 0.1), title=title,
           xlabel="root mean square (gray: about one)")
    ax.xaxis.set_major_locator(FixedLocator([0.01, 0.1, 1, 10, 100]))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_locator(NullLocator())  # drawing them takes longer than the rest
    ax.set_yticks(range(len(rows)), list(reversed(rows)))
    ax.tick_params(axis="y", length=0)
    ax.legend(loc="upper center", ncols=3, fontsize=10, handletextpad=0.3, columnspacing=1.4)
    return figure


@styled
def plot_shares(curves: Mapping[str, np.ndarray], *, ylabel: str, ax: Axes | None = None) -> Figure:
    """One number for each block and each model: mean over seeds, in a band from the smallest to the largest.

    Args:
        curves: name to values ``(seeds, layers + 1)``; the first column is the embedding.
        ylabel: What is measured.
    """
    figure, ax = figure_for(ax, size=(6.4, 3.6))
    lines: dict[str, Line2D] = {}
    for style, (name, values) in zip(SCHEME_STYLES, curves.items(), strict=False):
        blocks = np.arange(values.shape[1])
        ax.fill_between(blocks, values.min(0), values.max(0), color=style["color"], alpha=0.18, linewidth=0)
        (lines[name],) = ax.plot(blocks, values.mean(0), markevery=3, **style)
    ax.set(xlabel="block", ylabel=ylabel)
    ax.margins(x=0.02)
    for name, shift in label_shifts(ax, lines).items():
        label_line(lines[name], name, offset=(6, shift))
    return figure


@styled
def plot_rounding(widths: Sequence[int], errors: Sequence[float], marked: Mapping[int, str],
                  ax: Axes | None = None) -> Figure:
    """Relative error of ``sqrt(D)`` in bf16 for many widths, in percent, some of them named."""
    figure, ax = figure_for(ax, size=(6.4, 3.3))
    ax.plot(widths, errors, color=PALETTE["blue"], linewidth=0.9, linestyle="-")
    places = dict(zip(widths, errors, strict=True))
    for width, name in marked.items():
        ax.plot(width, places[width], "D", color=PALETTE["vermillion"], markersize=6)
        ax.annotate(name, (width, places[width]), (width, 1.12 * max(errors)), ha="center", fontsize=9.5,
                    arrowprops={"arrowstyle": "-", "color": PALETTE["ink"], "linewidth": 0.8})
    ax.axhline(0, color=PALETTE["ink"], linewidth=0.8, linestyle="-")
    ax.set(xlabel="width D", ylabel="error of the factor, %", ylim=(1.1 * min(errors), 1.3 * max(errors)))
    return figure
