"""Figures of the accounting: where the parameters are, what a token costs, what the cache needs.

Parts have the colors of the architecture drawings (``diagram.KINDS``), and stand in the same order in every bar, so
that no bar depends on color alone. All functions take plain numbers and give back a figure.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from llmbook.plots.diagram import tint
from llmbook.plots.style import PALETTE, figure_for, styled

GROUPS = {  # name in the figure: (the parts it sums, color, share of that color, hatch)
    "embedding": (("embedding",), "green", 0.45, ""),
    "attention": (("query", "key", "value", "attention_output"), "blue", 0.4, ""),
    "attention scores": (("attention_scores",), "sky", 0.75, ".."),
    "feed-forward": (("feedforward",), "vermillion", 0.4, ""),
    "output matrix": (("output_matrix",), "green", 0.16, "///"),
}
GIB = 2**30
BAR = 0.62
WIDTH = 5.2  # inches; narrower than the page, so that letters stay legible on a telephone
Parts = Mapping[str, int]


@styled
def draw_parts(rows: Mapping[str, Parts], *, unit: float = 1e9, xlabel: str = "billion parameters",
               limit: float | None = None, legend: bool = True, ax: Any = None) -> Figure:
    """Stacked horizontal bars, one a model, with a number in each piece that has room for it.

    Args:
        rows: Name of the bar to its parts, as ``accounting.parameters_by_part`` or ``flops_by_part`` gives them. Norms
            are too few to be seen and are left out of the pieces, but not of the total.
        unit: What one on the axis stands for.
        xlabel: Its name.
        limit: Where the axis ends, in units; by default a little beyond the longest bar.
        legend: Name the pieces above the bars.
        ax: Axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(WIDTH, 1.3 + 0.5 * len(rows)))
    limit = limit or 1.15 * max(sum(parts.values()) for parts in rows.values()) / unit
    for place, parts in enumerate(rows.values()):
        _stack(ax, place, parts, unit, limit)
        total = sum(parts.values()) / unit
        ax.text(total + 0.01 * limit, place, f"{total:.2f}", va="center", fontweight="bold", fontsize=10.5)
    name_bars(ax, list(rows), xlabel, limit)
    if legend:
        _legend(ax, [name for name in GROUPS if any(_size(parts, name) for parts in rows.values())])
    return figure


def _size(parts: Parts, group: str) -> int:
    return sum(parts.get(part, 0) for part in GROUPS[group][0])


def _stack(ax: Any, place: float, parts: Parts, unit: float, limit: float) -> None:
    """The pieces of one bar, each beginning where the last one ended."""
    start = 0.0
    for group, (_, color, share, hatch) in GROUPS.items():
        width = _size(parts, group) / unit
        if not width:
            continue
        ax.barh(place, width, BAR, left=start, color=tint(color, share), edgecolor=PALETTE["ink"], linewidth=0.9,
                hatch=hatch)
        if width > (0.12 if hatch else 0.072) * limit:  # as much room as a number needs, more between hatches
            ax.text(start + width / 2, place, f"{width:.2f}", ha="center", va="center", fontsize=10,
                    bbox={"facecolor": tint(color, share), "edgecolor": "none", "pad": 1.2} if hatch else None)
        start += width


def name_bars(ax: Any, names: Sequence[str], xlabel: str, limit: float) -> None:
    """The names of horizontal bars, from the top down, and an axis that ends at ``limit``."""
    ax.set_yticks(range(len(names)), names, fontsize=11)
    ax.set(xlim=(0, limit), ylim=(len(names) - 0.5, -0.5), xlabel=xlabel)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", visible=False)


def _legend(ax: Any, groups: Sequence[str]) -> None:
    patches = [Patch(facecolor=tint(color, share), edgecolor=PALETTE["ink"], hatch=hatch, label=name, linewidth=0.9)
               for name, (_, color, share, hatch) in GROUPS.items() if name in groups]
    columns = 3 if len(patches) == 3 else 2
    ax.legend(handles=patches, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=columns, fontsize=10,
              handlelength=1.4, columnspacing=1.1, handletextpad=0.5, borderaxespad=0.2)


@styled
def draw_cache(rows: Sequence[tuple[str, int, bool]], *, context: int, ax: Any = None) -> Figure:
    """Bars of cache sizes: filled for models as published, hatched for what they might have been.

    Args:
        rows: Name, bytes, and whether the model exists like that.
        context: S, positions, for the label of the axis.
        ax: Axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(WIDTH, 1.0 + 0.46 * len(rows)))
    limit = 1.2 * max(size for _, size, _ in rows) / GIB
    for place, (_, size, real) in enumerate(rows):
        ax.barh(place, size / GIB, BAR, color=tint("orange", 0.55 if real else 0.12), edgecolor=PALETTE["ink"],
                linewidth=0.9, hatch="" if real else "///", linestyle="-" if real else "--")
        ax.text(size / GIB + 0.012 * limit, place, f"{size / GIB:.2f}", va="center", fontweight="bold", fontsize=10.5)
    name_bars(ax, [name for name, _, _ in rows], f"GiB of cache for {context:,} tokens in bfloat16", limit)
    patches = [Patch(facecolor=tint("orange", 0.55), edgecolor=PALETTE["ink"], label="as published"),
               Patch(facecolor=tint("orange", 0.12), edgecolor=PALETTE["ink"], hatch="///", label="what if")]
    ax.legend(handles=patches, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=2, borderaxespad=0.2)
    return figure
