"""The figures about ROUGE show the words and the numbers that count."""

from itertools import pairwise

import numpy as np
import pytest
from drawing import bars, boxes, curves, limits, pointers, redrawn, rules, segments, titles, words
from drawn import Curve, Rule, color, numbers

from llmbook.chapters.tiny_titans.rouge import plots
from llmbook.metrics.intervals import Interval
from llmbook.plots.diagram import tint

REFERENCE = "The group cut the budget.\nAna writes the plan."
CANDIDATE = "Ana cut the budget."

# --- the table -----------------------------------------------------------------------------------------------------

WIDE, HIGH, LEFT, TOP = 0.43, 0.4, 1.02, 3 * 0.4 + 0.06  # of a cell; where the cells begin, and the top of the first


def middle(row, column):
    """Of a cell of a table with three rows."""
    return numbers((LEFT + (column + 0.5) * WIDE, TOP - (row + 0.5) * HIGH))


def drawn_table():
    """Of "a b" beside "b a c"."""
    return redrawn(plots.draw_lcs_table, ["a", "b"], ["b", "a", "c"]).axes[0]


def test_the_table_shows_its_numbers():
    ax = drawn_table()
    found = {(word.x, word.y): word.text for word in words(ax) if word.text.isdigit()}
    by_hand = ["0000", "0011", "0111"]
    assert found == {middle(row, column): by_hand[row][column] for row in range(3) for column in range(4)}
    bold = {text.get_position() for text in ax.texts if text.get_text().isdigit() and text.get_fontweight() == "bold"}
    assert [numbers(place) for place in bold] == [middle(1, 2)], "one word of the two that are shared"


def test_the_walk_is_pale_its_matches_are_filled_and_equal_words_have_a_dot():
    ax = drawn_table()
    fills = {numbers((bar.x + WIDE / 2, bar.y + HIGH / 2)): bar.color for bar in bars(ax)}
    walked = {middle(2, 3): tint("blue", 0.2), middle(1, 3): tint("blue", 0.2), middle(1, 2): tint("vermillion", 0.5)}
    assert fills == {middle(row, column): "none" for row in range(3) for column in range(4)} | walked
    dots = [Curve(numbers([x + 0.36 * WIDE]), numbers([y + 0.32 * HIGH]), "vermillion", "", "o", "vermillion")
            for x, y in (middle(1, 2), middle(2, 1))]  # fmt: skip
    assert curves(ax) == dots
    steps = [(middle(2, 3), middle(1, 3)), (middle(1, 3), middle(1, 2))]
    for arrow, (start, end) in zip(pointers(ax), steps, strict=True):
        way = np.subtract(end, start)
        assert arrow.start == pytest.approx(start + 0.3 * way) and arrow.end == pytest.approx(start + 0.7 * way)
        assert arrow.head and arrow.color == "ink"


def test_the_words_stand_beside_their_rows_and_above_their_columns():
    named = [word for word in words(drawn_table()) if not word.text.isdigit() and word.text]
    rows, columns = named[:2], named[2:]
    assert [word[:3] for word in rows] == [("a", 0.92, middle(1, 0)[1]), ("b", 0.92, middle(2, 0)[1])]
    assert [(word.text, word.x) for word in columns] == [
        (name, pytest.approx(middle(0, place)[0] - 0.07)) for place, name in enumerate("bac", start=1)]  # fmt: skip
    assert {word.y for word in columns} == set(numbers([TOP + 0.07]))


# --- the words that count ------------------------------------------------------------------------------------------


def boxed_words(ax):
    """The words that stand in a box, from the top down and from left to right."""
    return [word.text for word in words(ax) if any(abs(word.x - box.x) < box.width / 2 and
                                                   abs(word.y - box.y) < box.height / 2 for box in boxes(ax))]


def test_the_boxes_are_around_the_words_that_count():
    (ax,) = redrawn(plots.draw_matches, REFERENCE, CANDIDATE, "rougeL").axes
    assert boxed_words(ax) == ["cut", "the", "budget"] * 2 and {box.color for box in boxes(ax)} == {"blue"}
    (first,) = plots.draw_matches(REFERENCE, CANDIDATE, "rouge1").axes
    assert boxed_words(first) == ["the", "cut", "budget", "ana", "ana", "cut", "the", "budget"], "the first"
    assert boxed_words(redrawn(plots.draw_matches, "a", "b", "rouge1").axes[0]) == []
    assert boxed_words(redrawn(plots.draw_matches, "", "", "rougeLsum").axes[0]) == []


def test_every_word_stands_in_the_row_of_its_sentence_under_the_name_of_its_text():
    (ax,) = redrawn(plots.draw_matches, REFERENCE, CANDIDATE, "rougeL").axes
    said = words(ax)[:15]
    assert [word.text for word in said] == [
        "reference, 9 words", "the", "group", "cut", "the", "budget", "ana", "writes", "the", "plan",
        "candidate, 4 words", "ana", "cut", "the", "budget"]  # fmt: skip
    rows = [said[0].y, said[1].y, said[6].y, said[10].y, said[11].y]
    assert rows == sorted(rows, reverse=True) and len(set(rows)) == 5
    assert said[0].x == said[10].x == 0.08 and limits(ax) == ((0, 5), (0, 3.14)), "three rows, two names and the bars"
    counted = {word.text for word in said[1:] if word.color == "ink" and word.text not in (said[0].text, said[10].text)}
    assert counted == {"cut", "the", "budget"} and said[1].color != "ink", "the other words are paler"
    for sentence in (said[1:6], said[6:10], said[11:]):
        assert len({word.y for word in sentence}) == 1 and sentence[0].x == 0.14
        assert [word.x for word in sentence] == sorted({word.x for word in sentence})


