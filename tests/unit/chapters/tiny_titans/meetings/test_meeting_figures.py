"""The figures and the explorer of the page "Meetings"."""

import itertools
import math
import re
from itertools import chain

from drawing import curves, dots, errorbars, legend, limits, redrawn, rules, scales, spans, ticks, titles, words
from drawn import Curve, Dots, Key, Rule, color, numbers, same_dash

from llmbook.chapters.tiny_titans.meetings import plots
from llmbook.chapters.tiny_titans.meetings.explorer import ASKED, describe, draw_meeting, explore_meetings
from llmbook.meetings.generator import generate_meeting
from llmbook.meetings.meeting import FACT_KINDS
from llmbook.meetings.stored import stored_meetings
from llmbook.meetings.turn_kinds import TURN_KINDS, is_repaired, turn_kinds
from llmbook.metrics.intervals import Interval
from llmbook.plots.style import DASHES
from llmbook.widgets.controls import grid

MEETING = stored_meetings("test")[3]
PANELS = {"a": {"x": [10, 20, 30, 400], "y": [40, 50]}, "b": {"x": [3, 4], "y": [5, 6, 6]}}
COUNTS = {"a": [(3, 0, 1), (0, 2, 0)], "b": [(1, 1, 0), (0, 0, 3)]}


def test_histograms_count_every_text_between_edges_of_equal_ratio():
    figure = redrawn(plots.plot_lengths, PANELS, bins=3)
    for ax, title, (low, high) in zip(figure.axes, PANELS, ((9.8, 408), (2.94, 6.12)), strict=True):
        steps = ax.patches
        assert [numbers(step.get_data().values) for step in steps] == COUNTS[title]
        edges = [low * (high / low) ** (part / 3) for part in range(4)]
        assert all(numbers(step.get_data().edges) == numbers(edges) for step in steps)
        assert [color(step.get_edgecolor()) for step in steps] == ["blue", "vermillion"]
        assert steps[0].get_linestyle() != steps[1].get_linestyle()
        assert legend(ax) == {"x": Key("blue", "-"), "y": Key("vermillion", same_dash(DASHES[1]))}
        assert titles(ax) == (title, "words", "texts" if title == "a" else "") and scales(ax) == ("log", "linear")
    assert {len(step.get_data().values) for step in plots.plot_lengths(PANELS).axes[0].patches} == {12}
    assert ticks(figure.axes[0].xaxis) == {10: "10", 20: "20", 50: "50", 100: "100", 200: "200"}


def test_groups_of_meetings_stand_beside_a_ruler():
    rows = {"ours": [300, 100, 200, 50], "QMSum": [5000, 3000]}
    (ax,) = redrawn(plots.plot_beside, rows, limit=(1500, 2048), limit_name="limit").axes
    ours, theirs = dots(ax)
    waves = [0.24 * math.sin(2.4 * place) for place in range(4)]
    assert ours[:3] == ((50, 100, 200, 300), numbers(waves), "o") and ours.fills == ("blue",)
    assert theirs[:3] == ((3000, 5000), numbers(1 + wave for wave in waves[:2]), "s")
    assert theirs.fills == ("vermillion",)
    assert curves(ax) == [Curve((150, 150), (-0.38, 0.38), "ink", "-", "", ""),
                          Curve((4000, 4000), (0.62, 1.38), "ink", "-", "", "")]  # fmt: skip
    assert [span[:5] for span in spans(ax)] == [(1500, 0, 548, 1, "orange")]
    assert [word[:3] for word in words(ax)] == [("limit", 2170.88, -0.72)]
    assert ticks(ax.yaxis) == {0: "ours", 1: "QMSum"} and limits(ax)[1] == (1.6, -1)
    assert scales(ax) == ("log", "linear")
    assert ticks(ax.xaxis) == {count: f"{count:,}" for count in (100, 300, 1000, 3000, 10_000, 30_000)}
    assert titles(ax)[1] == "words of the transcript; the black bar is the median"


# --- the strip -----------------------------------------------------------------------------------------------------


def expected_bars(meeting):
    """For each kind of turn: from which word to which its turns reach."""
    found, start = {kind: [] for kind in TURN_KINDS}, 0
    for turn, kind in zip(meeting.turns, turn_kinds(meeting), strict=True):
        end = start + len(turn.text.split()) + len(turn.speaker.split())
        found[kind].append((start, end))
        start = end
    return found


def drawn_bars(ax):
    """The same, read from the strip; rows and colors beside it."""
    found, looks = {}, {}
    for kind, row in zip(TURN_KINDS, ax.collections, strict=False):
        corners = [path.vertices for path in row.get_paths()]
        found[kind] = [(each[:, 0].min(), each[:, 0].max()) for each in corners]
        looks[kind] = ({(round(each[:, 1].min(), 2), round(each[:, 1].max(), 2)) for each in corners},
                       {color(each) for each in row.get_facecolor()})  # fmt: skip
    return found, looks


def mixed_meeting():
    """With code names and with corrections, not of the same facts."""
    return generate_meeting(11, domain="theater", facts=8, chatter=3.0, kinds=FACT_KINDS, jargon=0.5, repairs=0.5)


