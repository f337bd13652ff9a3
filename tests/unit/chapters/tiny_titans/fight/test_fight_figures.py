"""The figures of the fair fight show the numbers that they are given, and its explorer says who is ahead."""

import numpy as np
import pytest
from drawing import curves, errorbars, limits, redrawn, rules, spans, ticks, titles, words
from drawn import Bar, Curve, Rule, color

from llmbook.chapters.tiny_titans.fight.explorer import ASKED, COMPARED, describe, explore_fight
from llmbook.chapters.tiny_titans.fight.plots import COLUMNS, ROWS, draw_cells, plot_learning_curve, plot_systems
from llmbook.experiments import fair_fight as fight
from llmbook.experiments.fair_fight_scores import compare, system_interval
from llmbook.metrics.intervals import Interval
from llmbook.plots.style import text_color

FOUND = {"a": Interval(0.2, 0.1, 0.5), "b": Interval(0.6, 0.5, 0.8)}
DASHED = (0, (4, 2))


@pytest.mark.parametrize("filled", [{("large", "zero-shot")}, {("small", "tuned on the workplace")}, set()])
def test_the_cells_with_a_result_say_so_where_they_stand(filled):
    (ax,) = redrawn(draw_cells, filled).axes
    said = {(word.x, word.y): word.text for word in words(ax)}
    for tuning, x in COLUMNS.items():
        for size, y in ROWS.items():
            assert said[x, y] == ("in the paper" if (size, tuning) in filled else "not in the paper")
            assert said[0.1, y] == size and said[x, ROWS["large"] + 0.62] == tuning
    assert sorted(said.values()).count("tuning") == sorted(said.values()).count("size") == 2


def test_systems_stand_at_their_means_and_the_marked_in_color():
    (ax,) = redrawn(plot_systems, FOUND, xlabel="F1", marked=("b",)).axes
    assert errorbars(ax) == {"0": (Curve((0.2,), (0,), "gray", "", "o", "gray"), [(0.1, 0, 0.5, 0)]),
                             "1": (Curve((0.6,), (1,), "vermillion", "", "s", "vermillion"), [(0.5, 1, 0.8, 1)])}
    assert [word[:4] for word in words(ax)] == [("0.20", 0.5, 0, (7, 0)), ("0.60", 0.8, 1, (7, 0))]
    assert [word.color for word in words(ax)] == [color(text_color(name)) for name in ("gray", "vermillion")]
    assert ticks(ax.yaxis) == {0: "a", 1: "b"} and limits(ax)[1] == (1.5, -0.5), "the first at the top"
    assert limits(ax)[0][0] == 0 and titles(ax)[1] == "F1"
    (plain,) = plot_systems(FOUND, xlabel="F1").axes
    assert [bar.color for bar, _ in errorbars(plain).values()] == ["gray", "gray"]


def test_a_mean_below_zero_has_room():
    (ax,) = plot_systems({"a": Interval(-0.2, -0.5, 0.1)}, xlabel="F1").axes
    assert limits(ax)[0][0] < -0.5


def test_the_words_of_a_summary_stand_in_the_row_of_their_system():
    (ax,) = redrawn(plot_systems, FOUND, xlabel="F1", words={"b": 71.0, "a": 35.2}).axes
    assert [word[:4] for word in words(ax)[2:]] == [("words", 1, -1, (44, 0)), ("35", 1, 0, (44, 0)),
                                                    ("71", 1, 1, (44, 0))]  # fmt: skip


CURVE = {10: np.array([0.2, 0.4]), 0: np.array([0.1]), 30: np.array([0.5, 0.8])}
MEANS = {0: Interval(0.1, 0.05, 0.2), 10: Interval(0.3, 0.25, 0.5), 30: Interval(0.65, 0.6, 0.75)}


def test_the_curve_goes_through_the_means_with_their_intervals():
    (ax,) = redrawn(plot_learning_curve, CURVE, MEANS, Interval(0.3, 0.22, 0.42), ylabel="F1", level_name="large").axes
    (line, ends), = errorbars(ax).values()
    assert line == Curve((0, 1, 2), (0.1, 0.3, 0.65), "blue", "-", "o", "blue")
    assert ends == [(0, 0.05, 0, 0.2), (1, 0.25, 1, 0.5), (2, 0.6, 2, 0.75)]
    dots = [curve for curve in curves(ax) if curve.marker == "."]
    assert [dot[:3] for dot in dots] == [((0.08,), (0.1,), "ink"), ((1.08, 1.08), (0.2, 0.4), "ink"),
                                         ((2.08, 2.08), (0.5, 0.8), "ink")]  # fmt: skip
    assert spans(ax) == [Bar(0, 0.22, 1, 0.2, "gray", "", "gray")] and rules(ax) == [Rule("y", 0.3, "gray", DASHED)]
    assert words(ax) == [("large", 0, 0.42, (2, 4), color(text_color("gray")))]
    assert ticks(ax.xaxis) == {0: "0", 1: "10", 2: "30"} and limits(ax)[1][0] == 0
    assert titles(ax)[1:] == ("meetings of the private workplace that it was tuned on", "F1")


@pytest.mark.parametrize(("test", "measure"), [("private", "net_f1"), ("private", "wrong"), ("public", "rouge1")])
def test_a_frame_shows_the_systems_by_its_measure_on_its_meetings(test, measure):
    (ax,) = redrawn(explore_fight().draw, test=test, measure=measure)[0].axes
    names = list(ticks(ax.yaxis).values())
    assert {"large, zero-shot", "medium, tuned"} < set(names)
    for name, (mark, ((low, _, high, _),)) in zip(names, errorbars(ax).values(), strict=True):
        expected = system_interval(name, measure, test)
        assert (*mark.x, low, high) == pytest.approx((expected.mean, expected.low, expected.high), rel=1e-4, abs=1e-6)
        assert mark.color == ("vermillion" if name in ("large, zero-shot", "medium, tuned") else "gray")
    column = [word.text for word in words(ax) if word.x == 1 and word.offset == (44, 0)]
    assert column == ["words", *(f"{system_interval(name, 'words', test).mean:.0f}" for name in names)]
    wanted = {"net_f1": "net F1 of the facts", "wrong": "wrong statements a summary", "rouge1": "ROUGE-1 F"}
    assert titles(ax)[1] == wanted[measure]


def test_the_explorer_says_who_is_ahead_and_whether_chance_explains_it():
    explorer = explore_fight()
    sentences = [describe(test, measure) for test in fight.TEST_SETS for measure in ("rouge1", "net_f1", "wrong")]
    assert len(set(sentences)) == 18 and all("difference" in each and "words" in each for each in sentences)
    frame = explorer.frame(**explorer.defaults)
    assert frame.svg.startswith("<svg") and frame.sentence == describe("private", "net_f1")


def test_the_frames_answer_the_question_that_is_asked_first():
    explorer = explore_fight()
    assert explorer.predict is ASKED and "The opposite" in ASKED.answers
    large, medium = COMPARED
    by = {measure: compare(medium, large, measure, "private, chatter 4").difference
          for measure in explorer.controls["measure"].values}  # fmt: skip
    assert by["net_f1"].low > 0 > by["rouge1"].high and by["wrong"].high < 0, "and fewer of its statements are wrong"
    short = compare(medium, large, "rouge1", "private").difference
    assert short.low < 0 < short.high, "as the second answer says"