def test_pairs_that_count_are_joined():
    (ax,) = redrawn(plots.draw_matches, "a b c a", "x b c", "rouge2").axes
    assert boxed_words(ax) == ["b", "c", "b", "c"]
    first, second, third, fourth = boxes(ax)
    for (joined,), before, after in zip(segments(ax), (first, third), (second, fourth), strict=True):
        ends = (before.x + before.width / 2, before.y, after.x - after.width / 2, after.y)
        assert joined == pytest.approx(ends, abs=1e-5)
    assert segments(plots.draw_matches("a b", "a b", "rouge1").axes[0]) == [[], []]


def test_a_pair_over_the_end_of_a_row_is_joined_by_two_short_bars():
    (ax,) = redrawn(plots.draw_matches, "a b\nc d", "b c", "rouge2").axes
    above, below = segments(ax)[0]
    before, after = boxes(ax)[:2]
    right, left = before.x + before.width / 2, after.x - after.width / 2
    assert above == pytest.approx((right, before.y, right + 0.1, before.y), abs=1e-5)
    assert below == pytest.approx((left - 0.1, after.y, left, after.y), abs=1e-5) and after.y < before.y


def test_the_bars_say_the_score():
    (ax,) = redrawn(plots.draw_matches, REFERENCE, CANDIDATE, "rougeL").axes
    blue, vermillion, heights = tint("blue", 0.55), tint("vermillion", 0.55), numbers((0.84, 0.49, 0.14))
    assert [bar[:5] for bar in bars(ax)[::2]] == [(1.02, y, 3.3, 0.22, "none") for y in heights]
    filled = zip(heights, (3.3 * 3 / 4, 3.3 * 3 / 9, 3.3 * 6 / 13), (blue, blue, vermillion), strict=True)
    found = [bar[:5] for bar in bars(ax)[1::2]]
    assert found == [(1.02, y, *numbers([width]), 0.22, look) for y, width, look in filled]
    said = [(word.text, word.y) for word in words(ax)[-6:]]
    names = ("precision", "0.750", "recall", "0.333", "F", "0.462")
    assert said == [(name, pytest.approx(heights[place // 2] + 0.11)) for place, name in enumerate(names)]
    assert [text.get_ha() for text in ax.texts[-2:]] == ["right", "left"]


def test_rows_make_frames_equally_high_and_long_lines_go_on():
    figures = [plots.draw_matches(REFERENCE, text, "rouge1", rows=(2, 3)) for text in ("", CANDIDATE)]
    sizes = {figure.get_size_inches()[1] for figure in figures}
    assert len(sizes) == 1
    long = plots.draw_matches(REFERENCE, 40 * "word ", "rouge1")
    assert long.get_size_inches()[1] > max(sizes)
    assert all(text.get_position()[0] < plots.WIDTH for text in long.axes[0].texts)
    starts = {word.x for word in words(long.axes[0]) if word.text == "word"}
    assert {0.14, 0.44} < starts, "goes on indented"


# --- resampled means -----------------------------------------------------------------------------------------------

MEANS = {"a": np.linspace(-1, 1, 50) ** 3, "b": np.linspace(0, 3, 60) ** 0.5}
FOUND = {"a": Interval(0.1, -0.5, 0.6), "b": Interval(1.0, 0.25, 1.5)}


def test_resampled_means_are_densities():
    (ax,) = redrawn(plots.plot_resampled, MEANS, FOUND, xlabel="difference").axes
    edges = np.linspace(-1, 3**0.5, 71)
    for outline, values, look in zip(ax.patches, MEANS.values(), ("blue", "vermillion"), strict=True):
        x, heights = np.asarray(outline.get_xy()).T
        width = (1 + 3**0.5) / 70
        expected = [((values >= low) & ((values < high) | (high == edges[-1]))).sum() / len(values) / width
                    for low, high in pairwise(edges)]  # fmt: skip
        assert heights[1:-1:2] == pytest.approx(expected) and x[1:-1:2] == pytest.approx(edges[:-1])
        assert color(outline.get_edgecolor()) == look


def test_resampled_means_have_their_interval_below():
    figure = redrawn(plots.plot_resampled, MEANS, FOUND, xlabel="difference")
    (ax,) = figure.axes
    highest = max(np.asarray(outline.get_xy())[:, 1].max() for outline in ax.patches)
    heights = numbers((-0.07 * highest, -0.16 * highest))
    assert [curve[:4] for curve in curves(ax)] == [
        ((-0.5, 0.6), heights[:1] * 2, "blue", "-"), ((0.1,), heights[:1], "blue", ""),
        ((0.25, 1.5), heights[1:] * 2, "vermillion", "-"), ((1,), heights[1:], "vermillion", "")]  # fmt: skip
    assert rules(ax) == [Rule("x", 0, "gray", (0, (2, 2)))] and titles(ax)[1:] == ("difference", "density")
    assert limits(ax)[1] == numbers((-0.25 * highest, 1.08 * highest))
    (beside,) = figure.legends
    assert [(text.get_text(), color(handle.get_edgecolor())) for text, handle in
            zip(beside.texts, beside.legend_handles, strict=True)] == [("a", "blue"), ("b", "vermillion")]  # fmt: skip
