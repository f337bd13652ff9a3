r"""Figures about LoRA: the two paths, how the rank scales an update, what rounding takes from a merge, what it costs.

Numbers come from the page or from the caller. The layer is :math:`y = x W^\top + s\,(x A^\top) B^\top`, with W frozen,
A ``(R, in)``, B ``(out, R)`` (Hu et al. 2022, arXiv 2106.09685, Section 4.1).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from llmbook.plots.diagram import box, canvas, draw_side_by_side, node, note, tint, wire
from llmbook.plots.style import DASHES, MARKERS, PALETTE, BookAxes, BookFigure, new_figure, styled

COLORS = ("blue", "vermillion", "green", "purple", "orange")
GIB, MIB = 2**30, 2**20
MEMORY = {  # what training holds: (color, share of that color, hatch)
    "weights": ("gray", 0.35, ""),
    "gradients": ("vermillion", 0.4, "///"),
    "optimizer": ("blue", 0.4, ".."),
}


@styled
def draw_paths() -> Figure:
    """The layer while it trains, on two paths, and after merging, on one."""
    return draw_side_by_side([_draw_two_paths, _draw_one_path], titles=["while training", "merged"])


@styled
def _draw_two_paths(ax: Any = None) -> Figure:
    """x goes through the frozen W, and through A and B; the results are added."""
    figure, ax = canvas(ax, 4.05, 3.7)
    left, right, low, high = 1.0, 2.85, 0.5, 3.2
    wire(ax, (left, 0.22), (left, 1.25))
    wire(ax, (left, low), (right, low), (right, 0.82))
    box(ax, left, 1.75, "W\n(out, in)\nfrozen", width=1.5, height=1.0, kind="plain", dashed=True)
    box(ax, right, 1.05, "A  (R, in)", width=1.7, height=0.44, kind="attention")
    wire(ax, (right, 1.27), (right, 1.74))
    note(ax, right + 0.12, 1.49, "R numbers")
    box(ax, right, 1.97, "B  (out, R)", width=1.7, height=0.44, kind="feedforward")
    wire(ax, (right, 2.19), (right, 2.48))
    node(ax, right, 2.61, "x")
    note(ax, right + 0.22, 2.61, "times s")
    wire(ax, (left, 2.25), (left, high - 0.14))
    wire(ax, (right, 2.73), (right, high), (left + 0.14, high))
    node(ax, left, high, "+")
    wire(ax, (left, high + 0.12), (left, 3.62))
    note(ax, left - 0.15, 0.3, "x", align="right", fontsize=11.5, bold=True)
    note(ax, left - 0.15, 3.52, "y", align="right", fontsize=11.5, bold=True)
    return figure


@styled
def _draw_one_path(ax: Any = None) -> Figure:
    """x goes through one matrix of the size of W."""
    figure, ax = canvas(ax, 2.2, 3.7)
    middle = 1.1
    wire(ax, (middle, 0.22), (middle, 1.25))
    box(ax, middle, 1.75, "W + s B A\n(out, in)", width=1.6, height=1.0, kind="values")
    wire(ax, (middle, 2.25), (middle, 3.62))
    note(ax, middle - 0.15, 0.3, "x", align="right", fontsize=11.5, bold=True)
    note(ax, middle - 0.15, 3.52, "y", align="right", fontsize=11.5, bold=True)
    return figure


@styled
def plot_against_rank(
    ranks: Sequence[int], panels: Mapping[str, Mapping[str, Sequence[float]]],
) -> Figure:
    """Sizes over that at the first rank, on logarithmic axes, a panel for each quantity and a line for each scaling.

    Args:
        ranks: R, ascending.
        panels: title to name to one value a rank.
    """
    figure, axes = new_figure(1, len(panels), size=(6.6, 3.3), squeeze=False, sharey=True)
    for ax, (title, lines) in zip(axes[0], panels.items(), strict=True):
        for index, (name, values) in enumerate(lines.items()):
            ax.plot(ranks, [value / values[0] for value in values], label=name, color=PALETTE[COLORS[index]],
                    linestyle=DASHES[index], marker=MARKERS[index])
        ax.set(xscale="log", yscale="log", xlabel="rank R", title=title)
        ax.set_xticks(ranks, [str(rank) for rank in ranks])
        ax.set_yticks([2.0**power for power in range(-3, 2)], ["1/8", "1/4", "1/2", "1", "2"])
        ax.minorticks_off()
    axes[0][0].set_ylabel(f"relative to rank {ranks[0]}")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure


@styled
def plot_by_rate(rates: Sequence[float], losses: Mapping[str, Any], *, ylabel: str) -> Figure:
    """Final loss against the learning rate, a line for each setting, the spread of its seeds as a bar.

    Args:
        rates: learning rates, ascending.
        losses: name to an array ``(seeds, rates)``.
        ylabel: what the loss is, with its unit.
    """
    figure, ax = new_figure(size=(6.4, 3.9))
    for index, (name, values) in enumerate(losses.items()):
        middle = values.mean(axis=0)
        spread = [middle - values.min(axis=0), values.max(axis=0) - middle]
        nudged = [rate * (1 + 0.035 * (index - (len(losses) - 1) / 2)) for rate in rates]
        ax.errorbar(nudged, middle, yerr=spread, label=name, color=PALETTE[COLORS[index]], linestyle=DASHES[index],
                    marker=MARKERS[index], capsize=2.5)
    ax.set(xscale="log", xlabel="learning rate", ylabel=ylabel)
    ax.set_xticks(rates, [f"{rate:g}" for rate in rates])
    ax.minorticks_off()
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure


@styled
def plot_unchanged(sizes: Sequence[float], unchanged: Sequence[float], *, marks: Mapping[str, float]) -> Figure:
    """The share of weights that a merge leaves as they were, against the size of the update.

    Args:
        sizes: root mean square of the update over that of the weights, ascending.
        unchanged: a share, 0 to 1, for each size.
        marks: name to a size worth pointing out.
    """
    figure, ax = new_figure(size=(6.2, 3.3))
    ax.plot(sizes, unchanged, color=PALETTE["blue"], linestyle="-")
    for name, size in marks.items():
        late = size > (sizes[0] * sizes[-1]) ** 0.5
        ax.axvline(size, color=PALETTE["gray"], linewidth=1.2, linestyle=(0, (2, 2)))
        ax.annotate(name, (size, 0.98 if late else 0.06), (-5 if late else 5, 0), ha="right" if late else "left",
                    xycoords=("data", "axes fraction"), textcoords="offset points", va="top" if late else "bottom",
                    fontsize=10.5)
    ax.set(xscale="log", ylim=(-0.02, 1.04), xlabel="size of the update, relative to the weights",
           ylabel="share of weights unchanged")
    return figure


@styled
def draw_adapter_costs(memory: Mapping[str, Mapping[str, float]], files: Mapping[str, float], *,
                       limit: float) -> Figure:
    """Training memory by what it holds, and the files that are left afterward.

    Args:
        memory: name of a bar to bytes for each of :data:`MEMORY`.
        files: name of a bar to bytes.
        limit: where the axis of the memory ends, in GiB.
    """
    figure = BookFigure(figsize=(5.2, 4.3))  # no layout engine: the axes must not move between an explorer's frames
    upper, lower = (figure.add_axes((0.19, bottom, 0.785, 0.25), axes_class=BookAxes) for bottom in (0.6, 0.12))
    for place, parts in enumerate(memory.values()):
        _stack(upper, place, {name: size / GIB for name, size in parts.items()}, limit)
    _name(upper, list(memory), "GiB while training, without activations")
    upper.set_xlim(0, limit)
    patches = [Patch(facecolor=tint(color, share), edgecolor=PALETTE["ink"], hatch=hatch, label=name)
               for name, (color, share, hatch) in MEMORY.items()]
    upper.legend(handles=patches, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, fontsize=10,
                 handlelength=1.4, columnspacing=1.0, borderaxespad=0.2)
    for place, size in enumerate(files.values()):
        lower.plot(size / MIB, place, marker="s", markersize=8, color=PALETTE["green"], linestyle="")
        lower.annotate(_bytes(size), (size / MIB, place), (9, 0), textcoords="offset points", va="center",
                       fontsize=10.5, fontweight="bold")
    _name(lower, list(files), "MiB on disk, logarithmic")
    lower.set(xscale="log", xlim=(0.05, 1e6))
    lower.minorticks_off()  # half of the time of a frame, and nobody reads a file size off an axis
    return figure


def _stack(ax: Any, place: float, parts: Mapping[str, float], limit: float) -> None:
    """The pieces of one bar, each beginning where the last one ended, and their sum."""
    start = 0.0
    for name, (color, share, hatch) in MEMORY.items():
        ax.barh(place, parts[name], 0.62, left=start, color=tint(color, share), edgecolor=PALETTE["ink"],
                linewidth=0.9, hatch=hatch)
        start += parts[name]
    ax.text(start + 0.01 * limit, place, f"{start:.1f}" if start >= 10 else f"{start:.2f}", va="center",
            fontsize=10.5, fontweight="bold")


def _name(ax: Any, names: Sequence[str], xlabel: str) -> None:
    ax.set_yticks(range(len(names)), names, fontsize=11)
    ax.set(xlabel=xlabel, ylim=(len(names) - 0.5, -0.5))
    ax.grid(axis="y", visible=False)


def _bytes(size: float) -> str:
    """A file size as one reads it."""
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size / MIB:,.1f} MiB"
