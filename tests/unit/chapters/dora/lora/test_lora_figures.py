"""The figures of the page "LoRA from scratch" draw the paths, sizes, losses and bytes that they are given."""

import numpy as np
from drawing import (
    Bar,
    Curve,
    Key,
    Rule,
    arrows,
    bars,
    boxes,
    circles,
    color,
    curves,
    legend,
    limits,
    lines,
    numbers,
    redrawn,
    rules,
    scales,
    segments,
    ticks,
    titles,
    words,
)
from drawn import DASHED

from llmbook.chapters.dora.lora import plots
from llmbook.plots.diagram import RADIUS, tint

GRAY, RED, BLUE = color(tint("gray", 0.35)), color(tint("vermillion", 0.4)), color(tint("blue", 0.4))
GIB, MIB = 2**30, 2**20


def said(ax):
    return {word.text: (word.x, word.y) for word in words(ax)}


def numbers_of(*points):
    return tuple(numbers(point) for point in points)


def test_while_training_x_takes_two_paths_that_are_added():
    ax = redrawn(plots._draw_two_paths).axes[0]
    frozen, first, second = boxes(ax)
    assert limits(ax) == ((0, 4.05), (0, 3.7)), "all of it is on the paper"
    assert (frozen.color, first.color, second.color) == ("ink", "blue", "vermillion")
    assert said(ax)["W\n(out, in)\nfrozen"] == frozen[:2] and said(ax)["A  (R, in)"] == first[:2]
    assert said(ax)["B  (out, R)"] == second[:2] and frozen.x < first.x == second.x and first.y < second.y
    assert ax.patches[2].get_linestyle() != "-" == ax.patches[3].get_linestyle(), "what is frozen is dashed"
    (scaled, added) = circles(ax)
    assert scaled[0] == second.x and scaled[1] > second.y and added[0] == frozen.x and added[1] > scaled[1]
    ends = [(arrow.start, arrow.end) for arrow in arrows(ax)]
    low, high, edge = 0.5, added[1], RADIUS
    assert ends[0] == ((frozen.x, 0.22), (frozen.x, frozen.y - frozen.height / 2)), "x reads W"
    assert ends[1] == ((frozen.x, low), numbers((first.x, first.y - first.height / 2 - 0.01))), "x reads A"
    assert ends[2] == numbers_of((first.x, first.y + 0.22), (second.x, second.y - 0.23)), "A feeds B"
    assert ends[3][0] == numbers((second.x, second.y + 0.22)) and ends[3][1][1] < scaled[1]
    assert ends[4] == numbers_of((frozen.x, frozen.y + 0.5), (frozen.x, high - 0.14)), "W goes to the sum"
    assert ends[5] == numbers_of((scaled[0], scaled[1] + edge), (frozen.x + 0.14, high)), "so does s times the rest"
    assert ends[6] == numbers_of((frozen.x, high + edge), (frozen.x, 3.62)) and all(arrow.head for arrow in arrows(ax))
    assert said(ax)["x"][1] < first.y and said(ax)["y"][1] > high and said(ax)["times s"][1] == scaled[1]
    assert first.y < said(ax)["R numbers"][1] < second.y
    assert [curve.x[0] == curve.x[1] for curve in curves(ax)] == [False, False, False, True], "times, then plus"


def test_merged_x_takes_one_path():
    ax = redrawn(plots._draw_one_path).axes[0]
    (box,) = boxes(ax)
    assert (box.x, box.y, box.color) == (1.1, 1.75, "orange") and said(ax)["W + s B A\n(out, in)"] == (1.1, 1.75)
    assert [(arrow.start, arrow.end) for arrow in arrows(ax)] == [
        ((1.1, 0.22), (1.1, 1.25)), ((1.1, 2.25), (1.1, 3.62))]
    assert limits(ax) == ((0, 2.2), (0, 3.7)), "all of it is on the paper"
    assert said(ax)["x"] == (0.95, 0.3) and said(ax)["y"] == (0.95, 3.52) and circles(ax) == []


def test_the_two_stand_side_by_side():
    figure = redrawn(plots.draw_paths)
    training, merged = figure.axes
    assert (len(boxes(training)), len(boxes(merged))) == (3, 1)
    assert training.get_position().x1 <= merged.get_position().x0
    assert [word.text for word in words(figure)] == ["while training", "merged"]
    assert words(figure)[0].x < words(figure)[1].x


def test_sizes_are_relative_to_the_first_rank():
    panels = {"t": {"a": [4.0, 2.0, 1.0], "b": [3.0, 3.0, 6.0]}, "u": {"a": [8.0, 4.0, 4.0]}}
    figure = redrawn(plots.plot_against_rank, [2, 4, 16], panels)
    first, second = figure.axes
    assert lines(first) == {"a": Curve((2, 4, 16), (1, 0.5, 0.25), "blue", "-", "o", "blue"),
                            "b": Curve((2, 4, 16), (1, 1, 2), "vermillion", DASHED, "s", "vermillion")}
    assert lines(second)["a"].y == (1, 0.5, 0.5) and limits(first)[1] == limits(second)[1]
    assert scales(first) == scales(second) == ("log", "log")
    assert ticks(first.xaxis) == {2: "2", 4: "4", 16: "16"}
    assert ticks(first.yaxis) == {0.125: "1/8", 0.25: "1/4", 0.5: "1/2", 1: "1", 2: "2"}
    assert (titles(first), titles(second)) == (("t", "rank R", "relative to rank 2"), ("u", "rank R", ""))
    assert legend(figure) == {"a": Key("blue", "-", "o"), "b": Key("vermillion", DASHED, "s")}


