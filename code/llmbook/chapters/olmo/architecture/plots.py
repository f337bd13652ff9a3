r"""LayerNorm's geometry, and how the stream grows from block to block after different starts.

The geometry is drawn with vectors of three numbers, seen along the direction (1, 1, 1).

Subtracting the mean projects a vector onto the plane of mean zero, which is the plane of the drawing. Dividing by the
standard deviation puts it on a circle of radius :math:`\sqrt 3` (Ba et al. 2016, arXiv 1607.06450, Eq. 4). The
gradient that leaves the norm is tangent to circles around the middle.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from llmbook.plots.style import CYCLE, DASHES, MARKERS, PALETTE, figure_for, label_line, new_figure, styled
from llmbook.plots.training import label_shifts

ACROSS = np.array([1.0, -1.0, 0.0]) / np.sqrt(2)
UP = np.array([-1.0, -1.0, 2.0]) / np.sqrt(6)


def to_plane(vectors: np.ndarray) -> np.ndarray:
    """Coordinates ``(N, 2)`` in the plane of mean zero, of vectors ``(N, 3)``."""
    return np.stack([vectors @ ACROSS, vectors @ UP], axis=-1)


@styled
def plot_norm_plane(before: np.ndarray, after: np.ndarray, descents: np.ndarray) -> Figure:
    """Vectors before and after the norm, and the direction in which gradient descent would move each.

    Args:
        before: ``(N, 3)``.
        after: ``(N, 3)``, LayerNorm of these, without gain and shift.
        descents: ``(N, 3)``, minus the gradient with respect to ``before``; drawn to one scale.
    """
    figure, ax = new_figure(size=(5.4, 5.2))
    turn = np.linspace(0, 2 * np.pi, 181)
    ax.plot(np.sqrt(3) * np.cos(turn), np.sqrt(3) * np.sin(turn), color=PALETTE["gray"], linestyle="-", linewidth=1)
    flat, normed, steps = to_plane(before), to_plane(after), to_plane(descents)
    for start, end in zip(flat, normed, strict=True):
        ax.plot([start[0], end[0]], [start[1], end[1]], color=PALETTE["gray"], linestyle=":", linewidth=1.2)
    ax.plot(*flat.T, "o", color=PALETTE["blue"], linestyle="none", markersize=7, label="before")
    ax.plot(*normed.T, "s", color=PALETTE["orange"], markeredgecolor=PALETTE["ink"], linestyle="none", markersize=7,
            label="after")
    for start, step in zip(flat, steps, strict=True):
        ax.annotate("", start + step, start, annotation_clip=False,
                    arrowprops={"arrowstyle": "-|>", "color": PALETTE["vermillion"], "linewidth": 2, "shrinkA": 0,
                                "shrinkB": 0})
    ax.plot([], [], color=PALETTE["vermillion"], linestyle="-", label="descent")
    ax.update_datalim(flat + steps)  # an arrow does not make room for itself
    ax.autoscale_view()
    ax.plot(0, 0, "+", color=PALETTE["ink"], markersize=12)
    ax.set(aspect="equal", xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


@styled
def plot_stream_growth(sizes: Mapping[str, np.ndarray]) -> Figure:
    """The size of the residual stream after each block, on a logarithmic axis.

    Args:
        sizes: by name of the start, values ``(seeds, L + 1)``: root mean squares of the embedding and after each block.
            The line is their mean, the band reaches from the smallest to the largest.
    """
    figure, ax = figure_for(None, size=(6.4, 4.2))
    lines = {}
    for index, (name, values) in enumerate(sizes.items()):
        values, color = np.asarray(values), PALETTE[CYCLE[index]]
        blocks = np.arange(values.shape[1])
        ax.fill_between(blocks, values.min(0), values.max(0), color=color, alpha=0.18, linewidth=0)
        (lines[name],) = ax.plot(blocks, values.mean(0), color=color, linestyle=DASHES[index], marker=MARKERS[index],
                                 markevery=4, markersize=5)  # fmt: skip
    ax.set(xlabel="block (0: the embedding)", ylabel="root mean square of the stream", yscale="log")
    for name, shift in label_shifts(ax, lines).items():
        label_line(lines[name], name, offset=(6, shift))
    return figure