def test_a_strip_is_as_long_as_the_meeting_and_each_turn_is_in_its_row():
    (ax,) = redrawn(plots.draw_strip, MEETING).axes
    found, looks = drawn_bars(ax)
    assert found == expected_bars(MEETING) and limits(ax) == ((0, MEETING.words), (len(TURN_KINDS) - 0.4, -0.6))
    colors = {"decision": "blue", "action": "vermillion", "number": "green", "date": "purple"}
    for row, kind in enumerate(TURN_KINDS):
        assert looks[kind] == ({(row - 0.38, row + 0.38)}, {colors.get(kind, "gray")}) or not found[kind]
    assert list(ticks(ax.yaxis).values()) == list(TURN_KINDS) and rules(ax) == [Rule("y", 3.5, "ink", "-")]
    assert titles(ax)[1] == "words from the beginning"


def test_marks_stand_on_the_turns_that_they_are_about():
    meeting = mixed_meeting()
    figure = redrawn(plots.draw_strip, meeting)
    (ax,) = figure.axes
    kinds = turn_kinds(meeting)
    middles = [sum(each) / 2 for each in sorted(chain.from_iterable(expected_bars(meeting).values()))]
    coded = [fact.turn for fact in meeting.facts if fact.code_name]
    repaired = [fact.turn for fact in meeting.facts if is_repaired(meeting.turns[fact.turn].text)]
    assert coded and repaired and coded != repaired
    names = [each.get_label() for each in ax.collections[len(TURN_KINDS):]]
    expected = {"said in code": ("D", coded), "corrected while speaking": ("X", repaired)}
    assert dict(zip(names, dots(ax), strict=True)) == {
        name: Dots(numbers(middles[turn] for turn in turns), numbers(TURN_KINDS.index(kinds[turn]) for turn in turns),
                   marker if marker == "D" else "?", (46,), ("white",), ("ink",))
        for name, (marker, turns) in expected.items()}  # fmt: skip
    assert legend(figure) == {"said in code": Key("ink"), "corrected while speaking": Key("ink")}


# --- intervals -----------------------------------------------------------------------------------------------------

WAYS = {"lead": {"test": Interval(0.5, 0.4, 0.75), "new": Interval(0.2, 0.1, 0.25)},
        "no": {"test": Interval(0.7, 0.6, 0.9), "new": Interval(0.3, 0.0, 0.35)}}  # fmt: skip
NET = {way: {group: Interval(each.mean / 2, each.low / 2, each.high / 2) for group, each in groups.items()}
       for way, groups in WAYS.items()}  # fmt: skip


def test_intervals_are_drawn_from_low_to_high_in_the_row_of_their_way():
    figure = redrawn(plots.plot_intervals, {"facts": WAYS, "net": NET}, xlabels=["F1", "net F1"])
    for ax, title, ways, xlabel in zip(figure.axes, ("facts", "net"), (WAYS, NET), ("F1", "net F1"), strict=True):
        for group, shift, look in (("test", -0.16, "blue"), ("new", 0.16, "vermillion")):
            line, ends = errorbars(ax)[group]
            rows = numbers((shift, 1 + shift))
            found = [ways[way][group] for way in ("lead", "no")]
            assert (line.x, line.y, line.color, line.dash) == (numbers(each.mean for each in found), rows, look, "")
            assert line.marker == {"test": "o", "new": "s"}[group]
            assert ends == [numbers((each.low, row, each.high, row)) for each, row in zip(found, rows, strict=True)]
        assert titles(ax) == (title, xlabel, "") and limits(ax) == ((-0.03, 1.03), (1.5, -0.5))
    assert ticks(figure.axes[0].yaxis) == {0: "lead", 1: "no"}
    assert legend(figure) == {"test": Key("blue"), "new": Key("vermillion")}
    alone = plots.plot_intervals({"facts": {"lead": {"test": Interval(0.5, 0.4, 0.75)}}})
    assert not alone.legends and errorbars(alone.axes[0])["test"][0].y == (0,)


# --- the explorer --------------------------------------------------------------------------------------------------


def test_a_frame_shows_the_meeting_of_its_controls():
    figure, _ = redrawn(draw_meeting, workplace="theater", chatter=3, jargon="half of the time",
                        repairs="half of the time")  # fmt: skip
    assert drawn_bars(figure.axes[0])[0] == expected_bars(mixed_meeting())
    other = generate_meeting(11, domain="farm", facts=8, chatter=1.0, kinds=FACT_KINDS, jargon=0.0, repairs=1.0)
    figure, _ = draw_meeting(workplace="farm", chatter=1, jargon="never", repairs="always")
    assert drawn_bars(figure.axes[0])[0] == expected_bars(other)
    coded, repaired = dots(figure.axes[0])
    assert not coded.x and len(repaired.x) == sum(is_repaired(turn.text) for turn in other.turns) > 0


def test_the_explorer_has_few_frames_and_each_says_something_else():
    explorer = explore_meetings()
    settings = grid(explorer.controls)
    assert len(settings) == len({explorer.draw(**values)[1] for values in settings}) == 40


def test_the_frames_answer_the_question_that_is_asked_first():
    explorer = explore_meetings()
    assert explorer.predict is ASKED and "More than twice as far" in ASKED.answers
    assert {3, 12} <= set(explorer.controls["chatter"].frames)
    for place, jargon, repairs in itertools.product(("farm", "theater"), (0.0, 0.5), (0.0, 0.5)):
        few, many = (generate_meeting(11, domain=place, facts=8, chatter=chatter, kinds=FACT_KINDS, jargon=jargon,
                                      repairs=repairs) for chatter in (3.0, 12.0))  # fmt: skip
        last = [int(re.search(r"the last at word ([\d,]+)", describe(each)).group(1).replace(",", ""))
                for each in (few, many)]  # fmt: skip
        assert last[1] > 2 * last[0], "in every frame"


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
