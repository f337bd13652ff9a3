"""Figures of the page "In practice": adapters to scale, what a merge loses, and how quantization spends its levels."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from llmbook.plots.style import CYCLE, DASHES, MARKERS, PALETTE, figure_for, new_figure, styled


@styled
def draw_levels(formats: Mapping[str, np.ndarray], used: Mapping[str, np.ndarray], scaled: np.ndarray) -> Figure:
    """The levels of each format above, and how often each is used below.

    Args:
        formats: Name of a format to its levels, ascending, from -1 to 1.
        used: Name to the share of weights that fall on each level.
        scaled: Weights divided by the largest of their block, drawn as a density behind the levels.
    """
    figure, axes = new_figure(2, len(formats), size=(7.0, 4.2), sharey="row")
    for column, (name, levels) in enumerate(formats.items()):
        upper, lower = axes[0][column], axes[1][column]
        upper.hist(scaled, bins=81, density=True, color=PALETTE["sky"])
        upper.vlines(levels, 0, 1.75, color=PALETTE["ink"], linewidth=1.2)
        upper.set(title=name, xlim=(-1.06, 1.06), yticks=[], xlabel="weight / scale of its block")
        lower.bar(range(len(levels)), 100 * used[name], color=PALETTE[CYCLE[column]], width=0.75)
        lower.axhline(100 / 16, color=PALETTE["ink"], linewidth=1.2, linestyle=(0, (4, 2)))
        lower.set(xlabel="code", xticks=[0, 5, 10, 15])
        upper.grid(visible=False)
    axes[0][0].set_ylabel("levels")
    axes[1][0].set_ylabel("% of weights")
    return figure


@styled
def draw_block_error(bits: Mapping[str, Sequence[float]], errors: Mapping[str, Sequence[float]],
                     blocks: Sequence[int], *, labeled: Sequence[int] = (16, 64, 256), ax: Any = None) -> Figure:
    """Error against the bits that are really stored, a point for each block size.

    Args:
        bits: Name of a format to its bits for each weight, scales included, by block size.
        errors: Name to its relative error, by block size.
        blocks: The block sizes.
        labeled: Those that are written beside the first format's points.
        ax: Axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.0, 3.8))
    for index, name in enumerate(bits):
        ax.plot(bits[name], [100 * error for error in errors[name]], marker=MARKERS[index],
                color=PALETTE[CYCLE[index]], linestyle=DASHES[index], label=name)
    first = next(iter(bits))
    for size, x, y in zip(blocks, bits[first], errors[first], strict=True):
        if size in labeled:
            ax.annotate(f"{size:,}", (x, 100 * y), (-6, -9), textcoords="offset points", fontsize=9.5, ha="right")
    ax.margins(x=0.09, y=0.09)  # room for those labels
    ax.set(xlabel="bits for each weight, scales included", ylabel="error, % of the weights' size")
    ax.legend(fontsize=10)
    return figure


@styled
def draw_lost_updates(sizes: Sequence[float], unchanged: Sequence[float], lost: Sequence[float]) -> Figure:
    """What rounding leaves of an update that is merged into weights of low precision.

    Args:
        sizes: Of the update, relative to the weights.
        unchanged: Share of the weights that are the same bits before and after, for each size.
        lost: Error of the update that arrived, relative to the one that was meant.
    """
    figure, ax = new_figure(size=(6.0, 3.6))
    for index, (name, values) in enumerate((("weights that do not change", unchanged), ("of the update lost", lost))):
        ax.plot(sizes, [100 * value for value in values], marker=MARKERS[index], color=PALETTE[CYCLE[index]],
                linestyle=DASHES[index], label=name)
    ax.axhline(100, color=PALETTE["gray"], linewidth=1)
    ax.set_xscale("log")
    ax.set(xlabel="size of the update, relative to the weights", ylabel="%", ylim=(0, None))
    ax.legend(fontsize=10)
    return figure


@styled
def draw_shapes(configs: Mapping[str, Any], *, rank: int) -> Figure:
    """The key matrix of some models with its adapter, to scale: A below it, B beside it, and the magnitudes.

    Args:
        configs: Name of a model to its ``DecoderConfig``.
        rank: Of the adapters.
    """
    figure, axes = new_figure(1, len(configs), size=(6.4, 2.7), sharey=True)
    widest = max(config.width for config in configs.values())
    tallest = max(config.kv_heads * config.head_size for config in configs.values())
    gap = widest / 8
    for ax, (name, config) in zip(axes, configs.items(), strict=True):
        outputs, inputs = config.kv_heads * config.head_size, config.width
        parts = ((0, 0, inputs, outputs, "gray"), (0, -gap - rank, inputs, rank, "blue"),
                 (inputs + gap, 0, rank, outputs, "vermillion"), (inputs + 2 * gap + rank, 0, 2, outputs, "green"))
        for left, bottom, width, height, color in parts:
            ax.add_patch(Rectangle((left, bottom), width, height, facecolor=PALETTE[color], edgecolor="none",
                                   alpha=0.35 if color == "gray" else 1))
        ax.text(inputs / 2, outputs / 2, f"{outputs} x {inputs}", ha="center", va="center", fontsize=10)
        ax.set(title=name, xlim=(-2, widest + 3 * gap + rank), ylim=(-gap - rank - 2, tallest + 2), aspect="equal")
        ax.axis("off")
    names = {"W, frozen": "gray", "A": "blue", "B": "vermillion", "m": "green"}
    figure.legend(handles=[Rectangle((0, 0), 1, 1, facecolor=PALETTE[color], label=label,
                                     alpha=0.35 if color == "gray" else 1) for label, color in names.items()],
                  loc="outside lower center", ncols=4, frameon=False)  # fmt: skip
    return figure
