"""The fair fight: stored scores are complete and true to the models; systems are compared meeting by meeting."""

from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from llmbook.accounting.t5 import parameters_by_part
from llmbook.chapters.tiny_titans.fight.explorer import COMPARED, describe, explore_fight
from llmbook.chapters.tiny_titans.fight.plots import plot_learning_curve, plot_systems
from llmbook.experiments import fair_fight as fight
from llmbook.experiments import fair_fight_scores as scores
from llmbook.experiments.meetings_t5 import CONTEXT, SHORT, TUNING_SEED, WIDTHS, load_summarizer, summarizer_config
from llmbook.experiments.results import read_result
from llmbook.metrics.intervals import Interval
from llmbook.summarizers.baselines import random_turns
from llmbook.summarizers.saved import net_f1

ENTRIES = fight.all_entries(range(5))
ROWS = read_result("fair_fight")["rows"]


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


@pytest.mark.parametrize("size", WIDTHS)
def test_stored_models_are_what_the_config_says(size):
    model = load_summarizer(size)
    assert model.config == summarizer_config(size)
    assert sum(p.numel() for p in model.parameters()) == sum(parameters_by_part(model.config).values())


def test_tuning_changes_the_model_and_no_meetings_do_not():
    base = load_summarizer("small").state_dict()
    same, tuned = fight.tuned_model("small", 0, 0), fight.tuned_model("small", 8, 0, steps=2)
    elsewhere = fight.tuned_model("small", 8, 0, "public", steps=2)
    assert all(torch.equal(base[name], tensor) for name, tensor in same.state_dict().items())
    for other in (base, elsewhere.state_dict()):
        assert not all(torch.equal(other[name], tensor) for name, tensor in tuned.state_dict().items())


def test_no_test_meeting_was_tuned_on():
    def texts(meetings):
        return {meeting.transcript for meeting in meetings}

    tested = {text for name in fight.TEST_SETS for text in texts(fight.test_meetings(name))}
    tuned = {text for make in fight.TUNING_SETS.values() for text in texts(make(300, TUNING_SEED, **SHORT))}
    assert len(tuned) == 600 and not tuned & tested
    assert texts(fight.private_meetings(5, fight.TEST_SEED, **SHORT)) <= tested  # the check can fail


def test_baselines_need_no_model_and_the_random_one_is_a_mean_over_draws():
    whole, drawn = (fight.baseline_scores(name, "private") for name in ("whole transcript", fight.RANDOM))
    assert set(whole) == set(fight.ALL_MEASURES) and not whole["net_f1"].any() and whole["facts_f1"].mean() > 0.5
    np.testing.assert_array_equal(whole["words"], [meeting.words for meeting in fight.test_meetings("private")])
    assert 0.2 < drawn["facts"].mean() < whole["facts"].mean() and len(drawn["facts"]) == 100
    one = fight.judge(fight.test_meetings("private"), [random_turns(meeting, np.random.default_rng(0))
                                                       for meeting in fight.test_meetings("private")])  # fmt: skip
    assert drawn["words"].std() < one["words"].std()  # a single draw scatters more than the mean of ten


def test_the_judge_adds_the_main_measure_and_the_length():
    meetings = fight.test_meetings("private")[:4]
    found = fight.judge(meetings, ["", *(meeting.reference() for meeting in meetings[1:])])
    assert list(found["net_f1"]) == [0, 1, 1, 1] and found["words"][0] == 0 and found["words"][1] > 20
    padded = [f"{meeting.reference()}\nThanks, everyone." for meeting in meetings]
    charged = list(fight.judge(meetings, padded)["net_f1"])
    assert charged == [net_f1(*pair) for pair in zip(meetings, padded, strict=True)] and max(charged) < 1


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
    there, back = (scores.compare(*names, "facts_f1", "private") for names in (COMPARED, COMPARED[::-1]))
    assert there.difference.mean == pytest.approx(-back.difference.mean)
    first, second = (scores.system_scores(name, "facts_f1", "private") for name in COMPARED)
    assert there.difference.mean == pytest.approx((first - second).mean())
    widths = [each.high - each.low for each in
              (there.difference, *(scores.system_interval(name, "facts_f1", "private") for name in COMPARED))]
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
     (lambda: scores.best_systems("circus"), "choose one of private"),
     (lambda: load_summarizer("huge"), "choose one of small")],
)  # fmt: skip
def test_what_does_not_exist_says_so(call, hint):
    with pytest.raises(ValueError, match=hint):
        call()


def dots_of(ax):
    """The marks of the means."""
    return [line for line in ax.lines if line.get_marker() in ("o", "s")]


def test_systems_stand_at_their_means_and_the_marked_in_color():
    found = {"a": Interval(0.2, 0.1, 0.3), "b": Interval(0.6, 0.5, 0.8)}
    [ax] = plot_systems(found, xlabel="F1", marked=("b",)).axes
    dots = dots_of(ax)
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in dots] == [(0.2, 0), (0.6, 1)]
    assert dots[0].get_color() != dots[1].get_color()
    plain, other = dots_of(plot_systems(found, xlabel="F1").axes[0])
    assert plain.get_color() == other.get_color()


def test_the_words_of_a_summary_stand_in_the_row_of_their_system():
    found = {"a": Interval(0.2, 0.1, 0.3), "b": Interval(0.6, 0.5, 0.8)}

    def column(**words):
        return {text.xy[1]: text.get_text() for text in plot_systems(found, xlabel="F1", words=words).axes[0].texts
                if text.xy[0] == 1}  # fmt: skip

    assert column(a=35.2, b=71.0) == {-1: "words", 0: "35", 1: "71"}
    assert column(b=35.2, a=71.0) == {-1: "words", 0: "71", 1: "35"}


def test_the_curve_goes_through_the_means_with_their_intervals():
    curve = {0: np.array([0.1]), 10: np.array([0.2, 0.4]), 30: np.array([0.5, 0.7])}
    found = {count: Interval(each.mean(), each.mean() - 0.05, each.mean() + 0.08) for count, each in curve.items()}

    def drawn(found):
        [ax] = plot_learning_curve(curve, found, Interval(0.3, 0.2, 0.4), ylabel="F1", level_name="large").axes
        line, _, [bars] = ax.containers[0].lines
        dots = [list(each.get_ydata()) for each in ax.lines if each.get_marker() == "."]
        ends = [each[:, 1] for each in bars.get_segments()]
        return [float(each) for each in line.get_ydata()], ends, dots, ax.get_xticklabels()

    means, ends, dots, labels = drawn(found)
    assert means == pytest.approx([0.1, 0.3, 0.6])
    np.testing.assert_allclose(ends, [[0.05, 0.18], [0.25, 0.38], [0.55, 0.68]])
    assert dots == [[0.1], [0.2, 0.4], [0.5, 0.7]] and [each.get_text() for each in labels] == ["0", "10", "30"]
    assert drawn(found | {30: Interval(0.5, 0.4, 0.6)})[0][2] == 0.5


def test_the_explorer_says_who_is_ahead_and_whether_chance_explains_it():
    explorer = explore_fight()
    sentences = [describe(test, measure) for test in fight.TEST_SETS for measure in ("rouge1", "net_f1", "wrong")]
    assert len(set(sentences)) == 18 and all("difference" in each and "words" in each for each in sentences)
    frame = explorer.frame(**explorer.defaults)
    assert frame.svg.startswith("<svg") and frame.sentence == describe("private", "net_f1")
