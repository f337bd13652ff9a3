"""Claims are written and read back without loss, and a fact check sees what keys alone do not."""

import itertools

import pytest

from llmbook.meetings import phrasings
from llmbook.meetings.composed_domains import ALL_DOMAINS
from llmbook.meetings.fact_check import FactCheck, check_facts, read_lines, true_claims
from llmbook.meetings.generator import FACT_KINDS, FIRST_KINDS, generate_corpus
from llmbook.meetings.meeting import Fact, Meeting, Turn
from llmbook.meetings.phrasings import NUMBERS, WORDINGS, Claim, read_claim, write_claim

CORPUS = [
    meeting
    for name, domain in ALL_DOMAINS.items()
    for meeting in generate_corpus(12, domain=name, kinds=FACT_KINDS if domain.events else FIRST_KINDS, repairs=0.5)
]
MEETING = Meeting(
    0, "software", "the release of the mobile app", "May 3", ("Ben", "Tara"), (Turn("Ben", "Hello."),),
    (
        Fact("decision", "On the release, the group decided to ship it in two parts.", (), 0),
        Fact("action", "Ben will fix the login page by Monday.", ("ben", "fix the login page", "monday"), 0),
        Fact("number", "The crash rate is 5 percent.", (), 0),
        Fact("date", "The staff party is on May 4.", (), 0),
    ),
)  # fmt: skip
TOPIC = "The meeting was about the release of the mobile app."


def lost(meeting):
    """Facts that are not read, or not the same after writing, for any writer."""
    return [fact.text for fact in meeting.facts for style in WORDINGS
            if (claim := read_claim(fact.text)) is None or claim.kind != fact.kind
            or read_claim(write_claim(claim, style)) != claim or write_claim(claim) != fact.text]  # fmt: skip


def check(*lines, instruction="long"):
    result = check_facts(MEETING, "\n".join(lines), instruction)
    return result.recalled, result.wrong, result.unread


def test_every_fact_of_every_workplace_survives_writing_and_reading():
    assert not [text for meeting in CORPUS for text in lost(meeting)]
    written = {claim.subject for meeting in CORPUS for claim in true_claims(meeting) if claim.kind == "number"}
    assert len(written) > 30


def test_a_template_that_loses_a_day_is_caught(monkeypatch):
    monkeypatch.setitem(WORDINGS["minutes"], "action", "It is up to {owner} to {subject}.")
    phrasings._readers.cache_clear()
    read_claim.cache_clear()
    try:
        with pytest.raises(KeyError):
            lost(MEETING)
    finally:
        phrasings._readers.cache_clear()
        read_claim.cache_clear()


def test_references_are_true_and_so_is_what_was_said():
    for meeting in CORPUS:
        for instruction in ("short", "medium", "long"):
            result = check_facts(meeting, meeting.reference(instruction), instruction)
            assert (result.recall, result.precision, result.f1, result.wrong, result.unread) == (1, 1, 1, 0, 0)
        said = check_facts(meeting, meeting.transcript)
        assert said.recall == 1 and said.wrong == 0 and said.unread > 0, meeting.transcript
        for style in WORDINGS:
            restated = "\n".join(write_claim(claim, style) for claim in true_claims(meeting))
            assert check_facts(meeting, restated).f1 == 1


def test_another_meetings_summary_is_wrong():
    pairs = list(itertools.pairwise(CORPUS))
    shares = [check_facts(one, other.reference()).recall for one, other in pairs]
    assert sum(shares) / len(shares) < 0.05
    assert all(check_facts(one, other.reference()).wrong >= 3 for one, other in pairs)


