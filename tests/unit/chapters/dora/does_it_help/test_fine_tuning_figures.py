"""The figures of the page "Does it help?": what they draw is what they are given."""

import numpy as np
import pytest
from drawing import (
    Curve,
    Dots,
    Key,
    Rule,
    curves,
    dots,
    legend,
    limits,
    numbers,
    redrawn,
    rules,
    scales,
    segments,
    ticks,
    titles,
    words,
)
from drawn import DASHED, DOTTED, T95

from llmbook.chapters.dora.does_it_help import plots
from llmbook.chapters.dora.does_it_help.explorer import sweep_curves
from llmbook.experiments.results import read_result
from llmbook.plots.style import text_color

BROKEN = (0, (4, 2))
NEW = {"full": {0.01: np.array([0.5, 0.7]), 0.001: np.array([1.0, 1.5])},
       "lora": {0.01: np.array([0.875, 1.125]), 0.1: np.array([4.0, 4.0])}}
OLD = {"full": {0.001: np.array([0.5, 0.5]), 0.01: np.array([1.5, 1.5])},
       "lora": {0.01: np.array([0.75, 0.75]), 0.1: np.array([3.0, 3.0])}}


def test_methods_differ_in_more_than_color():
    styles = [plots.method_style(method) for method in plots.ORDER]
    for key in ("color", "linestyle", "marker"):
        assert len({str(style[key]) for style in styles}) == len(plots.ORDER)
    assert set(plots.LABELS) == set(plots.ORDER)


def sweep(**options):
    return redrawn(plots.plot_sweep, NEW, xlabel="rate", **options).axes[0]


def test_a_sweep_has_the_means_over_the_seeds_from_the_smallest_setting_on():
    means = [curve for curve in curves(sweep()) if curve.marker != "_"]
    assert means == [Curve((0.001, 0.01), (1.25, 0.6), "ink", "-", "o", "ink"),
                     Curve((0.01, 0.1), (1, 4), "blue", DASHED, "s", "blue")]
    assert scales(sweep()) == ("log", "log")
    assert titles(sweep()) == ("", "rate", "validation loss (nats a token)")
    assert {name: key.color for name, key in legend(sweep()).items()} == {"full fine-tuning": "ink", "LoRA": "blue"}


def test_bars_of_a_sweep_are_the_intervals():
    narrow = {"lora": {1: np.array([1.0, 1.02]), 2: np.array([3.0, 3.1])}}
    (found,) = segments(redrawn(plots.plot_sweep, narrow, xlabel="rank").axes[0])
    assert found == [numbers((setting, mean - half * T95, setting, mean + half * T95))
                     for setting, mean, half in ((1, 1.01, 0.01), (2, 3.05, 0.05))]


def test_a_sweep_circles_one_setting_and_names_its_ranks():
    ax = sweep(highlight=("lora", 0.01))
    (circle,) = [curve for curve in curves(ax) if curve.fill == "none"]
    assert (circle.x, circle.y, circle.color, circle.marker) == ((0.01,), (1,), "blue", "o")
    ranks = {"a": {4: np.array([1.0, 1.0]), 16: np.array([2.5, 2.5])}}
    styles = {"a": {"color": "#009E73", "linestyle": ":", "marker": "v"}}
    ax = redrawn(plots.plot_sweep, ranks, xlabel="rank", ylabel="y", styles=styles).axes[0]
    line = curves(ax)[0]
    assert (line[:3], line.dash, line.marker) == (((4, 16), (1, 2.5), "green"), ":", "v")
    assert ticks(ax.xaxis) == {4: "4", 16: "16"} and list(legend(ax)) == ["a"] and titles(ax)[2] == "y"
    assert ticks(ax.yaxis) == {1: "1", 1.5: "1.5", 2: "2"}, "ticks within the limits only"


