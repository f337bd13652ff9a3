"""The synthetic meetings: reproducible, and true to the facts they claim."""

import statistics
from dataclasses import replace

import pytest

from llmbook.summarization.domains import DOMAINS
from llmbook.summarization.meetings import FACT_KINDS, generate_corpus, generate_meeting

CORPUS = generate_corpus(300)


def test_a_seed_gives_the_same_meeting_and_another_seed_another():
    assert generate_meeting(7) == generate_meeting(7)
    assert len({meeting.transcript for meeting in CORPUS}) == len(CORPUS)


def untrue(meeting) -> list:
    """Facts that their own turn does not support."""
    return [fact for fact in meeting.facts
            if not fact.is_in(f"{meeting.turns[fact.turn].speaker}: {meeting.turns[fact.turn].text}")]


def test_every_fact_is_said_where_it_claims_to_be():
    for meeting in CORPUS:
        assert not untrue(meeting), meeting.transcript
        assert all(fact.is_in(fact.text) for fact in meeting.facts)


def test_a_fact_that_points_at_another_turn_is_caught():
    meeting = CORPUS[0]
    moved = replace(meeting, facts=(replace(meeting.facts[0], turn=0), *meeting.facts[1:]))
    assert untrue(moved) == [moved.facts[0]]


def test_all_kinds_and_domains_occur_and_no_matter_twice():
    assert {meeting.domain for meeting in CORPUS} == set(DOMAINS)
    assert {fact.kind for meeting in CORPUS for fact in meeting.facts} == set(FACT_KINDS)
    for meeting in CORPUS:
        assert len({fact.text for fact in meeting.facts}) == len(meeting.facts)


def test_chatter_sets_the_length():
    lengths = [statistics.mean(m.words for m in generate_corpus(50, chatter=chatter)) for chatter in (0.0, 2.0, 20.0)]
    assert lengths[0] < 0.7 * lengths[1] < 0.3 * lengths[2]


@pytest.mark.parametrize(
    ("settings", "hint"),
    [({"domain": "circus"}, "choose one of"), ({"facts": 0}, "from 1 to"), ({"facts": 99}, "raise chatter"),
     ({"chatter": -1.0}, "not negative")],
)
def test_impossible_settings_say_so(settings, hint):
    with pytest.raises(ValueError, match=hint):
        generate_meeting(0, **settings)
