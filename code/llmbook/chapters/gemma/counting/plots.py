"""Figures of what "7B" counts: a budget of parameters and memory, leads on benchmarks, and heads that share keys.

Source for shared heads: Ainslie et al., "GQA" (2023), figure 2.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from llmbook.plots.accounting import BAR, GIB, WIDTH, Parts, draw_parts, name_bars
from llmbook.plots.diagram import box, canvas, draw_side_by_side, note, tint, wire
from llmbook.plots.style import PALETTE, BookAxes, BookFigure, figure_for, styled


@styled
def draw_budget(parameters: Mapping[str, Parts], memory: Mapping[str, tuple[int, int]]) -> Figure:
    """Two pairs of bars: parameters by part, and memory for weights and cache.

    Args:
        parameters: Name of a bar to its parts.
        memory: Name of a bar to the bytes of its weights and of its cache.
    """
    figure = BookFigure(figsize=(WIDTH, 4.4))  # no layout engine: the axes must not move between an explorer's frames
    upper, lower = (figure.add_axes((0.175, bottom, 0.81, 0.27), axes_class=BookAxes) for bottom in (0.6, 0.12))
    draw_parts(parameters, limit=10.6, ax=upper)
    limit = max(26.5, 1.25 * max(map(sum, memory.values())) / GIB)
    for place, (weights, cache) in enumerate(memory.values()):
        weights, cache = weights / GIB, cache / GIB
        lower.barh(place, weights, BAR, color=tint("gray", 0.35), edgecolor=PALETTE["ink"], linewidth=0.9)
        lower.barh(place, cache, BAR, left=weights, color=tint("orange", 0.55), edgecolor=PALETTE["ink"], hatch="..",
                   linewidth=0.9)
        lower.text(weights + cache + 0.01 * limit, place, f"{weights:.1f} + {cache:.2f}", va="center", fontsize=10.5,
                   fontweight="bold")
    name_bars(lower, list(memory), "GiB in bfloat16", limit)
    patches = [Patch(facecolor=tint("gray", 0.35), edgecolor=PALETTE["ink"], label="weights"),
               Patch(facecolor=tint("orange", 0.55), edgecolor=PALETTE["ink"], hatch="..", label="KV cache")]
    lower.legend(handles=patches, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=2, fontsize=10,
                 handlelength=1.4, borderaxespad=0.2)
    return figure


@styled
def draw_margins(margins: Mapping[str, float], *, xlabel: str, ax: Any = None) -> Figure:
    """One model's lead over the best of the others, benchmark by benchmark, from the largest lead to the largest gap.

    Args:
        margins: Benchmark to points ahead (positive) or behind (negative).
        xlabel: Whose lead over whom.
        ax: Axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(WIDTH, 0.9 + 0.27 * len(margins)))
    ordered = sorted(margins.items(), key=lambda item: -item[1])
    reach = 1.4 * max(abs(margin) for margin in margins.values())
    for place, (_, margin) in enumerate(ordered):
        ahead = margin > 0
        ax.barh(place, margin, BAR, color=tint("blue" if ahead else "vermillion", 0.5), edgecolor=PALETTE["ink"],
                linewidth=0.9, hatch="" if ahead else "///")
        text = "tie" if margin == 0 else f"{margin:+.1f}".replace("-", "\N{MINUS SIGN}")
        ax.annotate(text, (margin, place), (5 if margin >= 0 else -5, 0),
                    textcoords="offset points", ha="left" if margin >= 0 else "right", va="center", fontsize=10)
    ax.axvline(0, color=PALETTE["ink"], linewidth=1.0, linestyle="-")
    name_bars(ax, [name for name, _ in ordered], xlabel, reach)
    ax.set_xlim(-reach, reach)
    ax.tick_params(axis="y", labelsize=10)
    return figure


@styled
def draw_heads(heads: int = 8, kv_heads: int = 1, *, ax: Any = None) -> Figure:
    """Which query heads read which keys and values: multi-head, grouped-query or multi-query attention.

    Args:
        heads: H, query heads.
        kv_heads: K, key and value heads; divides H.
        ax: Axes to draw on; new ones by default.

    Raises:
        ValueError: If ``kv_heads`` does not divide ``heads``.
    """
    if heads % kv_heads:
        raise ValueError(f"heads ({heads}) must be a multiple of kv_heads ({kv_heads})")
    figure, ax = canvas(ax, 5.0, 2.3)
    step, group = 4.0 / heads, heads // kv_heads
    name = {heads: "multi-head", 1: "multi-query"}.get(kv_heads, "grouped-query")
    title = f"{name}: {heads} query heads, {kv_heads} key-value head" + ("s" if kv_heads > 1 else "")
    note(ax, 0.06, 2.02, title, fontsize=11.5, bold=True)
    for row, label in ((1.45, "queries"), (0.62, "keys"), (0.24, "values")):
        note(ax, 0.06, row, label, fontsize=10.5)
    for head in range(heads):
        x, shared = 0.95 + step * (head + 0.5), 0.95 + step * group * (head // group + 0.5)
        wire(ax, (x, 1.32), (shared, 0.76), arrow=False)
        box(ax, x, 1.45, "", width=0.72 * step, height=0.3, kind="attention")
    for head in range(kv_heads):
        x = 0.95 + step * group * (head + 0.5)
        for y in (0.62, 0.24):
            box(ax, x, y, "", width=0.72 * step, height=0.3, kind="values")
    return figure


def draw_head_sharing(heads: int = 8, kv_heads: Sequence[int] = (8, 2, 1)) -> Figure:
    """The kinds of attention under one another, from most keys and values to fewest."""
    return draw_side_by_side([partial(draw_heads, heads, count) for count in kv_heads], columns=1)
