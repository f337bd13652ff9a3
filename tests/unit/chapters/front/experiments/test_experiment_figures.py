"""The figures of the page on reading an experiment, read back: each mark stands where its number says."""

import numpy as np
import pytest
from drawing import curves, legend, limits, redrawn, rules, stairs, ticks, titles, words
from drawn import DASHED, T95, Curve, Key, Rule, numbers
from scipy import stats

from llmbook.chapters.front.experiments.plots import (
    order,
    plot_all_runs,
    plot_choice,
    plot_comparisons,
    plot_first_seeds,
    plot_nats,
    plot_nulls,
    plot_one_run,
    plot_pairs,
    plot_repeats,
)
from llmbook.metrics.intervals import Interval

LOSSES = {"GELU": np.array([0.5, 2.0]), "SwiGLU": np.array([0.25, 1.0]), "SiLU": np.array([1.0, 0.5])}
BROKEN = (0, (4, 2))


def rows(ax):
    """Names of the rows from the top down, and that the axis runs down."""
    bottom, top = limits(ax)[1]
    assert bottom > top
    return [name for _, name in sorted(ticks(ax.yaxis).items())]


def test_kinds_stand_in_the_order_of_one_run():
    assert order(LOSSES, 0) == ["SwiGLU", "GELU", "SiLU"] and order(LOSSES, 1) == ["SiLU", "SwiGLU", "GELU"]


def test_one_run_has_a_bar_and_its_number_for_each_kind():
    ax = redrawn(plot_one_run, LOSSES, seed=1).axes[0]
    assert rows(ax) == ["SiLU", "SwiGLU", "GELU"] and limits(ax) == ((0, 2.3), (2.6, -0.6))
    marks = [(0.5, "vermillion", "s"), (1.0, "blue", "o"), (2.0, "vermillion", "s")]
    assert curves(ax) == [each for row, (loss, color, marker) in enumerate(marks) for each in
                          (Curve((0, loss), (row, row), color, "-", "", ""),
                           Curve((loss,), (row,), color, "", marker, color))]
    assert [(word.text, word.x, word.y) for word in words(ax)] == [
        ("0.500", 0.5, 0), ("1.000", 1, 1), ("2.000", 2, 2)]
    assert titles(ax) == ("", "loss of the answer (nats)", "")


def test_a_loss_stands_on_the_curve_at_its_probability():
    ax = redrawn(plot_nats, {"GELU": np.log(2), "GeGLU": np.log(4)}).axes[0]
    curve, half, quarter, one = curves(ax)
    assert np.allclose(curve.y, -np.log(curve.x), atol=1e-5) and (curve.x[0], curve.x[-1]) == (0.02, 1)
    assert (curve.color, curve.dash, len(curve.x)) == ("ink", "-", 99)
    assert half == Curve((0.5,), numbers([np.log(2)]), "vermillion", "", "s", "vermillion")
    assert quarter == Curve((0.25,), numbers([np.log(4)]), "blue", "", "o", "blue")
    assert one == Curve(numbers([1 / np.e]), (1,), "gray", "", "D", "gray")
    assert [(word.text, word.x) for word in words(ax)] == [("GELU", 0.5), ("GeGLU", 0.25),
                                                           ("1 nat at 1/e", numbers([1 / np.e])[0])]
    assert limits(ax) == ((0, 1.05), (0, 4)) and titles(ax) == ("", "probability of the right word", "loss (nats)")


def test_all_runs_of_a_kind_are_in_its_row_with_two_of_them_marked():
    losses = {kind: np.append(values, 0.75) for kind, values in LOSSES.items()}  # of two, the median is the mean
    figure = redrawn(plot_all_runs, losses, seed=0, other=1)
    (ax,) = figure.axes
    assert rows(ax) == ["SwiGLU", "GELU", "SiLU"] and limits(ax) == ((0, 1.25), (2.6, -0.6))
    expected = []
    for row, (kind, color, marker) in enumerate((("SwiGLU", "blue", "o"), ("GELU", "vermillion", "s"),
                                                 ("SiLU", "vermillion", "s"))):
        first, second = LOSSES[kind]
        mean = (first + second + 0.75) / 3
        expected += [Curve((first, second, 0.75), (row, row, row), color, "", marker, "none"),
                     Curve(numbers((mean, mean)), numbers((row - 0.33, row + 0.33)), "ink", "-", "", ""),
                     Curve((first,), (row,), color, "", marker, color),
                     Curve((second,), (row,), "ink", "", "x", "ink")]
    assert curves(ax) == expected
    assert legend(figure) == {"mean": Key("ink", "-"), "seed 0": Key("blue", "", "o"), "seed 1": Key("ink", "", "x")}
    assert titles(ax) == ("", "loss of the answer (nats)", "")


