"""The fair fight: stored scores are complete and true to the models; systems are compared meeting by meeting."""

from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from llmbook.experiments import fair_fight as fight
from llmbook.experiments.results import read_result
from llmbook.experiments.summarizers import CONTEXT, WIDTHS, load_summarizer, summarizer_config
from llmbook.models.t5_config import parameters_by_part
from llmbook.plots.fair_fight import plot_learning_curve, plot_systems
from llmbook.statistics import Interval
from llmbook.summarization.scoring import MEASURES
from llmbook.widgets.fair_fight import COMPARED, describe, explore_fight

ENTRIES = fight.all_entries(range(5))
ROWS = read_result("fair_fight")["rows"]


def missing(rows):
    """Entries without a row of one number per meeting for each measure."""
    stored = {tuple(row[key] for key in fight.KEYS): row for row in rows}
    return [entry for entry in ENTRIES if not is_whole(entry, stored.get(tuple(asdict(entry).values()), {}))]


def is_whole(entry, row):
    count = fight.TEST_SETS[entry.test][2]
    return all(len(row.get(measure, [])) == count for measure in MEASURES)


def test_every_system_was_scored_on_every_meeting():
    assert not missing(ROWS)
    assert len(missing(ROWS[1:])) == 1
    assert len(missing([ROWS[0] | {"wrong": ROWS[0]["wrong"][1:]}, *ROWS[1:]])) == 1


def test_seeds_make_different_models():
    tuned = [row for row in ROWS if row["tuned_on"] == 300 and row["test"] == "public"]
    assert Counter(row["size"] for row in tuned) == dict.fromkeys(WIDTHS, 5)
    assert len({tuple(row["facts_f1"]) for row in tuned}) == 15


@pytest.mark.parametrize("size", ["medium", "large"])
def test_stored_scores_are_those_of_the_stored_models(size):
    entry = fight.Entry(size, 0, 0, CONTEXT, "private", "short")
    [stored] = fight.stored_scores("facts_f1", **asdict(entry))
    made = np.array(fight.run_entry(entry)["facts_f1"])
    assert np.mean(np.abs(made - stored) > 1e-3) < 0.05  # another processor may choose another word now and then
    other = fight.stored_scores("facts_f1", **asdict(replace(entry, size="medium" if size == "large" else "large")))[0]
    assert np.mean(np.abs(made - other) > 1e-3) > 0.2


@pytest.mark.parametrize("size", WIDTHS)
def test_stored_models_are_what_the_config_says(size):
    model = load_summarizer(size)
    assert model.config == summarizer_config(size)
    assert sum(p.numel() for p in model.parameters()) == sum(parameters_by_part(model.config).values())


def test_tuning_changes_the_model_and_no_meetings_do_not():
    base = load_summarizer("small").state_dict()
    same, tuned = fight.tuned_model("small", 0, 0), fight.tuned_model("small", 8, 0, steps=2)
    assert all(torch.equal(base[name], tensor) for name, tensor in same.state_dict().items())
    assert not all(torch.equal(base[name], tensor) for name, tensor in tuned.state_dict().items())


def test_a_comparison_is_by_meeting_and_has_a_sign():
    there, back = fight.compare(*COMPARED, "facts_f1", "private"), fight.compare(*COMPARED[::-1], "facts_f1", "private")
    assert there.difference.mean == pytest.approx(-back.difference.mean)
    first, second = (fight.system_scores(name, "facts_f1", "private") for name in COMPARED)
    assert there.difference.mean == pytest.approx((first - second).mean())
    widths = [each.high - each.low for each in
              (there.difference, *(fight.system_interval(name, "facts_f1", "private") for name in COMPARED))]
    assert widths[0] < widths[1] + widths[2]


def test_a_tuned_system_is_the_mean_of_its_seeds_and_reads_what_it_was_tuned_to():
    runs = fight.stored_scores("rouge1", size="medium", tuned_on=300, test="public long", context=CONTEXT)
    assert runs.shape == (5, 63)
    np.testing.assert_allclose(fight.system_scores("medium, tuned", "rouge1", "public long"), runs.mean(0))
    whole = fight.stored_scores("rouge1", size="large", tuned_on=0, test="public long", context=None)
    np.testing.assert_allclose(fight.system_scores("large, zero-shot", "rouge1", "public long"), whole[0])


@pytest.mark.parametrize(
    ("call", "hint"),
    [(lambda: fight.stored_scores("bleu", size="small"), "choose one of rouge1"),
     (lambda: fight.stored_scores("wrong", size="huge"), "no stored row"),
     (lambda: fight.stored_scores("wrong", size="small"), "several test sets"),
     (lambda: fight.best_systems("circus"), "choose one of private"),
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


def test_the_curve_goes_through_the_means():
    curve = {0: np.array([0.1]), 10: np.array([0.2, 0.4]), 30: np.array([0.5, 0.7])}
    [ax] = plot_learning_curve(curve, Interval(0.3, 0.2, 0.4), ylabel="F1", level_name="large").axes
    line = next(each for each in ax.lines if each.get_marker() == "o")
    np.testing.assert_allclose(line.get_ydata(), [0.1, 0.3, 0.6])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "10", "30"]


def test_the_explorer_says_who_is_ahead_and_whether_chance_explains_it():
    explorer = explore_fight()
    sentences = [describe(test, measure) for test in fight.TEST_SETS for measure in ("rouge1", "facts_f1", "wrong")]
    assert len(set(sentences)) == 12 and all("difference" in each for each in sentences)
    frame = explorer.frame(**explorer.defaults)
    assert frame.svg.startswith("<svg") and frame.sentence == describe("private", "facts_f1")
