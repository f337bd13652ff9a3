"""Figures and explorer of changed summaries show the numbers they are given."""

import numpy as np
import pytest
import torch

from llmbook.chapters.tiny_titans.mislead import explorer as widgets
from llmbook.chapters.tiny_titans.mislead import plots
from llmbook.meetings.generator import generate_meeting
from llmbook.meetings.perturbations import CHANGES, change_summary
from llmbook.metrics.intervals import Interval
from llmbook.plots.style import to_svg

MEETING = generate_meeting(8, domain="software", facts=4)


def test_only_words_that_are_not_in_their_place_are_marked():
    assert plots.changed_words("a b c d", "a b c d") == set()
    assert plots.changed_words("we decided to go", "we decided not to go") == {2}
    assert plots.changed_words("a b", "b a x") == {1, 2} or plots.changed_words("a b", "b a x") == {0, 2}
    assert plots.changed_words("a b c", "a c") == set(), "what is dropped leaves nothing to mark"


def bars(figure):
    """Right ends of the filled bars, as shares."""
    patches = [patch for patch in figure.axes[0].artists + figure.axes[0].patches if hasattr(patch, "get_width")]
    filled = [patch for patch in patches if patch.get_edgecolor()[3] == 0 and patch.get_x() == plots.BAR_LEFT]
    return [round(patch.get_width() / plots.BAR_WIDTH, 3) for patch in filled]


def test_a_drawn_summary_has_its_bars_and_boxes():
    denied = change_summary(MEETING, "denied")
    scores = widgets.score_all(MEETING, denied.text)
    figure = plots.draw_changed(MEETING.reference(), denied.text, scores, truths=widgets.TRUTHS, rows=8)
    assert bars(figure) == [round(value, 3) for value in scores.values()]
    assert bars(figure) != [1.0] * len(scores)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts.count("not") == denied.text.split().count("not") > 0


def test_rows_are_counted_for_every_change():
    lines = len(MEETING.reference().splitlines())
    needed = {kind: plots.text_rows(MEETING.reference(), change_summary(MEETING, kind).text) for kind in CHANGES}
    assert needed["unchanged"] >= lines and needed["padded"] >= 3 * lines and needed["empty"] == 1


def test_changes_beside_the_truth():
    scores = {"denied": {"ROUGE-1": Interval(0.9, 0.8, 0.95), "facts": Interval(0.3, 0.2, 0.4)},
              "reworded": {"ROUGE-1": Interval(0.5, 0.4, 0.6), "facts": Interval(1.0, 1.0, 1.0)}}  # fmt: skip
    ax = plots.plot_changes(scores, truth="facts").axes[0]
    assert [patch.get_width() for patch in ax.patches] == [0.3, 1.0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["denied", "reworded"]
    assert ax.lines[0].get_xdata().tolist() == [0.9, 0.5]


def test_groups_have_a_line_each_and_one_together():
    x = np.linspace(0, 1, 12).reshape(3, 4)
    figure = plots.plot_groups({"a": (x, x), "b": (x + 1, x)}, ylabel="score", points=2)
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 2]
    slopes = [np.diff(line.get_ydata())[0] / np.diff(line.get_xdata())[0] for line in lines]
    assert slopes[:2] == pytest.approx([1, 1]) and 0 < slopes[2] < 0.5
    assert "#0072b2" in to_svg(figure).lower()


def test_similarity_marks_the_best_of_rows_and_columns():
    ax = plots.plot_similarity(torch.tensor([[0.9, 0.8, 0.1], [0.2, 0.7, 0.3]]), ["a", "b"], ["x", "y", "z"]).axes[0]
    rings, crosses = ax.lines
    assert rings.get_xdata().tolist() == [0, 1] and crosses.get_ydata().tolist() == [0, 0, 1]


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
