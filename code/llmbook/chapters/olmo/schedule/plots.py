r"""Figures about the optimizer and its learning rate: paths, decay, eps, schedules, clipping.

Numbers come from the page. Equations: ``llmbook.training.adamw`` and ``llmbook.training.schedule``. Every shape of a
schedule has its color and its dash in all figures.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from llmbook.plots.style import DASHES, PALETTE, figure_for, new_figure, styled, text_color
from llmbook.training.schedule import SHAPES, Schedule

SHAPE_LABELS = {"linear": "linear", "cosine": "cosine", "inverse_sqrt": "inverse square root", "constant": "constant"}
SHAPE_COLORS = dict(zip(SHAPES, ("blue", "vermillion", "green", "purple"), strict=True))


def shape_style(shape: str) -> dict:
    """Color and dash of a shape."""
    return {"color": PALETTE[SHAPE_COLORS[shape]], "linestyle": DASHES[SHAPES.index(shape)]}


def sample(schedule: Schedule, points: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Steps and their rates, dense enough to draw or to integrate a schedule of half a million steps.

    Args:
        schedule: what to sample.
        points: how many in the warm-up, in the shape and in the anneal.

    Returns:
        Steps, counted from 1, and rates, each ``(N,)``.
    """
    start, settled, end = max(schedule.warmup_steps, 1), schedule.shaped_steps, schedule.total_steps
    parts = [(1, start), (start, settled), (settled, end)]
    steps = np.unique(np.concatenate([np.linspace(*part, points) for part in parts]).round())
    return steps, np.array([schedule(int(step) - 1) for step in steps])


@styled
def plot_paths(loss: Callable, paths: Mapping[str, np.ndarray], *, limits: tuple[float, float, float, float]) -> Figure:
    """Ways down a valley of two parameters, one panel for each optimizer.

    Args:
        loss: of two arrays.
        paths: title to positions ``(steps, 2)``.
        limits: left, right, bottom, top.
    """
    columns = 2
    rows = -(-len(paths) // columns)
    figure, axes = new_figure(rows, columns, size=(6.4, 2.35 * rows), sharex=True, sharey=True, squeeze=False)
    a, b = np.meshgrid(np.linspace(*limits[:2], 120), np.linspace(*limits[2:], 120))
    for index, (ax, (title, path)) in enumerate(zip(axes.flat, paths.items(), strict=False)):
        ax.contour(a, b, np.sqrt(loss(a, b)), levels=9, colors=PALETTE["gray"], linewidths=0.7, alpha=0.8)
        ax.plot(path[:, 0], path[:, 1], color=PALETTE["blue"], linestyle="-", marker=".", markersize=4, linewidth=1.2)
        ax.plot(0, 0, marker="*", markersize=12, color=PALETTE["vermillion"], linestyle="")
        ax.set(title=title, xlim=limits[:2], ylim=limits[2:])
        ax.grid(False)
        if index >= len(paths) - columns:
            ax.set_xlabel("a")
        if index % columns == 0:
            ax.set_ylabel("b")
    return figure


@styled
def plot_decay(weights: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Weights under two kinds of decay, one panel for each; ``weights`` is title to name to one value a step."""
    figure, axes = new_figure(1, len(weights), size=(6.4, 3.3), sharey=True, squeeze=False)
    for ax, (title, curves) in zip(axes[0], weights.items(), strict=True):
        for index, (name, values) in enumerate(curves.items()):
            ax.plot(values, label=name, color=PALETTE[("blue", "vermillion", "green")[index]],
                    linestyle=DASHES[index], linewidth=2.8 - 0.5 * index)
        ax.set(title=title, xlabel="step", ylim=(0, 1.05))
    axes[0][0].set_ylabel("weight")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=10.5,
                  frameon=False)
    return figure


@styled
def plot_eps(sizes: Sequence[float], curves: Mapping[str, Sequence[float]], marks: Mapping[str, float]) -> Figure:
    """What is left of Adam's step against the size of the gradient, with some sizes marked on the horizontal axis."""
    figure, ax = new_figure(size=(6.4, 3.6))
    for index, (name, values) in enumerate(curves.items()):
        ax.plot(sizes, values, label=name, color=PALETTE[("vermillion", "blue")[index]], linestyle=DASHES[index])
    for row, (name, size) in enumerate(marks.items()):
        ax.axvline(size, color=PALETTE["ink"], linewidth=1, linestyle=DASHES[2])
        side, shift = (("left", 5), ("right", -5))[row % 2]  # away from the line before
        ax.annotate(name, (size, (0.2, 0.75)[row % 2]), (shift, 0), textcoords="offset points", fontsize=10.5, ha=side)
    ax.set(xscale="log", xlabel="root mean square of the gradient", ylabel="share of the step that is left")
    ax.legend(loc="lower right")
    return figure


@styled
def plot_schedules(schedules: Mapping[str, Schedule], *, tokens_per_step: float, highlight: str | None = None,
                   zoom: int | None = None, ymax: float | None = None, ax: Axes | None = None) -> Figure:
    """Learning rates against steps, with tokens on a second axis above.

    Args:
        schedules: label to schedule, all of the same length.
        tokens_per_step: what one step reads.
        highlight: a label to draw strongly, with its area filled; the others become faint.
        zoom: the last step shown; all of them by default.
        ymax: top of the vertical axis.
        ax: axes to draw on; new ones by default.
    """
    figure, ax = figure_for(ax, size=(6.4, 3.9))
    last = zoom or max(schedule.total_steps for schedule in schedules.values())
    for label, schedule in schedules.items():
        faint = highlight not in (None, label)
        steps, rates = sample(schedule)
        style = shape_style(schedule.shape) | ({"linewidth": 1.1} if faint else {})
        ax.plot(steps[steps <= last], rates[steps <= last], label=label, **style)
        if label == highlight:
            ax.fill_between(steps, rates, color=style["color"], alpha=0.12, linewidth=0)
    ax.set(xlabel="step", ylabel="learning rate", xlim=(0, last), ylim=(0, ymax))
    ax.yaxis.set_major_formatter("{x:.1e}")
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    add_token_axis(ax, tokens_per_step)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=10.5, frameon=False)
    return figure


@styled
def plot_run(phases: Mapping[str, tuple[float, float, float, float]], *, marks: Mapping[str, float],
             zoom: tuple[float, float], ymax: float) -> Figure:
    """The rate of one training from its phases, each a straight line: all of it, and its end.

    Args:
        phases: name to first step, last step, rate at the first, rate at the last.
        marks: label to a step, drawn as an upright line.
        zoom: first and last step of the lower panel.
        ymax: top of the lower panel.
    """
    figure, axes = new_figure(2, 1, size=(6.4, 5.4))
    for ax, limits in zip(axes, ((0, max(phase[1] for phase in phases.values())), zoom), strict=True):
        for name, (first, last, *rates) in phases.items():
            ax.plot([first, last], rates, label=name, linewidth=2.4)
        for label, step in marks.items():
            ax.axvline(step, color=PALETTE["gray"], linewidth=1.1, linestyle=(0, (4, 2)))
            left = step > sum(limits) / 2  # the label stands where there is room
            ax.annotate(label, (step, 0.96), (-4 if left else 4, 0), xycoords=ax.get_xaxis_transform(), va="top",
                        ha="right" if left else "left", textcoords="offset points", fontsize=10)
        ax.set(ylabel="learning rate", xlim=limits, ylim=(0, None))
        ax.yaxis.set_major_formatter("{x:.1e}")
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.xaxis.set_major_formatter("{x:,.0f}")
    axes[1].set(xlabel="step", ylim=(0, ymax))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=10.5,
                  frameon=False)
    return figure


