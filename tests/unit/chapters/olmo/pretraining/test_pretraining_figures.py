"""The figures of a run show its numbers: both axes count, each kind has its points, each start its rows."""

import numpy as np
import pytest
from pretraining_runs import short_run

from llmbook.chapters.olmo.pretraining.plots import plot_kinds, plot_longer, plot_run, plot_starts
from llmbook.metrics.intervals import mean_interval


def test_both_axes_count_the_same_steps():
    points = list(short_run().advance())
    figure = plot_run(points, nulls={"counting": 3.0})
    ax = figure.axes[0]
    training, validation, null = (line.get_ydata() for line in ax.lines)
    assert list(training) == [point.loss for point in points] and len(validation) == 3 and set(null) == {3.0}
    (top,) = ax.child_axes
    figure.draw_without_rendering()
    assert top.get_xlim()[1] == pytest.approx(ax.get_xlim()[1] * points[-1].tokens / 12 / 1000)


def test_runs_of_two_lengths_share_the_axes_and_count_the_same_tokens():
    curves = {"short": {20: 2.0, 40: 1.0}, "long": {75: 1.5, 1500: 0.4}}
    ax = plot_longer(curves, nulls={"counting": 4.9}, tokens=1024).axes[0]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    short, long, null = ax.lines
    assert (list(short.get_xdata()), list(short.get_ydata())) == ([20, 40], [2.0, 1.0])
    assert (list(long.get_xdata()), list(long.get_ydata())) == ([75, 1500], [1.5, 0.4])
    assert set(null.get_ydata()) == {4.9} and [text.get_text() for text in ax.texts] == ["counting"]
    (top,) = ax.child_axes
    ax.figure.draw_without_rendering()
    assert top.get_xlim() == pytest.approx([step * 1.024 for step in ax.get_xlim()])


def test_kinds_have_a_point_for_each_moment():
    losses = {"before": {"a": 6.0, "b": 5.0}, "after": {"a": 1.0, "b": 0.5}}
    ax = plot_kinds(losses).axes[0]
    assert [list(line.get_xdata()) for line in ax.lines[-2:]] == [[6.0, 5.0], [1.0, 0.5]]
    assert [text.get_text() for text in ax.texts] == ["6.00", "5.00", "1.00", "0.50"]


SEEDS = {"ours": {"a": np.array([1.0, 1.2, 1.1]), "b": np.array([-1.0, 1.0, 0.3])},
         "other": {"a": np.array([0.1, -0.2, 0.2]), "b": np.array([-2.0, -2.1, -2.3])}}  # fmt: skip


def drawn_starts(points):
    """By height in the drawing: the mean, the ends, whether the marker is filled; and the seeds, by height."""
    found = {start: {change: mean_interval(values) for change, values in of.items()} for start, of in points.items()}
    ax = plot_starts(found, points=points, xlabel="nats").axes[0]
    lines = [line for line in ax.lines[1:] if len(line.get_xdata())]  # without the null and the legend's
    rows, seeds = {}, {}
    for ticks, bar, dot in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        filled = dot.get_markerfacecolor() == dot.get_color()
        rows[round(dot.get_ydata()[0], 2)] = (dot.get_xdata()[0], *bar.get_xdata(), filled)
        seeds[round(bar.get_ydata()[0], 2)] = list(ticks.get_xdata())
    return rows, seeds, [text.get_text() for text in ax.get_yticklabels()], ax.get_legend_handles_labels()[1]


def expected_starts(points):
    rows = {}
    for start, shift in (("ours", -0.2), ("other", 0.2)):
        for row, change in enumerate(("a", "b")):
            each = mean_interval(points[start][change])
            rows[round(row + shift, 2)] = (each.mean, each.low, each.high, each.excludes(0))
    return rows


def test_each_change_has_a_row_for_each_start():
    rows, seeds, changes, starts = drawn_starts(SEEDS)
    assert rows == expected_starts(SEEDS) and (changes, starts) == (["a", "b"], ["ours", "other"])
    assert [filled for *_, filled in rows.values()] == [True, False, False, True]
    assert seeds[0.2] == list(SEEDS["other"]["a"])


def test_exchanged_starts_would_be_seen():
    """The twin: the values of one start drawn at the place of the other."""
    exchanged = {"ours": SEEDS["other"], "other": SEEDS["ours"]}
    rows, *_ = drawn_starts(exchanged)
    assert rows != expected_starts(SEEDS)