def test_the_loss_on_new_text_stands_above_that_on_the_old():
    new, old = redrawn(plots.plot_new_and_old, NEW, OLD, highlight=("full", 0.01), base=(3.4, 0.9)).axes
    assert [[curve.y for curve in curves(ax) if len(curve.x) == 2 and curve.marker != "_"] for ax in (new, old)] == [
        [(1.25, 0.6), (1, 4)], [(0.5, 1.5), (0.75, 3)]]
    assert [[curve.y for curve in curves(ax) if curve.fill == "none"] for ax in (new, old)] == [[(0.6,)], [(1.5,)]]
    assert rules(new) == [] and rules(old) == [Rule("y", 0.9, "gray", BROKEN)]
    assert [(word.text, word.x, word.y) for word in words(old)] == [("before", 0.72, 0.9)]
    assert titles(new) == ("", "", "new workplace") and titles(old) == ("", "peak learning rate", "old workplaces")
    assert list(legend(new)) == ["full fine-tuning", "LoRA"] and old.get_legend() is None
    assert new.get_position().y0 > old.get_position().y1


def changes(slope, random_slope):
    """Rows of two steps: magnitude falls with the direction, that of random directions rises."""
    return [{"step": step, "name": f"layers.0.{name}", "direction": 0.1 * step + shift, "magnitude": 1 + slope * step,
             "random_direction": 0.2 * step, "random_magnitude": random_slope * step}
            for step in (1, 3) for name, shift in (("q_proj", 0.0), ("v_proj", 0.05))]


def test_changes_have_a_panel_for_each_method_with_random_directions_beside():
    panels = {"lora": changes(-0.25, 0.5), "dora": changes(-0.125, 0.25)}
    first, second = redrawn(plots.plot_changes, panels, titles={"lora": "L", "dora": "D"}).axes
    random, queries, values = dots(first)
    assert random == Dots((0.2, 0.2, 0.6, 0.6), (0.5, 0.5, 1.5, 1.5), "x", (22,), ("gray",), ("gray",))
    assert queries == Dots((0.1, 0.3), (0.75, 0.25), "o", (26,), ("none", "blue"), ("blue",)), "the last step is filled"
    assert values == Dots((0.15, 0.35), (0.75, 0.25), "^", (26,), ("none", "blue"), ("blue",))
    assert (titles(first), titles(second)) == (("L", "change of direction", "change of magnitude"),
                                               ("D", "change of direction", ""))
    assert dots(second)[1].y == (0.875, 0.625) and dots(second)[1].edges == ("vermillion",)
    assert list(legend(first)) == ["random", "q", "v"] and second.get_legend() is None
    assert all(low == 0 for ax in (first, second) for low, _ in limits(ax))


def test_the_lines_through_changes_are_those_of_least_squares():
    ax = redrawn(plots.plot_changes, {"lora": changes(-0.25, 0.5)}, titles={"lora": "L"}).axes[0]
    random, own = curves(ax)
    assert (random.x, random.y, random.color, random.dash) == ((0.2, 0.6), (0.5, 1.5), "gray", BROKEN)
    slope = -0.5 * 0.2 / (0.2**2 + 0.05**2)  # covariance over variance
    ends = numbers((0.5 - 0.125 * slope, 0.5 + 0.125 * slope))
    assert (own.x, own.y, own.color, own.dash) == ((0.1, 0.35), ends, "ink", "-")


def test_published_scores_have_the_second_witness_as_an_open_marker():
    scores = {"lora": {4: 39.5, 32: 74.75}, "dora": {4: 61.5, 32: 78.0}}
    ax = redrawn(plots.plot_published_ranks, scores, {"lora": {32: 76.25}}).axes[0]
    first, joint, witness, second = curves(ax)
    assert first == Curve((4, 32), (39.5, 74.75), "blue", DASHED, "s", "blue")
    assert (joint.x, joint.y, joint.color, joint.dash) == ((32, 32), (74.75, 76.25), "blue", ":")
    assert witness == Curve((32,), (76.25,), "blue", "", "s", "white")
    assert second == Curve((4, 32), (61.5, 78), "vermillion", DOTTED, "^", "vermillion")
    assert legend(ax) == {"LoRA": Key("blue", DASHED, "s"), "DoRA": Key("vermillion", DOTTED, "^")}
    assert scales(ax) == ("log", "linear") and limits(ax)[1] == (30, 85) and ticks(ax.xaxis) == {4: "4", 32: "32"}
    assert titles(ax) == ("", "rank", "average of 8 benchmarks")


