"""The figures of the page on T5."""

from dataclasses import replace

import numpy as np
import pytest
from drawing import arrows, boxes, circles, curves, dots, legend, limits, pictures, redrawn, rules, ticks, titles, words
from drawn import DASHED, DOTTED, Curve, Key, Rule, numbers
from matplotlib.patches import FancyArrowPatch

from llmbook.chapters.tiny_titans.t5 import plots
from llmbook.models.t5_config import PUBLISHED

# --- the two towers ------------------------------------------------------------------------------------------------


def words_in(figure):
    return [word.text for ax in figure.axes for word in words(ax)]


def test_the_towers_say_what_their_config_says():
    flan, first = (words_in(redrawn(plots.draw_t5, PUBLISHED[name])) for name in ("flan-t5-small", "t5-small"))
    assert flan.count("gated\nfeed-forward") == 2 and first.count("feed-forward") == 2
    assert "1 / root of D" in first and "1 / root of D" not in flan
    assert "a matrix\nof its own" in flan and "the embedding's\nmatrix again" in first
    uneven = words_in(plots.draw_t5(replace(PUBLISHED["t5-small"], layers=3, decoder_layers=5)))
    assert uneven.count("3 x") == uneven.count("5 x") == 1
    assert flan.count("cross-attention") == 1, "only the decoder has it"


def tower(ax, x):
    """Words and colors of the boxes above a place of the horizontal axis, from the bottom up."""
    named = {(word.x, word.y): word.text for word in words(ax)}
    stacked = sorted((box.y, named[box.x, box.y], box.color) for box in boxes(ax) if box.x == pytest.approx(x)
                     and (box.x, box.y) in named)  # fmt: skip
    return [each[1:] for each in stacked]


def test_the_towers_are_built_from_the_bottom_up():
    (ax,) = plots.draw_t5(PUBLISHED["t5-small"]).axes
    norm, feed = ("norm", "gray"), ("feed-forward", "vermillion")
    assert tower(ax, 0.65) == [("embedding", "green"), norm] and tower(ax, 3.8) == [
        ("embedding", "green"), norm, ("output", "green")]  # fmt: skip
    assert tower(ax, 1.65) == [norm, ("self-attention\n+ bias", "blue"), norm, feed]
    assert tower(ax, 4.8) == [norm, ("self-attention\n+ bias, causal", "blue"), norm, ("cross-attention", "orange"),
                              norm, feed]  # fmt: skip
    assert [(word.text, word.x, word.y) for word in words(ax) if "ids" in word.text or word.text == "logits"] == [
        ("input: ids", 0.3, 0.22), ("output so far: ids", 3.45, 0.22), ("logits", 3.8, 8.29)]  # fmt: skip


def test_the_memory_of_the_encoder_feeds_the_cross_attention():
    (ax,) = plots.draw_t5(PUBLISHED["t5-small"]).axes
    named = {word.text: word for word in words(ax)}
    top, cross = max(box.y for box in boxes(ax) if box.x == 0.65 and box.height < 1), named["cross-attention"]
    (memory,) = (arrow for arrow in arrows(ax) if arrow.start == numbers((0.65, top + 0.17)))
    assert memory.end == numbers((cross.x - 0.65, cross.y)) and memory.head
    (bent,) = (patch._path_original for patch in ax.patches if isinstance(patch, FancyArrowPatch)
               and numbers(patch._path_original.vertices[0]) == memory.start)  # fmt: skip
    corners = {numbers(point) for point in bent.vertices}
    assert {(0.65, 5.49), (3.18, 5.49), (3.18, 4.08)} <= corners, "over the encoder, down between the towers"
    streams = [arrow for arrow in arrows(ax) if arrow.width == 3]
    assert [(arrow.start, arrow.end, arrow.head) for arrow in streams] == [
        ((0.65, 0.4), numbers((0.65, top - 0.17)), False), ((3.8, 0.4), (3.8, 8.2), True)]  # fmt: skip


