"""The wavelengths of rotary positions, beside the longest text that a model is trained on."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from llmbook.plots.style import CYCLE, DASHES, MARKERS, PALETTE, figure_for, label_line, styled, text_color


@styled
def plot_wavelengths(wavelengths: Mapping[str, Sequence[float]], length: int, *, ax: Axes | None = None) -> Figure:
    """Positions that a full turn takes, for each pair, and the longest sequence as a line.

    Args:
        wavelengths: name to values, one for each pair.
        length: The sequence length the model is trained on; wavelengths above it lie in the shaded part.
        ax: Axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.4, 3.9))
    longest = max(max(values) for values in wavelengths.values())
    for index, (name, values) in enumerate(wavelengths.items()):
        color, dash, marker = PALETTE[CYCLE[index]], DASHES[index], MARKERS[index]
        (line,) = ax.plot(values, color=color, linestyle=dash, marker=marker, markevery=8, markersize=5)
        label_line(line, name)
    length_line(ax, length, longest)
    ax.set(yscale="log", xlabel="pair of the head", ylabel="positions in a full turn")
    return figure


def length_line(ax: Axes, length: int, longest: float) -> None:
    """The sequence length, and above it what is never seen in full."""
    ax.axhspan(length, 3 * longest, color=PALETTE["vermillion"], alpha=0.12, linewidth=0)
    ax.axhline(length, color=PALETTE["vermillion"], linewidth=1.4, linestyle="-")
    ax.annotate(f"{length:,} positions", (0, length), (2, 5), textcoords="offset points", fontsize=10.5,
                color=text_color("vermillion"))
    ax.set_ylim(4, 3 * longest)
