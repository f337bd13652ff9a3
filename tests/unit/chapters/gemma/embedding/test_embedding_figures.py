"""The figures of the page "The scaled embedding" draw the numbers they are given."""

import numpy as np
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
    numbers,
    pictures,
    redrawn,
    rules,
    scales,
    spans,
    ticks,
    titles,
    words,
)
from drawn import DASHED

from llmbook.chapters.gemma.embedding import plots
from llmbook.plots.style import text_color

AROUND_ONE = {"x": Bar(0.5, 0, 1.5, 1, "gray", "", "gray"), "y": Bar(0, 0.5, 1, 1.5, "gray", "", "gray")}
MINUS = "\N{MINUS SIGN}"


def cells(ax):
    """The numbers written on a matrix, by row and column."""
    return {(word.y, word.x): word.text for word in words(ax)}


def test_a_lookup_is_one_hot_rows_times_the_embedding():
    weight = [[0.5, -1.0], [0.25, 2.0], [4.0, 0.0]]
    hot, table, rows = redrawn(plots.plot_lookup, [2, 0, 2, 2], weight, ["a", "b", "c"]).axes
    assert cells(hot) == {(row, column): str(int(column == token)) for row, token in enumerate((2, 0, 2, 2))
                          for column in range(3)}
    assert cells(table) == {(0, 0): "0.5", (0, 1): f"{MINUS}1.0", (1, 0): "0.2", (1, 1): "2.0", (2, 0): "4.0",
                            (2, 1): "0.0"}
    assert [cells(rows)[row, 0] for row in range(4)] == ["4.0", "0.5", "4.0", "4.0"]
    assert [cells(rows)[row, 1] for row in range(4)] == ["0.0", f"{MINUS}1.0", "0.0", "0.0"]
    assert pictures(table)[0].rows == ((0.125, 0.25), (0.0625, 0.5), (1, 0)), "the larger, the darker"
    assert pictures(hot)[0].rows == ((0, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 1))
    assert [pictures(ax)[0].limits for ax in (hot, table, rows)] == 3 * [(0, 2.2)]
    assert {pictures(ax)[0].colors for ax in (hot, table, rows)} == {"Blues"}


def test_a_lookup_names_its_rows_and_frames_those_that_are_read():
    hot, table, rows = redrawn(plots.plot_lookup, [2, 0, 2, 2], np.ones((3, 2)), ["a", "b", "c"]).axes
    assert ticks(hot.yaxis) == ticks(rows.yaxis) == {0: "c (2)", 1: "a (0)", 2: "c (2)", 3: "c (2)"}
    assert ticks(table.yaxis) == {0: "a (0)", 1: "b (1)", 2: "c (2)"}
    assert sorted(bars(table)) == [Bar(-0.5, -0.5, 2, 1, "none", "", "vermillion"),
                                   Bar(-0.5, 1.5, 2, 1, "none", "", "vermillion")]
    assert bars(hot) == bars(rows) == []
    assert [titles(ax)[0] for ax in (hot, table, rows)] == ["one-hot, (T, V)", "× embedding, (V, D)", "= rows, (T, D)"]


def test_gradients_of_rows_are_bars_with_a_dot_under_those_that_are_used():
    first, second = redrawn(plots.plot_row_gradients, {"s": [0.0, 1.0, 0.5], "t": [2.0, 10.0, 3.0]}, [1, 2]).axes
    assert bars(first) == [Bar(-0.35, 0, 0.7, 0, "sky", "", "ink"), Bar(0.65, 0, 0.7, 1, "sky", "", "ink"),
                           Bar(1.65, 0, 0.7, 0.5, "sky", "", "ink")]
    assert [bar.height for bar in bars(second)] == [2, 10, 3]
    assert [(line.x, line.y, line.color, line.marker) for ax in (first, second) for line in curves(ax)] == [
        ((1, 2), (-0.07, -0.07), "vermillion", "o"), ((1, 2), (-0.7, -0.7), "vermillion", "o")]
    assert titles(first) == ("s", "", "gradient")
    assert titles(second) == ("t", "row of the embedding (dots: tokens in the batch)", "gradient")


def test_sizes_of_entries_are_lines_with_what_was_measured_as_marks():
    sizes = {"as drawn": {"a": [1.0, 1.0, 2.0], "b": [0.5, 0.25, 0.1]}, "scaled": {"a": [16.0, 32.0, 50.0]}}
    measured = {"as drawn": {"a": [1.1, 0.9, 2.1], "b": [0.4, 0.3, 0.2]}, "scaled": {"a": [15.0, 30.0, 60.0]}}
    figure = redrawn(plots.plot_entry_sizes, [256, 512, 1024], sizes, measured)
    first, second = figure.axes
    x = (256, 512, 1024)
    assert curves(first) == [
        Curve(x, (1, 1, 2), "blue", "-", "", ""), Curve(x, (1.1, 0.9, 2.1), "blue", "", "o", "blue"),
        Curve(x, (0.5, 0.25, 0.1), "vermillion", DASHED, "", ""),
        Curve(x, (0.4, 0.3, 0.2), "vermillion", "", "s", "vermillion")]
    assert [line.y for line in curves(second)] == [(16, 32, 50), (15, 30, 60)]
    assert spans(first) == spans(second) == [AROUND_ONE["y"]] and scales(first) == scales(second) == ("log", "log")
    assert limits(first)[1] == limits(second)[1] and ticks(first.xaxis) == {256: "256", 512: "512", 1024: "1024"}
    assert titles(first) == ("as drawn", "width D", "root mean square of the entries")
    assert titles(second) == ("scaled", "width D", "")
    assert legend(figure) == {"a": Key("blue", "", "o"), "b": Key("vermillion", "", "s")}


