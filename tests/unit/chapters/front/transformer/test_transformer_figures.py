"""The pictures of numbers draw the numbers they are given."""

import numpy as np
import pytest
from drawing import bars, curves, dots, legend, limits, lines, pointers, redrawn, ticks, titles, words
from drawn import DASHED, Bar, Curve, Key, number, numbers

from llmbook.chapters.front.transformer.plots import (
    plot_bars,
    plot_plane,
    plot_slope,
    plot_table,
    plot_weights,
    shared_places,
)
from llmbook.plots.diagram import tint
from llmbook.plots.style import text_color


def test_a_table_has_a_number_in_each_cell_and_a_shade_for_its_sign_and_size():
    ax = redrawn(plot_table, [[2, -1, 0], [0.5, 1.25, -0.001]], ["a", "b"], ["x", "y", "z"]).axes[0]
    assert [(word.text, word.x, word.y) for word in words(ax)] == [
        ("2", 0, 0), ("−1", 1, 0), ("0", 2, 0), ("0.5", 0, 1), ("1.25", 1, 1), ("0", 2, 1)]
    shades = [tint("blue", 0.6), tint("orange", 0.35), "white", tint("blue", 0.225), tint("blue", 0.4125), "white"]
    assert [cell.color for cell in bars(ax)] == shades, "blue above zero, orange below, darker where larger"
    assert [(cell.x, cell.y, cell.width, cell.height) for cell in bars(ax)] == [
        (x - 0.5, y - 0.5, 1, 1) for y in range(2) for x in range(3)]
    assert ticks(ax.xaxis) == {0: "x", 1: "y", 2: "z"} and ticks(ax.yaxis) == {0: "a", 1: "b"}
    assert limits(ax) == ((-0.5, 2.5), (1.5, -0.5)), "the first row stands above"


def test_a_table_of_zeros_is_white():
    assert {cell.color for cell in bars(redrawn(plot_table, [[0, 0]], ["a"], ["x", "y"]).axes[0])} == {"white"}


KEYS = np.array([[2.0, 1.0], [-2.0, 0.0], [2.0, 1.0], [0.0, 0.5]])


def test_the_plane_has_an_arrow_for_the_query_and_a_point_for_each_key():
    ax = redrawn(plot_plane, np.array([3.0, 4.0]), KEYS, ["a", "b", "c", "d"], scores=(0, 5)).axes[0]
    points = [curve for curve in curves(ax) if curve.marker]
    assert [(point.x, point.y) for point in points] == [((2,), (1,)), ((-2,), (0,)), ((0,), (0.5,))]
    (arrow,) = pointers(ax)
    assert (arrow.start, arrow.end, arrow.color) == ((0, 0), (3, 4), "vermillion")
    said = {word.text: (word.x, word.y) for word in words(ax) if word.text}
    assert {"a, c": (2, 1), "b": (-2, 0), "d": (0, 0.5), "query of d": (3, 4)}.items() <= said.items()
    (label,) = [text for text in ax.texts if text.get_text() == "query of d"]
    assert label.get_color() == text_color("vermillion"), "the color of its arrow"
    assert titles(ax)[1:] == ("first number: a noun", "second number: early")
    assert ax.get_aspect() == 1, "the lines of equal score stand at right angles to the arrow"
    assert list(ticks(ax.xaxis)) == [-2, 0, 2, 4] and list(ticks(ax.yaxis)) == [0, 2, 4]


def test_the_plane_of_the_page_has_a_line_for_every_third_score():
    ax = plot_plane(np.array([3.0, 4.0]), KEYS, ["a", "b", "c", "d"]).axes[0]
    assert [text.get_text() for text in ax.texts if "score" in text.get_text()] == [
        "score 0", "score 3", "score 6", "score 9"]
    drawn = [curve for curve in curves(ax) if not curve.marker]
    scores = [(3 * line.x[0] + 4 * line.y[0]) / 2**0.5 for line in drawn]
    assert scores == pytest.approx([0, 3, 6, 9], abs=1e-3)


@pytest.mark.parametrize("score", [0, 5])
def test_a_dotted_line_joins_the_keys_of_one_score(score):
    query = np.array([3.0, 4.0])
    ax = plot_plane(query, KEYS, ["a", "b", "c", "d"], scores=(score,)).axes[0]
    (line,) = [curve for curve in curves(ax) if not curve.marker]
    ends = np.array([line.x, line.y]).T @ query / 2**0.5
    assert ends.tolist() == pytest.approx([score, score], abs=1e-4) and line.dash == ":"
    (name,) = [text for text in ax.texts if text.get_text() == f"score {score}"]
    assert query @ name.get_position() / 2**0.5 == pytest.approx(score), "its name stands on it"
    slope = (line.y[1] - line.y[0]) / (line.x[1] - line.x[0])
    assert np.tan(np.radians(name.get_rotation())) == pytest.approx(slope, abs=1e-4), "and along it"


