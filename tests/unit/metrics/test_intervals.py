"""Intervals over seeds: known quantiles, coverage, and what pairing and many comparisons change."""

import numpy as np
import pytest

from llmbook.metrics.intervals import Interval, mean_interval, paired_interval


@pytest.mark.parametrize(("level", "seeds", "quantile"), [(0.95, 2, 12.7062), (0.95, 5, 2.776445)])
def test_half_width_by_the_printed_tables(level, seeds, quantile):
    values = np.random.default_rng(0).normal(size=seeds)
    interval = mean_interval(values, level=level)
    half = quantile * values.std(ddof=1) / seeds**0.5
    assert interval.high - interval.mean == pytest.approx(half, rel=1e-5)
    assert interval.mean - interval.low == pytest.approx(half, rel=1e-5)


def covered(interval_of, repeats=4000, seeds=5):
    values = np.random.default_rng(0).normal(2.0, 3.0, (seeds, repeats))
    interval = interval_of(values)
    return np.mean((interval.low <= 2.0) & (interval.high >= 2.0))


def test_covers_the_truth_as_often_as_promised():
    assert covered(mean_interval) == pytest.approx(0.95, abs=0.012)
    normal = lambda v: Interval(0, v.mean(0) - 1.96 * v.std(0, ddof=1) / 5**0.5, v.mean(0) + 1.96 * v.std(0, ddof=1) / 5**0.5)  # noqa: E501, E731
    assert covered(normal) < 0.9  # the twin: with five seeds the normal quantile is too small


def test_several_comparisons_hold_together():
    values = np.random.default_rng(1).normal(size=(5, 4000, 7))
    for comparisons, promise in ((7, 0.95), (1, 0.70)):
        interval = mean_interval(values, comparisons=comparisons)
        together = np.mean(np.all((interval.low <= 0) & (interval.high >= 0), axis=1))
        assert together == pytest.approx(promise, abs=0.02)


def test_pairing_leaves_out_what_a_seed_does_to_both():
    rng = np.random.default_rng(2)
    seed_effect, noise = rng.normal(0, 10, 6), rng.normal(0, 0.1, 6)
    interval = paired_interval(seed_effect + 1 + noise, seed_effect)
    assert interval.low < 1 < interval.high and interval.excludes(0)
    unpaired = mean_interval(seed_effect + 1 + noise)
    assert not unpaired.excludes(0)


def test_one_seed_is_not_enough():
    with pytest.raises(ValueError, match="two seeds"):
        mean_interval([1.0])


def test_interval_rows_match_the_arithmetic():
    values = np.random.default_rng(0).uniform(0.5, 2.0, (5, 8))[:, 0]
    interval = mean_interval(values)
    assert interval.low < interval.mean < interval.high
    assert interval.mean == pytest.approx(values.mean())