def test_every_wrong_value_is_seen():
    right = "Ben will fix the login page by Monday."
    assert check(right) == (1, 0, 0)
    for wrong in ("Tara will fix the login page by Monday.", "Ben will fix the login page by Tuesday.",
                  "Ben will not fix the login page by Monday.", "Ben won't fix the login page by Monday.",
                  "Ben will fix the page by Monday.", "It is up to Tara to fix the login page, no later than Monday.",
                  "On the release, the group decided to wait for the whole package.",
                  "On the release, the group did not decide to ship it in two parts.",
                  "The crash rate is 50 percent.", "The crash rate is never 5 percent.",
                  "The staff party is on May 5.", "The meeting was about the outage of last week."):  # fmt: skip
        assert check(wrong) == (0, 1, 0), wrong
    keys_alone = MEETING.facts[1]
    assert keys_alone.is_in("Ben will not fix the login page by Monday."), "what the stricter check is for"
    assert keys_alone.is_in("Tara asked Ben to fix the login page by Monday, and he refused.")


def test_words_may_differ_and_order_too():
    lines = ["Calendar: the staff party, may 4", "5 percent of all sessions end in a crash",
             "To do for BEN: fix the login page, until monday", "Um, on the release, we could wait or ship it in two "
             "parts. Let's decide: we ship it in two parts.", TOPIC]  # fmt: skip
    assert check(*lines) == (4, 0, 0)


def test_a_speaker_who_takes_a_task_is_its_owner():
    assert check("Ben: Well, I'll fix the login page by Friday, wait, no, Monday.") == (1, 0, 0)
    assert check("Tara: I'll fix the login page by Monday.") == (0, 1, 0)
    assert check("I'll fix the login page by Monday.") == (0, 1, 0), "nobody knows who says it"
    assert check("Tara: Ben, can you fix the login page by Monday?") == (1, 0, 0)


def test_what_is_true_but_not_asked_for_counts_neither_way():
    assert check(TOPIC, *(fact.text for fact in MEETING.facts), instruction="short") == (1, 0, 0)
    assert check_facts(MEETING, "", "medium").expected == 2


def test_repeating_gains_and_costs_nothing():
    right, wrong = "The crash rate is 5 percent.", "The crash rate is 6 percent."
    assert check(right, right, wrong, wrong, wrong) == (1, 1, 0)


def test_chatter_and_broken_sentences_are_unread():
    assert check("Agreed.", "On the the, we", "", "  ") == (0, 0, 2)
    assert [claim for _, claim in read_lines("Agreed.\n\nThe crash rate is 5 percent")] == [
        None, Claim("number", "the crash rate is {} percent", ("5",))]  # fmt: skip


def test_shares():
    empty = check_facts(MEETING, "")
    assert (empty.recall, empty.precision, empty.f1) == (0, 0, 0)
    half = FactCheck(2, 4, 1)
    assert (half.recall, half.precision) == (1 / 2, 2 / 3) and half.f1 == pytest.approx(2 * 2 / (2 + 1 + 4))
    nothing_asked = FactCheck(0, 0, 0)
    assert (nothing_asked.recall, nothing_asked.f1) == (1, 1) and FactCheck(0, 0, 1).f1 == 0


def test_code_names_are_not_facts():
    coded = generate_corpus(30, domain="theater", jargon=1.0, kinds=FACT_KINDS)
    assert sum(check_facts(meeting, meeting.transcript).wrong for meeting in coded) > 20
    assert all(check_facts(meeting, meeting.reference()).wrong == 0 for meeting in coded)


def test_refused():
    with pytest.raises(ValueError, match="choose one of"):
        check_facts(MEETING, "", "tiny")
    claim = read_claim("The crash rate is 5 percent.")
    for bad, style in ((claim, "sonnet"), (claim._replace(holds=False), "plain")):
        with pytest.raises(ValueError, match="pass one of the styles"):
            write_claim(bad, style)
    with pytest.raises(ValueError, match="no number"):
        write_claim(claim._replace(subject="the moon is {} kilometers away"))


def test_every_number_of_the_corpus_has_a_template():
    patterns = {metric[0].replace("{}", "{number}") for domain in ALL_DOMAINS.values() if not domain.events
                for metric in domain.metrics}
    assert patterns < NUMBERS.keys() and len(NUMBERS) == len(patterns) + 3
