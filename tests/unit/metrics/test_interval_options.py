"""The options of intervals at a second value each, and at the edge of what is allowed."""

import numpy as np
import pytest
from scipy import stats

from llmbook.metrics.bootstrap import bootstrap_interval, paired_bootstrap, resampled_means
from llmbook.metrics.intervals import mean_interval, paired_interval

VALUES = np.random.default_rng(0).normal(size=(5, 3))
BASELINE = np.random.default_rng(1).normal(size=(5, 3))


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("comparisons", [1, 2, 10])
def test_level_and_comparisons_share_what_may_lie_outside(level, comparisons):
    found = paired_interval(VALUES, BASELINE, level=level, comparisons=comparisons)
    difference = VALUES - BASELINE
    within = 1 - (1 - level) / comparisons
    low, high = stats.t.interval(within, 4, difference.mean(0), stats.sem(difference))
    assert found.low == pytest.approx(low) and found.high == pytest.approx(high)
    plain = mean_interval(difference, level=level, comparisons=comparisons)
    assert np.array_equal(plain.low, found.low) and np.array_equal(plain.high, found.high)


def test_an_option_that_is_lost_is_seen(monkeypatch):
    """The twin: a paired interval that drops its options."""
    dropped = lambda values, baseline, **options: mean_interval(values - baseline)  # noqa: E731
    monkeypatch.setitem(globals(), "paired_interval", dropped)
    for options in ((0.95, 2), (0.9, 1)):
        with pytest.raises(AssertionError):
            test_level_and_comparisons_share_what_may_lie_outside(*options)


@pytest.mark.parametrize("options", [
    {"level": 0}, {"level": 1}, {"level": 95}, {"level": -0.1}, {"level": float("nan")}, {"comparisons": 0},
    {"comparisons": -3},
])  # fmt: skip
def test_options_without_sense_are_refused(options):
    for call in (lambda: mean_interval(VALUES, **options), lambda: paired_interval(VALUES, BASELINE, **options)):
        with pytest.raises(ValueError, match="level must be between 0 and 1 and comparisons at least 1"):
            call()


def test_the_ends_themselves_are_not_excluded():
    interval = mean_interval(VALUES[:, 0])
    assert not interval.excludes(interval.low) and not interval.excludes(interval.high)
    assert interval.excludes(np.nextafter(interval.low, -9)) and interval.excludes(np.nextafter(interval.high, 9))


@pytest.mark.parametrize("level", [0.5, 0.8])
@pytest.mark.parametrize("samples", [1, 200])
def test_the_options_of_the_bootstrap(level, samples):
    scores, baseline = VALUES[:, 0], BASELINE[:, 0]
    for given, found in ((scores, bootstrap_interval(scores, seed=3, level=level, samples=samples)),
                         (scores - baseline, paired_bootstrap(scores, baseline, seed=3, level=level,
                                                              samples=samples).difference)):  # fmt: skip
        ends = np.quantile(resampled_means(given, seed=3, samples=samples), [(1 - level) / 2, (1 + level) / 2])
        assert (found.low, found.high) == pytest.approx(tuple(ends))
    assert paired_bootstrap(scores, scores - 9, seed=3, samples=samples).p_value == 1 / (samples + 1)


def test_two_meetings_are_enough():
    found = bootstrap_interval([0.25, 0.75], seed=0, samples=500)
    assert (found.low, found.mean, found.high) == (0.25, 0.5, 0.75)
