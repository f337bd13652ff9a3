"""Intervals over seeds: known quantiles, coverage, and what pairing and many comparisons change."""

import numpy as np
import pytest

from llmbook.statistics import Interval, mean_interval, paired_interval, student_quantile


@pytest.mark.parametrize(("probability", "degrees", "expected"), [
    (0.975, 1, 12.7062047), (0.975, 4, 2.7764451), (0.995, 9, 3.2498355), (0.95, 30, 1.6972609), (0.5, 3, 0.0),
])  # fmt: skip
def test_quantiles_of_the_printed_tables(probability, degrees, expected):
    assert student_quantile(probability, degrees) == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_one_degree_of_freedom_has_a_closed_form():
    assert student_quantile(0.9, 1) == pytest.approx(np.tan(0.4 * np.pi), rel=1e-6)  # Cauchy
    assert student_quantile(0.9, 2) == pytest.approx(0.8 / np.sqrt(2 * 0.9 * 0.1), rel=1e-6)


@pytest.mark.parametrize("arguments", [(0.4, 3), (1.0, 3), (0.9, 0)])
def test_refuses_what_has_no_quantile(arguments):
    with pytest.raises(ValueError, match="need"):
        student_quantile(*arguments)


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
