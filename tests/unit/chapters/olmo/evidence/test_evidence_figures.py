"""The figures of the page about openness, and its explorer, draw the scores that they are given."""

import pytest
from drawing import bars, curves, legend, limits, lines, redrawn, rules, ticks, titles, words
from drawn import Bar, Curve, Key, Rule, color

from llmbook.chapters.olmo.evidence.explorer import BENCHMARKS, NONE, OURS, draw_means, explore_left_out
from llmbook.chapters.olmo.evidence.plots import plot_differences, plot_log, plot_means, plot_scores
from llmbook.data import read_table
from llmbook.plots.style import text_color

SCORES = {"a": {"x": 10.0, "y": 20.0, "z": 5.0}, "b": {"x": 30.0, "y": 10.0, "z": 15.0},
          "c": {"x": 1.0, "y": 2.0, "z": 3.0}, "d": {"x": 40.0, "y": 45.0, "z": 55.0}}  # fmt: skip


def test_each_model_has_its_marks():
    ax = redrawn(plot_scores, SCORES, highlighted=["b", "a"]).axes[0]
    assert lines(ax) == {"2 others": Curve((1, 2, 3), (0, 1, 2), "gray", "", "x", "gray"),
                         "b": Curve((30, 10, 15), (-0.2, 0.8, 1.8), "vermillion", "", "o", "vermillion"),
                         "a": Curve((10, 20, 5), (0, 1, 2), "blue", "", "s", "blue")}  # fmt: skip
    assert curves(ax)[1] == Curve((40, 45, 55), (0, 1, 2), "gray", "", "x", "gray") and len(curves(ax)) == 4
    assert legend(ax) == {"2 others": Key("gray", "", "x"), "b": Key("vermillion", "", "o"), "a": Key("blue", "", "s")}
    assert ticks(ax.yaxis) == {0: "x", 1: "y", 2: "z"} and limits(ax)[1] == (2.5, -0.5), "the first at the top"
    assert titles(ax)[1] == "zero-shot score (%)"


def test_differences_are_sorted_and_their_mean_is_drawn():
    ax = redrawn(plot_differences, {"x": -3.0, "y": 1.0, "o": 0.0, "z": 0.8}, xlabel="a minus b").axes[0]
    below, above = ("vermillion", "//", "white"), ("blue", "", "white")
    assert bars(ax) == [Bar(0, -0.3, -3, 0.6, *below), Bar(0, 0.7, 0, 0.6, *below),
                        Bar(0, 1.7, 0.8, 0.6, *above), Bar(0, 2.7, 1, 0.6, *above)]
    assert ticks(ax.yaxis) == {0: "x", 1: "o", 2: "z", 3: "y"} and limits(ax)[1] == (-0.6, 3.8)
    assert rules(ax) == [Rule("x", 0, "ink", "-"), Rule("x", -0.3, "gray", (0, (5, 2)))]
    beside = [("-3.0", 0, 0, (4, 0)), ("0.0", 0, 1, (4, 0)), ("+0.8", 0, 2, (-4, 0)), ("+1.0", 0, 3, (-4, 0))]
    assert [word[:4] for word in words(ax)] == [*beside, ("mean -0.30", -0.3, 3.45, (-5, 0))]
    assert [text.get_ha() for text in ax.texts] == ["left", "left", "right", "right", "right"], "the free side of zero"
    assert titles(ax)[1] == "a minus b"


def test_means_are_ranked():
    ax = redrawn(plot_means, {"a": 61.0, "b": 70.0, "c": 65.0}, highlighted="a").axes[0]
    assert curves(ax) == [Curve((70,), (0,), "gray", "", "x", "gray"), Curve((65,), (1,), "gray", "", "x", "gray"),
                          Curve((61,), (2,), "vermillion", "", "o", "vermillion")]  # fmt: skip
    assert [word[:4] for word in words(ax)] == [("70.00", 70, 0, (9, 0)), ("65.00", 65, 1, (9, 0)),
                                                ("61.00", 61, 2, (9, 0))]  # fmt: skip
    assert [word.color for word in words(ax)] == [color(text_color(each)) for each in ("gray", "gray", "vermillion")]
    assert ticks(ax.yaxis) == {0: "1. b", 1: "2. c", 2: "3. a"}
    assert limits(ax) == ((58, 78), (2.5, -0.5)) and titles(ax)[1] == "mean score (%)"


ROWS = [{"step": 1, "loss": 5.0, "gradient_norm": 2.0, "learning_rate": 0.1},
        {"step": 4, "loss": 3.0, "gradient_norm": 9.0, "learning_rate": 0.5},
        {"step": 9, "loss": 4.0, "gradient_norm": 1.0, "learning_rate": 0.3}]  # fmt: skip


def test_the_log_has_a_panel_for_each_column():
    figure = redrawn(plot_log, ROWS)
    panels = [(curves(ax), titles(ax)[1:], limits(ax)[1][0]) for ax in figure.axes]
    assert panels == [([Curve((1, 4, 9), (5, 3, 4), "blue", "-", "", "")], ("", "loss"), 0),
                      ([Curve((1, 4, 9), (2, 9, 1), "green", "-", "", "")], ("", "gradient\nnorm"), 0),
                      ([Curve((1, 4, 9), (0.1, 0.5, 0.3), "vermillion", "-", "", "")], ("step", "learning\nrate"), 0)]


# --- the explorer --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left_out", ["none", "HellaSwag", "WinoGrande"])
def test_a_frame_leaves_out_what_its_control_says(left_out):
    """The means of the stored table over the other columns."""
    rows = [row for row in read_table("olmo_zero_shot") if row["size_class"] == "7B"]
    kept = [column for column, name in BENCHMARKS.items() if name != left_out]
    means = {row["model"]: sum(row[column] for column in kept) / len(kept) for row in rows}
    figure, sentence = redrawn(draw_means, left_out=left_out)
    (ax,) = figure.axes
    names = {label.partition(" ")[2]: row for row, label in ticks(ax.yaxis).items()}
    drawn = {name: curve.x[0] for name, row in names.items() for curve in curves(ax) if curve.y == (row,)}
    assert drawn == pytest.approx(means, abs=1e-3) and len(drawn) == 7
    assert [curve.color == "vermillion" for curve in curves(ax)] == [name == OURS for name in names]
    assert len(kept) == (8 if left_out == NONE else 7) and f"{means[OURS]:.2f}" in sentence
    assert sentence.startswith("Over all eight" if left_out == NONE else f"Without {left_out}, ")


def test_the_explorer_offers_every_benchmark():
    assert list(explore_left_out().controls["left_out"].values) == [NONE, *BENCHMARKS.values()]