def test_losses_by_rate_reach_from_the_best_seed_to_the_worst():
    losses = {"a": np.array([[1.0, 2.0], [3.0, 4.0], [2.0, 6.0]]), "b": np.array([[5.0, 8.0], [7.0, 8.0]])}
    figure = redrawn(plots.plot_by_rate, [0.01, 0.1], losses, ylabel="loss")
    ax = figure.axes[0]
    left, right = 1 - 0.0175, 1 + 0.0175
    means = [curve for curve in curves(ax) if curve.marker != "_"]
    assert means == [Curve(numbers((0.01 * left, 0.1 * left)), (2, 4), "blue", "-", "o", "blue"),
                     Curve(numbers((0.01 * right, 0.1 * right)), (6, 8), "vermillion", DASHED, "s", "vermillion")]
    assert segments(ax) == [
        [numbers((0.01 * left, 1, 0.01 * left, 3)), numbers((0.1 * left, 2, 0.1 * left, 6))],
        [numbers((0.01 * right, 5, 0.01 * right, 7)), numbers((0.1 * right, 8, 0.1 * right, 8))]]
    assert scales(ax) == ("log", "linear") and ticks(ax.xaxis) == {0.01: "0.01", 0.1: "0.1"}
    assert titles(ax) == ("", "learning rate", "loss")
    assert {name: key.color for name, key in legend(figure).items()} == {"a": "blue", "b": "vermillion"}


def test_the_share_of_unchanged_weights_falls_with_the_update_and_sizes_are_marked():
    marks = {"low": 2e-3, "high": 5e-2}
    ax = redrawn(plots.plot_unchanged, [1e-4, 1e-2, 1], [1.0, 0.75, 0.0], marks=marks).axes[0]
    assert curves(ax) == [Curve((1e-4, 1e-2, 1), (1, 0.75, 0), "blue", "-", "", "")]
    assert rules(ax) == [Rule("x", 2e-3, "gray", (0, (2, 2))), Rule("x", 5e-2, "gray", (0, (2, 2)))]
    assert [(word.text, word.x, word.y, word.offset) for word in words(ax)] == [
        ("low", 2e-3, 0.06, (5, 0)), ("high", 5e-2, 0.98, (-5, 0))], "where the curve is not"
    assert [(text.get_ha(), text.get_va()) for text in ax.texts] == [("left", "bottom"), ("right", "top")]
    assert scales(ax) == ("log", "linear") and limits(ax)[1] == (-0.02, 1.04)
    assert titles(ax) == ("", "size of the update, relative to the weights", "share of weights unchanged")


def test_costs_are_bars_of_memory_above_and_files_below():
    memory = {"full": {"weights": GIB, "gradients": GIB / 2, "optimizer": 12 * GIB},
              "LoRA": {"weights": GIB, "gradients": GIB / 8, "optimizer": GIB / 4}}
    files = {"model": 3 * GIB, "adapter": 1.5 * MIB}
    upper, lower = redrawn(plots.draw_adapter_costs, memory, files, limit=20).axes
    assert bars(upper) == [
        Bar(0, -0.31, 1, 0.62, GRAY, "", "ink"), Bar(1, -0.31, 0.5, 0.62, RED, "///", "ink"),
        Bar(1.5, -0.31, 12, 0.62, BLUE, "..", "ink"), Bar(0, 0.69, 1, 0.62, GRAY, "", "ink"),
        Bar(1, 0.69, 0.125, 0.62, RED, "///", "ink"), Bar(1.125, 0.69, 0.25, 0.62, BLUE, "..", "ink")]
    assert [(word.text, word.x, word.y) for word in words(upper)] == [("13.5", 13.7, 0), ("1.38", 1.575, 1)]
    assert limits(upper) == ((0, 20), (1.5, -0.5)) and ticks(upper.yaxis) == {0: "full", 1: "LoRA"}
    assert {name: (key.color, key.hatch) for name, key in legend(upper).items()} == {
        "weights": (GRAY, ""), "gradients": (RED, "///"), "optimizer": (BLUE, "..")}
    assert [(curve.x, curve.y, curve.color, curve.marker) for curve in curves(lower)] == [
        ((3072,), (0,), "green", "s"), ((1.5,), (1,), "green", "s")]
    assert [(word.text, word.x, word.y) for word in words(lower)] == [("3.0 GiB", 3072, 0), ("1.5 MiB", 1.5, 1)]
    assert scales(lower) == ("log", "linear") and limits(lower) == ((0.05, 1e6), (1.5, -0.5))
    assert ticks(lower.yaxis) == {0: "model", 1: "adapter"} and upper.get_position().y0 > lower.get_position().y1
    assert titles(upper)[1] == "GiB while training, without activations"
    assert titles(lower)[1] == "MiB on disk, logarithmic"
