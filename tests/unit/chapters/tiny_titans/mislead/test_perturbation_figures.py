"""Figures and explorer of changed summaries show the numbers they are given."""

import numpy as np
import pytest
import torch
from drawing import bars, boxes, curves, errorbars, legend, limits, pictures, redrawn, ticks, titles, words
from drawn import Bar, Curve, Key, color, numbers, same_dash

from llmbook.chapters.tiny_titans.mislead import explorer as widgets
from llmbook.chapters.tiny_titans.mislead import plots
from llmbook.meetings.generator import generate_meeting
from llmbook.meetings.perturbations import CHANGES, change_summary
from llmbook.metrics.intervals import Interval
from llmbook.plots.diagram import tint
from llmbook.plots.style import DASHES

MEETING = generate_meeting(8, domain="software", facts=4)


def test_only_words_that_are_not_in_their_place_are_marked():
    assert plots.changed_words("a b c d", "a b c d") == set()
    assert plots.changed_words("we decided to go", "we decided not to go") == {2}
    assert plots.changed_words("a b", "b a x") == {1, 2} or plots.changed_words("a b", "b a x") == {0, 2}
    assert plots.changed_words("a b c", "a c") == set(), "what is dropped leaves nothing to mark"


def boxed_words(ax):
    """The words that stand in a box."""
    return [word.text for word in words(ax) if any(abs(word.x - box.x) < box.width / 2 and
                                                   abs(word.y - box.y) < box.height / 2 for box in boxes(ax))]


REFERENCE, SUMMARY = "we go now.\nAna pays.", "we stay now.\nAna never pays."
SCORES = {"ROUGE-1": 0.5, "facts F1": 0.25, "ROUGE-2": 0.0}


def test_a_drawn_summary_has_its_words_in_rows_and_the_new_ones_in_boxes():
    figure = redrawn(plots.draw_changed, REFERENCE, SUMMARY, SCORES, truths=["facts F1"], rows=4)
    (ax,) = figure.axes
    drawn = words(ax)[:6]
    assert [word.text for word in drawn] == SUMMARY.split() and boxed_words(ax) == ["stay", "never"]
    assert [word.y for word in drawn] == [2.335] * 3 + [1.995] * 3, "from the top of 2.61 inches, 0.34 a row"
    assert drawn[0].x == drawn[3].x == 0.1 < drawn[1].x < drawn[2].x and drawn[3].x < drawn[4].x < drawn[5].x
    assert {box.color for box in boxes(ax)} == {"vermillion"}
    assert figure.get_size_inches()[1] == pytest.approx(4 * 0.34 + 3 * 0.3 + 0.35), "room for four rows"


def test_scores_and_truths_are_bars_below_the_summary():
    (ax,) = redrawn(plots.draw_changed, REFERENCE, SUMMARY, SCORES, truths=["facts F1"], rows=4).axes
    frames, filled = bars(ax)[::2], bars(ax)[1::2]
    blue, orange = tint("blue", 0.6), tint("orange", 0.6)
    heights = numbers((0.75, 0.45, 0.15))  # from the bottom, each with its half of 0.2 below its middle
    assert [frame[:5] for frame in frames] == [(1.9, y, 3.55, 0.2, "none") for y in heights]
    assert [bar[:5] for bar in filled] == [(1.9, 0.75, 1.775, 0.2, blue), (1.9, 0.45, 0.8875, 0.2, orange),
                                           (1.9, 0.15, 0, 0.2, blue)]  # fmt: skip
    notes = [(word.text, word.y) for word in words(ax)[6:]]
    assert notes == [("ROUGE-1", 0.85), ("0.50", 0.85), ("facts F1", 0.55), ("0.25", 0.55), ("ROUGE-2", 0.25),
                     ("0.00", 0.25)]  # fmt: skip
    left, right = ({word.x for word in words(ax)[start::2]} for start in (6, 7))
    assert (left, right) == ({1.8}, {5.55}) and [text.get_ha() for text in ax.texts[6:8]] == ["right", "left"]


def test_a_long_line_goes_on_indented():
    text = "the quick brown fox jumps over the lazy dog and then it sleeps in the sun until noon"
    (ax,) = plots.draw_changed(text, text, {}, truths=[], rows=3).axes
    starts = {word.y: word.x for word in reversed(words(ax))}
    assert [starts[y] for y in sorted(starts, reverse=True)] == [0.1, 0.4] and boxed_words(ax) == []
    assert plots.text_rows(text, text) == 2