def test_pairs_are_joined_and_their_differences_stand_below():
    ax = redrawn(plot_pairs, np.array([1.0, 3.0]), np.array([0.5, 4.0]), names=("a", "b")).axes[0]
    assert rows(ax) == ["a", "b", "a\nminus b"] and rules(ax) == [Rule("x", 0, "ink", BROKEN)]
    assert curves(ax) == [
        Curve((1, 0.5), (0, 1), "gray", "-", "", ""), Curve((3, 4), (0, 1), "gray", "-", "", ""),
        Curve((1, 3), (0, 0), "vermillion", "", "s", "vermillion"),
        Curve((2, 2), (-0.27, 0.27), "ink", "-", "", ""),
        Curve((0.5, 4), (1, 1), "vermillion", "", "s", "vermillion"),
        Curve((2.25, 2.25), (0.73, 1.27), "ink", "-", "", ""),
        Curve((0.5, -1), (2, 2), "green", "", "D", "green"),
        Curve((-0.25, -0.25), (1.73, 2.27), "ink", "-", "", "")]
    assert titles(ax) == ("", "nats", "")


def test_the_interval_of_the_first_seeds_grows_by_one_seed_at_a_time():
    ax = redrawn(plot_first_seeds, np.array([1.0, 3.0, 2.0, 2.0]), fewest=2).axes[0]
    assert rules(ax) == [Rule("y", 0, "ink", BROKEN)]
    drawn = curves(ax)
    halves = [T95 * 1.0, stats.t.ppf(0.975, 2) / np.sqrt(3), stats.t.ppf(0.975, 3) * np.sqrt(2 / 3) / 2]
    assert [(each.x, each.y) for each in drawn[::2]] == [
        ((count, count), numbers((2 - half, 2 + half))) for count, half in zip((2, 3, 4), halves, strict=True)]
    assert {each[2:] for each in drawn[::2]} == {("green", "-", "", "")}
    assert drawn[1::2] == [Curve((count,), (2,), "green", "", "D", fill)
                           for count, fill in ((2, "white"), (3, "white"), (4, "green"))]
    assert titles(ax) == ("", "seeds so far", "mean difference (nats)")
    assert curves(plot_first_seeds(np.arange(5.0)).axes[0])[0].x == (3, 3), "three at least"


def test_a_null_is_drawn_with_its_mean_and_what_was_measured():
    nulls = {"one": (np.array([0.0, 0.0, 0.0, 8.0]), 5.0), "two": (np.array([1.0, 3.0]), 2.5)}
    figure = redrawn(plot_nulls, nulls)
    for ax, (title, (values, measured)) in zip(figure.axes, nulls.items(), strict=True):
        ((heights, edges, color),) = stairs(ax)
        assert (edges[0], edges[-1], len(heights), color) == (values.min(), values.max(), 40, "sky")
        assert sum(heights) == pytest.approx(1) and heights[0] == np.mean(values == values.min())
        assert rules(ax) == [Rule("x", values.mean(), "ink", BROKEN), Rule("x", measured, "vermillion", "-")]
        assert titles(ax) == (title, "nats" if title == "two" else "", "share") and ticks(ax.yaxis) == {}
    assert legend(figure) == {"nothing to find": Key("sky"), "its mean": Key("ink", BROKEN),
                              "measured": Key("vermillion", "-")}
    assert figure.get_size_inches().tolist() == [6.2, 5.0]
    assert figure.axes[0].get_position().y0 > figure.axes[1].get_position().y1