def test_what_is_repeated_has_a_frame_and_every_box_its_size():
    (ax,) = plots.draw_t5(replace(PUBLISHED["t5-small"], layers=3, decoder_layers=5)).axes
    frames = [box[:4] for box in boxes(ax) if box.height > 1]
    assert frames == [numbers((1.575, 2.97, 2.45, 3.24)), numbers((4.725, 3.72, 2.45, 4.74))]
    named, sizes = {(word.x, word.y): word.text for word in words(ax)}, {}
    for box in boxes(ax):
        sizes.setdefault(named.get((box.x, box.y)), set()).add((box.width, box.height))
    assert sizes["norm"] == {(0.8, 0.3), (0.8, 0.34)} and sizes["embedding"] == sizes["output"] == {(1.15, 0.36)}
    assert sizes["cross-attention"] == sizes["feed-forward"] == {(1.3, 0.48)}
    notes = {word.text: (word.x, word.y) for word in words(ax)}
    assert notes | {"memory: keys and values": (0.8, 5.69), "3 x": (2.7, 1.51), "5 x": (5.85, 1.51),
                    "1 / root of D": (4.05, 6.81), "the embedding's\nmatrix again": (4.5, 7.29)} == notes  # fmt: skip


def test_every_sublayer_leaves_its_stream_and_is_added_to_it():
    (ax,) = plots.draw_t5(PUBLISHED["t5-small"]).axes
    places = [(x, 1.45 + 1.5 * place) for x, count in ((0.65, 2), (3.8, 3)) for place in range(1, count + 1)]
    added = [(*numbers(place), 0.12) for place in places]
    scaled = (3.8, 6.81, 0.12)
    assert [circle[:3] for circle in circles(ax)] == [*added, scaled]
    ends = {(arrow.start, arrow.end, arrow.head) for arrow in arrows(ax)}
    for x, y, _ in added:
        assert {(numbers((x, y - 1.32)), numbers((x + 1, y - 1.07)), True),
                (numbers((x + 1, y - 0.77)), numbers((x + 1, y - 0.61)), False),
                (numbers((x + 1, y - 0.13)), numbers((x + 0.12, y)), True)} <= ends  # fmt: skip
    for x, y, _ in added:
        plus = {(curve.x, curve.y) for curve in curves(ax)
                if np.hypot(np.mean(curve.x) - x, np.mean(curve.y) - y) < 0.01}  # fmt: skip
        assert plus == {(numbers((x - 0.07, x + 0.07)), numbers((y, y))),
                        (numbers((x, x)), numbers((y - 0.07, y + 0.07)))}  # fmt: skip
    strokes = [curve for curve in curves(ax) if max(abs(x - 3.8) for x in curve.x) < 0.06
               and max(abs(y - 6.81) for y in curve.y) < 0.06]  # fmt: skip
    assert len(strokes) == 2, "a cross"
    assert all(curve.x[0] != curve.x[1] and curve.y[0] != curve.y[1] for curve in strokes)
    assert len(circles(plots.draw_t5(PUBLISHED["flan-t5-small"]).axes[0])) == 5, "nothing is scaled"


# --- who looks where -----------------------------------------------------------------------------------------------


def test_who_sees_is_a_mark_where_the_caller_says_so():
    panels = {"a": np.array([[1, 0, 2], [2, 3, 0], [1, 0, 0]]), "b": np.array([[0, 3], [0, 1]])}
    figure = redrawn(plots.plot_sight, panels)
    first, second = figure.axes
    marks = [(each.x, each.y, each.marker, each.fills) for each in dots(first)]
    assert marks == [((0, 0), (0, 2), "o", ("blue",)), ((2, 0), (0, 1), "s", ("vermillion",)),
                     ((1,), (1,), "^", ("green",))]  # fmt: skip
    assert [each[:2] for each in dots(second)] == [((1,), (1,)), ((), ()), ((1,), (0,))]
    assert limits(first) == ((-0.7, 2.7), (2.7, -0.7)) and first.get_aspect() == 1.0, "the first row at the top"
    assert (titles(first), titles(second)) == (("a", "looked at", "looks"), ("b", "looked at", ""))
    assert legend(figure) == {"reading, within the input": Key("blue"), "writing, at the input": Key("vermillion"),
                              "writing, at what is written": Key("green")}  # fmt: skip


