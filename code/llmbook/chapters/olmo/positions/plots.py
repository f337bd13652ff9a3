r"""Figures about rotary positions: pairs that turn, scores that depend on distance, wavelengths, and rounded angles.

Pair number i of a head turns by :math:`p\,\alpha_i` at position p, with :math:`\alpha_i = \theta^{-2i/E}` (Su et al.
2021, arXiv 2104.09864, Section 3.2), so that one turn takes :math:`2\pi/\alpha_i` positions, its wavelength. The
numbers come from the page; here they are only drawn.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from llmbook.plots.style import CYCLE, DASHES, MARKERS, PALETTE, figure_for, new_figure, styled
from llmbook.plots.wavelengths import length_line


@styled
def plot_turning_pairs(angles: Mapping[str, Sequence[float]]) -> Figure:
    """Where a pair points at the positions 0, 1, 2, ..., one circle for each pair.

    Args:
        angles: title to angles in radians, one for each position.
    """
    columns = min(2, len(angles))
    rows = -(-len(angles) // columns)
    figure, axes = new_figure(rows, columns, size=(6.0, 3.15 * rows), squeeze=False)
    for ax in axes.flat[len(angles):]:
        ax.set_axis_off()
    for ax, (title, turned) in zip(axes.flat, angles.items(), strict=False):
        _circle(ax)
        ax.set_title(title, fontsize=11)
        for position, angle in enumerate(turned):
            _hand(ax, angle, strong=position in (0, len(turned) - 1))
        for position in _apart(turned):
            ax.text(1.22 * np.cos(turned[position]), 1.22 * np.sin(turned[position]), str(position), ha="center",
                    va="center", fontsize=10.5)
    return figure


def _apart(angles: Sequence[float], least: float = 0.3) -> list[int]:
    """Positions whose labels do not meet: the first and the last, and others where there is room."""
    chosen: list[int] = []
    for position in [0, len(angles) - 1, *range(1, len(angles) - 1)]:
        gaps = [abs(np.angle(np.exp(1j * (angles[position] - angles[other])))) for other in chosen]
        if all(gap > least for gap in gaps):
            chosen.append(position)
    return sorted(chosen)


def _circle(ax: Axes) -> None:
    """An empty clock face."""
    turn = np.linspace(0, 2 * np.pi, 181)
    ax.plot(np.cos(turn), np.sin(turn), color=PALETTE["gray"], linewidth=1, linestyle="-")
    ax.set(xlim=(-1.45, 1.45), ylim=(-1.4, 1.4), aspect="equal")
    ax.set_axis_off()


def _hand(ax: Axes, angle: float, *, strong: bool, color: str = "blue") -> None:
    """A pair as a hand of the clock: strong ones with a dot at their end."""
    width, alpha = (2.4, 1.0) if strong else (1.1, 0.8)
    ax.plot([0, np.cos(angle)], [0, np.sin(angle)], color=PALETTE[color], linewidth=width, alpha=alpha, linestyle="-")
    if strong:
        ax.plot(np.cos(angle), np.sin(angle), "o", color=PALETTE[color], markersize=7)


@styled
def plot_scores(scores: np.ndarray) -> Figure:
    """Scores of one query with one key at all positions: a map, and under it the same numbers against the distance.

    Args:
        scores: ``(T, T)``, row i the query at position i, column j the key at position j.
    """
    figure, (above, below) = new_figure(2, 1, size=(5.6, 7.0), height_ratios=[1.9, 1])
    limit = np.abs(scores).max()
    image = above.imshow(scores, cmap="cividis", vmin=-limit, vmax=limit)
    above.set(xlabel="position of the key, j", ylabel="position of the query, i")
    above.grid(False)
    figure.colorbar(image, ax=above, label="score", shrink=0.85)
    positions = np.arange(len(scores))
    distance = positions[:, None] - positions[None, :]
    below.plot(distance.T, scores.T, color=PALETTE["blue"], linestyle="-", linewidth=1.6)  # one line for each query
    below.axvline(0, color=PALETTE["gray"], linewidth=1, linestyle=":")
    below.set(xlabel="distance i \N{MINUS SIGN} j", ylabel="score")
    return figure


@styled
def plot_by_distance(cosines: np.ndarray, *, ax: Axes | None = None) -> Figure:
    """What each pair of a head adds to the score of two equal vectors, for every distance: ``cos(distance * speed)``.

    Args:
        cosines: ``(distances, pairs)``, the distances from 0 upwards.
        ax: Axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.4, 3.9))
    image = ax.imshow(cosines.T, cmap="cividis", vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    ax.set(xlabel="distance i \N{MINUS SIGN} j", ylabel="pair of the head")
    ax.grid(False)
    figure.colorbar(image, ax=ax, label="cosine")
    return figure


@styled
def plot_rounded_positions(positions: Sequence[int], rounded: Mapping[str, Sequence[float]],
                           errors: Mapping[str, Sequence[float]], all_positions: Sequence[int]) -> Figure:
    """What a format makes of positions near 256, and how wrong the cosine of the fastest pair then is.

    Args:
        positions: A few neighbors, ascending.
        rounded: name to the positions as they are used.
        errors: name to the absolute error of the cosine, one for each of ``all_positions``.
        all_positions: The positions of the second panel.
    """
    figure, (above, below) = new_figure(2, 1, size=(6.2, 6.0))
    for index, (name, values) in enumerate(rounded.items()):
        above.plot(positions, values, color=PALETTE[CYCLE[index]], linestyle=DASHES[index], marker=MARKERS[index],
                   markersize=4, label=name)
    for index, (name, values) in enumerate(errors.items()):
        below.plot(all_positions, np.maximum(values, 1e-9), color=PALETTE[CYCLE[index]], marker=MARKERS[index],
                   markersize=2.5, linestyle="none", label=name)
    above.set(xlabel="position", ylabel="position used", xticks=positions[::5])
    below.set(xlabel="position", ylabel="error of the cosine", yscale="log")
    above.legend(loc="upper left")
    return figure


@styled
def plot_clock(angle: float, wavelengths: Sequence[float], pair: int, length: int) -> Figure:
    """One pair at one position as the hand of a clock, and its place among the wavelengths of all pairs.

    Args:
        angle: How far the hand has turned, in radians; position 0 points to the right.
        wavelengths: Positions in a full turn, for each pair.
        pair: The pair of the hand.
        length: The sequence length the model is trained on.
    """
    figure, (clock, chart) = new_figure(1, 2, size=(6.4, 3.3), width_ratios=[1, 1.35])
    _circle(clock)
    _hand(clock, 0.0, strong=False, color="gray")
    swept = np.linspace(0, angle % (2 * np.pi), 60)
    clock.plot(0.35 * np.cos(swept), 0.35 * np.sin(swept), color=PALETTE["vermillion"], linewidth=2, linestyle="-")
    _hand(clock, angle, strong=True)
    clock.set_title(f"pair {pair}", fontsize=11)
    chart.plot(wavelengths, color=PALETTE["gray"], linewidth=1.6, linestyle="-")
    chart.plot(pair, wavelengths[pair], "o", color=PALETTE["blue"], markersize=10)
    length_line(chart, length, 6e6)
    chart.set(yscale="log", xlabel="pair of the head", ylabel="positions in a full turn")
    chart.set_yticks([10, 1_000, 100_000], ["10", "1,000", "100,000"])  # plain words: a page draws many of these
    chart.minorticks_off()
    return figure
