"""The figures of a run show its numbers: both axes count, each kind has its points, each start its rows."""

from types import SimpleNamespace

import numpy as np
import pytest
from drawing import curves, legend, limits, lines, redrawn, rules, scales, ticks, titles, words
from drawn import Curve, Key, Rule

from llmbook.chapters.olmo.pretraining.plots import plot_kinds, plot_longer, plot_run, plot_starts
from llmbook.metrics.intervals import Interval

DASHED = (0, (4, 2))
NULLS = {"counting": 4.9, "guessing": 6.5}
POINTS = [SimpleNamespace(step=step, loss=loss, validation_loss=checked, tokens=256 * (step + 1))
          for step, loss, checked in ((0, 5.0, 4.5), (1, 3.0, None), (4, 2.0, 2.5))]  # fmt: skip


def assert_nulls(ax):
    assert rules(ax) == [Rule("y", value, "ink", DASHED) for value in NULLS.values()]
    assert [(word.text, word.x, word.y) for word in words(ax)] == [(name, 0.99, at) for name, at in NULLS.items()]


def test_a_run_shows_its_losses_and_both_axes_count_the_same_steps():
    ax = redrawn(plot_run, POINTS, nulls=NULLS).axes[0]
    assert lines(ax) == {"training, each batch": Curve((1, 2, 5), (5, 3, 2), "sky", "-", "", ""),
                         "validation": Curve((1, 5), (4.5, 2.5), "vermillion", "-", "o", "vermillion")}  # fmt: skip
    assert_nulls(ax)
    assert legend(ax) == {"training, each batch": Key("sky", "-"), "validation": Key("vermillion", "-", "o")}
    (top,) = ax.child_axes
    assert top.get_xlim() == pytest.approx([step * 0.256 for step in ax.get_xlim()])
    there, back = top._functions
    assert (there(4), back(there(4))) == pytest.approx((1.024, 4)), "there and back"
    assert titles(ax)[1:] == ("step", "loss (nats a token)") and top.get_xlabel() == "thousand tokens read"
    assert limits(ax)[1][0] == 0 and top.spines["top"].get_visible()


def test_runs_of_two_lengths_share_the_axes_and_count_the_same_tokens():
    curves = {"short": {20: 2.0, 40: 1.0}, "long": {75: 1.5, 1500: 0.4}}
    ax = redrawn(plot_longer, curves, nulls=NULLS, tokens=1024).axes[0]
    assert lines(ax) == {"short": Curve((20, 40), (2, 1), "vermillion", "-", "o", "vermillion"),
                         "long": Curve((75, 1500), (1.5, 0.4), "blue", "-", "s", "blue")}  # fmt: skip
    assert_nulls(ax)
    assert legend(ax) == {"short": Key("vermillion", "-", "o"), "long": Key("blue", "-", "s")}
    (top,) = ax.child_axes
    assert top.get_xlim() == pytest.approx([step * 1.024 for step in ax.get_xlim()])
    assert scales(ax) == ("log", "log") and titles(ax)[1:] == ("step", "validation loss (nats a token)")
    assert limits(ax)[1][1] == pytest.approx(1.4 * 6.5)


def test_the_ticks_of_a_long_run_are_the_ones_that_are_named():
    ax = redrawn(plot_longer, {"short": {20: 2.0, 1500: 1.0}}, nulls=NULLS, tokens=1024).axes[0]
    steps = {step: f"{step}" for step in (20, 50, 100, 200, 500, 1000)}
    assert ticks(ax.xaxis) == steps == ticks(ax.child_axes[0].xaxis)
    assert ticks(ax.yaxis) == {0.4: "0.4", 0.6: "0.6", 1: "1", 2: "2", 4: "4"}
    assert not [place for axis in (ax.xaxis, ax.yaxis, ax.child_axes[0].xaxis) for place in axis.get_minorticklocs()]


