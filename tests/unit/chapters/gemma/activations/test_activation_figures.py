"""The figures of the page "Activations" draw the numbers they are given."""

import numpy as np
from drawing import (
    Curve,
    Key,
    Rule,
    bands,
    curves,
    legend,
    limits,
    lines,
    number,
    numbers,
    redrawn,
    rules,
    scales,
    stairs,
    ticks,
    titles,
    words,
)
from drawn import DASHED, T95

from llmbook.chapters.gemma.activations import plots

X = np.array([-3.0, -2.0, -1.0, 0.5, 2.0, 4.0])
ROWS = np.array([[1.0, 4.0, 9.0], [3.0, 4.0, 1.0]])
BROKEN = (0, (4, 2))


def test_values_stand_above_and_slopes_below():
    top, bottom = redrawn(plots.plot_values_and_slopes, X, {"f": X**2, "g": X}, {"f": 2 * X, "g": X**0}).axes
    assert {name: line[:4] for name, line in lines(top).items()} == {
        "f": (numbers(X), (9, 4, 1, 0.25, 4, 16), "blue", "-"), "g": (numbers(X), numbers(X), "vermillion", DASHED)}
    assert {name: line[:4] for name, line in lines(bottom).items()} == {
        "f": (numbers(X), (-6, -4, -2, 1, 4, 8), "blue", "-"), "g": (numbers(X), (1,) * 6, "vermillion", DASHED)}
    assert top.get_position().y0 > bottom.get_position().y1 and limits(top)[0] == limits(bottom)[0]
    zero = Rule("y", 0, "ink", "-")
    assert rules(top) == [zero] and rules(bottom) == [zero, Rule("y", 1, "ink", BROKEN)]
    assert (titles(top), titles(bottom)) == (("The function", "", "$f(x)$"), ("Its derivative", "input $x$", "$f'(x)$"))
    assert list(legend(top)) == ["f", "g"] and bottom.get_legend() is None


def test_errors_of_draws_have_their_root_mean_square_and_the_law():
    errors = np.array([[3.0, 0.3, 0.0], [4.0, 0.4, 0.2]])
    ax = redrawn(plots.plot_convergence, np.array([10, 40, 1000]), errors).axes[0]
    x, root = (10, 40, 1000), numbers(np.sqrt([12.5, 0.125, 0.02]))
    assert curves(ax) == [
        Curve(x, (3, 0.3, 0), "blue", "", "o", "blue"), Curve(x, (4, 0.4, 0.2), "blue", "", "o", "blue"),
        Curve(x, root, "vermillion", "-", "D", "vermillion"),
        Curve(x, numbers(root[0] * np.array([1, 0.5, 0.1])), "ink", BROKEN, "", "")]
    assert scales(ax) == ("log", "log") and titles(ax) == ("", "draws $n$", "error of the estimate")
    assert legend(ax) == {"root mean square": Key("vermillion", "-", "D"), r"falls as $1/\sqrt{n}$": Key("ink", BROKEN)}


def test_a_gap_is_marked_at_its_largest_on_each_side():
    gap = np.array([0.1, -1.0, 0.2, 0.3, 2.0, 0.5])
    top, bottom = redrawn(plots.plot_gap, X, gap, np.array([1.0, 2, 4, 1, 8, 0.5])).axes
    assert curves(top) == [Curve(numbers(X), numbers(gap), "blue", "-", "", ""),
                           Curve((-2,), (-1,), "vermillion", "", "o", "vermillion"),
                           Curve((2,), (2,), "vermillion", "", "o", "vermillion")]
    assert [(word.text, word.x, word.y) for word in words(top)] == [
        ("-1.00e+00 at -2.00", -2, -1), ("2.00e+00 at 2.00", 2, 2)]
    assert [line[:2] for line in curves(bottom)] == [(numbers(X), (0.1, 0.5, 0.05, 0.3, 0.25, 1))]
    assert rules(top) == [Rule("y", 0, "ink", "-")] and rules(bottom) == [Rule("y", 0.5, "ink", BROKEN)]
    assert [(word.text, word.x, word.y) for word in words(bottom)] == [("half a step: bf16 rounding", 4, 0.5)]
    assert scales(bottom) == ("linear", "log") and limits(bottom)[1][0] == 1e-4 and scales(top)[1] == "linear"
    assert titles(top) == ("The gap between the two GELUs", "", "tanh minus exact")
    assert titles(bottom) == ("The same gap in bf16 units of the result", "input $x$", "gap / spacing in bf16")


