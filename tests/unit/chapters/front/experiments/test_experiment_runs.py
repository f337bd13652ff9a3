"""What the page reads, and the experiments with a known truth: their intervals, their errors, their leads."""

import itertools

import numpy as np
import pytest

from llmbook.chapters.front.experiments.experiment import (
    answer_losses,
    finds,
    lead,
    shuffled_leads,
    simulate,
    split_leads,
)
from llmbook.experiments.results import read_result
from llmbook.metrics.intervals import Interval, mean_interval, paired_interval


def test_losses_are_those_of_the_reported_runs_seed_by_seed():
    losses, stored = answer_losses(), read_result("feedforward_kinds")
    assert list(losses) == ["ReLU", "GELU", "SiLU", "GLU", "bilinear", "ReGLU", "GeGLU", "SwiGLU"]
    assert {len(values) for values in losses.values()} == {len(stored["settings"]["reporting_seeds"])} == {16}
    for row in stored["rows"]:
        reported = row["phase"] == "reporting"
        assert reported == (row["seed"] < 16), "the seeds that chose a rate are others"
        assert not reported or losses[row["kind"]][row["seed"]] == row["answer_loss"]


def test_the_lead_is_that_of_the_smallest_mean_over_the_mean_of_all():
    losses = {"a": np.array([1.0, 3.0]), "b": np.array([2.0, 8.0]), "c": np.array([4.0, 0.0])}
    assert lead(losses) == 1.0 and lead({"a": np.array([5.0, 7.0])}) == 0.0
    assert lead({name: -values for name, values in losses.items()}) == 2.0, "small is good"


def test_names_are_shuffled_within_a_seed():
    """Of two kinds and two seeds there are four ways, two with each lead; a seed's losses stay in the seed."""
    losses = {"a": np.array([0.0, 10.0]), "b": np.array([1.0, 14.0])}
    leads = shuffled_leads(losses, draws=400, seed=3)
    assert leads.shape == (400,) and set(leads) == {1.25, 0.75}
    assert 150 < (leads == 1.25).sum() < 250, "each about half of the time"
    assert (leads == shuffled_leads(losses, draws=400, seed=3)).all()
    assert (leads != shuffled_leads(losses, draws=400, seed=4)).any()
    assert len(shuffled_leads(losses)) == 5000 and (shuffled_leads(losses) == shuffled_leads(losses, seed=0)).all()
    assert list(losses["a"]) == [0, 10], "what is given stays as it is"


def test_a_kind_is_chosen_by_some_seeds_and_led_on_the_others():
    """Of three seeds each chooses once, and once all but one; the twin: chosen by all seeds, "a" would always win."""
    losses = {"a": np.array([0.0, 4.0, 0.0]), "b": np.array([2.0, 2.0, 5.0])}
    chosen, fresh = split_leads(losses, choosing=1)
    assert chosen.tolist() == [1, 1, 2.5] and fresh.tolist() == [0.75, -1.75, 0]
    chosen, fresh = split_leads(losses, choosing=2)
    assert chosen.tolist() == [0, 1.75, 0.75] and fresh.tolist() == [2.5, -1, 1]
    three = {"a": np.array([0.0, 9.0]), "b": np.array([3.0, 6.0]), "c": np.array([6.0, 0.0])}
    assert [each.tolist() for each in split_leads(three, choosing=1)] == [[3, 5], [-4, -3]]
    assert losses["a"].tolist() == [0, 4, 0]


@pytest.mark.parametrize("choosing", [0, 3, 4])
def test_some_seeds_choose_and_some_are_left(choosing):
    with pytest.raises(ValueError, match=rf"^{choosing} of 3 seeds cannot choose: take at least 1 and leave at least"):
        split_leads({"a": np.zeros(3), "b": np.ones(3)}, choosing=choosing)


def test_a_simulated_experiment_is_a_mean_of_normal_differences_with_its_interval():
    found = simulate(0.5, 3, 2.0, experiments=5, seed=7)
    noise = np.random.default_rng(7).standard_normal((3, 5))
    expected = mean_interval(0.5 + 2 * noise)
    for ours, right in zip(vars(found).values(), vars(expected).values(), strict=True):
        assert ours.shape == (5,) and ours == pytest.approx(right)
    usual = simulate(0.5, 3, 2.0)
    assert usual.mean == pytest.approx(simulate(0.5, 3, 2.0, experiments=4000, seed=0).mean) and len(usual.mean) == 4000


def test_another_effect_moves_every_interval_and_another_spread_stretches_it():
    here, there, wide = simulate(0, 4, 1), simulate(0.25, 4, 1), simulate(0, 4, 3)
    assert there.low == pytest.approx(here.low + 0.25) and there.high == pytest.approx(here.high + 0.25)
    assert wide.low == pytest.approx(3 * here.low) and wide.mean == pytest.approx(3 * here.mean)


@pytest.mark.parametrize("seeds", [3, 5, 16])
def test_where_there_is_nothing_one_experiment_in_twenty_finds_something(seeds):
    """Four standard deviations of 4,000 tosses at 5 % are 1.4 points; the twin has intervals of half the width."""
    intervals = simulate(0.0, seeds, 0.1)
    assert abs(finds(intervals).mean() - 0.05) < 0.014
    quarter = (intervals.high - intervals.low) / 4
    narrow = Interval(intervals.mean, intervals.mean - quarter, intervals.mean + quarter)
    assert finds(narrow).mean() > 0.1