def test_kinds_have_a_point_for_each_moment():
    losses = {"before": {"a": 6.0, "b": 5.0}, "half": {"a": 2.0, "b": 3.0}, "after": {"a": 1.0, "b": 0.5}}
    ax = redrawn(plot_kinds, losses).axes[0]
    looks = {"before": ("gray", "s"), "half": ("orange", "^"), "after": ("blue", "o")}
    first, second, *_ = curves(ax)
    assert (first[:4], second[:4]) == (((6, 2, 1), (0, 0, 0), "gray", "-"), ((5, 3, 0.5), (1, 1, 1), "gray", "-"))
    assert lines(ax) == {moment: Curve((of["a"], of["b"]), (0, 1), color, "", marker, color)
                         for (moment, of), (color, marker) in zip(losses.items(), looks.values(), strict=True)}
    assert [word[:4] for word in words(ax)] == [(f"{at:.2f}", at, row, (0, 8)) for of in losses.values()
                                                for row, at in enumerate(of.values())]  # fmt: skip
    assert len({word.color for word in words(ax)}) == 3
    assert legend(ax) == {moment: Key(color, "", marker) for moment, (color, marker) in looks.items()}
    assert ticks(ax.yaxis) == {0: "a", 1: "b"} and limits(ax)[1] == (1.5, -0.7), "the first kind at the top"
    assert limits(ax)[0][0] == 0 and titles(ax)[1] == "validation loss (nats a token)"


FOUND = {"ours": {"a": Interval(1.0, 0.5, 1.75), "b": Interval(0.5, -0.5, 1.25)},
         "other": {"a": Interval(-0.25, -1.0, 1.0), "b": Interval(-2.0, -3.0, -0.5)}}  # fmt: skip
SEEDS = {start: {change: np.array([each.mean - 0.1, each.mean + 0.3]) for change, each in of.items()}
         for start, of in FOUND.items()}  # fmt: skip


def drawn_starts(found, seeds):
    """By height in the drawing: the bar, its color, its mark and the mark's fill; the seeds; and the axes."""
    ax = redrawn(plot_starts, found, points=seeds, xlabel="nats").axes[0]
    rows = [curve for curve in curves(ax) if curve.x]  # without the legend's
    triples = list(zip(rows[::3], rows[1::3], rows[2::3], strict=True))
    assert all(dot.y == bar.y[:1] and bar.y[0] == bar.y[1] and bar.dash == "-" for _, bar, dot in triples)
    bars = {bar.y[0]: (*bar.x, dot.x[0], bar.color, dot.marker, dot.fill) for _, bar, dot in triples}
    return bars, {each.y: (each.x, each.marker, each.color) for each, _, _ in triples}, ax


def test_each_change_has_a_row_for_each_start():
    rows, seeds, ax = drawn_starts(FOUND, SEEDS)
    assert rows == {-0.2: (0.5, 1.75, 1, "blue", "o", "blue"), 0.8: (-0.5, 1.25, 0.5, "blue", "o", "white"),
                    0.2: (-1, 1, -0.25, "vermillion", "s", "white"),
                    1.2: (-3, -0.5, -2, "vermillion", "s", "vermillion")}  # fmt: skip
    assert seeds == {(-0.05, -0.05): ((0.9, 1.3), "|", "gray"), (0.95, 0.95): ((0.4, 0.8), "|", "gray"),
                     (0.35, 0.35): ((-0.35, 0.05), "|", "gray"), (1.35, 1.35): ((-2.1, -1.7), "|", "gray")}
    assert ticks(ax.yaxis) == {0: "a", 1: "b"} and limits(ax)[1] == (1.6, -0.6) and titles(ax)[1] == "nats"
    assert rules(ax) == [Rule("x", 0, "ink", DASHED)]
    assert legend(ax) == {"ours": Key("blue", "-", "o"), "other": Key("vermillion", "-", "s")}


def test_exchanged_starts_would_be_seen():
    """The twin: the values of one start drawn at the place of the other."""
    exchanged = {"ours": FOUND["other"], "other": FOUND["ours"]}
    assert drawn_starts(exchanged, SEEDS)[0] != drawn_starts(FOUND, SEEDS)[0]
