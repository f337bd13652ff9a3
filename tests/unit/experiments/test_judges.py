"""Systems under other authors' references: who tunes, who judges, and what is stored."""

import numpy as np
import pytest

from llmbook.experiments import judges
from llmbook.experiments.meetings_t5 import SHORT, load_summarizer_tokenizer, private_meetings
from llmbook.experiments.results import read_result
from llmbook.meetings.fact_check import check_facts
from llmbook.meetings.perturbations import restate

MEETINGS = private_meetings(6, 75, **SHORT)


def test_the_author_changes_the_target_and_not_what_is_read():
    plain, minutes = (judges.authored_pairs(MEETINGS, author) for author in judges.TUNED_ON)
    assert [pair.source for pair in plain] == [pair.source for pair in minutes]
    assert all(one.target != other.target for one, other in zip(plain, minutes, strict=True))
    text = load_summarizer_tokenizer().decode(plain[2].target)
    assert text.startswith("The meeting was about")


@pytest.mark.parametrize("author", judges.AUTHORS)
def test_a_judge_prefers_its_own_words_and_the_facts_stay(author):
    scores = judges.judged(MEETINGS, [restate(each.reference(), author) for each in MEETINGS])
    by = {judge: scores[f"rouge2 by {judge}"].mean() for judge in judges.AUTHORS}
    assert max(by, key=by.get) == author and by[author] == 1
    assert all(scores["facts_f1"] == 1)
    assert all(check_facts(each, restate(each.reference(), author)).f1 == 1 for each in MEETINGS)


def test_every_system_has_its_seeds_and_a_number_for_each_meeting():
    stored = judges.stored_scores("rouge2 by notes")
    assert {system: each.shape for system, each in stored.items()} == {
        system: (1 if system in judges.FIXED else 5, judges.TEST_MEETINGS) for system in judges.SYSTEMS
    }
    tuned = stored["medium, tuned on minutes"]
    assert len({tuple(row) for row in tuned}) == 5


def test_an_unknown_measure_says_so():
    with pytest.raises(ValueError, match="choose one of system, seed, facts_f1"):
        judges.stored_scores("bleu")


def test_what_needs_no_model_is_stored_as_it_is():
    meetings = private_meetings(judges.TEST_MEETINGS, judges.TEST_SEED, **SHORT)
    made = judges.judged(meetings, judges.summaries_of("lead 3", 0, meetings))
    [row] = [row for row in read_result("judges")["rows"] if row["system"] == "lead 3"]
    assert all(np.allclose(made[name], row[name], atol=1e-3) for name in made)
    [other] = [row for row in read_result("judges")["rows"] if row["system"] == "large, zero-shot"]
    assert not np.allclose(made["facts_f1"], other["facts_f1"], atol=0.1)