def test_an_interval_finds_what_is_outside_and_on_either_side():
    intervals = Interval(np.zeros(4), np.array([-1.0, 0.0, 0.5, -2.0]), np.array([1.0, 1.0, 1.0, -0.5]))
    assert finds(intervals).tolist() == [False, False, True, True]
    assert finds(intervals, null=1.0).tolist() == [False, False, False, True]


def swapped(difference):
    """As on the page."""
    return np.array(list(itertools.product((1, -1), repeat=len(difference)))) @ difference / len(difference)


def p_value(difference):
    return np.mean(abs(swapped(difference)) > abs(difference.mean()) - 1e-9)


def test_what_the_page_says_of_swaps():
    losses = answer_losses()
    relu, geglu = (losses[kind] - losses["GELU"] for kind in ("ReLU", "GeGLU"))
    assert (geglu < 0).all() and p_value(geglu) == 2 / 2**16, "every seed: only all swaps or none come as far"
    assert p_value(geglu[:5]) == 2 / 2**5 > 0.05 > p_value(geglu[:6])
    assert 0.0505 < p_value(relu) < 0.0515 and mean_interval(relu).excludes(0)
    assert not any(mean_interval(relu[:count]).excludes(0) for count in range(2, 16))
    assert relu[:5].mean() < 0 < relu.mean() and not mean_interval(relu, comparisons=7).excludes(0)


def test_what_the_page_says_of_leads_and_choices():
    losses = answer_losses()
    four = {kind: losses[kind] for kind in ("bilinear", "ReGLU", "GeGLU", "SwiGLU")}
    assert lead(four) < shuffled_leads(four).mean() - 0.004
    chosen, fresh = ({kind: values[part].mean() for kind, values in four.items()}
                     for part in (slice(0, 5), slice(5, None)))
    assert min(chosen, key=chosen.get) == "bilinear" and sorted(fresh, key=fresh.get)[2] == "bilinear"
    assert fresh["bilinear"] > np.mean(list(fresh.values()))
    before, after = split_leads(four, choosing=5)
    assert len(before) == 4368 and before[0] == pytest.approx(lead({kind: v[:5] for kind, v in four.items()}))
    assert 0.9 < (after < before).mean() < 0.915 and 0.48 < (after < 0).mean() < 0.52


def test_what_the_page_says_of_the_four_and_of_all_five():
    """The four were chosen after the runs: GLU is the worst that is gated, and with it the case is less clear."""
    losses = answer_losses()
    means = {kind: losses[kind].mean() for kind in losses}
    five = {kind: losses[kind] for kind in ("bilinear", "ReGLU", "GeGLU", "SwiGLU", "GLU")}
    assert max(five, key=means.get) == "GLU" and max(means, key=means.get) == "SiLU"
    shares = {}
    for group in (dict(list(five.items())[:4]), five):
        shares[len(group)] = (shuffled_leads(group, seed=0) >= lead(group)).mean()
    assert 0.75 < shares[4] < 0.79 and 0.1 < shares[5] < 0.15


def test_what_the_page_says_of_nine_comparisons():
    """The widest intervals say what those of seven said, and GLU is behind SwiGLU even so."""
    losses = answer_losses()
    found = {(a, b): paired_interval(losses[a], losses[b], comparisons=9)
             for a, b in (("GLU", "GELU"), ("SwiGLU", "GeGLU"), ("GLU", "SwiGLU"))}
    assert found["GLU", "GELU"].low < -0.3 and found["GLU", "GELU"].high > 0.2
    assert -0.05 < found["SwiGLU", "GeGLU"].low < 0 < found["SwiGLU", "GeGLU"].high < 0.05
    assert found["GLU", "SwiGLU"].low > 0.05
    for kind in losses:
        if kind != "GELU":
            seven, nine = (paired_interval(losses[kind], losses["GELU"], comparisons=n).excludes(0) for n in (7, 9))
            assert seven == nine == (kind not in ("ReLU", "GLU"))


def test_what_the_page_says_of_seeds():
    losses = answer_losses()
    ranked = {seed: sorted(losses, key=lambda kind: losses[kind][seed]) for seed in (0, 5)}
    assert (ranked[0][0], ranked[0][-1], ranked[5][1]) == ("SwiGLU", "GLU", "GLU")
    spread = {kind: losses[kind].std(ddof=1) for kind in ("ReLU", "GELU")}
    assert (losses["ReLU"] - losses["GELU"]).std(ddof=1) < min(spread.values()) / 2


def test_what_the_page_says_of_a_true_effect():
    """Five seeds find 0.06 nats one time in six, and report twice as much; sixteen find it every second time."""
    spread = (answer_losses()["ReLU"] - answer_losses()["GELU"]).std(ddof=1)
    few, many = simulate(0.06, 5, spread), simulate(0.06, 16, spread)
    assert 1 / 7 < (few.low > 0).mean() < 1 / 5 and 0.45 < (many.low > 0).mean() < 0.6
    assert 0.11 < few.mean[few.low > 0].mean() < 0.13
