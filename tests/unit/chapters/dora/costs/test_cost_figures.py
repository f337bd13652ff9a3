"""The figures of what adapters cost: times, factors and bytes stand where the input says."""

from drawing import (
    Bar,
    Curve,
    Key,
    Rule,
    bars,
    color,
    curves,
    legend,
    limits,
    lines,
    numbers,
    redrawn,
    rules,
    scales,
    ticks,
    titles,
    words,
)
from drawn import DASHED

from llmbook.chapters.dora.costs import plots
from llmbook.plots.diagram import tint
from llmbook.plots.style import text_color

BROKEN, POINTS = (0, (4, 2)), (0, (2, 2))
GRAY, BLUE = color(tint("gray", 0.35)), color(tint("blue", 0.45))
ORANGE, GREEN = color(tint("orange", 0.55)), color(tint("green", 0.3))
ROWS = {"full": {"weights": 2e9, "gradients": 1e9, "optimizer": 4e9, "activations": 3e9},
        "LoRA": {"activations": 1e9, "optimizer": 0.5e9, "gradients": 0.25e9, "weights": 2e9}}


def said(ax):
    return [(word.text, word.x, word.y) for word in words(ax)]


def row(place, *pieces):
    starts = [sum(width for width, *_ in pieces[:index]) for index in range(len(pieces))]
    return [Bar(start, place, width, 0.64, fill, hatch, "ink")
            for start, (width, fill, hatch) in zip(starts, pieces, strict=True)]


STACKS = [*row(-0.32, (2, GRAY, ""), (1, BLUE, "///"), (4, ORANGE, ""), (3, GREEN, "..")),
          *row(0.68, (2, GRAY, ""), (0.25, BLUE, "///"), (0.5, ORANGE, ""), (1, GREEN, ".."))]


def test_times_are_points_with_their_median_and_the_factor_over_the_reference():
    times = {"LoRA": [1.0, 1.25, 1.125], "DoRA": [2.0, 3.0, 2.25], "theirs": [1.0, 4.0, 4.5]}
    ax = redrawn(plots.draw_times, times, reference="LoRA", theirs=("theirs",), xlabel="s").axes[0]
    assert [(line.x, line.y, line.color, line.marker) for line in curves(ax) if line.marker] == [
        ((1, 1.25, 1.125), (0, 0, 0), "blue", "o"), ((2, 3, 2.25), (1, 1, 1), "blue", "o"),
        ((1, 4, 4.5), (2, 2, 2), "vermillion", "s")]
    assert [(line.x, line.y, line.color) for line in curves(ax) if not line.marker] == [
        ((1.125, 1.125), (-0.34, 0.34), "ink"), ((2.25, 2.25), (0.66, 1.34), "ink"), ((4, 4), (1.66, 2.34), "ink")]
    assert said(ax) == [("1.00", 1.367, 0), ("2.00", 3.117, 1), ("3.56", 4.617, 2)]
    assert rules(ax) == [Rule("x", 1.125, "gray", POINTS)] and limits(ax) == ((0, 5.85), (2.5, -0.5))
    assert ticks(ax.yaxis) == {0: "LoRA", 1: "DoRA", 2: "theirs"} and titles(ax) == ("", "s", "")
    other = redrawn(plots.draw_times, times, reference="DoRA").axes[0]
    assert [text for text, *_ in said(other)] == ["0.50", "1.00", "1.78"] and rules(other)[0].at == 2.25
    assert titles(other)[1] == "milliseconds"


