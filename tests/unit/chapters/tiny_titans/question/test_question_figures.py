"""The figure of model sizes shows the numbers that it is given."""

from drawing import curves, legend, limits, redrawn, rules, scales, ticks, titles, words
from drawn import Curve, Key, Rule, color

from llmbook.chapters.tiny_titans.question.plots import draw_sizes
from llmbook.plots.style import text_color

ROWS = [("a", "compact", 8e7), ("b", "larger", 7e9), ("c", "larger", None), ("d", "compact", 2e9)]
COMPACT, LARGER = ("blue", "", "o", "blue"), ("vermillion", "", "s", "vermillion")


def test_every_published_size_has_its_place():
    ax = redrawn(draw_sizes, ROWS, line=3e9).axes[0]
    sizes = [(0, 8e7, COMPACT), (1, 7e9, LARGER), (3, 2e9, COMPACT)]
    assert curves(ax) == [curve for row, size, look in sizes for curve in (
        Curve((4e7, size), (row, row), "gray", "-", "", ""), Curve((size,), (row,), *look))]  # fmt: skip
    assert [word[:3] for word in words(ax)] == [("0.08B ", 5.6e10, 0), ("7B ", 5.6e10, 1), (
        "size not published", 4.6e7, 2), ("2B ", 5.6e10, 3)]  # fmt: skip
    assert [words(ax)[row].color for row in (0, 1, 3)] == [color(text_color(look[0])) for *_, look in sizes]
    assert rules(ax) == [Rule("x", 3e9, "gray", (0, (4, 2)))] and rules(redrawn(draw_sizes, ROWS).axes[0]) == []
    assert legend(ax) == {"compact": Key("blue", "", "o"), "larger": Key("vermillion", "", "s")}
    assert ticks(ax.yaxis) == {0: "a", 1: "b", 2: "c", 3: "d"}
    assert limits(ax) == ((4e7, 5.6e10), (3.5, -0.5)) and scales(ax) == ("log", "linear")
    assert titles(ax)[1] == "parameters"
