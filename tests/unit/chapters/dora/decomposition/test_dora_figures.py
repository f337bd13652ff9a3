"""The figures of the page "DoRA from scratch" draw the rows, factors and distances that they are given."""

import numpy as np
import pytest
from drawing import (
    Curve,
    Key,
    arrows,
    circles,
    curves,
    endless,
    legend,
    limits,
    numbers,
    pictures,
    redrawn,
    scales,
    ticks,
    titles,
    words,
)
from drawn import same_dash

from llmbook.chapters.dora.decomposition import plots

INK, GREEN, BLUE, RED = "ink", "green", "blue", "vermillion"


def tips(ax):
    """The arrows by their color: where each begins and ends."""
    return {arrow.color: (arrow.start, arrow.end) for arrow in arrows(ax)}


def test_a_row_of_zeros_is_explained():
    with pytest.raises(ValueError, match="no direction"):
        plots.adapt((1.0, 2.0), (-1.0, -2.0), 1.0)


def test_the_hand_example():
    adapted, result = plots.adapt((3, 4), (2, 8), 6.5)
    assert plots.turned(adapted)[0] == 13
    assert result == pytest.approx([2.5, 6.0])
    assert plots.turned((0, 2)) == (2, 90)


def test_arrows_are_the_rows_and_circles_their_lengths():
    ax = redrawn(plots.plot_geometry, (3, 4), (1, 4), 2, 6.5, limits=(-4, 8, -1, 12)).axes[0]
    zero = (0, 0)
    assert tips(ax) == {RED: (zero, (2.5, 6)), INK: (zero, (3, 4)), GREEN: ((3, 4), (5, 12)), BLUE: (zero, (5, 12))}
    assert circles(ax) == [(0, 0, 1, "gray"), (0, 0, 6.5, RED)]
    assert endless(ax) == [((3, 4), (4, 8), GREEN)], "the change can only lie along A"
    assert [(line.x, line.y, line.marker, line.fill) for line in curves(ax)] == [
        ((0.6,), (0.8,), "o", "white"), (numbers([5 / 13]), numbers([12 / 13]), "s", "white")]
    assert [line.get_markeredgecolor() for line in ax.lines[1:]] == [plots.ARROWS[kind]["color"] for kind in
                                                                     ("weight", "adapted")]
    assert limits(ax) == ((-4, 8), (-1, 12)) and titles(ax) == ("", "first input", "second input")
    assert len(arrows(redrawn(plots.plot_geometry, (3, 4), (1, 4), 0, 5, limits=(-4, 8, -1, 12)).axes[0])) == 3


def test_the_legend_of_the_rows_has_their_lengths_and_directions():
    ax = plots.plot_geometry((3, 4), (1, 4), 2, 6.5, limits=(-4, 8, -1, 12)).axes[0]
    assert {name: key.color for name, key in legend(ax).items()} == {
        "$W$, frozen (circle)\nlength 5.00, 53°": INK, "$sBA$, along $A$\nlength 8.25": GREEN,
        "$W + sBA$ (square)\nlength 13.00, 67°": BLUE, "$W'$, length $m$\nlength 6.50, 67°": RED}
    assert {arrow.color: arrow.dash for arrow in arrows(ax)} == {key.color: key.dash for key in legend(ax).values()}


def test_factors_are_written_into_their_cells():
    factors = {"rows": np.array([[0.5, 0.75, 1.0], [1.25, 1.5, 1.125]]), "none": np.ones((2, 3))}
    first, second = redrawn(plots.plot_axes, factors).axes
    assert pictures(first)[0].rows == ((0.5, 0.75, 1), (1.25, 1.5, 1.125))
    assert [pictures(ax)[0].limits for ax in (first, second)] == [(0.5, 1.5)] * 2, "one scale around one"
    assert {pictures(ax)[0].colors for ax in (first, second)} == {"cividis"}
    assert [(word.text, word.x, word.y, word.color) for word in words(first)] == [
        ("0.5", 0, 0, "white"), ("0.8", 1, 0, "white"), ("1.0", 2, 0, "white"), ("1.2", 0, 1, INK),
        ("1.5", 1, 1, INK), ("1.1", 2, 1, "white")]
    assert [word.text for word in words(second)] == ["1.0"] * 6
    assert (list(ticks(first.xaxis)), list(ticks(first.yaxis))) == ([0, 1, 2], [0, 1])
    assert (titles(first), titles(second)) == (("rows", "input", "output"), ("none", "input", ""))