def test_overhead_is_counted_on_the_left_and_timed_on_the_right():
    counted, timed = {"a": [2.0, 1.25], "b": [4.0, 3.0]}, {"a": [3.0, 1.5], "b": [5.0, 2.5]}
    figure = redrawn(plots.draw_overhead, [8, 2048], counted, timed)
    for ax, rows in zip(figure.axes, (counted, timed), strict=True):
        assert lines(ax) == {"a": Curve((8, 2048), tuple(rows["a"]), "blue", "-", "o", "blue"),
                             "b": Curve((8, 2048), tuple(rows["b"]), "vermillion", DASHED, "s", "vermillion")}
        assert [(rule.axis, rule.at) for rule in rules(ax)] == [("y", 1)] and limits(ax)[1][0] == 0
        assert scales(ax) == ("log", "linear") and ticks(ax.xaxis) == {8: "8", 2048: "2,048"}
    assert [titles(ax) for ax in figure.axes] == [("counted: FLOPs", "tokens in a step", "times LoRA"),
                                                  ("timed: medians", "tokens in a step", "")]
    assert legend(figure) == {"a": Key("blue", "-", "o"), "b": Key("vermillion", DASHED, "s")}


def test_memory_is_a_bar_of_its_parts_in_one_order_with_the_sum_behind_it():
    ax = redrawn(plots.draw_memory, ROWS).axes[0]
    assert bars(ax) == STACKS and said(ax) == [("10.0", 10.1416, 0), ("3.8", 3.8916, 1)] and rules(ax) == []
    assert limits(ax) == ((0, 11.8), (1.5, -0.5)) and ticks(ax.yaxis) == {0: "full", 1: "LoRA"}
    assert {name: (key.color, key.hatch) for name, key in legend(ax).items()} == {
        "weights": (GRAY, ""), "gradients": (BLUE, "///"), "optimizer": (ORANGE, ""), "activations": (GREEN, "..")}
    assert list(legend(ax)) == list(ROWS["full"]), "in the order of the bars"
    assert titles(ax) == ("", "GB", "")


def test_a_card_is_a_line_and_sums_do_not_stand_on_it():
    ax = redrawn(plots.draw_memory, ROWS, limit=20, line=11).axes[0]
    assert rules(ax) == [Rule("x", 11, "vermillion", BROKEN)]
    assert said(ax) == [("10.0", 11.24, 0), ("3.8", 3.99, 1), ("11 GB", 11.16, 0.5)], "the first moves behind the line"
    assert words(ax)[-1].color == text_color("vermillion").lower()
    assert said(redrawn(plots.draw_memory, ROWS, limit=20, line=12).axes[0])[0] == ("10.0", 10.24, 0)
    assert said(plots.draw_memory(ROWS, limit=20, line=9).axes[0])[0] == ("10.0", 10.24, 0)
    assert said(plots.draw_memory(ROWS, limit=8).axes[0])[0] == ("10.0", 8.096, 0), "the end of the axis"


def test_a_frame_of_the_memory_has_axes_that_do_not_move():
    (ax,) = redrawn(plots.draw_memory_frame, ROWS, limit=20, line=11).axes
    assert bars(ax) == STACKS and said(ax) == said(plots.draw_memory(ROWS, limit=20, line=11).axes[0])
    assert limits(ax)[0] == (0, 20) and [rule.at for rule in rules(ax)] == [11]
    assert numbers(ax.get_position().bounds) == (0.17, 0.16, 0.79, 0.7)


def test_memory_by_tokens_is_in_gigabytes():
    ax = redrawn(plots.draw_by_tokens, [10, 2000], {"full": [1e9, 3e9], "LoRA": [0.5e9, 2.5e9]}, line=80).axes[0]
    assert lines(ax) == {"full": Curve((10, 2000), (1, 3), "blue", "-", "o", "blue"),
                         "LoRA": Curve((10, 2000), (0.5, 2.5), "vermillion", DASHED, "s", "vermillion")}
    assert rules(ax) == [Rule("y", 80, "gray", POINTS)] and said(ax) == [("80 GB", 10, 80)]
    assert limits(ax)[0] == (0, 2040) and limits(ax)[1][0] == 0 and scales(ax) == ("linear", "linear")
    assert ticks(ax.xaxis) == {10: "10", 2000: "2,000"} and titles(ax) == ("", "tokens in a step", "GB")
    assert legend(ax) == {"full": Key("blue", "-", "o"), "LoRA": Key("vermillion", DASHED, "s")}
    assert rules(plots.draw_by_tokens([1], {"a": [1.0]}).axes[0]) == []