def test_an_encoder_looks_both_ways_and_all_else_looks_back():
    one_row, two_towers = plots.sight(2, 2).values()
    assert one_row.tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [2, 2, 3, 0], [2, 2, 3, 3]]
    assert two_towers.tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [2, 2, 3, 0], [2, 2, 3, 3]]


def test_the_area_of_a_circle_is_the_weight():
    panels = {"a": np.array([[0.25, 0.75, 0.0], [1.0, 0.0, 0.0]]), "b": np.array([[0.5, 0.0, 0.5], [0.0, 0.9, 0.1]])}
    figure = redrawn(plots.plot_pointing, panels, ["we", "ship"], ["x", "y", "z"])
    for ax, (title, weights) in zip(figure.axes, panels.items(), strict=True):
        (circles,) = dots(ax)
        assert (circles.x, circles.y) == ((0, 1, 2, 0, 1, 2), (0, 0, 0, 1, 1, 1)) and circles.fills == ("blue",)
        assert circles.sizes == numbers(230 * weights.ravel())
        assert ticks(ax.xaxis) == {0: "x", 1: "y", 2: "z"} and limits(ax) == ((-0.6, 2.6), (1.6, -0.6))
        assert titles(ax) == (title, "input", "about to write" if title == "a" else "") and ax.get_aspect() == 1.0
    assert ticks(figure.axes[0].yaxis) == {0: "we", 1: "ship"}


def test_a_run_is_smoothed():
    (ax,) = redrawn(plots.plot_run, [4.0, 2.0, 0.0, 5.0], {"blind": 3.0, "best": 0.5}, window=2).axes
    assert curves(ax) == [Curve((2, 3, 4), (3, 1, 2.5), "blue", "-", "", "")]
    assert rules(ax) == [Rule("y", 3, "gray", DOTTED), Rule("y", 0.5, "gray", DOTTED)]
    assert [word[:3] for word in words(ax)] == [("blind", 4, 3), ("best", 4, 0.5)]
    assert limits(ax)[0] == (0, 4) and limits(ax)[1][0] == 0 and titles(ax)[1:] == ("step", "loss (nats a token)")


# --- relative positions --------------------------------------------------------------------------------------------


def test_a_bucket_is_a_step_around_its_distance():
    (ax,) = redrawn(plots.plot_buckets, [-2, -1, 0, 1], {"both": [2, 1, 0, 3], "back": [7, 1, 0, 0]}, marks=[3, 1]).axes
    assert curves(ax) == [Curve((-2, -1, 0, 1), (2, 1, 0, 3), "blue", "-", "", ""),
                          Curve((-2, -1, 0, 1), (7, 1, 0, 0), "vermillion", DASHED, "", "")]  # fmt: skip
    assert {line.get_drawstyle() for line in ax.lines if len(line.get_xdata()) == 4} == {"steps-mid"}
    assert rules(ax)[:4] == [Rule("x", at, "gray", DOTTED) for at in (-3, -1, 1, 3)]
    assert [(rule.axis, rule.at) for rule in rules(ax)[4:]] == [("x", 0)]
    assert [word[:3] for word in words(ax)] == [("both", 1, 3), ("back", 1, 0)]
    assert limits(ax)[0] == (-2, 1) and limits(ax)[1][0] == -1
    assert titles(ax)[1:] == ("position of the key minus position of the query", "bucket")
    assert words(plots.plot_buckets([0, 1], {"alone": [0, 1]}).axes[0]) == []


def test_biases_share_their_colors():
    panels = {"a": np.array([[-3.0, 2.0, 1.0], [0.5, 0.25, 0.75]]), "b": np.array([[1.0, np.nan], [2.0, 9.0]])}
    figure = redrawn(plots.plot_bias, panels, label="bias")
    for ax, (title, values) in zip(figure.axes, panels.items(), strict=False):
        (picture,) = pictures(ax)
        np.testing.assert_array_equal(picture.rows, values)
        assert picture.limits == (-3, 9) and titles(ax) == (title, "key", "query" if title == "a" else "")
    assert figure.axes[2].get_ylabel() == "bias"
