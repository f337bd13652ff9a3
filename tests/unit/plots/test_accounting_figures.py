"""The figures of what a model counts: lengths, places, colors and numbers of the bars are those of the input."""

import pytest
from drawing import Bar, bars, color, legend, limits, redrawn, ticks, titles, words

from llmbook.accounting import parameters_by_part
from llmbook.models import PUBLISHED
from llmbook.plots.accounting import draw_cache, draw_parts
from llmbook.plots.diagram import KINDS, tint

GREEN, PALE, RED = color(tint("green", 0.45)), color(tint("green", 0.16)), color(tint("vermillion", 0.4))
BLUE, SKY = color(tint("blue", 0.4)), color(tint("sky", 0.75))
ORANGE, FAINT = color(tint("orange", 0.55)), color(tint("orange", 0.12))
HEIGHT = 0.62
SMALL = {"embedding": 2e9, "query": 0.5e9, "key": 0.25e9, "value": 0.125e9, "attention_output": 1e9,
         "feedforward": 3e9, "norms": 0.125e9}
LARGE = {"embedding": 1e9, "query": 2e9, "attention_scores": 1.5e9, "feedforward": 0.25e9, "output_matrix": 5e9}


def row(place, *pieces):
    """Bars one after the other: width, color and hatch of each."""
    starts = [sum(width for width, *_ in pieces[:index]) for index in range(len(pieces))]
    return [Bar(start, place - HEIGHT / 2, width, HEIGHT, fill, hatch, "ink")
            for start, (width, fill, hatch) in zip(starts, pieces, strict=True)]


def said(ax):
    """Every text with its place."""
    return [(word.text, word.x, word.y) for word in words(ax)]


def test_pieces_of_a_bar_are_the_parts_in_their_order():
    ax = redrawn(draw_parts, {"small": SMALL, "large": LARGE}, limit=10).axes[0]
    assert bars(ax) == [*row(0, (2, GREEN, ""), (1.875, BLUE, ""), (3, RED, "")),
                        *row(1, (1, GREEN, ""), (2, BLUE, ""), (1.5, SKY, ".."), (0.25, RED, ""), (5, PALE, "///"))]
    assert ticks(ax.yaxis) == {0: "small", 1: "large"}
    assert limits(ax) == ((0, 10), (1.5, -0.5)), "the first model stands above"
    assert titles(ax) == ("", "billion parameters", "")


def test_a_number_stands_in_every_piece_with_room_and_the_total_behind_the_bar():
    ax = redrawn(draw_parts, {"small": SMALL, "large": LARGE}, limit=10).axes[0]
    assert said(ax) == [("2.00", 1, 0), ("1.88", 2.9375, 0), ("3.00", 5.375, 0), ("7.00", 7.1, 0),
                        ("1.00", 0.5, 1), ("2.00", 2, 1), ("1.50", 3.75, 1), ("5.00", 7.25, 1), ("9.75", 9.85, 1)]
    narrow = redrawn(draw_parts, {"large": LARGE}, limit=12.6).axes[0]
    assert [text for text, *_ in said(narrow)] == ["1.00", "2.00", "5.00", "9.75"], "1.5 of 12.6 is narrow for hatches"
    narrow = redrawn(draw_parts, {"large": LARGE}, limit=14).axes[0]
    assert [text for text, *_ in said(narrow)] == ["2.00", "5.00", "9.75"]


def test_the_legend_names_the_pieces_that_are_there_by_their_color():
    drawn = redrawn(draw_parts, {"small": SMALL, "large": LARGE}).axes[0]
    keys = {name: (key.color, key.hatch) for name, key in legend(drawn).items()}
    assert keys == {"embedding": (GREEN, ""), "attention": (BLUE, ""), "attention scores": (SKY, ".."),
                    "feed-forward": (RED, ""), "output matrix": (PALE, "///")}
    assert list(legend(redrawn(draw_parts, {"small": SMALL}).axes[0])) == ["embedding", "attention", "feed-forward"]
    assert draw_parts({"small": SMALL}, legend=False).axes[0].get_legend() is None
    assert (KINDS["embedding"], KINDS["attention"], KINDS["feedforward"]) == ("green", "blue", "vermillion")


def test_the_unit_and_the_name_of_the_axis_are_those_asked_for():
    ax = redrawn(draw_parts, {"a": SMALL}, unit=2e9, xlabel="pairs of billions").axes[0]
    assert [bar.width for bar in bars(ax)] == [1, 0.9375, 1.5]
    assert limits(ax)[0] == (0, 4.025) and titles(ax)[1] == "pairs of billions", "a little beyond 3.5"


def test_a_tied_model_has_no_piece_for_the_output():
    parts = parameters_by_part(PUBLISHED["llama-2-7b"])
    attention = sum(parts[name] for name in ("query", "key", "value", "attention_output"))
    expected = [parts["embedding"], attention, parts["feedforward"], parts["output_matrix"]]
    drawn = bars(draw_parts({"Llama": parts}).axes[0])
    assert [bar.width for bar in drawn] == pytest.approx([size / 1e9 for size in expected], rel=1e-5)
    assert len(bars(draw_parts({"Gemma": parameters_by_part(PUBLISHED["gemma-7b"])}).axes[0])) == 3


def test_cache_bars_are_in_gibibytes_and_hatched_for_what_might_be():
    ax = redrawn(draw_cache, [("a", 2**30, True), ("b", 3 * 2**30, False), ("c", 2**29, True)], context=8192).axes[0]
    assert bars(ax) == [*row(0, (1, ORANGE, "")), *row(1, (3, FAINT, "///")), *row(2, (0.5, ORANGE, ""))]
    assert said(ax) == [("1.00", 1.0432, 0), ("3.00", 3.0432, 1), ("0.50", 0.5432, 2)]
    assert {name: (key.color, key.hatch) for name, key in legend(ax).items()} == {
        "as published": (ORANGE, ""), "what if": (FAINT, "///")}
    assert ticks(ax.yaxis) == {0: "a", 1: "b", 2: "c"} and limits(ax) == ((0, 3.6), (2.5, -0.5))
    assert titles(ax)[1] == "GiB of cache for 8,192 tokens in bfloat16"
    assert [patch.get_linestyle() for patch in ax.patches] == ["-", "--", "-"]
