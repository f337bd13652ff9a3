"""The figures of the page "What 7B counts": bars, leads and heads are those of the input."""

from functools import partial

import pytest
from diagrams import faults
from drawing import Bar, Rule, arrows, bars, boxes, color, legend, limits, numbers, redrawn, rules, ticks, titles, words
from matplotlib.patches import FancyBboxPatch

from llmbook.chapters.gemma.counting.plots import draw_budget, draw_head_sharing, draw_heads, draw_margins
from llmbook.plots.accounting import draw_parts
from llmbook.plots.diagram import tint

GRAY, ORANGE = color(tint("gray", 0.35)), color(tint("orange", 0.55))
HEIGHT = 0.62
SMALL = {"embedding": 2e9, "query": 0.5e9, "key": 0.25e9, "value": 0.125e9, "attention_output": 1e9,
         "feedforward": 3e9, "norms": 0.125e9}
LARGE = {"embedding": 1e9, "query": 2e9, "attention_scores": 1.5e9, "feedforward": 0.25e9, "output_matrix": 5e9}


def row(place, *pieces):
    """Bars one after the other: width, color and hatch of each."""
    starts = [sum(width for width, *_ in pieces[:index]) for index in range(len(pieces))]
    return [Bar(start, place - HEIGHT / 2, width, HEIGHT, fill, hatch, "ink")
            for start, (width, fill, hatch) in zip(starts, pieces, strict=True)]


def test_a_budget_has_the_parts_above_and_the_memory_below():
    memory = {"now": (4 * 2**30, 2**29), "then": (2 * 2**30, 32 * 2**30)}
    upper, lower = redrawn(draw_budget, {"now": SMALL, "then": LARGE}, memory).axes
    assert upper.get_position().y0 > lower.get_position().y1
    assert bars(upper) == bars(draw_parts({"now": SMALL, "then": LARGE}).axes[0]) and limits(upper)[0] == (0, 10.6)
    assert bars(lower) == [*row(0, (4, GRAY, ""), (0.5, ORANGE, "..")), *row(1, (2, GRAY, ""), (32, ORANGE, ".."))]
    assert [(word.text, word.x, word.y) for word in words(lower)] == [
        ("4.0 + 0.50", 4.925, 0), ("2.0 + 32.00", 34.425, 1)]
    assert {name: (key.color, key.hatch) for name, key in legend(lower).items()} == {
        "weights": (GRAY, ""), "KV cache": (ORANGE, "..")}
    assert limits(lower) == ((0, 42.5), (1.5, -0.5)) and titles(lower)[1] == "GiB in bfloat16"
    assert ticks(lower.yaxis) == {0: "now", 1: "then"}
    small = draw_budget({"now": SMALL}, {"now": memory["now"]}).axes[1]
    assert limits(small)[0] == (0, 26.5), "axes do not shrink between frames"


def test_margins_go_from_the_largest_lead_to_the_largest_gap():
    ax = redrawn(draw_margins, {"x": -2.0, "y": 0.0, "z": 3.0, "w": 0.5}, xlabel="points").axes[0]
    ahead, behind = color(tint("blue", 0.5)), color(tint("vermillion", 0.5))
    assert bars(ax) == [*row(0, (3, ahead, "")), *row(1, (0.5, ahead, "")), *row(2, (0, behind, "///")),
                        *row(3, (-2, behind, "///"))]
    assert [(word.text, word.x, word.y, word.offset) for word in words(ax)] == [
        ("+3.0", 3, 0, (5, 0)), ("+0.5", 0.5, 1, (5, 0)), ("tie", 0, 2, (5, 0)), ("\N{MINUS SIGN}2.0", -2, 3, (-5, 0))]
    assert [text.get_ha() for text in ax.texts] == ["left", "left", "left", "right"]
    assert ticks(ax.yaxis) == {0: "z", 1: "w", 2: "y", 3: "x"}
    assert limits(ax) == (numbers((-4.2, 4.2)), (3.5, -0.5)) and titles(ax)[1] == "points"
    assert rules(ax) == [Rule("x", 0, "ink", "-")]


@pytest.mark.parametrize("kv_heads", [8, 2, 1])
def test_every_query_head_has_one_wire_and_every_shared_head_a_key_and_a_value(kv_heads):
    patches = draw_heads(8, kv_heads).axes[0].patches
    boxes = [patch for patch in patches if isinstance(patch, FancyBboxPatch)]
    assert len(boxes) == 8 + 2 * kv_heads
    assert len(patches) - len(boxes) == 8


@pytest.mark.parametrize(("heads", "kv_heads", "title"), [
    (8, 8, "multi-head: 8 query heads, 8 key-value heads"), (8, 2, "grouped-query: 8 query heads, 2 key-value heads"),
    (4, 1, "multi-query: 4 query heads, 1 key-value head")])
def test_query_heads_are_wired_to_the_keys_of_their_group(heads, kv_heads, title):
    ax = redrawn(draw_heads, heads, kv_heads).axes[0]
    step, group = 4 / heads, heads // kv_heads
    queries = [0.95 + step * (head + 0.5) for head in range(heads)]
    shared = [sum(queries[start:start + group]) / group for start in range(0, heads, group)]
    wide = numbers([0.72 * step])[0]
    expected = {("blue", 1.45, x) for x in numbers(queries)} | {
        ("orange", y, x) for y in (0.62, 0.24) for x in numbers(shared)}
    assert {(each.color, each.y, each.x) for each in boxes(ax)} == expected and len(boxes(ax)) == len(expected)
    assert {(each.width, each.height) for each in boxes(ax)} == {(wide, 0.3)}
    assert [(wire.start, wire.end, wire.head) for wire in arrows(ax)] == [
        (numbers((x, 1.32)), numbers((shared[head // group], 0.76)), False) for head, x in enumerate(queries)]
    assert {word.text: word.y for word in words(ax) if word.text} == {
        title: 2.02, "queries": 1.45, "keys": 0.62, "values": 0.24}


def test_kinds_of_attention_go_from_most_keys_to_fewest():
    figure = redrawn(draw_head_sharing, 8, (8, 2, 1))
    assert [sum(each.color == "orange" for each in boxes(ax)) for ax in figure.axes] == [16, 4, 2]
    bottoms = [ax.get_position().y0 for ax in figure.axes]
    assert bottoms == sorted(bottoms, reverse=True)


@pytest.mark.parametrize("draw", [draw_head_sharing, partial(draw_heads, 32, 8)])
def test_no_words_about_heads_overlap(draw):
    assert faults(draw()) == []


def test_heads_that_cannot_be_shared_are_refused():
    with pytest.raises(ValueError, match="multiple of kv_heads"):
        draw_heads(8, 3)