def test_rows_are_counted_for_every_change():
    lines = len(MEETING.reference().splitlines())
    needed = {kind: plots.text_rows(MEETING.reference(), change_summary(MEETING, kind).text) for kind in CHANGES}
    assert needed["unchanged"] >= lines and needed["padded"] >= 3 * lines and needed["empty"] == 1


def test_changes_beside_the_truth():
    scores = {"denied": {"ROUGE-1": Interval(0.9, 0.8, 0.95), "facts": Interval(0.3, 0.2, 0.4),
                         "judge": Interval(0.6, 0.3, 0.65)},
              "reworded": {"ROUGE-1": Interval(0.5, 0.4, 0.7), "facts": Interval(1.0, 1.0, 1.0),
                           "judge": Interval(0.1, 0.0, 0.3)}}  # fmt: skip
    figure = redrawn(plots.plot_changes, scores, truth="facts")
    (ax,) = figure.axes
    orange = tint("orange", 0.45)
    assert bars(ax) == [Bar(0, -0.36, 0.3, 0.72, orange, "", "ink"), Bar(0, 0.64, 1, 0.72, orange, "", "ink")]
    assert errorbars(ax) == {
        "ROUGE-1": (Curve((0.9, 0.5), (-0.1, 0.9), "blue", "", "o", "blue"),
                    [(0.8, -0.1, 0.95, -0.1), (0.4, 0.9, 0.7, 0.9)]),
        "judge": (Curve((0.6, 0.1), (0.1, 1.1), "green", "", "s", "green"),
                  [(0.3, 0.1, 0.65, 0.1), (0, 1.1, 0.3, 1.1)]),
    }  # fmt: skip
    assert ticks(ax.yaxis) == {0: "denied", 1: "reworded"} and limits(ax) == ((-0.02, 1.03), (1.5, -0.5))
    assert legend(figure) == {"facts": Key(orange), "ROUGE-1": Key("blue"), "judge": Key("green")}
    assert titles(ax)[1] == "mean F over the meetings"
    (ax,) = plots.plot_changes(scores, truth="facts", xlabel="F").axes
    assert titles(ax)[1] == "F"


A = (np.array([[0.0, 1.0, 3.0], [2.0, 4.0, 6.0]]), 0.5 * np.array([[0.0, 1.0, 3.0], [2.0, 4.0, 6.0]]) + 1)
B = (np.array([[1.0, 2.0, 3.0], [0.0, 5.0, 7.0]]), 3 - 0.25 * np.array([[1.0, 2.0, 3.0], [0.0, 5.0, 7.0]]))


def test_groups_have_a_line_each_and_one_together():
    figure = redrawn(plots.plot_groups, {"a": A, "b": B}, ylabel="score", points=2)
    (ax,) = figure.axes
    second = same_dash(DASHES[1])
    small_a, large_a, line_a, small_b, large_b, line_b, whole = curves(ax)
    assert small_a == Curve((0, 1, 2, 4), (1, 1.5, 2, 3), "blue", "", "o", "blue"), "two meetings of each system"
    assert large_a == Curve(numbers((4 / 3, 4)), numbers((5 / 3, 3)), "blue", "", "o", "blue")
    assert small_b == Curve((1, 2, 0, 5), (2.75, 2.5, 3, 1.75), "green", "", "s", "green")
    assert large_b == Curve((2, 4), (2.5, 2), "green", "", "s", "green")
    assert line_a == Curve((0, 6), (1, 4), "blue", "-", "", "")
    assert line_b == Curve((0, 7), (3, 1.25), "green", "-", "", "")
    x, y = (np.concatenate([pair[side].ravel() for pair in (A, B)]) for side in (0, 1))
    slope = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
    ends = [y.mean() + slope * (end - x.mean()) for end in (0, 7)]
    assert whole == Curve((0, 7), numbers(ends), "ink", second, "", "")
    assert legend(figure) == {"a": Key("blue", "", "o"), "b": Key("green", "", "s"), "all together": Key("ink", second)}
    assert titles(ax)[1:] == ("truth: F1 of the facts", "score") and limits(ax)[1] == (-0.02, 1.04)