def test_words_at_one_place_are_named_once():
    assert shared_places(KEYS, ["a", "b", "c", "d"]) == {(2, 1): ["a", "c"], (-2, 0): ["b"], (0, 0.5): ["d"]}
    assert shared_places(KEYS[[0, 2]], ["a", "a"]) == {(2, 1): ["a"]}
    assert shared_places(np.array([[-0.0, 1e-9]]), ["a"]) == {(0, 0): ["a"]}


def test_the_area_of_a_square_is_the_weight_and_crosses_are_masked():
    weights = np.array([[0.36, 0.64, 0.0], [0.64, 0.0, 0.36]])
    ax = redrawn(plot_weights, weights, ["a", "b", "c"]).axes[0]
    squares = {(number(square.x + square.width / 2), number(square.y + square.height / 2)):
               number(square.width * square.height) for square in bars(ax)}
    assert squares == {(0, 0): 0.36, (1, 0): 0.64, (0, 1): 0.64, (1, 1): 0, (2, 1): 0.36}
    assert all(square.width == square.height and square.color == "blue" for square in bars(ax))
    (cross,) = curves(ax)
    assert (cross.x, cross.y, cross.marker) == ((2,), (0,), "x"), "the last two words look"
    assert ticks(ax.xaxis) == {0: "a", 1: "b", 2: "c"} and ticks(ax.yaxis) == {0: "b", 1: "c"}
    assert limits(ax) == ((-0.6, 2.6), (1.6, -0.6)) and dots(ax) == []


def test_bars_stand_from_the_top_down_with_their_numbers():
    ax = redrawn(plot_bars, ["a", "b", "a"], [0.5, 0.125, 0.25], xlabel="p", marked=2).axes[0]
    looks = ("sky", "sky", "vermillion")
    assert bars(ax) == [Bar(0, number(place - 0.36), width, 0.72, look, "", "ink")
                        for place, (width, look) in enumerate(zip((0.5, 0.125, 0.25), looks, strict=True))]
    assert [(word.text, word.y) for word in words(ax)] == [("0.50", 0), ("0.12", 1), ("0.25", 2)]
    assert all(word.x > width for word, width in zip(words(ax), (0.5, 0.125, 0.25), strict=True))
    assert ticks(ax.yaxis) == {0: "a", 1: "b", 2: "a"} and limits(ax) == ((0, 0.6), (2.6, -0.6))
    assert titles(ax) == ("", "p", "")


def test_bars_without_a_mark_have_one_color_and_an_axis_may_end_elsewhere():
    ax = redrawn(plot_bars, ["a", "b"], [1, 2], xlabel="p", limit=5).axes[0]
    assert [bar.color for bar in bars(ax)] == ["sky", "sky"] and limits(ax)[0] == (0, 5)


def test_the_slope_touches_the_loss_and_the_step_goes_on_it():
    figure = redrawn(plot_slope, lambda w: (w - 4) ** 2, 3.0, -2.0, 0.5, reach=2.0)
    (ax,) = figure.axes
    drawn = lines(ax)
    places = np.linspace(1, 5, 61)
    assert drawn["loss"] == Curve(numbers(places), numbers((places - 4) ** 2), "blue", "-", "", "")
    assert drawn["slope here"] == Curve((2, 4), (3, -1), "orange", DASHED, "", "")
    assert (drawn["after the step"].x, drawn["after the step"].y) == ((3.5,), (0.25,))
    here = curves(ax)[2]
    assert (here.x, here.y, here.marker, here.color) == ((3,), (1,), "o", "ink")
    assert legend(ax) == {"loss": Key("blue", "-"), "slope here": Key("orange", DASHED),
                          "after the step": Key("vermillion", "", "s")}
    assert titles(ax) == ("", "one parameter", "loss (nats)")
    wide = lines(redrawn(plot_slope, lambda w: (w - 4) ** 2, 3.0, -2.0, 0.5).axes[0])["loss"]
    assert (wide.x[0], wide.x[-1]) == (0, 6), "three to both sides if nothing is said"
