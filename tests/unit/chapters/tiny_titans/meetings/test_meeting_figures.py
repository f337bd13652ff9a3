"""The figures and the explorer of the page "Meetings"."""

import re

import numpy as np
import pytest

from llmbook.chapters.tiny_titans.meetings import plots
from llmbook.chapters.tiny_titans.meetings.explorer import describe, draw_meeting, explore_meetings
from llmbook.meetings.stored import stored_meetings
from llmbook.meetings.turn_kinds import TURN_KINDS, turn_kinds
from llmbook.metrics.intervals import Interval
from llmbook.widgets.controls import grid

MEETING = stored_meetings("test")[3]
SPAN = Interval(0.5, 0.4, 0.7)


@pytest.mark.parametrize("figure", [
    lambda: plots.plot_lengths({"a": {"x": [10, 20, 30], "y": [40, 50]}, "b": {"x": [3, 4], "y": [5, 6]}}),
    lambda: plots.plot_beside({"ours": [100, 200], "QMSum": [3000]}, limit=(1500, 2048), limit_name="limit"),
    lambda: plots.draw_strip(MEETING),
    lambda: plots.plot_intervals({"facts": {"lead": {"test": SPAN, "new": SPAN}, "no": {"test": SPAN, "new": SPAN}}}),
])  # fmt: skip
def test_figures_draw_and_draw_the_same_again(figure):
    first, second = (figure()._repr_mimebundle_()["image/svg+xml"] for _ in range(2))
    assert first == second and first.startswith("<svg")


def test_histograms_count_every_text():
    figure = plots.plot_lengths({"a": {"x": [10, 20, 30, 400], "y": [40, 50]}})
    assert [patch.get_data().values.sum() for patch in figure.axes[0].patches] == [4, 2]


def test_a_strip_is_as_long_as_the_meeting_and_each_turn_is_in_its_row():
    ax = plots.draw_strip(MEETING).axes[0]
    assert ax.get_xlim() == (0, MEETING.words)
    kinds = turn_kinds(MEETING)
    bars = [len(collection.get_paths()) for collection in ax.collections[: len(TURN_KINDS)]]
    assert bars == [kinds.count(kind) for kind in TURN_KINDS]
    width = sum(np.ptp(path.vertices[:, 0]) for c in ax.collections[: len(TURN_KINDS)] for path in c.get_paths())
    assert width == pytest.approx(MEETING.words)


def test_intervals_are_drawn_from_low_to_high():
    figure = plots.plot_intervals({"facts": {"lead": {"test": SPAN}}})
    (segment,) = figure.axes[0].containers[0].lines[2][0].get_segments()
    assert np.allclose(segment[:, 0], [0.4, 0.7])


# --- the explorer --------------------------------------------------------------------------------------------------

def test_the_explorer_has_few_frames_and_each_says_something_else():
    explorer = explore_meetings()
    settings = grid(explorer.controls)
    assert len(settings) == len({explorer.draw(**values)[1] for values in settings}) == 40


def test_the_sentence_counts():
    _, said = draw_meeting(workplace="farm", chatter=0, jargon="never", repairs="never")
    words, turns, share, first, last = map(int, re.match(
        r"Farm: (\d+) words in (\d+) turns, (\d+)% of them about the 8 facts; the first fact begins at word (\d+), "
        r"the last at word (\d+), and \d begin in the second half", said).groups())  # fmt: skip
    assert turns == 10 and share > 80 and 1 < first < last < words
    assert "Said in code: 0; corrected while speaking: 0." in said
    assert describe(MEETING) != describe(stored_meetings("test")[4])


def test_always_means_every_thing_with_a_code_name_and_every_value():
    _, said = draw_meeting(workplace="theater", chatter=1, jargon="always", repairs="always")
    coded, repaired = map(int, re.search(r"in code: (\d+); corrected while speaking: (\d+)", said).groups())
    assert coded > 0 and repaired > 0