def test_published_settings_stand_in_the_row_of_their_model():
    rows = {"small": {"LoRA, rank 4": 70, "DoRA, rank 2": 75, "DoRA, rank 4": 73},
            "large": {"LoRA, rank 4": 82, "DoRA, rank 2": 81, "DoRA, rank 4": 84}}  # fmt: skip
    ax = redrawn(plots.plot_published, rows, xlabel="score").axes[0]
    assert curves(ax) == [
        Curve((70, 75), (0, 0), "gray", "-", "", ""), Curve((70,), (0,), "blue", "", "o", "blue"),
        Curve((75,), (0,), "vermillion", "", "s", "white"), Curve((73,), (0,), "vermillion", "", "s", "vermillion"),
        Curve((81, 84), (1, 1), "gray", "-", "", ""), Curve((82,), (1,), "blue", "", "o", "blue"),
        Curve((81,), (1,), "vermillion", "", "s", "white"), Curve((84,), (1,), "vermillion", "", "s", "vermillion")]
    assert list(legend(ax)) == list(rows["small"]) and limits(ax)[1] == (1.5, -0.5) and titles(ax)[1] == "score"


def test_witnesses_stand_at_their_scores_in_the_row_of_their_setting():
    groups = {"LoRA, rank 32": {"paper": 74.75, "README": 76.25, "log": 75.0},
              "DoRA, rank 4": {"README x": 62, "paper": 61}}
    ax = redrawn(plots.plot_witnesses, groups, xlabel="score", xlim=(60, 80)).axes[0]
    assert curves(ax) == [
        Curve((74.75, 76.25), (0, 0), "blue", "-", "", ""), Curve((74.75,), (0,), "blue", "", "o", "blue"),
        Curve((75,), (0,), "blue", "", "o", "white"), Curve((76.25,), (0,), "blue", "", "s", "white"),
        Curve((61, 62), (1, 1), "vermillion", "-", "", ""), Curve((61,), (1,), "vermillion", "", "o", "vermillion"),
        Curve((62,), (1,), "vermillion", "", "s", "white")]
    left, right = (-9, 0), (9, 0)
    assert [(word.text, word.x, word.y, word.offset) for word in words(ax)] == [
        ("paper\n74.75", 74.75, 0, left), ("log\n75", 75, 0, right), ("README\n76.25", 76.25, 0, left),
        ("paper\n61", 61, 1, left), ("README x\n62", 62, 1, right)]
    assert [text.get_ha() for text in ax.texts] == ["right", "left", "right", "right", "left"]
    assert words(ax)[3].color == text_color("vermillion").lower()
    assert limits(ax) == ((60, 80), (1.6, -0.6)) and ticks(ax.yaxis) == dict(enumerate(groups))
    assert titles(ax) == ("", "score", "")


def test_benchmarks_have_a_column_each_with_the_ranks_as_marks_and_guessing_as_a_bar():
    scores = {4: [2.25, 46.0, 10.0], 8: [31.25, 57.0, 20.0]}
    figure = redrawn(plots.plot_benchmarks, scores, ["BoolQ", "PIQA", "x"], {"PIQA": 50, "BoolQ": 62}, title="t")
    ax = figure.axes[0]
    assert curves(ax) == [
        Curve((0.58, 1.42), (50, 50), "gray", "-", "", ""), Curve((-0.42, 0.42), (62, 62), "gray", "-", "", ""),
        Curve((-0.07, 0.93, 1.93), (2.25, 46, 10), "orange", "", "o", "orange"),
        Curve((0.07, 1.07, 2.07), (31.25, 57, 20), "purple", "", "s", "purple")]
    assert legend(figure) == {"guessing": Key("gray", "-"), "rank 4": Key("orange", "", "o"),
                              "rank 8": Key("purple", "", "s")}
    assert limits(ax)[1] == (0, 100) and ticks(ax.xaxis) == {0: "BoolQ", 1: "PIQA", 2: "x"}
    assert titles(ax) == ("t", "", "score")


def test_the_stored_sweep_is_drawn():
    rows = read_result("adapter_sweeps")["rows"]
    found = sweep_curves(rows, "validation", seeds=range(5), steps=50)
    assert {len(values) for by_rate in found.values() for values in by_rate.values()} == {5}
    drawn = [curve for curve in curves(redrawn(plots.plot_sweep, found, xlabel="rate").axes[0]) if curve.marker != "_"]
    for curve, by_rate in zip(drawn, found.values(), strict=True):
        assert dict(zip(curve.x, curve.y, strict=True)) == pytest.approx(
            {rate: values.mean() for rate, values in by_rate.items()}, rel=1e-5)
