"""What is said of the stored answers: intervals over whole meetings, the manner of answers, and what is copied."""

import numpy as np
import pytest

from llmbook.chapters.tiny_titans.real_meetings import results
from llmbook.chapters.tiny_titans.real_meetings.results import (
    any_other,
    beyond_question,
    copied_share,
    over_meetings,
    repeats,
)
from llmbook.meetings.meeting import Turn
from llmbook.meetings.qmsum_spans import SpanQuery

MEETINGS = [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]


def query(meeting, answer, span="They meet at nine in the room."):
    return SpanQuery("test", meeting, 0, "When?", answer, (Turn("Ann", span),))


def test_queries_of_a_meeting_are_drawn_together():
    """Values that agree within each meeting are worth three numbers, not twelve."""
    values = np.repeat([0.0, 1.0, 2.0], 4)
    found, alone = over_meetings(values, MEETINGS), over_meetings(values, range(12))
    assert found.mean == alone.mean == 1 and (found.low, found.high) == (0, 2)
    assert alone.high - alone.low < 0.7 * (found.high - found.low)


def test_the_interval_holds_the_mean_as_often_as_it_says():
    """Meetings of unequal size, with a part that their queries share: about 95 of 100 intervals hold the truth."""
    drawn, sizes = np.random.default_rng(0), [1, 2, 3, 4] * 7
    meetings = np.repeat(np.arange(28), sizes)
    held = {"together": 0, "alone": 0}
    for _ in range(200):
        values = drawn.normal(size=28)[meetings] + drawn.normal(size=len(meetings))
        for way, names in (("together", meetings), ("alone", range(len(meetings)))):
            each = over_meetings(values, names, samples=400)
            held[way] += each.low <= 0 <= each.high
    assert 0.88 < held["together"] / 200 < 0.99 and held["alone"] < held["together"] - 10


@pytest.mark.parametrize("meetings", [[1, 2], [1] * 12])
def test_what_cannot_be_drawn_is_refused(meetings):
    with pytest.raises(ValueError, match="cannot be drawn"):
        over_meetings(np.ones(12), meetings)


def test_the_manner_is_measured_against_other_meetings_only():
    queries = [query(1, "a b"), query(1, "a b"), query(2, "a c"), query(3, "x y")]
    assert any_other(queries, ["a b", "a b", "a c", "x y"]).tolist() == [0.25, 0.25, pytest.approx(1 / 3), 0]
    assert any_other(queries, ["x y", "", "", ""]).tolist() == [0.5, 0, 0, 0]


def test_a_question_that_is_said_again_gets_nothing_for_it():
    queries = [query(1, "when nine"), query(2, "when ten"), query(2, "when ten")]  # all are asked: When?
    assert beyond_question(queries, ["when nine", "When?", "when nine"]).tolist() == [1, 0, -1]
    assert any_other(queries, ["", "When?", ""])[1] > 0.6, "the twin: with the question's word it scores"


def test_what_is_copied_stands_in_the_span_word_for_word():
    queries = [query(1, "a")] * 4
    texts = ["They meet at nine", "They meet at nine, in ink.", "At nine they meet in it.", "They meet."]
    assert copied_share(queries, texts).tolist() == [1, pytest.approx(2 / 3), 0, 0]


def test_a_text_repeats_if_it_says_a_run_twice():
    assert repeats(["a b c d e f g", "a b, a b", "a b c a b c a"], 2).tolist() == [False, True, True]
    assert repeats(["a b c a b c a", "a"], 4).tolist() == [True, False] and not repeats(["a b c a b c"], 4).any()


def row(system, seed, score, text, part="test", instruction="question last"):
    named = {"part": part, "system": system, "instruction": instruction, "seed": seed}
    return named | {"rouge1": [score], "texts": [text]}


ROWS = [row("zero-shot", None, 0.1, "a b"), row("zero-shot", None, 0.2, "a", instruction="minutes"),
        row("lora", 0, 0.3, "a b c"), row("lora", 1, 0.5, ""), row("lora", 0, 0.9, "a", part="rate")]  # fmt: skip


def test_a_system_has_its_rows_and_no_others():
    assert results.scores_of(ROWS, "zero-shot").tolist() == [[0.1]]
    assert results.scores_of(ROWS, "zero-shot, minutes").tolist() == [[0.2]]
    assert results.scores_of(ROWS, "LoRA").tolist() == [[0.3], [0.5]]
    assert results.scores_of(ROWS, "LoRA", "words").tolist() == [[3], [0]]
    with pytest.raises(ValueError, match="no stored row"):
        results.scores_of(ROWS, "DoRA")
