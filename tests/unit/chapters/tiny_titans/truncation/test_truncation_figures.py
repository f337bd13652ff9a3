"""Figures of the page about truncation show the numbers that they are given."""

import numpy as np
import pytest
from drawing import bars, curves, errorbars, legend, limits, lines, redrawn, rules, scales, spans, ticks, titles, words
from drawn import DASHED, Bar, Curve, Key, Rule, color, number, numbers

from llmbook.chapters.tiny_titans.truncation import plots
from llmbook.metrics.intervals import Interval
from llmbook.plots.diagram import tint
from llmbook.plots.style import text_color


def interval(*means, below=0.1, above=0.05):
    means = np.array(means)
    return Interval(means, means - below, means + above)


def ends_of(x, means, below=0.1, above=0.05):
    """The error bars of :func:`interval` as they are read."""
    return [numbers((at, mean - below, at, mean + above)) for at, mean in zip(x, means, strict=True)]


def test_a_meeting_is_drawn_once_for_each_way_and_unread_turns_are_hollow():
    rows = {"cut off": [(0, 20)], "in pieces": [(0, 30), (30, 60)]}
    (ax,) = redrawn(plots.plot_meeting, [0, 10, 30, 60], [1], rows).axes
    sky = tint("sky", 0.5)
    fills = (sky, "orange", "none", sky, "orange", sky)
    reach = [(0, 10), (10, 20), (30, 30)]
    assert bars(ax) == [Bar(start, number(row - 0.28), width, 0.56, fills[3 * row + place], "", "gray")
                        for row in (0, 1) for place, (start, width) in enumerate(reach)]  # fmt: skip
    stops = [(20, 0), (30, 1), (60, 1)]
    assert curves(ax) == [Curve((stop, stop), numbers((row - 0.42, row + 0.42)), "vermillion", "-", "", "")
                          for stop, row in stops]  # fmt: skip
    assert [word[:3] for word in words(ax)] == [("fact 1", 20, -0.62)]
    assert ticks(ax.yaxis) == {0: "cut off", 1: "in pieces"} and titles(ax)[1] == "tokens"
    assert limits(ax) == ((0, 60.6), (1.55, -0.85))
    shorter = bars(plots.plot_meeting([0, 10, 30, 60], [1], {"cut off": [(0, 10)]}).axes[0])
    assert [bar.color for bar in shorter] == [sky, "none", "none"], "a turn that begins at the stop is not read"
    later = bars(plots.plot_meeting([0, 10, 30, 60], [1], {"late": [(10, 60)]}).axes[0])
    assert [bar.color for bar in later] == ["none", "orange", sky], "nor one that ends at the start"


CONTEXTS = [80, 160, 320]
PANELS = {
    "recall": {"short": {"cut": interval(0.2, 0.4, 0.7), "chunks": interval(0.6, 0.5, 0.8)},
               "long": {"cut": interval(0.1, 0.3, 0.35), "chunks": interval(0.65, 0.55, 0.45)}},
    "F1": {"short": {"cut": interval(0.25, 0.45, 0.75), "chunks": interval(0.3, 0.15, 0.5)},
           "long": {"cut": interval(0.05, 0.15, 0.9), "chunks": interval(0.85, 0.8, 0.35)}},
}  # fmt: skip
CEILINGS = {"recall": {"short": [0.5, 0.9, 1.0], "long": [0.3, 0.9, 0.95]},
            "F1": {"short": [0.1, 0.2, 0.4], "long": [0.05, 0.06, 0.08]}}  # fmt: skip
LOOKS = {"cut": ("cut off", "vermillion", "-", "o"), "chunks": ("in pieces", "blue", DASHED, "s")}


