"""The figures of the page "Gemma assembled" draw the numbers they are given."""

import numpy as np
from drawing import (
    Bar,
    Curve,
    Dots,
    Key,
    bars,
    curves,
    dots,
    legend,
    limits,
    lines,
    numbers,
    redrawn,
    scales,
    ticks,
    titles,
    words,
)
from drawn import DASHED

from llmbook.chapters.gemma.assembled.plots import plot_attention, plot_next_tokens, plot_step_times, plot_training
from llmbook.plots.style import text_color

LOW = (-0.36, 0.64, 1.64)


def test_times_of_a_step_are_milliseconds_over_the_tokens_so_far():
    times = {"with": np.array([0.001, 0.002, 0.0025]), "without": np.array([0.004, 0.008, 0.1])}
    ax = redrawn(plot_step_times, [32, 64, 512], times).axes[0]
    assert curves(ax) == [Curve((32, 64, 512), (1, 2, 2.5), "blue", "-", "o", "blue"),
                          Curve((32, 64, 512), (4, 8, 100), "vermillion", DASHED, "s", "vermillion")]
    assert [(word.text, word.x, word.y, word.color) for word in words(ax)] == [
        ("with", 512, 2.5, "blue"), ("without", 512, 100, text_color("vermillion").lower())]
    assert scales(ax) == ("log", "log") and ticks(ax.xaxis) == {32: "32", 64: "64", 512: "512"}
    assert titles(ax) == ("", "tokens so far", "milliseconds for the next token")


def test_losses_of_training_and_of_held_out_text():
    ax = redrawn(plot_training, [3.0, 2.0, 1.5], {0: 3.25, 2: 1.75}).axes[0]
    assert lines(ax) == {"training batch": Curve((0, 1, 2), (3, 2, 1.5), "sky", "-", "", ""),
                         "held out": Curve((0, 2), (3.25, 1.75), "vermillion", "-", "s", "vermillion")}
    assert legend(ax) == {"training batch": Key("sky", "-"), "held out": Key("vermillion", "-", "s")}
    assert limits(ax)[1][0] == 0 and titles(ax) == ("", "step", "loss (nats a token)")


def test_probabilities_are_outlines_of_the_model_and_bars_of_what_is_drawn_from():
    own, drawn = np.array([0.5, 0.375, 0.125]), np.array([0.75, 0.25, 0.0])
    figure = redrawn(plot_next_tokens, ["a", "b", "rest"], own, drawn, title="t")
    ax = figure.axes[0]
    looks = (("sky", "", "none"), ("none", "", "ink"))
    assert bars(ax) == [Bar(0, low, width, 0.72, *look) for look, widths in zip(looks, (drawn, own), strict=True)
                        for low, width in zip(LOW, widths, strict=True)]
    assert [(word.text, word.x, word.y) for word in words(ax)] == [
        ("75.0 %", 0.75, 0), ("25.0 %", 0.375, 1), ("cut", 0.125, 2)]
    assert [text.get_fontweight() for text in ax.texts] == ["normal", "normal", "bold"]
    assert limits(ax) == ((0, 1.15), (2.6, -0.6)) and ticks(ax.yaxis) == {0: "a", 1: "b", 2: "rest"}
    assert ticks(ax.xaxis) == {0: "0", 0.25: "25 %", 0.5: "50 %", 0.75: "75 %", 1: "100 %"}
    assert titles(ax) == ("t", "probability", "")
    assert legend(figure) == {"drawn from": Key("sky"), "the model's own": Key("none")}


def test_attention_has_circles_in_the_row_that_asks_and_crosses_where_it_may_not_look():
    weights = np.zeros((3, 2, 3))
    weights[0], weights[1] = [[0.25, 0.75, 0.0], [0.125, 0.375, 0.5]], [[1, 0, 0], [0, 0, 1]]
    axes = redrawn(plot_attention, weights, ["a", "b", "c"]).axes
    circles, crosses = dots(axes[0])
    areas = numbers(260 * np.array([0.25, 0.75, 0.125, 0.375, 0.5]))
    assert circles == Dots((0, 1, 0, 1, 2), (0, 0, 1, 1, 1), "o", areas, ("blue",), ("blue",))
    assert (crosses.x, crosses.y, crosses.marker, crosses.sizes) == ((2,), (0,), "x", (10,))
    assert dots(axes[1])[0].sizes == (260, 0, 0, 0, 260)
    assert [titles(ax)[0] for ax in axes] == ["Head 0", "Head 1", "Head 2", ""] and not axes[3].axison
    assert ticks(axes[0].xaxis) == {0: "a", 1: "b", 2: "c"} and ticks(axes[0].yaxis) == {0: "b", 1: "c"}
    assert limits(axes[0]) == ((-0.6, 2.6), (1.6, -0.6)), "the first that asks stands above"


def test_heads_stand_in_as_many_columns_as_asked_for():
    figure = redrawn(plot_attention, np.ones((3, 1, 1)), ["a"], columns=3)
    assert len(figure.axes) == 3 and figure.get_size_inches().tolist() == [6.4, 3.1]