def test_without_measured_sizes_the_marks_are_on_the_lines():
    ax = redrawn(plots.plot_entry_sizes, [256, 512], {"as drawn": {"a": [1.0, 3.0]}}).axes[0]
    assert [line.y for line in curves(ax)] == [(1, 3), (1, 3)]


def test_a_budget_has_three_marks_a_row_with_their_numbers():
    rows = {"up": {"stored": 0.03125, "stream": 1.0, "logit": 32.0},
            "down": {"stored": 1.0, "stream": 50.0, "logit": 2.0}}
    ax = redrawn(plots.plot_budget, rows, title="t", limits=(0.01, 300)).axes[0]
    wires = [(line.x, line.y) for line in curves(ax) if line.color == "gray"]
    assert wires == [((1, 50), (0, 0)), ((0.03125, 32), (1, 1))]
    marks = [(line.x, line.y, line.color, line.marker) for line in curves(ax) if line.color != "gray"]
    assert marks == [((1,), (0,), "blue", "o"), ((50,), (0,), "vermillion", "s"), ((2,), (0,), "green", "^"),
                     ((0.03125,), (1,), "blue", "o"), ((1,), (1,), "vermillion", "s"), ((32,), (1,), "green", "^")]
    colors = [text_color(name).lower() if name != "blue" else name for name in ("blue", "vermillion", "green")]
    assert [(word.text, word.x, word.y, word.color) for word in words(ax)] == [
        ("1", 1, 0, colors[0]), ("50", 50, 0, colors[1]), ("2", 2, 0, colors[2]),
        ("0.0312", 0.03125, 1, colors[0]), ("1", 1, 1, colors[1]), ("32", 32, 1, colors[2])]
    assert ticks(ax.yaxis) == {0: "down", 1: "up"}, "the first row stands above"
    assert limits(ax) == ((0.01, 300), (-0.6, 2.1)) and spans(ax) == [AROUND_ONE["x"]]
    assert scales(ax) == ("log", "linear") and titles(ax) == ("t", "root mean square (gray: about one)", "")
    assert ticks(ax.xaxis) == {place: f"{place:g}" for place in (0.01, 0.1, 1, 10, 100)}
    assert legend(ax) == {"stored": Key("blue", "", "o"), "stream": Key("vermillion", "", "s"),
                          "logit": Key("green", "", "^")}
    assert limits(plots.plot_budget(rows).axes[0])[0] == (0.005, 200)


def test_shares_are_the_mean_over_seeds_in_a_band_from_the_smallest_to_the_largest():
    values = {"a": np.array([[1.0, 2, 6], [3, 4, 8]]), "b": np.array([[5.0, 9, 7], [7, 3, 7]])}
    ax = redrawn(plots.plot_shares, values, ylabel="y").axes[0]
    assert curves(ax) == [Curve((0, 1, 2), (2, 3, 7), "blue", "-", "o", "blue"),
                          Curve((0, 1, 2), (6, 6, 7), "vermillion", DASHED, "s", "vermillion")]
    assert bands(ax) == [Band((0, 1, 2), (1, 2, 6), (3, 4, 8), "blue"),
                         Band((0, 1, 2), (5, 3, 7), (7, 9, 7), "vermillion")]
    assert [(word.text, word.x, word.y) for word in words(ax)] == [("a", 2, 7), ("b", 2, 7)]
    assert [word.offset for word in words(ax)] == [(6, 0), (6, 13)], "moved apart"
    assert titles(ax) == ("", "block", "y") and scales(ax) == ("linear", "linear")


def test_errors_of_rounding_stand_over_the_width_and_some_are_named():
    ax = redrawn(plots.plot_rounding, [10, 20, 40], [0.1, -0.1, 0.25], {20: "twenty", 40: "forty"}).axes[0]
    line, *marks = curves(ax)
    assert line == Curve((10, 20, 40), (0.1, -0.1, 0.25), "blue", "-", "", "")
    assert [(each.x, each.y, each.color, each.marker) for each in marks] == [
        ((20,), (-0.1,), "vermillion", "D"), ((40,), (0.25,), "vermillion", "D")]
    assert [(word.text, word.x, word.y, word.offset) for word in words(ax)] == [
        ("twenty", 20, -0.1, (20, 0.28)), ("forty", 40, 0.25, (40, 0.28))], "above the line, at the end of a thin one"
    assert rules(ax) == [Rule("y", 0, "ink", "-")] and limits(ax)[1] == numbers((-0.11, 0.325))
    assert titles(ax) == ("", "width D", "error of the factor, %") and scales(ax) == ("linear", "linear")