def test_layers_draw_the_mean_over_seeds_in_its_interval():
    nets = {"net": ROWS, "other": ROWS[:, ::-1] + 20}
    first, second = redrawn(plots.plot_layers, {"A": nets, "B": {"net": 10 * ROWS + 200}}, ylabels=["a", "b"]).axes
    assert {name: line[:4] for name, line in lines(first).items()} == {
        "net": ((1, 2, 3), (2, 4, 5), "blue", "-"), "other": ((1, 2, 3), (25, 24, 22), "vermillion", DASHED)}
    assert lines(second)["net"].y == (220, 240, 250)
    middle, spread = np.array([2, 4, 5]), T95 * np.array([1, 0, 4])
    assert [(band.low, band.high, band.color) for band in bands(first)] == [
        (numbers(middle - spread), numbers(middle + spread), "blue"),
        (numbers((20 + middle - spread)[::-1]), numbers((20 + middle + spread)[::-1]), "vermillion")]
    assert scales(first) == scales(second) == ("linear", "log")
    assert (titles(first), titles(second)) == (("A", "", "a"), ("B", "layer", "b"))
    assert legend(first) == {"net": Key("blue", "-"), "other": Key("vermillion", DASHED)}
    assert second.get_legend() is None
    assert titles(plots.plot_layers({"A": nets}, ylabels="a", xlabel="x").axes[0]) == ("A", "x", "a")


def test_histograms_are_shares_of_all_values_with_the_rest_in_the_outermost_bins():
    samples = {"net": {"1": np.array([-9.0, -1.0, 0.0, 0.1]), "2": np.array([2.0, 9.0])},
               "other": {"1": np.array([0.0, 2.0]), "2": np.array([0.0, 1.0, -1.5, -1.0, -1.0])}}
    axes = redrawn(plots.plot_histograms, samples, reach=2.5, bins=5).axes
    edges = (-2.5, -1.5, -0.5, 0.5, 1.5, 2.5)
    heights = [(0.25, 0.25, 0.5, 0, 0), (0, 0, 0, 0, 1), (0, 0, 0.5, 0, 0.5), (0, 0.6, 0.2, 0.2, 0)]
    assert [stairs(ax) for ax in axes] == [[(each, edges, "blue")] for each in heights]
    assert [titles(ax) for ax in axes] == [("1", "", "net"), ("2", "", ""), ("", "", "other"), ("", "", "")]
    assert limits(axes[0])[1] == limits(axes[1])[1] != limits(axes[2])[1], "one scale a row"
    assert len(stairs(plots.plot_histograms({"net": {"1": X}}).axes[0])[0][0]) == 49


def test_differences_of_logits_stand_over_the_spread_of_the_weights():
    causes = {"swap": ROWS + 50, "cast": ROWS[:, ::-1] + 100}
    spreads, marks = np.array([0.02, 0.1, 1]), {"tolerance": 0.5, "b": 3}
    ax = redrawn(plots.plot_logit_differences, spreads, causes, marks=marks).axes[0]
    assert lines(ax) == {"swap": Curve((0.02, 0.1, 1), (52, 54, 55), "blue", "-", "o", "blue"),
                         "cast": Curve((0.02, 0.1, 1), (105, 104, 102), "vermillion", DASHED, "s", "vermillion")}
    assert [band.high for band in bands(ax)] == [numbers(np.array([52, 54, 55]) + T95 * np.array([1, 0, 4])),
                                                 numbers(np.array([105, 104, 102]) + T95 * np.array([4, 0, 1]))]
    assert rules(ax) == [Rule("y", 0.5, "ink", BROKEN), Rule("y", 3, "ink", BROKEN)]
    assert [(word.text, word.x, word.y) for word in words(ax)] == [("tolerance", 1, 0.5), ("b", 1, 3)]
    assert scales(ax) == ("log", "log") and limits(ax)[1][1] == 10
    assert ticks(ax.xaxis) == {0.02: "0.02", 0.1: "0.1", 1: "1"}
    assert titles(ax) == ("", "standard deviation of the weights", "difference / largest logit")
    assert legend(ax) == {"swap": Key("blue", "-", "o"), "cast": Key("vermillion", DASHED, "s")}


def test_a_passage_has_the_curves_over_the_inputs_and_the_outputs_below():
    density, outputs = np.array([0, 0.5, 1, 0.75, 0.25, 0]), np.array([-2.0, 0.0, 0.05, 3.95, 9.0])
    top, bottom = redrawn(plots.plot_passage, X, X**2, -X, density, outputs, name="square").axes
    assert {name: line[:2] for name, line in lines(top).items()} == {
        "square": (numbers(X), (9, 4, 1, 0.25, 4, 16)), "derivative": (numbers(X), numbers(-X))}
    assert [(band.x, band.low, band.high, band.color) for band in bands(top)] == [
        (numbers(X), (0,) * 6, (0, 1.5, 3, 2.25, 0.75, 0), "gray")]
    assert limits(top) == ((-3, 4), (-1.2, 4)) and limits(bottom) == ((-2, 4), (1e-4, 1))
    assert titles(top)[0] == "The function, over gray: where the inputs lie" and scales(bottom) == ("linear", "log")
    assert titles(bottom) == ("The outputs", "output (the last bar holds all that is larger)", "share of values")
    ((heights, edges, fill),) = stairs(bottom)
    assert (len(heights), edges[0], edges[-1], fill) == (64, -2, 4, "blue")
    assert {number(edges[place]): height for place, height in enumerate(heights) if height} == {
        -2: 0.2, number(-2 + 21 * 6 / 64): 0.4, number(-2 + 63 * 6 / 64): 0.4}
