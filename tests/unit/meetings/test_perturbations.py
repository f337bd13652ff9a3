"""Each change of a summary does what it says: the fact check, which knows nothing of it, counts the same."""

from dataclasses import replace

import pytest

from llmbook.meetings import perturbations
from llmbook.meetings.composed_domains import ALL_DOMAINS
from llmbook.meetings.fact_check import check_facts, read_lines
from llmbook.meetings.generator import FACT_KINDS, FIRST_KINDS, generate_corpus
from llmbook.meetings.perturbations import BY_FACT, CHANGES, change_summary, restate
from llmbook.metrics.rouge import rouge_scores

CORPUS = [
    meeting
    for name, domain in ALL_DOMAINS.items()
    for meeting in generate_corpus(8, domain=name, kinds=FACT_KINDS if domain.events else FIRST_KINDS)
]


def disagreements(kind, **settings):
    """Meetings whose changed summary is not what the change says, as the fact check sees it."""
    found = []
    for meeting in CORPUS:
        changed = change_summary(meeting, kind, **settings)
        seen = check_facts(meeting, changed.text, settings.get("instruction", "long"))
        if (seen.recalled, seen.wrong) != (changed.kept, changed.wrong):
            found.append((changed, seen))
    return found


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("instruction", ["short", "medium", "long"])
def test_the_truth_about_a_change(kind, instruction):
    assert disagreements(kind, instruction=instruction) == []
    assert disagreements(kind, instruction=instruction, count=1, seed=5) == []


def test_a_change_that_does_nothing_is_caught(monkeypatch):
    idle = lambda rng, meeting, claims: [perturbations.write_claim(claim) for claim in claims]  # noqa: E731
    monkeypatch.setitem(BY_FACT, "denied", (("decision",), idle))
    assert len(disagreements("denied")) > 50


def test_changes_are_what_their_names_say():
    for meeting in CORPUS:
        reference = meeting.reference()
        texts = {kind: change_summary(meeting, kind).text for kind in CHANGES}
        assert texts["unchanged"] == reference and texts["empty"] == ""
        assert sorted(texts["reordered"].splitlines()) == sorted(reference.splitlines())
        assert texts["padded"].splitlines()[::3] == reference.splitlines()
        assert len(set(texts["one fact repeated"].splitlines())) == 1
        assert all(line in meeting.transcript for line in texts["turns copied"].splitlines())
        assert rouge_scores(reference, texts["words scrambled"])["rouge1"].fmeasure == 1
        assert all(claim is None for _, claim in read_lines(texts["words scrambled"]))
        assert texts["reworded"] == restate(reference, "minutes") != texts["in short notes"]
        assert texts["in short notes"] == restate(reference, "notes")
        assert restate(texts["reworded"], "plain") == reference
        denied, decisions = texts["denied"], [fact for fact in meeting.facts if fact.kind == "decision"]
        assert denied.count("decided not to") == len(decisions)
        for name in ("names swapped", "values swapped", "wrong option"):
            assert len(texts[name].split("\n")) == len(reference.split("\n"))


def test_swapping_between_two_tasks_keeps_every_word():
    swapped = 0
    for meeting in CORPUS:
        owners = [fact.text.split()[0] for fact in meeting.facts if fact.kind == "action"]
        if len(owners) == 2 and owners[0] != owners[1]:
            text = change_summary(meeting, "names swapped").text
            assert sorted(text.split()) == sorted(meeting.reference().split())
            swapped += 1
    assert swapped > 5


def test_count_limits_how_many_facts_change():
    meeting = next(meeting for meeting in CORPUS if len(meeting.facts) == 6)
    kept = [change_summary(meeting, "facts dropped", count=count).kept for count in range(8)]
    assert kept == [6, 5, 4, 3, 2, 1, 0, 0]
    assert change_summary(meeting, "denied", count=0).text == meeting.reference()


def test_seeds():
    one, other = (change_summary(CORPUS[0], "padded", seed=seed) for seed in (0, 1))
    assert one == change_summary(CORPUS[0], "padded", seed=0) != other
    assert change_summary(replace(CORPUS[0], seed=-1), "padded") != one


def test_refused():
    for kind, count in (("burned", None), ("denied", -1)):
        with pytest.raises(ValueError, match="pass one of the changes"):
            change_summary(CORPUS[0], kind, count=count)
    with pytest.raises(ValueError, match=r"'Agreed\.'"):
        restate("Agreed.", "notes")
