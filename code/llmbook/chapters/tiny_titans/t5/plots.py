"""Figures about T5: two towers, who sees whom, relative positions, a training run, and where cross-attention points.

Sources: the architecture is that of Raffel et al. 2020 (arXiv 1910.10683, Section 2.1), drawn from this book's
``T5Config``; masks, weights, buckets and biases come from the caller.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from llmbook.plots.diagram import RADIUS, box, canvas, frame, node, note, wire
from llmbook.plots.style import DASHES, GRID, MARKERS, PALETTE, figure_for, label_line, new_figure, styled

BOTTOM, SUBLAYER = 1.45, 1.5  # where the blocks begin, and the height of one sublayer
WIDTH, BESIDE = 1.3, 1.0  # of a box; from a stream to the middle of what stands beside it
LEFT, RIGHT = 0.65, 3.8  # the two streams
KINDS_OF_SIGHT = {  # value: (label, color, share of a cell)
    1: ("reading, within the input", "blue"),
    2: ("writing, at the input", "vermillion"),
    3: ("writing, at what is written", "green"),
}


@styled
def draw_t5(config: Any, *, ax: Any = None) -> Figure:
    """Encoder and decoder side by side, with the memory that connects them. Read from the bottom up.

    Args:
        config: a ``T5Config``.
        ax: axes to draw on; new ones by default.
    """
    height = BOTTOM + 3 * SUBLAYER + 2.6
    figure, ax = canvas(ax, 6.2, height)
    feedforward = "gated\nfeed-forward" if config.gated else "feed-forward"
    encoder = [("self-attention\n+ bias", "attention"), (feedforward, "feedforward")]
    decoder = [("self-attention\n+ bias, causal", "attention"), ("cross-attention", "values"), encoder[1]]
    end = _tower(ax, LEFT, "input", config, encoder, config.layers)
    top = _tower(ax, RIGHT, "output so far", config, decoder, config.decoder_layers)
    box(ax, LEFT, end + 0.3, "norm", width=0.8, height=0.34, kind="norm")
    seen = BOTTOM + SUBLAYER + 0.18 + 0.25 + 0.3 + 0.16 + 0.24  # the middle of the cross-attention
    wire(ax, (LEFT, 0.4), (LEFT, end + 0.13), arrow=False, stream=True)
    wire(ax, (LEFT, end + 0.47), (LEFT, end + 0.9), (RIGHT - 0.62, end + 0.9), (RIGHT - 0.62, seen),
         (RIGHT + BESIDE - WIDTH / 2, seen))
    note(ax, LEFT + 0.15, end + 1.1, "memory: keys and values")
    wire(ax, (RIGHT, 0.4), (RIGHT, height - 0.35), stream=True)
    _output(ax, top, config)
    return figure


def _tower(ax: Any, lane: float, name: str, config: Any, sublayers: Sequence[tuple[str, str]], layers: int) -> float:
    """Embedding and blocks on one stream; returns the height where the frame of the blocks ends."""
    note(ax, lane - 0.35, 0.22, f"{name}: ids", fontsize=11, bold=True)
    box(ax, lane, 0.8, "embedding", width=1.15, height=0.36, kind="embedding")
    height = SUBLAYER * len(sublayers) + 0.24
    frame(ax, lane - 0.3, BOTTOM - 0.1, 2.1 + 0.35, height)
    note(ax, lane + 2.05, BOTTOM + 0.06, f"{layers} x", align="right", bold=True)
    for place, (label, kind) in enumerate(sublayers):
        _sublayer(ax, lane, BOTTOM + SUBLAYER * place + 0.18, label, kind)
    return BOTTOM - 0.1 + height


def _sublayer(ax: Any, lane: float, y: float, label: str, kind: str) -> None:
    """A norm and what it stands before, beside the stream; y is where the branch leaves."""
    beside = lane + BESIDE
    wire(ax, (lane, y), (beside, y), (beside, y + 0.25))
    box(ax, beside, y + 0.4, "norm", width=0.8, height=0.3, kind="norm", fontsize=10.5)
    wire(ax, (beside, y + 0.55), (beside, y + 0.71), arrow=False)
    box(ax, beside, y + 0.95, label, width=WIDTH, height=0.48, kind=kind, fontsize=10.5)
    wire(ax, (beside, y + 1.19), (beside, y + 1.32), (lane + RADIUS, y + 1.32))
    node(ax, lane, y + 1.32, "+")


def _output(ax: Any, y: float, config: Any) -> None:
    """The last norm, the scale where there is one, and the output matrix, from height y."""
    box(ax, RIGHT, y + 0.3, "norm", width=0.8, height=0.34, kind="norm")
    if config.scale_logits:
        node(ax, RIGHT, y + 0.72, "x")
        note(ax, RIGHT + 0.25, y + 0.72, "1 / root of D")
    box(ax, RIGHT, y + 1.2, "output", width=1.15, height=0.36, kind="embedding")
    note(ax, RIGHT + 0.7, y + 1.2, "the embedding's\nmatrix again" if config.tie_embeddings else "a matrix\nof its own")
    note(ax, RIGHT, y + 2.2, "logits", align="center", fontsize=11, bold=True)


def sight(read: int, written: int) -> dict[str, np.ndarray]:
    """Who sees whom in the two kinds of model, for ``plot_sight``: squares of ``read + written`` tokens.

    Args:
        read: tokens of the input.
        written: tokens of the output.
    """
    total = read + written
    one_row = np.tril(np.ones((total, total), dtype=int))
    one_row[read:, :read] = 2
    one_row[read:, read:] *= 3
    two_towers = one_row.copy()
    two_towers[:read, :read] = 1
    return {"decoder-only": one_row, "encoder-decoder": two_towers}


@styled
def plot_sight(panels: Mapping[str, np.ndarray]) -> Figure:
    """Who may look at what: a row looks, a column is looked at.

    Args:
        panels: title to ``(n, n)`` whole numbers: 0 where nothing is seen, else a key of ``KINDS_OF_SIGHT``.
    """
    figure, axes = new_figure(1, len(panels), size=(6.4, 4.0), squeeze=False)
    for ax, (title, seen) in zip(axes[0], panels.items(), strict=True):
        for place, (kind, (label, color)) in enumerate(KINDS_OF_SIGHT.items()):
            rows, columns = np.nonzero(seen == kind)
            ax.scatter(columns, rows, s=42, marker=MARKERS[place], color=PALETTE[color], label=label)
        ax.set(xlim=(-0.7, seen.shape[1] - 0.3), ylim=(seen.shape[0] - 0.3, -0.7), aspect="equal",
               xlabel="looked at", title=title, xticks=[], yticks=[])
        ax.grid(False)
    axes[0][0].set_ylabel("looks")
    figure.legend(*axes[0][-1].get_legend_handles_labels(), loc="outside lower center", ncols=1)
    return figure


@styled
def plot_pointing(
    panels: Mapping[str, np.ndarray], looks: Sequence[str], looked_at: Sequence[str], *, xlabel: str = "input",
    ylabel: str = "about to write",
) -> Figure:
    """Attention weights as circles whose area is the weight: a row looks, a column is looked at.

    Args:
        panels: title to ``(T, S)`` weights, rows summing to 1.
        looks: T labels.
        looked_at: S labels.
        xlabel: what the columns are.
        ylabel: what the rows are.
    """
    figure, axes = new_figure(1, len(panels), size=(6.4, 3.6), squeeze=False, sharey=True)
    for ax, (title, weights) in zip(axes[0], panels.items(), strict=True):
        rows, columns = np.indices(weights.shape)
        ax.scatter(columns, rows, s=230 * np.asarray(weights), color=PALETTE["blue"])
        ax.set_xticks(range(len(looked_at)), looked_at)
        ax.set_yticks(range(len(looks)), looks)
        ax.set(xlim=(-0.6, len(looked_at) - 0.4), ylim=(len(looks) - 0.4, -0.6), aspect="equal", xlabel=xlabel,
               title=title)
    axes[0][0].set_ylabel(ylabel)
    return figure


@styled
def plot_run(losses: Sequence[float], marks: Mapping[str, float], *, window: int = 5) -> Figure:
    """The loss of one training run, a mean of ``window`` steps, with horizontal lines to compare with.

    Args:
        losses: nats a token, one for each step.
        marks: name to height of a line.
        window: steps in a mean.
    """
    figure, ax = new_figure(size=(6.0, 3.2))
    smooth = np.convolve(losses, np.ones(window) / window, mode="valid")
    ax.plot(np.arange(window, len(losses) + 1), smooth, color=PALETTE["blue"])
    for name, height in marks.items():
        ax.axhline(height, color=PALETTE["gray"], linewidth=1.2, linestyle=DASHES[2])
        ax.text(len(losses), height, name, ha="right", va="bottom", fontsize=10.5)
    ax.set(xlim=(0, len(losses)), ylim=(0, None), xlabel="step", ylabel="loss (nats a token)")
    return figure


COLORS = ("blue", "vermillion", "green")


@styled
def plot_buckets(
    distances: Sequence[int], lines: Mapping[str, Sequence[int]], *, marks: Sequence[int] = (), ax: Any = None,
) -> Figure:
    """The bucket against the position of the key minus that of the query, a step line for each name.

    Args:
        distances: ascending whole numbers.
        lines: name to one bucket a distance.
        marks: distances to draw a vertical line at, on both sides.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.4, 3.6))
    for mark in sorted({side * mark for mark in marks for side in (-1, 1)}):
        ax.axvline(mark, color=PALETTE["gray"], linewidth=1.0, linestyle=DASHES[2], zorder=1)
    for index, (name, buckets) in enumerate(lines.items()):
        (line,) = ax.plot(distances, buckets, color=PALETTE[COLORS[index]], linestyle=DASHES[index],
                          drawstyle="steps-mid")
        if len(lines) > 1:
            label_line(line, name)
    ax.axvline(0, color=GRID, linewidth=1.2, zorder=0)
    ax.set(xlim=(distances[0], distances[-1]), ylim=(-1, None), ylabel="bucket",
           xlabel="position of the key minus position of the query")
    return figure


@styled
def plot_bias(panels: Mapping[str, np.ndarray], *, label: str = "added to the score") -> Figure:
    """Square maps with one color scale: rows are queries, columns are keys.

    Args:
        panels: title to ``(T, S)`` numbers, NaN where the mask hides the key.
        label: what the colors mean.
    """
    figure, axes = new_figure(1, len(panels), size=(6.4, 3.3), squeeze=False, sharey=True)
    low, high = (function([function(values) for values in panels.values()]) for function in (np.nanmin, np.nanmax))
    for ax, (title, values) in zip(axes[0], panels.items(), strict=True):
        image = ax.imshow(values, vmin=low, vmax=high)
        ax.set(title=title, xlabel="key")
        ax.grid(False)
    axes[0][0].set_ylabel("query")
    figure.colorbar(image, ax=list(axes[0]), label=label, shrink=0.8)
    return figure
