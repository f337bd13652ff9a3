"""The figures of real meetings show the numbers that they are given."""

from drawing import curves, errorbars, limits, redrawn, rules, ticks, titles, words
from drawn import Curve, Rule

from llmbook.chapters.tiny_titans.real_meetings.plots import plot_differences, plot_scores
from llmbook.metrics.intervals import Interval

FOUND = {"lead": Interval(0.2, 0.1, 0.25), "LoRA": Interval(0.6, 0.5, 0.8)}


def test_systems_stand_at_their_means_with_their_manner():
    (ax,) = redrawn(plot_scores, FOUND, xlabel="F", manner={"LoRA": 0.3}).axes
    assert errorbars(ax) == {"0": (Curve((0.2,), (0,), "gray", "", "o", "gray"), [(0.1, 0, 0.25, 0)]),
                             "1": (Curve((0.6,), (1,), "vermillion", "", "s", "vermillion"), [(0.5, 1, 0.8, 1)])}
    assert [curve[:2] for curve in curves(ax) if curve.color == "blue"] == [((0.3,), (1,))]
    assert [word[:4] for word in words(ax)] == [("0.200", 0.25, 0, (7, 0)), ("0.600", 0.8, 1, (7, 0))]
    assert ticks(ax.yaxis) == {0: "lead", 1: "LoRA"} and limits(ax)[1] == (1.5, -0.5), "the first at the top"
    assert limits(ax)[0][0] == 0 and titles(ax)[1] == "F"
    (plain,) = plot_scores(FOUND, xlabel="F", marked=()).axes
    assert [bar.color for bar, _ in errorbars(plain).values()] == ["gray", "gray"]
    assert not [curve for curve in curves(plain) if curve.color == "blue"]


def test_a_difference_has_its_seeds_below_it_and_a_color_where_zero_is_outside():
    found = {"a": Interval(0.1, 0.05, 0.2), "b": Interval(0.0, -0.1, 0.1)}
    (ax,) = redrawn(plot_differences, found, {"a": [0.08, 0.12], "b": [0.0]}, xlabel="difference").axes
    bars = errorbars(ax)
    assert bars["0"] == (Curve((0.1,), (0,), "vermillion", "", "o", "vermillion"), [(0.05, 0, 0.2, 0)])
    assert bars["1"] == (Curve((0,), (1,), "gray", "", "o", "gray"), [(-0.1, 1, 0.1, 1)])
    dots = [curve[:3] for curve in curves(ax) if curve.marker == "."]
    assert dots == [((0.08, 0.12), (0.25, 0.25), "ink"), ((0,), (1.25,), "ink")]
    assert rules(ax) == [Rule("x", 0, "ink", "-")] and ticks(ax.yaxis) == {0: "a", 1: "b"}
    assert titles(ax)[1] == "difference" and limits(ax)[1] == (1.5, -0.5)
