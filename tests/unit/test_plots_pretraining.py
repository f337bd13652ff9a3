"""The figures of a run show its numbers: the second axis counts tokens, each kind has its points."""

import pytest
from pretraining_runs import short_run

from llmbook.plots.pretraining import plot_kinds, plot_longer, plot_run


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
