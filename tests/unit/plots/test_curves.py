"""Curves over one axis hold the values they are given."""

import numpy as np

from llmbook.plots.curves import plot_curves

X = np.linspace(-3, 3, 61)


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines()}


def test_curves_hold_the_values_and_differ_in_more_than_color():
    curves = {"one": X, "two": X**2, "three": -X}
    drawn = lines(plot_curves(X, curves).axes[0])
    for name, values in curves.items():
        assert np.array_equal(drawn[name].get_ydata(), values)
    assert len({drawn[name].get_linestyle() + str(drawn[name]._dash_pattern) for name in curves}) == 3
