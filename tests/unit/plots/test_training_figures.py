"""The figures of training results: seeds, intervals, blocks and labels show the numbers they are given."""

import numpy as np
import pytest
from drawing import Curve, Key, Rule, bands, curves, legend, limits, lines, numbers, redrawn, rules, titles
from drawn import T95, same_dash

from llmbook.metrics.intervals import Interval
from llmbook.plots.style import DASHES, new_figure
from llmbook.plots.training import (
    draw_seeds,
    label_shifts,
    plot_intervals,
    plot_losses,
    smooth,
)

FALLING = np.array([[9.0, 6.0, 3.0, 3.0], [11.0, 8.0, 5.0, 1.0]])  # two seeds: they are one from their mean
RISING = np.array([[1.0, 2.0, 3.0, 7.0], [1.0, 2.0, 3.0, 7.0]])
BROKEN = (0, (4, 2))


def test_seeds_are_their_mean_in_a_band_of_its_interval():
    _, ax = new_figure()
    draw_seeds(ax, np.array([1, 2, 5, 6]), FALLING, color="#009E73", label="a")
    assert lines(ax)["a"][:4] == ((1, 2, 5, 6), (10, 7, 4, 2), "green", "-")
    (band,) = bands(ax)
    assert (band.x, band.color) == ((1, 2, 5, 6), "green")
    assert band.low == numbers(np.array([10, 7, 4, 2]) - T95) and band.high == numbers(np.array([10, 7, 4, 2]) + T95)


def test_losses_are_smoothed_and_keep_their_steps():
    assert smooth(np.arange(6.0), 3).tolist() == [1, 2, 3, 4]
    drawn = lines(redrawn(plot_losses, {"x": FALLING, "y": RISING}, window=3).axes[0])
    assert drawn["x"] == Curve((1, 2), numbers((7, 13 / 3)), "blue", "-", "", "")
    assert drawn["y"] == Curve((1, 2), (2, 4), "vermillion", same_dash(DASHES[1]), "", "")
    assert lines(plot_losses({"x": FALLING}).axes[0])["x"][:2] == ((0, 1, 2, 3), (10, 7, 4, 2))


def test_a_smoothed_band_is_that_of_the_smoothed_seeds():
    (first, second) = bands(redrawn(plot_losses, {"x": FALLING, "y": RISING}, window=2).axes[0])
    middles, spread = np.array([8.5, 5.5, 3.0]), T95 * np.array([1.0, 1.0, 0.0])
    assert (first.x, first.low, first.high) == ((0.5, 1.5, 2.5), numbers(middles - spread), numbers(middles + spread))
    assert first.color == "blue" and second.low == second.high == (1.5, 2.5, 5)


def test_the_smallest_possible_loss_is_a_line_of_its_own():
    ax = redrawn(plot_losses, {"x": FALLING}, floor=0.75, title="t", ylabel="y", ylim=(0.5, 9)).axes[0]
    assert rules(ax) == [Rule("y", 0.75, "ink", BROKEN)]
    assert (ax.texts[0].get_text(), ax.texts[0].xy) == ("best possible", (0.01, 0.75))
    assert titles(ax) == ("t", "step", "y") and limits(ax)[1] == (0.5, 9)
    plain = plot_losses({"x": FALLING}).axes[0]
    assert rules(plain) == [] and not plain.texts and titles(plain)[2] == "loss (nats a token)"


def test_the_legend_of_losses_names_each_line():
    keys = {"x": Key("blue", "-"), "y": Key("vermillion", same_dash(DASHES[1]))}
    assert legend(redrawn(plot_losses, {"x": FALLING, "y": RISING}).axes[0]) == keys


INTERVALS = {"apart": Interval(1.0, 0.5, 1.75), "open": Interval(0.25, -0.5, 0.75)}


def test_intervals_are_rows_from_the_top_down():
    points = {"apart": np.array([0.75, 1.5]), "open": np.array([0.0, 0.5, -0.25])}
    ax = redrawn(plot_intervals, INTERVALS, points=points, xlabel="nats", title="t").axes[0]
    assert curves(ax) == [
        Curve((0.75, 1.5), (0.24, 0.24), "gray", "", "|", "gray"), Curve((0.5, 1.75), (0, 0), "blue", "-", "", ""),
        Curve((1,), (0,), "blue", "", "o", "blue"),
        Curve((0, 0.5, -0.25), (1.24,) * 3, "gray", "", "|", "gray"), Curve((-0.5, 0.75), (1, 1), "blue", "-", "", ""),
        Curve((0.25,), (1,), "blue", "", "o", "white")]
    assert rules(ax) == [Rule("x", 0, "ink", BROKEN)]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["apart", "open"]
    assert ax.get_yticks().tolist() == [0, 1] and limits(ax)[1] == (1.6, -0.6) and titles(ax) == ("t", "nats", "")


@pytest.mark.parametrize(("null", "fills"), [(0.0, ["blue", "white"]), (0.6, ["white", "white"]),
                                             (0.8, ["white", "blue"]), (-1, ["blue", "blue"]),
                                             (None, ["white", "white"])])
def test_a_filled_marker_says_that_the_null_is_excluded(null, fills):
    ax = redrawn(plot_intervals, INTERVALS, xlabel="difference", null=null).axes[0]
    assert [each.fill for each in curves(ax) if each.marker == "o"] == fills
    assert [rule.at for rule in rules(ax)] == ([] if null is None else [null])
    assert len(curves(ax)) == 4, "no seeds where none are given"


def shifts(*ends):
    """The shift of the label of each line, by where it ends, on axes that go from 0 to 2."""
    _, ax = new_figure()
    ax.set_ylim(0, 2)
    found = label_shifts(ax, {str(place): ax.plot([0, 1], [1, end])[0] for place, end in enumerate(ends)})
    return [found[str(place)] for place in range(len(ends))]


def test_labels_keep_13_points_apart_on_axes_of_some_200():
    assert shifts(1.0, 1.01, 0.0) == pytest.approx([0, 12, 0])
    assert shifts(1.01, 1.0) == pytest.approx([12, 0]), "the upper one moves"
    assert shifts(1.0, 1.0, 1.02) == pytest.approx([0, 13, 24]) and shifts(0.5, 1.5) == [0, 0]