def test_a_step_with_the_norm_in_the_graph_leaves_at_a_right_angle():
    figure = redrawn(plots.plot_steps, (0.6, 0.8), (-0.9, -0.3), rate=0.5)
    inside, detached = figure.axes
    # The gradient's part along the row is -0.78; without it (-0.432, 0.324) is left.
    ends = np.array([[0.816, 0.638], [1.05, 0.95]])
    for ax, end in zip(figure.axes, ends, strict=True):
        after = numbers(end / np.sqrt((end**2).sum()))
        assert tips(ax) == {INK: ((0, 0), (0.6, 0.8)), GREEN: ((0.6, 0.8), numbers(end)), RED: ((0, 0), after)}
        assert [line[:3] for line in curves(ax)] == [((0, numbers(end)[0]), (0, numbers(end)[1]), "gray")]
        assert circles(ax) == [(0, 0, 1, RED)] and limits(ax) == ((-0.15, 1.65), (-0.15, 1.35))
    assert titles(inside) == ("norm in the graph", "length after the step 1.04,\nturned by 15.1°", "")
    assert titles(detached) == ("norm detached", "length after the step 1.42,\nturned by 11.0°", "")
    keys = legend(figure)
    assert [(name, key.color) for name, key in keys.items()] == [
        ("row before", INK), ("step", GREEN), ("row in use after", RED)]
    assert {arrow.color: arrow.dash for arrow in arrows(inside)} == {key.color: key.dash for key in keys.values()}
    full = plots.plot_steps((0.6, 0.8), (-0.9, -0.3)).axes
    assert tips(full[1])[GREEN][1] == (1.5, 1.1), "the rate is one where none is given"


def test_distances_have_a_row_for_each_mistake_and_a_marker_for_each_moment():
    distances = {"a": {"early": [0.0, 0.1], "late": [0.01, 1.0]}, "b": {"early": [0.25, 0.25], "late": [4.0, 0.25]}}
    figure = redrawn(plots.plot_mistakes, distances, smallest=1e-3)
    ax = figure.axes[0]
    assert [(line.x, line.y, line.color) for line in curves(ax) if line.marker == "|"] == [
        ((1e-3, 0.1), (-0.12,) * 2, INK), ((0.01, 1), (0.12,) * 2, BLUE),
        ((0.25, 0.25), (0.88,) * 2, INK), ((4, 0.25), (1.12,) * 2, BLUE)], "below the smallest: at the edge"
    assert [line for line in curves(ax) if line.marker != "|"] == [
        Curve((0.01,), (-0.12,), INK, "", "o", "white"), Curve((0.1,), (0.12,), BLUE, "", "s", "white"),
        Curve((0.25,), (0.88,), INK, "", "o", "white"), Curve((1,), (1.12,), BLUE, "", "s", "white")], "geometric mean"
    assert scales(ax) == ("log", "linear") and limits(ax)[1] == (1.6, -0.6)
    assert ticks(ax.yaxis) == {0: "a", 1: "b"} and titles(ax)[1] == "distance from the reference"
    assert legend(figure) == {"early": Key(INK, "", "o"), "late": Key(BLUE, "", "s")}
    single = plots.plot_mistakes({"a": {"x": [1e-9], "y": [1.0], "z": [2.0]}}).axes[0]
    assert [(line.x, line.y, line.color) for line in curves(single) if line.marker == "|"] == [
        ((1e-8,), (-0.24,), INK), ((1,), (0,), BLUE), ((2,), (0.24,), RED)]


def test_arrows_differ_without_color():
    looks = {(str(same_dash(style["linestyle"])), style["linewidth"]) for style in plots.ARROWS.values()}
    assert len(looks) == len(plots.ARROWS)
