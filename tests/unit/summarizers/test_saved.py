"""A score that pays for facts as far as reading is saved: by hand, at its ends, and against F1, which the length of a
summary does not touch."""

from types import SimpleNamespace

import pytest

from llmbook.meetings.fact_check import check_facts
from llmbook.meetings.generator import generate_corpus
from llmbook.summarizers.baselines import stated
from llmbook.summarizers.saved import net_f1, reading_saved

MEETINGS = generate_corpus(12, seed=3, domain="theater", facts=3, chatter=0.5)
BY_HAND = SimpleNamespace(words=10, reference=lambda instruction: "two words")


@pytest.mark.parametrize(("words", "share"), [(0, 1), (1, 1), (2, 1), (6, 0.5), (8, 0.25), (10, 0), (30, 0)])
def test_by_hand(words, share):
    assert reading_saved(BY_HAND, "word " * words) == pytest.approx(share)


def test_the_reference_has_one_and_the_transcript_nothing():
    assert [net_f1(meeting, meeting.reference()) for meeting in MEETINGS] == [1.0] * len(MEETINGS)
    assert [net_f1(meeting, meeting.transcript) for meeting in MEETINGS] == [0.0] * len(MEETINGS)
    assert min(check_facts(meeting, meeting.transcript).f1 for meeting in MEETINGS) > 0.3  # F1 alone pays for it


def test_chatter_costs_and_what_is_shorter_than_the_reference_earns_nothing():
    for meeting in MEETINGS:
        copied = stated(meeting)
        longer = f"{copied}\n{meeting.turns[-1].line}"
        assert net_f1(meeting, longer) < net_f1(meeting, copied)
        assert check_facts(meeting, longer).f1 == check_facts(meeting, copied).f1
        short = meeting.facts[0].text
        assert net_f1(meeting, short) == check_facts(meeting, short).f1


def test_a_reference_that_saves_nothing():
    with pytest.raises(ValueError, match="no summary can save reading"):
        reading_saved(SimpleNamespace(words=2, reference=lambda instruction: "two words"), "one")
