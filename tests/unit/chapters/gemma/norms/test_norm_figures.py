"""The figures of the page "Norms" draw the numbers they are given."""

import numpy as np
import pytest
from diagrams import faults, parts
from drawing import (
    Band,
    Bar,
    Curve,
    Key,
    Rule,
    bands,
    bars,
    curves,
    legend,
    limits,
    lines,
    number,
    numbers,
    redrawn,
    rules,
    scales,
    ticks,
    titles,
    words,
)
from drawn import DASHED, DOTTED

from llmbook.chapters.gemma.norms import plots
from llmbook.plots.style import text_color

PRE, POST, BOTH = np.array([[1.0, 2, 6], [3, 4, 8]]), np.array([[5.0, 9, 1], [7, 3, 2]]), np.array([[4.0, 8, 16]])
CURVES = {"pre": PRE, "post": POST, "both": BOTH}
DRAWN = {"pre-norm": ((2, 3, 7), "blue", "-", "o"), "post-norm": ((6, 6, 1.5), "vermillion", DASHED, "s"),
         "both": ((4, 8, 16), "green", DOTTED, "^")}


def test_a_vector_is_bars_with_its_mean_and_its_root_mean_square():
    first, second = redrawn(plots.plot_vectors, {"x": [3.0, -1.0, 7.0], "y": [2.0, -2.0, 0.0]}).axes
    assert bars(first) == [Bar(place + 1 - 0.31, 0, 0.62, height, "sky", "", "ink")
                           for place, height in enumerate((3, -1, 7))]
    assert rules(first) == [Rule("y", number((59 / 3) ** 0.5), "vermillion", DASHED), Rule("y", 3, "ink", DOTTED)]
    assert rules(second) == [Rule("y", number((8 / 3) ** 0.5), "vermillion", DASHED), Rule("y", 0, "ink", DOTTED)]
    assert titles(first) == ("x", "rms 4.43 (dashes)\nmean 3.00 (dots)", "value")
    assert titles(second) == ("y", "rms 1.63 (dashes)\nmean 0.00 (dots)", "")
    assert list(ticks(first.xaxis)) == [1, 2, 3] and limits(first)[1] != limits(second)[1]
    shared = redrawn(plots.plot_vectors, {"x": [3.0], "y": [40.0]}, sharey=True).axes
    assert limits(shared[0])[1] == limits(shared[1])[1]


def test_gains_move_with_the_steps_and_end_beside_what_the_data_asks_for():
    gains = {"w": np.array([[1.0, 1.0, 1.0], [1.2, 0.9, 0.5]]), "1 + w": np.array([[1.0, 1.0, 1.0], [1.5, 1.2, 1.19]])}
    first, second = redrawn(plots.plot_gain_decay, [0, 10], gains, ["a", "b", "c"], [1.6, None, 0.7]).axes
    assert [line for line in curves(first) if not line.marker] == [
        Curve((0, 10), (1, 1.2), "blue", "-", "", ""), Curve((0, 10), (1, 0.9), "vermillion", DASHED, "", ""),
        Curve((0, 10), (1, 0.5), "green", DOTTED, "", "")]
    assert [(line.x, line.y, line.color, line.marker, line.fill) for line in curves(first) if line.marker] == [
        ((10,), (1.6,), "blue", "o", "none"), ((10,), (0.7,), "green", "^", "none")]
    assert [line.y for line in curves(second) if len(line.x) == 2] == [(1, 1.5), (1, 1.2), (1, 1.19)]
    assert [(word.text, word.x, word.y) for word in words(first)] == [("a", 10, 1.2), ("b", 10, 0.9), ("c", 10, 0.5)]
    assert [(word.text, word.x, word.y) for word in words(second)] == [("a", 10, 1.5), ("b, c", 10, 1.2)]
    assert (titles(first), titles(second)) == (("w", "step", "gain in use"), ("1 + w", "step", ""))


def test_lines_that_end_together_share_a_label():
    assert plots._joined([1.0, 0.5, 1.001], ["a", "b", "c"]) == {1.0: "a, c", 0.5: "b"}


