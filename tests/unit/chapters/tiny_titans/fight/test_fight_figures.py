"""The figures of the fair fight show the numbers that they are given, and its explorer says who is ahead."""

import numpy as np
import pytest

from llmbook.chapters.tiny_titans.fight.explorer import describe, explore_fight
from llmbook.chapters.tiny_titans.fight.plots import plot_learning_curve, plot_systems
from llmbook.experiments import fair_fight as fight
from llmbook.metrics.intervals import Interval


def dots_of(ax):
    """The marks of the means."""
    return [line for line in ax.lines if line.get_marker() in ("o", "s")]


def test_systems_stand_at_their_means_and_the_marked_in_color():
    found = {"a": Interval(0.2, 0.1, 0.3), "b": Interval(0.6, 0.5, 0.8)}
    [ax] = plot_systems(found, xlabel="F1", marked=("b",)).axes
    dots = dots_of(ax)
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in dots] == [(0.2, 0), (0.6, 1)]
    assert dots[0].get_color() != dots[1].get_color()
    plain, other = dots_of(plot_systems(found, xlabel="F1").axes[0])
    assert plain.get_color() == other.get_color()


def test_the_words_of_a_summary_stand_in_the_row_of_their_system():
    found = {"a": Interval(0.2, 0.1, 0.3), "b": Interval(0.6, 0.5, 0.8)}

    def column(**words):
        return {text.xy[1]: text.get_text() for text in plot_systems(found, xlabel="F1", words=words).axes[0].texts
                if text.xy[0] == 1}  # fmt: skip

    assert column(a=35.2, b=71.0) == {-1: "words", 0: "35", 1: "71"}
    assert column(b=35.2, a=71.0) == {-1: "words", 0: "71", 1: "35"}


def test_the_curve_goes_through_the_means_with_their_intervals():
    curve = {0: np.array([0.1]), 10: np.array([0.2, 0.4]), 30: np.array([0.5, 0.7])}
    found = {count: Interval(each.mean(), each.mean() - 0.05, each.mean() + 0.08) for count, each in curve.items()}

    def drawn(found):
        [ax] = plot_learning_curve(curve, found, Interval(0.3, 0.2, 0.4), ylabel="F1", level_name="large").axes
        line, _, [bars] = ax.containers[0].lines
        dots = [list(each.get_ydata()) for each in ax.lines if each.get_marker() == "."]
        ends = [each[:, 1] for each in bars.get_segments()]
        return [float(each) for each in line.get_ydata()], ends, dots, ax.get_xticklabels()

    means, ends, dots, labels = drawn(found)
    assert means == pytest.approx([0.1, 0.3, 0.6])
    np.testing.assert_allclose(ends, [[0.05, 0.18], [0.25, 0.38], [0.55, 0.68]])
    assert dots == [[0.1], [0.2, 0.4], [0.5, 0.7]] and [each.get_text() for each in labels] == ["0", "10", "30"]
    assert drawn(found | {30: Interval(0.5, 0.4, 0.6)})[0][2] == 0.5


def test_the_explorer_says_who_is_ahead_and_whether_chance_explains_it():
    explorer = explore_fight()
    sentences = [describe(test, measure) for test in fight.TEST_SETS for measure in ("rouge1", "net_f1", "wrong")]
    assert len(set(sentences)) == 18 and all("difference" in each and "words" in each for each in sentences)
    frame = explorer.frame(**explorer.defaults)
    assert frame.svg.startswith("<svg") and frame.sentence == describe("private", "net_f1")