def test_scores_stand_in_their_panels():
    figure = redrawn(plots.plot_scores, CONTEXTS, PANELS, CEILINGS)
    places = [(measure, length) for measure in PANELS for length in ("short", "long")]
    for ax, (measure, length) in zip(figure.axes, places, strict=True):
        ceiling = Curve((80, 160, 320), tuple(CEILINGS[measure][length]), "ink", ":", "", "")
        assert lines(ax) == {"careful reader, cut off": ceiling}
        for way, (name, look, dash, marker) in LOOKS.items():
            means = numbers(PANELS[measure][length][way].mean)
            assert errorbars(ax)[name] == (Curve((80, 160, 320), means, look, dash, marker, look),
                                           ends_of(CONTEXTS, means))  # fmt: skip
        assert scales(ax) == ("log", "linear") and limits(ax)[1] == (0, 1.04)
    assert [titles(ax) for ax in figure.axes] == [
        ("short meetings", "", "recall"), ("long meetings", "", ""), ("", "context, tokens", "F1"),
        ("", "context, tokens", "")]  # fmt: skip
    assert ticks(figure.axes[2].xaxis) == {80: "80", 160: "", 320: "320"}
    assert legend(figure) == {"careful reader, cut off": Key("ink", ":"), "cut off": Key("vermillion"),
                              "in pieces": Key("blue")}  # fmt: skip


NAN = float("nan")
FOUND = Interval(np.array([0.9, 0.5, NAN]), np.array([0.8, 0.3, NAN]), np.array([0.95, 0.6, NAN]))


def assert_recall(ax):
    """Bars of recall between 0, 10 and 30 tokens; between 30 and 60 there is no fact."""
    fill = tint("sky", 0.75)
    assert bars(ax) == [Bar(0.7, 0, 8.6, 0.9, fill, "", "ink"), Bar(11.4, 0, 17.2, 0.5, fill, "", "ink")]
    assert errorbars(ax)["0"] == (Curve((5, 20), (0.9, 0.5), "ink", "", "", ""),
                                  [(5, 0.8, 5, 0.95), (20, 0.3, 20, 0.6)])  # fmt: skip
    assert limits(ax) == ((0, 60), (0, 1.04))


def test_recall_leaves_out_what_is_not_there_and_shades_what_is_not_read():
    figure = redrawn(plots.plot_recall, [0, 10, 30, 60], {15: (FOUND, 0.7), 60: (FOUND, 0.2)})
    cut, whole = figure.axes
    assert_recall(cut), assert_recall(whole)
    assert [span[:5] for span in spans(cut)] == [(15, 0, 45, 1, "gray")] and spans(whole) == []
    assert rules(cut) == [Rule("x", 15, "vermillion", "-"), Rule("y", 0.7, "gray", DASHED)]
    assert rules(whole) == [Rule("y", 0.2, "gray", DASHED)]
    assert [titles(ax) for ax in figure.axes] == [("context 15", "", "share of facts kept"), ("context 60", "", "")]
    assert figure.get_supxlabel() == "where the fact ends, tokens"


def test_differences_stand_beside_each_other_at_their_context():
    panels = {"recall": {"short": interval(0.1, 0.0, -0.2), "medium": interval(0.3, 0.2, 0.7),
                         "long": interval(0.5, 0.4, 0.25)},
              "F1": {"short": interval(-0.1, -0.3, 0.2), "medium": interval(0.6, 0.65, -0.2),
                     "long": interval(0.05, 0.15, 0.6)}}  # fmt: skip
    looks = {"short": (-0.2, "green", "^"), "medium": (0, "purple", "D"), "long": (0.2, "ink", "o")}
    figure = redrawn(plots.plot_differences, CONTEXTS, panels)
    for ax, (measure, lengths) in zip(figure.axes, panels.items(), strict=True):
        for length, (shift, look, marker) in looks.items():
            x, means = numbers((shift, 1 + shift, 2 + shift)), numbers(lengths[length].mean)
            assert errorbars(ax)[length] == (Curve(x, means, look, "", marker, look), ends_of(x, means))
        assert rules(ax) == [Rule("y", 0, "gray", "-")] and ticks(ax.xaxis) == {0: "80", 1: "", 2: "320"}
        assert titles(ax) == (measure, "context, tokens", "pieces minus cut off" if measure == "recall" else "")
    assert legend(figure) == {"short": Key("green"), "medium": Key("purple"), "long": Key("ink")}
    with pytest.raises(KeyError):
        plots.plot_differences([80, 160], {"recall": {"endless": interval(0.1, 0.0)}})