def test_a_comparison_has_its_own_interval_and_a_wider_one_for_all():
    """Two kinds, two seeds: by itself t is 12.7, for both together 25.5; half the distance of the seeds times t."""
    losses = {"GELU": np.array([1.0, 1.0]), "SiLU": np.array([1.9, 2.1]), "GeGLU": np.array([0.96, 0.97])}
    ax = redrawn(plot_comparisons, losses, baseline="GELU").axes[0]
    assert rows(ax) == ["GeGLU", "SiLU"] and rules(ax) == [Rule("x", 0, "ink", BROKEN)]
    both = stats.t.ppf(1 - 0.0125, 1)
    expected = []
    for row, (mean, half, color, marker, fill) in enumerate(
            ((-0.035, 0.005, "blue", "o", "white"), (1.0, 0.1, "vermillion", "s", "white"))):
        expected += [Curve(numbers((mean - t * half, mean + t * half)), (row, row), color, "-", "", "")
                     for t in (T95, both)]
        expected.append(Curve((mean,), (row,), color, "", marker, fill))
    assert curves(ax) == expected
    widths = [line.get_linewidth() for line in ax.lines if len(line.get_xdata()) == 2 and line.get_color() != "#1B2330"]
    assert widths == [5.0, 1.5, 5.0, 1.5] and titles(ax) == ("", "loss minus that of GELU (nats)", "")


@pytest.mark.parametrize(("off", "fill"), [(0.02, "blue"), (0.05, "white")])
def test_a_marker_is_filled_if_the_wide_interval_excludes_zero(off, fill):
    losses = {"GELU": np.zeros(2), "GeGLU": np.array([1 - off, 1 + off]), "ReLU": np.array([5.0, 50.0])}
    ax = plot_comparisons(losses, baseline="GELU").axes[0]
    assert [each.fill for each in curves(ax) if each.marker == "o"] == [fill], "0.05 by itself would exclude it"


CHOSEN = {"a": np.array([1.0, 3.0, 6.0]), "b": np.array([4.0, 4.0, 3.0])}


def test_the_chosen_kind_is_drawn_strongly_from_the_seeds_that_chose_to_the_fresh_ones():
    ax = redrawn(plot_choice, CHOSEN, choosing=2).axes[0]
    assert curves(ax) == [Curve((0, 1), (-1, 1.5), "blue", "-", "o", "blue"),
                          Curve((0, 1), (1, -1.5), "gray", DASHED, "o", "gray")]
    assert rules(ax) == [Rule("y", 0, "ink", BROKEN)] and limits(ax) == ((-0.15, 1.35), numbers((-1.95, 1.95)))
    assert ticks(ax.xaxis) == {0: "2 seeds\nthat choose", 1: "1 fresh\nseeds"}
    assert [(word.text, word.x, word.y, word.offset) for word in words(ax)] == [
        ("b", 1, -1.5, (9, 0)), ("a", 1, 1.5, (9, 0))]
    assert titles(ax) == ("", "", "loss minus mean (nats)")
    assert [line.get_linewidth() for line in ax.lines[1:]] == [3.2, 1.6]
    assert curves(plot_choice(CHOSEN, choosing=1).axes[0])[0].y == (-1.5, 0.5), "other seeds choose"


def test_names_of_close_lines_keep_apart():
    close = {"a": np.array([0.0, 1.0]), "b": np.array([1.0, 1.01]), "c": np.array([1.0, 0.0])}
    shown = {word.text: word for word in words(plot_choice(close, choosing=1).axes[0])}
    assert shown["a"].offset == (9, 0) and shown["b"].offset[1] > 10 and shown["c"].offset == (9, 0)


def test_repeated_experiments_stand_under_each_other_and_those_that_find_something_are_strong():
    intervals = Interval(np.array([0.1, 0.3, -0.2, 9.0]), np.array([-0.1, 0.1, -0.3, 9.0]),
                         np.array([0.3, 0.5, -0.1, 9.0]))
    ax = redrawn(plot_repeats, intervals, effect=0.25, shown=3, xlim=(-1, 2)).axes[0]
    assert rules(ax) == [Rule("x", 0, "ink", BROKEN), Rule("x", 0.25, "vermillion", "-")]
    looks = [("gray", "white"), ("blue", "blue"), ("blue", "blue")]
    ends = ((0.1, -0.1, 0.3), (0.3, 0.1, 0.5), (-0.2, -0.3, -0.1))
    assert curves(ax) == [each for row, ((color, fill), (mean, low, high)) in enumerate(zip(looks, ends, strict=True))
                          for each in (Curve((low, high), (row, row), color, "-", "", ""),
                                       Curve((mean,), (row,), color, "", "o", fill))]
    assert limits(ax) == ((-1, 2), (2.8, -0.8)) and titles(ax) == ("", "difference (nats)", "3 experiments")
    assert len(curves(plot_repeats(Interval(*np.ones((3, 40))), effect=0, xlim=(0, 2)).axes[0])) == 60, "thirty"