def test_a_staircase_holds_what_is_left_of_each_offset():
    stairs = {"exact": [0.0, 0.1, 0.3], "bf16": [0.0, 0.125, 0.25], "fp8": [0.0, 0.0, 0.5]}
    ax = redrawn(plots.plot_staircase, [0.0, 0.1, 0.3], stairs).axes[0]
    assert lines(ax) == {"exact": Curve((0, 0.1, 0.3), (0, 0.1, 0.3), "vermillion", "-", "", ""),
                         "bf16": Curve((0, 0.1, 0.3), (0, 0.125, 0.25), "blue", DASHED, "", ""),
                         "fp8": Curve((0, 0.1, 0.3), (0, 0, 0.5), "green", DOTTED, "", "")}
    assert legend(ax) == {"exact": Key("vermillion", "-"), "bf16": Key("blue", DASHED), "fp8": Key("green", DOTTED)}
    assert titles(ax) == ("", "w that training asks for", "gain in use, minus 1")
    widths = [line.get_linewidth() for line in ax.lines]
    assert widths == sorted(widths, reverse=True), "what is drawn later leaves the earlier to be seen"


def test_the_effect_of_eps_is_marked_where_half_is_left():
    ax = redrawn(plots.plot_eps, [1e-4, 1e-2, 1.0], {"a": [0.1, 0.9, 1.0], "b": [0.0, 0.25, 0.75]}).axes[0]
    assert lines(ax) == {"a": Curve((1e-4, 0.01, 1), (0.1, 0.9, 1), "blue", "-", "", ""),
                         "b": Curve((1e-4, 0.01, 1), (0, 0.25, 0.75), "vermillion", DASHED, "", "")}
    halves = [line for line in curves(ax) if line.marker]
    assert [(line.x, line.y, line.color) for line in halves] == [
        ((0.00505,), (0.5,), "blue"), ((0.505,), (0.5,), "vermillion")], "half of the way of a straight line"
    assert [(rule.axis, rule.at, rule.color) for rule in rules(ax)] == [("y", 0.5, "gray")]
    assert scales(ax) == ("log", "log") and legend(ax) == {"a": Key("blue", "-"), "b": Key("vermillion", DASHED)}
    assert titles(ax) == ("", "root mean square of the input", "root mean square of the output")


def test_layers_have_the_mean_over_seeds_in_a_band_from_the_smallest_to_the_largest():
    ax = redrawn(plots.plot_by_layer, CURVES, ylabel="y", first=1, title="t").axes[0]
    assert {name: line[1:5] for name, line in lines(ax).items()} == DRAWN
    assert {line.x for line in lines(ax).values()} == {(1, 2, 3)}
    assert bands(ax) == [Band((1, 2, 3), (1, 2, 6), (3, 4, 8), "blue"),
                         Band((1, 2, 3), (5, 3, 1), (7, 9, 2), "vermillion"),
                         Band((1, 2, 3), (4, 8, 16), (4, 8, 16), "green")]
    assert titles(ax) == ("t", "block", "y") and scales(ax) == ("linear", "linear")
    assert {(word.text, word.x, word.y, word.color) for word in words(ax)} == {
        ("pre-norm", 3, 7, "blue"), ("both", 3, 16, text_color("green").lower()),
        ("post-norm", 3, 1.5, text_color("vermillion").lower())}


def test_the_options_of_layers():
    ax = redrawn(plots.plot_by_layer, CURVES, ylabel="y", logarithmic=True, highlight="post", ylim=(0.5, 20)).axes[0]
    assert scales(ax) == ("linear", "log") and limits(ax)[1] == (0.5, 20)
    assert lines(ax)["both"].x == (0, 1, 2), "the first column is the embedding"
    assert [line.get_alpha() for line in ax.lines] == [0.35, 1.0, 0.35]
    assert [area.get_alpha() for area in ax.collections] == pytest.approx([0.063, 0.18, 0.063])
    assert [line.get_alpha() for line in plots.plot_by_layer(CURVES, ylabel="y").axes[0].lines] == [1, 1, 1]
    many = plots.plot_by_layer({"pre": np.arange(24.0).reshape(2, 12)}, ylabel="y").axes[0]
    assert lines(many)["pre-norm"].marker == "", "no marker on every one of twelve"


def test_labels_of_layers_that_end_together_are_moved_apart():
    near = {"pre": np.array([[0.0, 5.0]]), "post": np.array([[9.0, 5.0]])}
    shown = {word.text: word.offset for word in words(redrawn(plots.plot_by_layer, near, ylabel="y").axes[0])}
    assert shown == {"pre-norm": (6, 0), "post-norm": (6, 13)}


