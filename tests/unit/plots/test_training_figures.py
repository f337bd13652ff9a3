"""The figures of training results: seeds, intervals, blocks and labels show the numbers they are given."""

import numpy as np
import pytest

from llmbook.metrics.intervals import Interval, mean_interval
from llmbook.plots.style import new_figure, to_svg
from llmbook.plots.training import label_shifts, plot_blocks, plot_intervals, plot_loss_panels, plot_losses, smooth

SEEDS = np.random.default_rng(0).uniform(0.5, 2.0, (5, 8))


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines()}


@pytest.mark.parametrize("draw", [
    lambda: plot_loss_panels({"a": {"x": SEEDS}, "b": {"y": SEEDS}}, floor=0.1, ylim=(0, 3)),
    lambda: plot_blocks({"t": {"a": np.array([[1.0, 2.0], [2.0, 2.5]])}}, block=5, ylabels=["y"]),
], ids=["panels", "blocks"])  # fmt: skip
def test_figures_draw_and_draw_the_same_again(draw):
    first, second = (draw()._repr_mimebundle_()["image/svg+xml"] for _ in range(2))
    assert first == second == to_svg(draw())
    assert first.startswith("<svg")


def test_losses_are_smoothed_and_keep_their_steps():
    assert np.allclose(smooth(np.arange(6.0), 3), [1, 2, 3, 4])
    drawn = lines(plot_losses({"x": SEEDS}, window=3, floor=0.1).axes[0])["x"]
    assert np.allclose(drawn.get_ydata(), smooth(SEEDS, 3).mean(axis=0))
    assert np.allclose(drawn.get_xdata(), np.arange(1, 7))


def test_a_filled_marker_says_that_the_null_is_excluded():
    intervals = {"apart": Interval(1.0, 0.5, 1.5), "open": Interval(0.2, -0.3, 0.7)}
    ax = plot_intervals(intervals, xlabel="difference", points={"apart": SEEDS[0], "open": SEEDS[0]}).axes[0]
    fills = [line.get_markerfacecolor() for line in ax.get_lines() if line.get_marker() == "o"]
    assert fills[0] != "white" and fills[1] == "white"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["apart", "open"]


def test_intervals_show_the_numbers():
    points = {"late": np.array([0.1, 0.2, 0.3])}
    found = {name: mean_interval(values) for name, values in points.items()}
    ax = plot_intervals(found, points=points, xlabel="nats").axes[0]
    null, *drawn = [list(line.get_xdata()) for line in ax.lines]
    assert null == [0.0, 0.0]
    assert drawn[1] == [found["late"].low, found["late"].high] and drawn[0] == [0.1, 0.2, 0.3]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["late"]


def test_blocks_stand_at_their_middle_and_the_null_is_drawn():
    values = np.array([[1.0, 2.0, 4.0], [3.0, 2.0, 0.0]])
    figure = plot_blocks({"t": {"a": values}, "u": {"b": values}}, block=5, ylabels=["y", "z"], nulls=[None, 0.5])
    curves = [[line for line in ax.lines if line.get_label() in "ab"] for ax in figure.axes]
    for (curve,) in curves:
        assert list(curve.get_xdata()) == [2, 7, 12]
        assert list(curve.get_ydata()) == [2, 2, 2]
    nulls = [[line.get_ydata()[0] for line in ax.lines if line.get_label() not in "ab"] for ax in figure.axes]
    assert nulls == [[], [0.5]]
    late = plot_blocks({"t": {"a": values}}, block=4, ylabels=["y"])
    assert list(late.axes[0].lines[0].get_xdata()) != [2, 7, 12]


def test_labels_keep_their_distance():
    _, ax = new_figure()
    lines = {name: ax.plot([0, 1], [0, end])[0] for name, end in {"a": 1.0, "b": 1.01, "c": 0.0}.items()}
    shifts = label_shifts(ax, lines)
    assert shifts["a"] == shifts["c"] == 0
    assert shifts["b"] > 8
