"""What is read of a meeting: ends and limits by hand, runs that agree with themselves, stored rows that are whole."""

import math

import numpy as np
import pytest

from llmbook.chapters.tiny_titans.truncation import experiment as truncation
from llmbook.chapters.tiny_titans.truncation.experiment import (
    CHATTER,
    CONTEXTS,
    FACTS,
    MEETINGS,
    METHODS,
    Reading,
    all_readings,
    careful_f1,
    expected_by_reading,
    gain_intervals,
    meetings_of,
    per_meeting,
    recall_intervals,
    run_reading,
    score_intervals,
    stored_reading,
    token_counts,
)
from llmbook.experiments.meetings_t5 import load_summarizer_tokenizer
from llmbook.experiments.results import read_result
from llmbook.summarizers.positions import fact_ends
from llmbook.summarizers.scoring import MEASURES
from llmbook.summarizers.seq2seq import encode, prompt


def generated_ends(length, count=MEETINGS):
    """Where the facts of a length's meetings end, from the generator."""
    tokenizer = load_summarizer_tokenizer()
    return [end for meeting in meetings_of(length, count) for end in fact_ends(tokenizer, meeting)]


def row_problems(row):
    """What is wrong with a row: lists that do not fit together, or numbers that contradict one another."""
    kept = np.reshape(row["kept"], (-1, FACTS))
    problems = [name for name in MEASURES if len(row[name]) != len(kept)]
    if len(row["ends"]) != len(row["kept"]):
        return [*problems, "ends"]
    recalled, wrong = kept.sum(axis=1), np.asarray(row["wrong"])
    if not np.allclose(row["facts_f1"], 2 * recalled / (recalled + wrong + FACTS), atol=1e-4):
        problems.append("kept and wrong give another F1")
    return problems


def test_expected_by_reading():
    """``fact_ends`` and the context both count the end-of-text token: a fact that ends at 160 is read, at 161 not."""
    assert expected_by_reading([50, 160, 161, 400], 160) == 0.5
    assert expected_by_reading([50, 160, 161, 400], 161) == 0.75
    assert careful_f1([50, 160, 161, 10, 20, 30], 160) == pytest.approx((2 * 2 / 5 + 1) / 2)
    assert careful_f1([50, 160, 161], 40) == 0


def test_a_fact_that_just_fits_is_read_whole():
    tokenizer, meeting = load_summarizer_tokenizer(), meetings_of("medium", 7)[0]
    for end, fact in zip(fact_ends(tokenizer, meeting), meeting.facts, strict=True):
        ids = [encode(tokenizer, prompt(meeting.transcript, "long"), context)[:-1] for context in (end, end - 1)]
        fits, short = (meeting.turns[fact.turn].text in tokenizer.decode(each) for each in ids)
        assert fits and not short


def test_every_meeting_is_another_one():
    for length in CHATTER:
        meetings = meetings_of(length)
        assert len({meeting.seed for meeting in meetings}) == len(meetings) == MEETINGS
        assert {len(meeting.facts) for meeting in meetings} == {FACTS}
        assert len({meeting.domain for meeting in meetings}) == 7
    means = [np.mean(token_counts(length)) for length in CHATTER]
    assert means[0] < 160 < means[1] and 4 * 160 < means[2] < 5 * 160


@pytest.mark.parametrize("method", METHODS)
def test_a_run_agrees_with_itself_and_with_the_stored_one(method):
    row = run_reading(Reading("medium", 160, method), count=4)
    assert row_problems(row) == []
    assert row["ends"] == generated_ends("medium", 4)
    stored = stored_reading("medium", 160, method)
    assert list(stored["ends"][: 4 * FACTS]) == row["ends"]
    assert np.abs(stored["kept"][: 4 * FACTS] - row["kept"]).sum() <= 1  # a near tie can change a word


def test_faults_in_a_row_are_seen():
    row = run_reading(Reading("short", 120, "cut"), count=3)
    assert row_problems(row) == []
    assert row_problems(row | {"kept": [1 - kept for kept in row["kept"]]}) == ["kept and wrong give another F1"]
    assert row_problems(row | {"rouge1": row["rouge1"][1:]}) == ["rouge1"]
    assert row_problems(row | {"ends": row["ends"][1:]}) == ["ends"]


def test_stored_rows_are_complete():
    rows = read_result("truncation")["rows"]
    wanted = {(each.length, each.context, each.method) for each in all_readings()}
    assert {(row["length"], row["context"], row["method"]) for row in rows} == wanted and len(rows) == len(wanted)
    assert len(wanted) == len(CHATTER) * len(CONTEXTS) * len(METHODS)
    for row in rows:
        assert row_problems(row) == [] and len(row["kept"]) == FACTS * MEETINGS


def test_stored_facts_are_where_the_generator_puts_them():
    assert list(stored_reading("long", 160, "cut")["ends"]) == generated_ends("long")
    assert list(stored_reading("long", 160, "cut")["ends"]) != generated_ends("medium")  # a wrong length is caught


def test_nothing_beyond_the_context_is_kept_but_by_luck():
    row = stored_reading("long", 160, "cut")
    far = row["ends"] > 160 + 20
    assert far.sum() > 100 and row["kept"][far].mean() < 0.02
    assert stored_reading("long", 160, "chunks")["kept"][far].mean() > 0.5


def test_intervals():
    row = stored_reading("long", 160, "cut")
    recall = score_intervals("long", "cut", "recall")
    place = CONTEXTS.index(160)
    assert recall.mean[place] == pytest.approx(row["kept"].mean())
    assert np.all(recall.low <= recall.mean) and np.all(recall.mean <= recall.high)
    gain = gain_intervals("long", "recall")
    other = score_intervals("long", "chunks", "recall")
    assert gain.mean == pytest.approx(other.mean - recall.mean)
    assert per_meeting(row, "wrong").shape == (MEETINGS,)


def test_recall_by_position_by_hand():
    """Two meetings of three facts: early ones kept once of two, middle ones always, none in the last stretch."""
    row = {"ends": [5, 15, 15, 5, 15, 15], "kept": [1, 1, 1, 0, 1, 1]}
    found = recall_intervals(row, [0, 10, 20, 30])
    assert list(found.mean[:2]) == [0.5, 1.0] and math.isnan(found.mean[2])
    assert (found.low[0], found.high[0]) == (0, 1) and (found.low[1], found.high[1]) == (1, 1)
    moved = recall_intervals(row | {"ends": [15, 15, 15, 5, 15, 15]}, [0, 10, 20, 30])
    assert list(moved.mean[:2]) == [0.0, 1.0]


def test_a_combination_that_was_not_run():
    with pytest.raises(ValueError, match="there are"):
        truncation.stored_reading("long", 100, "cut")
