"""A pretraining run: its loss against steps and tokens beside what counting reaches, and its loss by kind of token."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from llmbook.plots.style import PALETTE, figure_for, styled, text_color
from llmbook.training.run import Point


@styled
def plot_run(points: Sequence[Point], *, nulls: Mapping[str, float], ax: Any = None) -> Figure:
    """Training and validation loss; steps below, tokens above.

    Args:
        points: of one run, in order.
        nulls: by name, losses that need no model; drawn as lines.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.4, 4.0))
    measured = [point for point in points if point.validation_loss is not None]
    ax.plot([p.step + 1 for p in points], [p.loss for p in points], color=PALETTE["sky"], linewidth=1.3,
            linestyle="-", label="training, each batch")  # fmt: skip
    ax.plot([p.step + 1 for p in measured], [p.validation_loss for p in measured], color=PALETTE["vermillion"],
            linestyle="-", marker="o", label="validation")  # fmt: skip
    for name, value in nulls.items():
        ax.axhline(value, color=PALETTE["ink"], linewidth=1.2, linestyle=(0, (4, 2)))
        ax.annotate(name, (0.99, value), (0, 4), xycoords=ax.get_yaxis_transform(), textcoords="offset points",
                    fontsize=10.5, ha="right")  # fmt: skip
    _add_tokens(ax, points[-1].tokens / (points[-1].step + 1))
    ax.set(xlabel="step", ylabel="loss (nats a token)", ylim=(0, None))
    ax.legend(loc="upper right")
    return figure


def _add_tokens(ax: Any, each: float) -> None:
    """A second axis on top that counts tokens instead of steps."""
    top = ax.secondary_xaxis("top", functions=(lambda step: step * each / 1000, lambda k: k * 1000 / each))
    top.set_xlabel("thousand tokens read")
    top.spines["top"].set_visible(True)


@styled
def plot_kinds(losses: Mapping[str, Mapping[str, float]], *, ax: Any = None) -> Figure:
    """Loss by kind of token at several moments, a row for each kind, the moments joined by a line.

    Args:
        losses: by moment, then by kind: nats a token. The moments in order.
        ax: axes to draw on; new ones by default.
    """
    kinds = list(next(iter(losses.values())))
    figure, ax = figure_for(ax, size=(6.4, 1.5 + 0.55 * len(kinds)))
    for row, kind in enumerate(kinds):
        ax.plot([of[kind] for of in losses.values()], [row] * len(losses), color=PALETTE["gray"], linestyle="-",
                linewidth=1.2, zorder=1)  # fmt: skip
    styles = zip(losses.items(), ("gray", "orange", "blue"), ("s", "^", "o"), strict=False)
    for (moment, of), color, marker in styles:
        ax.plot([of[kind] for kind in kinds], range(len(kinds)), linestyle="", marker=marker, markersize=8,
                color=PALETTE[color], label=moment)  # fmt: skip
        for row, kind in enumerate(kinds):
            ax.annotate(f"{of[kind]:.2f}", (of[kind], row), (0, 8), textcoords="offset points", ha="center",
                        fontsize=10, color=text_color(color))  # fmt: skip
    ax.set_yticks(range(len(kinds)), kinds)
    ax.set(xlabel="validation loss (nats a token)", xlim=(0, None), ylim=(len(kinds) - 0.5, -0.7))
    ax.grid(axis="y", visible=False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.32), ncols=len(losses))
    return figure