def add_token_axis(ax: Axes, tokens_per_step: float) -> Axes:
    """A second horizontal axis, on top, that counts tokens."""
    top = ax.secondary_xaxis("top", functions=(lambda step: step * tokens_per_step, lambda t: t / tokens_per_step))
    top.set_xlabel("tokens")
    top.xaxis.set_major_locator(MaxNLocator(5))
    top.xaxis.set_major_formatter(FuncFormatter(lambda tokens, _: short_count(tokens)))
    return top


def short_count(number: float) -> str:
    """A large number in words of one letter: 20 B for twenty billion, 1.5 T for one and a half trillion."""
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            return f"{number / size:.3g} {letter}"
    return f"{number:.3g}"


@styled
def plot_clipping(gradients: Mapping[str, Sequence[float]], rules: Mapping[str, Callable], *, limit: float) -> Figure:
    """Gradients of two numbers before and after clipping, one panel for each rule.

    Args:
        gradients: label to two numbers.
        rules: title to a function from two numbers to two numbers.
        limit: longest gradient that passes unchanged; sets the scale.
    """
    figure, axes = new_figure(1, len(rules), size=(6.4, 3.3), sharex=True, sharey=True, squeeze=False)
    angle = np.linspace(0, 2 * np.pi, 800)
    far = 10 * limit * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    for ax, (title, rule) in zip(axes[0], rules.items(), strict=True):
        edge = np.array([rule(point) for point in far])  # where everything ends that is too long
        ax.plot(*edge.T, color=PALETTE["gray"], linestyle="-", linewidth=1)
        for index, (label, gradient) in enumerate(gradients.items()):
            color = PALETTE[("blue", "vermillion", "green")[index]]
            _arrow(ax, gradient, color=color, linestyle="--", linewidth=1.2)
            _arrow(ax, rule(gradient), color=color, linewidth=2.6)
            ax.annotate(label, gradient, (3, 3), textcoords="offset points", fontsize=10, color=text_color(color))
        reach = 1.3 * max(np.abs(list(gradients.values())).max(), limit)
        ax.set(title=title, xlim=(-0.45 * reach, reach), ylim=(-0.45 * reach, reach), aspect="equal", xlabel="first")
    axes[0][0].set_ylabel("second")
    return figure


def _arrow(ax: Axes, tip: Sequence[float], **options: Any) -> None:
    """An arrow from the origin."""
    look = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0} | options
    ax.annotate("", xy=tuple(tip), xytext=(0, 0), arrowprops=look)


@styled
def plot_gradient_norms(norms: Sequence[float], limits: Mapping[str, Sequence[float]]) -> Figure:
    """The gradient's norm at each step as dots, filled where the first limit cuts it; the limits as lines.

    Args:
        norms: one for each step, before clipping.
        limits: label to the limit of each step.
    """
    figure, ax = new_figure(size=(6.4, 3.6))
    norms, steps = np.asarray(norms), np.arange(len(norms))
    cut = norms > np.asarray(next(iter(limits.values())))
    for index, (label, values) in enumerate(limits.items()):
        ax.plot(steps, values, label=label, color=PALETTE[("vermillion", "blue")[index]], linestyle=DASHES[index])
    for which, face in ((cut, PALETTE["ink"]), (~cut, "none")):
        ax.plot(steps[which], norms[which], linestyle="", marker="o", markersize=4, color=PALETTE["ink"],
                markerfacecolor=face, label="cut by the first limit" if face != "none" else "not cut")
    ax.set(yscale="log", xlabel="step", ylabel="norm of the gradient")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.legend(loc="upper right", ncols=2, fontsize=10)
    return figure