def test_depths_are_panels_that_share_their_axis():
    turned = {place: values[:, ::-1] for place, values in CURVES.items()}
    figure = redrawn(plots.plot_depths, {"3": CURVES, "2": turned}, ylabel="y", logarithmic=True)
    first, second = figure.axes
    assert {name: line[1:5] for name, line in lines(first).items()} == DRAWN
    assert {name: line.y for name, line in lines(second).items()} == {
        name: values[0][::-1] for name, values in DRAWN.items()}
    assert {line.x for line in lines(first).values()} == {(1, 2, 3)}
    assert bands(first) == bands(plots.plot_by_layer(CURVES, ylabel="y", first=1).axes[0])
    assert bands(second)[0] == Band((1, 2, 3), (6, 2, 1), (8, 4, 3), "blue")
    assert (titles(first), titles(second)) == (("3", "block", "y"), ("2", "block", ""))
    assert scales(first) == scales(second) == ("linear", "log") and limits(first)[1] == limits(second)[1]
    assert legend(figure) == {name: Key(*values[1:]) for name, values in DRAWN.items()}
    plain = plots.plot_depths({"3": {"pre": np.ones((1, 12))}}, ylabel="y", first=0).axes[0]
    assert scales(plain)[1] == "linear" and lines(plain)["pre-norm"].x == numbers(range(12))
    assert lines(plain)["pre-norm"].marker == ""


def test_training_runs_are_a_mark_a_seed_and_a_bar_at_their_mean():
    runs = {"pre": {"2": [1.0, 2.0], "8": [0.5, 1.5]}, "post": {"2": [3.0, 4.0], "8": [2.0, 4.0]}}
    figure = redrawn(plots.plot_trained, {"full": runs, "weak": {"pre": {"4": [0.25, 0.75]}}}, ylabel="y", xlabel="x")
    first, second = figure.axes
    assert [(line.x, line.y, line.color, line.marker, line.fill) for line in curves(first) if line.marker] == [
        ((-0.13, -0.13), (1, 2), "blue", "o", "none"), ((0.87, 0.87), (0.5, 1.5), "blue", "o", "none"),
        ((0.13, 0.13), (3, 4), "vermillion", "s", "none"), ((1.13, 1.13), (2, 4), "vermillion", "s", "none")]
    assert [(line.x, line.y, line.color) for line in curves(first) if not line.marker] == [
        ((-0.23, -0.03), (1.5, 1.5), "ink"), ((0.77, 0.97), (1, 1), "ink"), ((0.03, 0.23), (3.5, 3.5), "ink"),
        ((1.03, 1.23), (3, 3), "ink")]
    assert [(line.x, line.y) for line in curves(second)] == [((0, 0), (0.25, 0.75)), ((-0.1, 0.1), (0.5, 0.5))]
    assert (ticks(first.xaxis), ticks(second.xaxis)) == ({0: "2", 1: "8"}, {0: "4"})
    assert (limits(first)[0], limits(second)[0]) == ((-0.55, 1.55), (-0.55, 0.55))
    assert (titles(first), titles(second)) == (("full", "x", "y"), ("weak", "x", ""))
    assert scales(first) == scales(second) == ("linear", "log") and limits(first)[1] == limits(second)[1]
    assert ticks(first.yaxis) == {0.25: "0.25", 0.5: "0.5", 1: "1", 2: "2", 4: "4"}
    assert legend(figure) == {"pre-norm": Key("blue", "", "o"), "post-norm": Key("vermillion", "", "s")}


def test_lines_of_two_placements_differ_without_color():
    styles = [plots.place_style(place) for place in CURVES]
    assert len({str(style["linestyle"]) for style in styles}) == len({style["marker"] for style in styles}) == 3


def test_kinds_of_norms_stand_in_their_order():
    figure = redrawn(plots.draw_norm_places, norm="N", attention="A", feedforward="F")
    drawn = [[name for name, _ in parts(ax)] for ax in figure.axes]
    norm, attention, feedforward = ("N", "gray"), ("A", "blue"), ("F", "vermillion")
    assert drawn == [[norm, attention, norm, feedforward], [attention, norm, feedforward, norm],
                     [norm, attention, norm, norm, feedforward, norm]]
    lefts = [ax.get_position().x0 for ax in figure.axes]
    assert lefts == sorted(lefts) and [word.text for word in words(figure)] == ["pre-norm", "post-norm", "both"]
    assert faults(plots.draw_norm_places()) == []
