"""Curves over one axis hold the values they are given."""

import numpy as np
from drawing import Key, Rule, curves, legend, limits, lines, redrawn, rules, scales, titles
from drawn import same_dash

from llmbook.plots.curves import plot_curves
from llmbook.plots.style import CYCLE, DASHES, new_figure

X = np.array([-3.0, -1.0, 0.0, 4.0])
CURVES = {"one": X, "two": X**2, "three": -2 * X}


def test_curves_hold_the_values_and_differ_in_more_than_color():
    ax = redrawn(plot_curves, X, CURVES).axes[0]
    drawn = lines(ax)
    assert {name: (line.x, line.y) for name, line in drawn.items()} == {
        "one": ((-3, -1, 0, 4), (-3, -1, 0, 4)), "two": ((-3, -1, 0, 4), (9, 1, 0, 16)),
        "three": ((-3, -1, 0, 4), (6, 2, 0, -8))}
    assert [(line.color, line.dash) for line in drawn.values()] == [
        (CYCLE[place], same_dash(DASHES[place])) for place in range(3)]
    assert {line.marker for line in drawn.values()} == {""}
    assert rules(ax) == [Rule("y", 0, "ink", "-")], "the line of zero"
    assert scales(ax) == ("linear", "linear") and all(low < high for low, high in limits(ax))


def test_the_legend_has_each_name_beside_its_line():
    assert legend(redrawn(plot_curves, X, CURVES).axes[0]) == {
        name: Key(CYCLE[place], same_dash(DASHES[place])) for place, name in enumerate(CURVES)}
    assert plot_curves(X, CURVES, legend=False).axes[0].get_legend() is None


def test_words_stand_where_they_are_asked_for():
    assert titles(plot_curves(X, CURVES, xlabel="x", ylabel="y", title="t").axes[0]) == ("t", "x", "y")
    assert titles(plot_curves(X, CURVES).axes[0]) == ("", "input $x$", "")


def test_curves_are_drawn_on_the_axes_that_are_given():
    figure, (first, second) = new_figure(1, 2)
    assert plot_curves(X, {"one": X}, ax=second) is figure
    assert curves(first) == [] and list(lines(second)) == ["one"]
