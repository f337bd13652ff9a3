"""The synthetic meetings: reproducible, and true to the facts they claim."""

import statistics
from dataclasses import replace

import pytest

from llmbook.meetings.composed_domains import ALL_DOMAINS, WORKPLACES
from llmbook.meetings.domains import DOMAINS, REPAIRS
from llmbook.meetings.generator import FACT_KINDS, FIRST_KINDS, Fact, generate_corpus, generate_meeting

CORPUS = generate_corpus(300)
INSIDE = {"domain": "theater", "facts": 5, "kinds": FACT_KINDS, "jargon": 0.8, "repairs": 0.5}
COMPOSED = generate_corpus(300, **INSIDE)
CODES = dict(ALL_DOMAINS["theater"].code_names)


def test_a_seed_gives_the_same_meeting_and_another_seed_another():
    assert generate_meeting(7) == generate_meeting(7)
    assert len({meeting.transcript for meeting in CORPUS}) == len(CORPUS)


def in_plain_words(meeting):
    """The same meeting with every code name replaced by what it means."""
    turns = list(meeting.turns)
    for fact in meeting.facts:
        if fact.code_name:
            said = turns[fact.turn].text.replace(fact.code_name, CODES[fact.code_name])
            turns[fact.turn] = replace(turns[fact.turn], text=said)
    return replace(meeting, turns=tuple(turns))


def untrue(meeting) -> list:
    """Facts that their own turn does not support."""
    return [fact for fact in meeting.facts
            if not fact.is_in(f"{meeting.turns[fact.turn].speaker}: {meeting.turns[fact.turn].text}")]


def test_every_fact_is_said_where_it_claims_to_be():
    for meeting in CORPUS + [in_plain_words(meeting) for meeting in COMPOSED]:
        assert not untrue(meeting), meeting.transcript
        assert all(fact.is_in(fact.text) for fact in meeting.facts)


def test_insiders_say_code_names_that_a_summary_must_not():
    coded = [(meeting, fact) for meeting in COMPOSED for fact in meeting.facts if fact.code_name]
    assert 200 < len(coded) < 700
    for meeting, fact in coded:
        assert fact.code_name in meeting.turns[fact.turn].text and fact.code_name not in fact.text
        assert CODES[fact.code_name] in fact.text.lower() and untrue(meeting)
    assert not any(fact.code_name for meeting in CORPUS for fact in meeting.facts)


def test_a_mixed_workplace_has_things_of_its_own_and_none_of_the_theater():
    mixed = generate_corpus(200, domain="mixed", facts=3, kinds=FACT_KINDS, jargon=1.0)
    said = " ".join(meeting.transcript for meeting in mixed).lower()
    assert not any(fact.code_name for meeting in mixed for fact in meeting.facts)
    assert not any(thing in said for thing in WORKPLACES["theater"].things)
    names = [fact.keys[0] for meeting in mixed for fact in meeting.facts if fact.kind == "decision"]
    assert len(set(names)) > 0.8 * len(names)
    assert not any(untrue(meeting) for meeting in mixed)


def test_a_repaired_value_is_said_last_and_only_the_last_is_true():
    repaired = [(meeting.turns[fact.turn].text, fact) for meeting in COMPOSED for fact in meeting.facts
                if any(f", {words}, " in meeting.turns[fact.turn].text for words in REPAIRS)]
    assert len(repaired) > 300
    for said, fact in repaired:
        wrong, last = next(said.split(f", {words}, ") for words in REPAIRS if f", {words}, " in said)
        assert fact.keys[-1] in last.lower(), said
        assert not Fact(fact.kind, "", fact.keys[-1:], 0).is_in(wrong), said


def test_a_reference_keeps_what_it_is_asked_for():
    for meeting in COMPOSED:
        lines = {each: meeting.reference(each).splitlines() for each in ("short", "medium", "long")}
        assert lines["long"] == [meeting.topic_sentence, *(fact.text for fact in meeting.facts)]
        assert set(lines["short"]) <= set(lines["medium"]) <= set(lines["long"])
        assert [fact.text for fact in meeting.facts if fact.kind == "decision"] == lines["short"][1:]
    with pytest.raises(ValueError, match="choose one of short"):
        COMPOSED[0].reference("tiny")


def test_a_key_is_found_as_whole_words_in_one_line():
    fact = Fact("number", "We got 9 questions.", ("questions", "9"), 0)
    assert fact.is_in("We got 9 questions.") and not fact.is_in("We got 90 questions.")
    assert not fact.is_in("We got 9.\nQuestions?")


def test_a_fact_that_points_at_another_turn_is_caught():
    meeting = CORPUS[0]
    moved = replace(meeting, facts=(replace(meeting.facts[0], turn=0), *meeting.facts[1:]))
    assert untrue(moved) == [moved.facts[0]]


def test_all_kinds_and_domains_occur_and_no_matter_twice():
    assert {meeting.domain for meeting in CORPUS} == set(DOMAINS)
    assert {fact.kind for meeting in CORPUS for fact in meeting.facts} == set(FIRST_KINDS)
    assert {fact.kind for meeting in COMPOSED for fact in meeting.facts} == set(FACT_KINDS)
    for meeting in CORPUS + COMPOSED:
        assert len({fact.text for fact in meeting.facts}) == len(meeting.facts)


def test_chatter_sets_the_length():
    lengths = [statistics.mean(m.words for m in generate_corpus(50, chatter=chatter)) for chatter in (0.0, 2.0, 20.0)]
    assert lengths[0] < 0.7 * lengths[1] < 0.3 * lengths[2]


@pytest.mark.parametrize(
    ("settings", "hint"),
    [({"domain": "circus"}, "choose one of"), ({"facts": 0}, "from 1 to"), ({"facts": 99}, "raise chatter"),
     ({"chatter": -1.0}, "not negative"), ({"kinds": ("gossip",)}, "must be some of"), ({"kinds": ()}, "must be some"),
     ({"jargon": 2.0}, "shares from 0 to 1"), ({"repairs": -0.1}, "shares from 0 to 1")],
)
def test_impossible_settings_say_so(settings, hint):
    with pytest.raises(ValueError, match=hint):
        generate_meeting(0, **settings)
