"""The figures of the page "In practice" show what they are given."""

import numpy as np
from drawing import (
    Curve,
    Key,
    Rule,
    bars,
    legend,
    limits,
    lines,
    number,
    redrawn,
    rules,
    scales,
    segments,
    ticks,
    titles,
    words,
)
from drawn import DASHED

from llmbook.chapters.dora.practice.plots import draw_block_error, draw_levels, draw_lost_updates, draw_shapes
from llmbook.models import gemma, gpt2


def test_levels_stand_over_the_weights_and_below_is_how_often_each_is_used():
    formats = {"even": np.array([-1.0, 0.0, 1.0]), "odd": np.array([-1.0, -0.25, 0.5, 1.0])}
    used = {"even": np.array([0.125, 0.75, 0.0625]), "odd": np.array([0.5, 0.25, 0.125, 0.0625])}
    weights = np.array([-0.5, -0.5, -0.5, 0.0, 1.12])
    upper, other, lower, last = redrawn(draw_levels, formats, used, weights).axes
    assert segments(upper) == [[(-1, 0, -1, 1.75), (0, 0, 0, 1.75), (1, 0, 1, 1.75)]]
    assert [piece[0] for piece in segments(other)[0]] == [-1, -0.25, 0.5, 1]
    wide = 1.62 / 81
    density = {place: number(bar.height) for place, bar in enumerate(bars(upper)) if bar.height}
    assert density == {0: number(0.6 / wide), 25: number(0.2 / wide), 80: number(0.2 / wide)}
    assert {(bar.color, bar.width) for bar in bars(upper)} == {("sky", 0.02)} and len(bars(upper)) == 81
    assert {patch.get_alpha() for patch in upper.patches} <= {None, 1}, "a tint of sky hardly shows on the page"
    assert [(bar.x, bar.y, bar.width, bar.height, bar.color) for bar in bars(lower)] == [
        (-0.375, 0, 0.75, 12.5, "blue"), (0.625, 0, 0.75, 75, "blue"), (1.625, 0, 0.75, 6.25, "blue")]
    assert [(bar.height, bar.color) for bar in bars(last)] == [
        (50, "vermillion"), (25, "vermillion"), (12.5, "vermillion"), (6.25, "vermillion")]
    assert rules(lower) == rules(last) == [Rule("y", 6.25, "ink", (0, (4, 2)))], "one of sixteen"
    assert limits(upper)[0] == limits(other)[0] == (-1.06, 1.06)
    assert titles(upper) == ("even", "weight / scale of its block", "levels") and titles(other)[0] == "odd"
    assert (titles(lower), titles(last)) == (("", "code", "% of weights"), ("", "code", ""))
    assert list(ticks(lower.xaxis)) == [0, 5, 10, 15] and list(ticks(upper.yaxis)) == []


def test_errors_stand_over_the_bits_and_some_blocks_are_named():
    bits, errors = {"a": [5.0, 4.5, 4.25], "b": [6.0, 5.5, 5.0]}, {"b": [0.03, 0.05, 0.0625], "a": [0.08, 0.09, 0.125]}
    ax = redrawn(draw_block_error, bits, errors, [32, 64, 2048], labeled=(64, 2048)).axes[0]
    assert lines(ax) == {"a": Curve((5, 4.5, 4.25), (8, 9, 12.5), "blue", "-", "o", "blue"),
                         "b": Curve((6, 5.5, 5), (3, 5, 6.25), "vermillion", DASHED, "s", "vermillion")}
    assert [(word.text, word.x, word.y) for word in words(ax)] == [("64", 4.5, 9), ("2,048", 4.25, 12.5)]
    assert [word.text for word in words(draw_block_error(bits, errors, [32, 64, 256]).axes[0])] == ["64", "256"]
    assert titles(ax) == ("", "bits for each weight, scales included", "error, % of the weights' size")
    assert legend(ax) == {"a": Key("blue", "-", "o"), "b": Key("vermillion", DASHED, "s")}
    assert scales(ax) == ("linear", "linear")


def test_what_rounding_leaves_of_an_update_is_in_percent():
    ax = redrawn(draw_lost_updates, [1e-3, 0.1, 1], [0.75, 0.5, 0.0], [0.875, 0.25, 0.125]).axes[0]
    assert lines(ax) == {
        "weights that do not change": Curve((1e-3, 0.1, 1), (75, 50, 0), "blue", "-", "o", "blue"),
        "of the update lost": Curve((1e-3, 0.1, 1), (87.5, 25, 12.5), "vermillion", DASHED, "s", "vermillion")}
    assert list(legend(ax)) == list(lines(ax)) and [(rule.axis, rule.at) for rule in rules(ax)] == [("y", 100)]
    assert scales(ax) == ("log", "linear") and limits(ax)[1][0] == 0
    assert titles(ax) == ("", "size of the update, relative to the weights", "%")


def test_key_matrices_and_their_adapters_are_drawn_to_scale():
    configs = {"GPT-2": gpt2.tiny(), "Gemma": gemma.tiny()}
    first, second = redrawn(draw_shapes, configs, rank=4).axes
    sizes = [[(part.get_width(), part.get_height()) for part in ax.patches] for ax in (first, second)]
    assert sizes == [[(48, 48), (48, 4), (4, 48), (2, 48)], [(48, 16), (48, 4), (4, 16), (2, 16)]]
    assert [ax.texts[0].get_text() for ax in (first, second)] == ["48 x 48", "16 x 48"]