def cells(cut, whole):
    return {"cut": Interval(cut, cut - 0.1, cut + 0.2), "whole": Interval(whole, whole - 0.05, whole + 0.1)}


def test_tunings_stand_beside_each_other_with_their_seeds():
    found = {"short": cells(0.3, 0.1), "long": cells(0.35, 0.5)}
    seeds = {way: {read: [each.mean - 0.02, each.mean + 0.06] for read, each in row.items()}
             for way, row in found.items()}  # fmt: skip
    figure = redrawn(plots.plot_tunings, found, seeds, {"large": 0.2, "small": 0.7}, ylabel="F1")
    (ax,) = figure.axes
    assert errorbars(ax) == {
        "read cut": (Curve((-0.12, 0.88), (0.3, 0.35), "vermillion", "", "o", "vermillion"),
                     [(-0.12, 0.2, -0.12, 0.5), (0.88, 0.25, 0.88, 0.55)]),
        "read whole": (Curve((0.12, 1.12), (0.1, 0.5), "green", "", "D", "green"),
                       [(0.12, 0.05, 0.12, 0.2), (1.12, 0.45, 1.12, 0.6)])}  # fmt: skip
    dots = [curve[:3] for curve in curves(ax) if curve.marker == "."]
    assert dots == [((-0.05, -0.05), (0.28, 0.36), "ink"), ((0.95, 0.95), (0.33, 0.41), "ink"),
                    ((0.19, 0.19), (0.08, 0.16), "ink"), ((1.19, 1.19), (0.48, 0.56), "ink")]  # fmt: skip
    assert rules(ax) == [Rule("y", 0.2, "gray", DASHED), Rule("y", 0.7, "gray", DASHED)]
    gray = color(text_color("gray"))
    assert words(ax) == [("large", 0, 0.2, (3, 3), gray), ("small", 0, 0.7, (3, 3), gray)]
    assert {text.xycoords for text in ax.texts} == {("axes fraction", "data")}, "at the left edge"
    assert ticks(ax.xaxis) == {0: "short", 1: "long"} and limits(ax)[0] == (-0.5, 1.5) and limits(ax)[1][0] == 0
    assert titles(ax)[1:] == ("meetings that the model was tuned on", "F1")
    assert legend(figure) == {"read cut": Key("vermillion"), "read whole": Key("green")}


def test_a_frame_has_recall_on_the_left_and_the_scores_on_the_right():
    figure = redrawn(plots.draw_reading_frame, [0, 10, 30, 60], FOUND, 15, {"recall": 0.95, "F1": 0.25})
    left, right = figure.axes
    assert_recall(left)
    assert rules(left) == [Rule("x", 15, "vermillion", "-")]
    assert titles(left)[1:] == ("where the fact ends, tokens", "share kept")
    stems = [(Curve((0, value), (row, row), "gray", "-", "", ""), Curve((value,), (row,), "blue", "", "o", "blue"))
             for row, value in enumerate((0.95, 0.25))]  # fmt: skip
    assert curves(right) == [curve for pair in stems for curve in pair]
    blue = color(text_color("blue"))
    assert words(right) == [("0.95", 0.86, -0.22, None, blue), ("0.25", 0.25, 0.78, None, blue)], "inside the axes"
    assert ticks(right.yaxis) == {0: "recall", 1: "F1"} and limits(right) == ((0, 1), (1.5, -0.6))