def test_similarity_marks_the_best_of_rows_and_columns():
    similarity = torch.tensor([[0.2, 0.7, 0.9], [0.8, 0.1, 0.3]])
    ax, bar = redrawn(plots.plot_similarity, similarity, ["a", "b"], ["x", "y", "z"]).axes
    (picture,) = pictures(ax)
    assert picture.rows == ((0.2, 0.7, 0.9), (0.8, 0.1, 0.3)) and picture.limits == (0, 1)
    rings, crosses = curves(ax)
    assert (rings.x, rings.y, rings.marker, rings.fill) == ((2, 0), (0, 1), "o", "none")
    assert (crosses.x, crosses.y, crosses.marker) == ((0, 1, 2), (1, 0, 0), "x")
    assert [color(line.get_markeredgecolor()) for line in ax.lines] == ["vermillion", "ink"]
    assert ticks(ax.yaxis) == {0: "a", 1: "b"} and ticks(ax.xaxis) == {0: "x", 1: "y", 2: "z"}
    assert titles(ax)[1:] == ("candidate", "reference") and bar.get_ylabel() == "cosine"
    assert pictures(plots.plot_similarity(-similarity, ["a", "b"], ["x", "y", "z"]).axes[0])[0].limits == (-0.9, 1)


def test_a_frame_shows_the_change_of_its_controls():
    explorer = widgets.explore_changes(MEETING)
    for change, count in (("denied", 2), ("denied", 4), (widgets.SHOWN[1], 4)):
        figure, _ = redrawn(explorer.draw, change=change, count=count)
        (ax,) = figure.axes
        text = change_summary(MEETING, change, count=count).text
        assert [word.text for word in words(ax)][: len(text.split())] == text.split()
        values = [bar.width / 3.55 for bar in bars(ax)[1::2]]
        assert values == pytest.approx(list(widgets.score_all(MEETING, text).values()), rel=1e-4)
        assert boxed_words(ax) == [word for place, word in enumerate(text.split())
                                   if place in plots.changed_words(MEETING.reference(), text)]  # fmt: skip


def test_the_explorer_says_what_is_true():
    explorer = widgets.explore_changes(MEETING)
    assert set(explorer.controls) == {"change", "count"}
    for change in widgets.SHOWN:
        for count in range(5):
            _, sentence = explorer.draw(change=change, count=count)
            changed = change_summary(MEETING, change, count=count)
            assert f"{changed.kept} of 4 facts are kept and {changed.wrong} statements are wrong" in sentence
            assert f"F1 of the facts {widgets.score_all(MEETING, changed.text)['facts F1']:.2f}" in sentence
    assert "ROUGE-1 1.00" in explorer.draw(change="denied", count=0)[1]
    assert "ROUGE-1 1.00" not in explorer.draw(change="denied", count=4)[1]


def test_the_frames_answer_the_question_that_is_asked_first():
    explorer = widgets.explore_changes(generate_meeting(77, domain="software", facts=4))  # as on the page
    assert explorer.predict is widgets.ASKED and 2 in explorer.controls["count"].frames
    denied, dropped = (change_summary(generate_meeting(77, domain="software", facts=4), change, count=2)
                       for change in ("denied", "facts dropped"))  # fmt: skip
    assert (denied.kept, denied.wrong, dropped.kept, dropped.wrong) == (2, 2, 2, 0)
    scores = [widgets.score_all(generate_meeting(77, domain="software", facts=4), each.text)
              for each in (denied, dropped)]  # fmt: skip
    assert scores[0]["ROUGE-1"] > scores[1]["ROUGE-1"] + 0.1 and "The one with two denied" in widgets.ASKED.answers
    assert scores[0]["facts F1"] < scores[1]["facts F1"], "the bar that agrees with the other answer"


def test_a_change_of_the_whole_summary_says_that_the_slider_does_not_matter():
    explorer = widgets.explore_changes(MEETING)
    for change in widgets.SHOWN:
        sentences = {explorer.draw(change=change, count=count)[1] for count in range(5)}
        assert all(("wherever the slider stands" in each) == (change not in widgets.BY_FACT) for each in sentences)
        assert (len(sentences) == 1) == (change not in widgets.BY_FACT)
