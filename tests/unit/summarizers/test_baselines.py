"""Summaries without a model, the lookup, and the two ways to judge a summary."""

import dataclasses

import numpy as np
import pytest

from llmbook.meetings.generator import FACT_KINDS, generate_corpus
from llmbook.meetings.meeting import Turn
from llmbook.summarizers.baselines import central, lead, lexrank, salient, stated, word_weights
from llmbook.summarizers.lookup import Lookup
from llmbook.summarizers.scoring import MEASURES, facts_recalled, score_summaries

SAID = tuple(Turn(*pair) for pair in [
    ("Ann", "Good morning."), ("Ben", "The red lamp is broken."), ("Ann", "Yes, agreed."), ("Ben", "Yes, agreed, yes."),
    ("Cleo", "Forty euros for a zinc screw, says Otto."), ("Ann", "Agreed, yes."),
])  # fmt: skip
MEETINGS = generate_corpus(12, domain="hotel", kinds=FACT_KINDS, jargon=0.5, repairs=0.5)


def test_lead_takes_the_first_turns():
    assert lead(SAID, 2) == "Ann: Good morning.\nBen: The red lamp is broken."
    assert lead(SAID) == lead(SAID, 3) and lead(MEETINGS[0], 2) == "\n".join(MEETINGS[0].transcript.split("\n")[:2])
    assert lead(SAID, 2) != lead(SAID[::-1], 2)


def test_salient_takes_rare_words_and_central_what_is_repeated():
    assert salient(SAID, 1) == "Cleo: Forty euros for a zinc screw, says Otto."
    assert central(SAID, 1) == "Ann: Yes, agreed."  # of three alike the first
    assert salient(SAID[:4], 1) != central(SAID[:4], 1)


@pytest.mark.parametrize("summarize", [lead, central, salient])
def test_turns_keep_their_order_and_a_short_meeting_is_copied(summarize):
    everything = "\n".join(f"{turn.speaker}: {turn.text}" for turn in SAID)
    assert summarize(SAID, 99) == everything
    picked = summarize(MEETINGS[1], 5).split("\n")
    places = [MEETINGS[1].transcript.split("\n").index(line) for line in picked]
    assert places == sorted(places) and len(picked) == 5
    assert summarize(MEETINGS[1], 5) == summarize(dataclasses.replace(MEETINGS[1]), 5)
    with pytest.raises(ValueError, match="at least one turn, not 0"):
        summarize(SAID, 0)
    with pytest.raises(ValueError, match="transcript is empty"):
        summarize(())


def test_word_weights_by_hand():
    weights = word_weights([Turn("A", "red red lamp"), Turn("B", "Lamp!")])
    assert np.allclose(weights, [[0, 2 * np.log(2)], [0, 0]])  # lamp, red
    assert np.allclose(word_weights([Turn("A", "red red lamp"), Turn("B", "Lamp!")], repeated=False)[0], [0, np.log(2)])


def test_the_walk_is_the_eigenvector():
    weights = np.abs(np.random.default_rng(0).normal(size=(7, 5)))
    visits = lexrank(weights)
    unit = weights / np.linalg.norm(weights, axis=1, keepdims=True)
    similar = unit @ unit.T
    moves = 0.15 / 7 + 0.85 * similar / similar.sum(1, keepdims=True)
    values, vectors = np.linalg.eig(moves.T)
    expected = np.real(vectors[:, np.argmax(values.real)])
    assert np.allclose(visits, expected / expected.sum(), atol=1e-7) and np.isclose(visits.sum(), 1)
    assert not np.allclose(lexrank(weights, jump=0.9), visits, atol=1e-3)  # the twin: another walk, another result
    assert np.allclose(lexrank(np.zeros((3, 2))), 1 / 3)  # turns without a word


def test_copying_the_right_turns_misses_only_what_was_said_in_code():
    for meeting in MEETINGS:
        plain = [fact for fact in meeting.facts if not fact.code_name]
        assert facts_recalled(meeting, stated(meeting)) == pytest.approx(len(plain) / len(meeting.facts))
        assert len(stated(meeting, "short").split("\n")) == max(len(meeting.kept_facts("short")), 1)
    assert any(fact.code_name for meeting in MEETINGS for fact in meeting.facts)


def test_facts_are_counted_by_instruction():
    meeting = MEETINGS[0]
    for instruction in ("short", "medium", "long"):
        assert facts_recalled(meeting, meeting.reference(instruction), instruction) == 1
    share = len(meeting.kept_facts("short")) / len(meeting.facts)
    assert facts_recalled(meeting, meeting.reference("short"), "long") == pytest.approx(share)
    assert facts_recalled(meeting, "") == 0 and facts_recalled(meeting, meeting.reference().replace("\n", " ")) == 1
    nothing = dataclasses.replace(meeting, facts=tuple(fact for fact in meeting.facts if fact.kind == "date"))
    assert facts_recalled(nothing, "", "short") == 1


def test_scores_are_perfect_for_the_reference_only():
    scores = score_summaries(MEETINGS, [meeting.reference() for meeting in MEETINGS])
    assert set(scores) == set(MEASURES) and not scores.pop("wrong").any()
    assert all((values == 1).all() and values.shape == (12,) for values in scores.values())
    turned = score_summaries(MEETINGS, [meeting.reference() for meeting in MEETINGS[::-1]])
    assert turned.pop("wrong").min() >= 2 and all(values.mean() < 0.7 for values in turned.values())
    with pytest.raises(ValueError):
        score_summaries(MEETINGS, [""])


def test_the_lookup_knows_what_it_has_seen_and_nothing_else():
    known, others = MEETINGS[:8], MEETINGS[8:]
    lookup = Lookup([meeting.transcript for meeting in known], [meeting.reference() for meeting in known])
    assert [lookup.nearest(meeting.transcript) for meeting in known] == list(range(8))
    assert score_summaries(known, [lookup.summary(meeting.transcript) for meeting in known])["facts"].mean() == 1
    assert score_summaries(others, [lookup.summary(meeting.transcript) for meeting in others])["facts"].mean() < 0.2
    assert lookup.nearest("zzz") == 0
    with pytest.raises(ValueError, match="as many of each"):
        Lookup(["a"], [])
