"""The stored scores of the fair fight are complete and true to the models; systems are compared meeting by meeting."""

from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest

from llmbook.experiments import fair_fight as fight
from llmbook.experiments import fair_fight_scores as scores
from llmbook.experiments.meetings_t5 import CONTEXT, WIDTHS, load_summarizer
from llmbook.experiments.results import read_result

ENTRIES = fight.all_entries(range(5))
ROWS = read_result("fair_fight")["rows"]
PAIR = ("large, zero-shot", "medium, tuned")


def missing(rows):
    """Entries without a row of one number per meeting for each measure."""
    stored = {tuple(row[key] for key in fight.KEYS): row for row in rows}
    return [entry for entry in ENTRIES if not is_whole(entry, stored.get(tuple(asdict(entry).values()), {}))]


def is_whole(entry, row):
    count = fight.TEST_SETS[entry.test][2]
    return all(len(row.get(measure, [])) == count for measure in fight.ALL_MEASURES)


def test_every_system_was_scored_on_every_meeting():
    assert not missing(ROWS)
    assert len(missing(ROWS[1:])) == 1
    assert len(missing([ROWS[0] | {"wrong": ROWS[0]["wrong"][1:]}, *ROWS[1:]])) == 1


def test_seeds_make_different_models():
    tuned = [row for row in ROWS if row["tuned_on"] == 300 and row["test"] == "public"]
    assert Counter(row["size"] for row in tuned) == dict.fromkeys(WIDTHS, 10)
    assert Counter(row["tuned_in"] for row in tuned) == dict.fromkeys(fight.TUNING_SETS, 15)
    assert len({tuple(row["facts_f1"]) for row in tuned}) == 30


@pytest.mark.parametrize("size", ["medium", "large"])
def test_stored_scores_are_those_of_the_stored_models(size):
    entry = fight.Entry(size, 0, 0, CONTEXT, "private", "short")
    [stored] = scores.stored_scores("facts_f1", **asdict(entry))
    made = np.array(fight.run_entry(entry)["facts_f1"])
    assert np.mean(np.abs(made - stored) > 1e-3) < 0.05  # another processor may choose another word now and then
    other = scores.stored_scores("facts_f1", **asdict(replace(entry, size="medium" if size == "large" else "large")))[0]
    assert np.mean(np.abs(made - other) > 1e-3) > 0.2


def test_stored_main_measure_follows_from_the_others():
    def fits(row):
        meetings, kind = fight.test_meetings(row["test"]), row["instruction"]
        longest = np.array([meeting.words for meeting in meetings])
        target = np.array([len(meeting.reference(kind).split()) for meeting in meetings])
        saved = np.clip((longest - row["words"]) / (longest - target), 0, 1)
        return np.allclose(row["net_f1"], saved * row["facts_f1"], atol=2e-4)

    some = ROWS[::7]
    assert all(map(fits, some))
    assert not fits(some[-1] | {"words": [words + 20 for words in some[-1]["words"]]})


def test_a_comparison_is_by_meeting_and_has_a_sign():
    there, back = (scores.compare(*names, "facts_f1", "private") for names in (PAIR, PAIR[::-1]))
    assert there.difference.mean == pytest.approx(-back.difference.mean)
    first, second = (scores.system_scores(name, "facts_f1", "private") for name in PAIR)
    assert there.difference.mean == pytest.approx((first - second).mean())
    widths = [each.high - each.low for each in
              (there.difference, *(scores.system_interval(name, "facts_f1", "private") for name in PAIR))]
    assert widths[0] < widths[1] + widths[2]


def test_a_tuned_system_is_the_mean_of_its_seeds_and_reads_what_it_was_tuned_to():
    runs = scores.stored_scores("rouge1", size="medium", tuned_on=300, test="public long", context=CONTEXT,
                                tuned_in="public")  # fmt: skip
    assert runs.shape == (5, 63)
    np.testing.assert_allclose(scores.system_scores("medium, tuned", "rouge1", "public long"), runs.mean(0))
    whole = scores.stored_scores("rouge1", size="large", tuned_on=0, test="public long", context=None)
    np.testing.assert_allclose(scores.system_scores("large, zero-shot", "rouge1", "public long"), whole[0])


def test_tuned_is_tuned_on_the_workplaces_of_the_test():
    def runs(test, place):
        return scores.stored_scores("net_f1", size="medium", tuned_on=300, test=test, context=CONTEXT,
                                    instruction="long", tuned_in=place).mean(0)  # fmt: skip

    for test, home, away in (("public", "public", "private"), ("private", "private", "public")):
        for way, place in (("tuned", home), ("tuned elsewhere", away)):
            np.testing.assert_allclose(scores.system_scores(f"medium, {way}", "net_f1", test), runs(test, place))
        assert not np.allclose(runs(test, home), runs(test, away))
    assert "medium, tuned elsewhere" in scores.best_systems("public long")
    assert "medium, tuned elsewhere" not in scores.best_systems("private long")


@pytest.mark.parametrize(
    ("call", "hint"),
    [(lambda: scores.stored_scores("bleu", size="small"), "choose one of net_f1"),
     (lambda: scores.stored_scores("wrong", size="huge"), "no stored row"),
     (lambda: scores.stored_scores("wrong", size="small"), "several test sets"),
     (lambda: scores.stored_scores("wrong", sise="small"), "field 'sise'; choose of size"),
     (lambda: scores.system_scores("huge, tuned", "wrong", "private"), "unknown system 'huge, tuned'; choose one of"),
     (lambda: scores.system_scores("large, tuned", "wrong", "circus"), "no stored row"),
     (lambda: scores.best_systems("circus"), "choose one of private"),
     (lambda: load_summarizer("huge"), "choose one of small")],
)  # fmt: skip
def test_what_does_not_exist_says_so(call, hint):
    with pytest.raises(ValueError, match=hint):
        call()
