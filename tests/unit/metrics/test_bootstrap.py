"""Bootstrap intervals and tests: exact where all resamples can be listed, right as often as they promise, refusals."""

from itertools import product

import numpy as np
import pytest
from rouge_score.scoring import BootstrapAggregator, Score
from scipy import stats

from llmbook.metrics import bootstrap
from llmbook.metrics.bootstrap import (
    bootstrap_interval,
    draw_counts,
    draw_meetings,
    paired_bootstrap,
    percentiles,
    resampled_means,
)

FEW = np.array([0.1, 0.2, 0.6, 0.35])


def all_means(scores):
    """The mean of each of the n^n resamples, all of them equally likely."""
    return np.array([np.mean(drawn) for drawn in product(scores, repeat=len(scores))])


def test_means_are_distributed_as_all_resamples_are():
    values, counts = np.unique(all_means(FEW).round(9), return_counts=True)
    drawn = resampled_means(FEW, seed=0, samples=50_000).round(9)
    found = np.array([(drawn == value).mean() for value in values])
    assert set(drawn) <= set(values)
    assert np.abs(found - counts / counts.sum()).max() < 0.006, "2.6 standard errors of the likeliest value"


def test_interval_ends_are_the_percentiles_of_all_resamples():
    interval = bootstrap_interval(FEW, seed=1, samples=50_000, level=0.9)
    low, high = np.quantile(all_means(FEW), [0.05, 0.95])
    assert interval.mean == FEW.mean(), "the mean of the scores, not the median of resampled means"
    assert abs(interval.low - low) < 0.011 and abs(interval.high - high) < 0.011
    assert bootstrap_interval(FEW, seed=1, level=0.5).high < interval.high


def test_the_interval_is_rouge_scores():
    """Its aggregator draws from numpy's global generator; the ends agree to Monte Carlo error."""
    np.random.seed(0)
    scores = np.random.default_rng(0).beta(2, 5, size=60)
    aggregator = BootstrapAggregator(n_samples=4000)
    for score in scores:
        aggregator.add_scores({"rouge1": Score(score, score, score)})
    theirs, ours = aggregator.aggregate()["rouge1"], bootstrap_interval(scores, seed=0, samples=4000)
    width = ours.high - ours.low
    assert abs(ours.low - theirs.low.fmeasure) < 0.06 * width and abs(ours.high - theirs.high.fmeasure) < 0.06 * width


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_the_interval_is_scipys(level):
    """Its percentile method draws the same meetings from an equal generator; the twin is its default method."""
    scores = np.random.default_rng(0).beta(2, 5, size=60)

    def theirs(method):
        found = stats.bootstrap((scores,), np.mean, n_resamples=2000, confidence_level=level, method=method,
                                rng=np.random.default_rng(3)).confidence_interval  # fmt: skip
        return found.low, found.high

    ours = bootstrap_interval(scores, seed=3, level=level, samples=2000)
    assert (ours.low, ours.high) == pytest.approx(theirs("percentile"), abs=1e-12)
    assert (ours.low, ours.high) != pytest.approx(theirs("BCa"), abs=1e-4)


def test_counts_are_distributed_as_drawn_meetings():
    """Each meeting is drawn once in the mean, with the variance 1 - 1/n; the twin draws without replacement."""
    [drawn] = draw_meetings(5, 20_000, 0)
    counted = np.stack([(drawn == meeting).sum(axis=1) for meeting in range(5)], axis=1)
    for counts in (counted, draw_counts(5, 20_000, 1)):
        assert counts.shape == (20_000, 5) and (counts.sum(axis=1) == 5).all()
        assert np.abs(counts.mean(axis=0) - 1).max() < 0.03 and np.abs(counts.var(axis=0) - 0.8).max() < 0.04
    once = np.ones((20_000, 5))
    assert np.abs(once.var(axis=0) - 0.8).min() > 0.04


def test_percentiles_leave_equal_shares_outside_and_skip_what_is_missing():
    values = np.stack([np.arange(101.0), np.append(np.arange(100.0), np.nan)], axis=1)
    low, high = percentiles(values, 0.9)
    assert list(low) == pytest.approx([5, 4.95]) and list(high) == pytest.approx([95, 94.05])


def test_p_counts_all_resamples():
    differences = np.array([0.3, -0.1, 0.2, 0.05])
    result = paired_bootstrap(differences + 0.4, np.full(4, 0.4), seed=0, samples=50_000)
    means, observed = all_means(differences), differences.mean()
    exact = (np.abs(means - observed) >= observed - 1e-12).mean()
    assert abs(result.p_value - exact) < 0.006 and abs(result.share_better - (means > 1e-12).mean()) < 0.006
    assert result.difference.mean == pytest.approx(observed)


def test_intervals_cover_and_tests_reject_as_often_as_promised():
    generator, covered, rejected = np.random.default_rng(5), 0, 0
    for _ in range(300):
        scores, baseline = generator.beta(2, 3, size=(2, 40))
        interval = bootstrap_interval(scores, seed=generator, samples=400)
        covered += interval.low <= 0.4 <= interval.high  # the mean of Beta(2, 3)
        rejected += paired_bootstrap(scores, baseline, seed=generator, samples=400).p_value <= 0.05
    assert 0.90 <= covered / 300 <= 0.98 and 0.02 <= rejected / 300 <= 0.10


def test_pairing_sees_what_separate_intervals_do_not():
    generator = np.random.default_rng(0)
    hardness, noise = generator.uniform(0.1, 0.9, 30), generator.normal(0, 0.01, 30)
    better, worse = hardness + 0.01 + noise, hardness
    assert paired_bootstrap(better, worse, seed=0).p_value < 0.01
    shuffled = generator.permutation(worse)
    assert paired_bootstrap(better, shuffled, seed=0).p_value > 0.3, "the same scores, paired with other meetings"
    one, other = bootstrap_interval(better, seed=0), bootstrap_interval(worse, seed=0)
    assert one.low < other.high


def test_equal_systems_do_not_differ():
    result = paired_bootstrap(FEW, FEW, seed=0)
    assert result.p_value == 1.0 and result.share_better == 0.0 and result.difference.mean == 0.0


def test_p_is_symmetric_and_never_zero():
    scores = FEW + 0.5
    forward, backward = (paired_bootstrap(*pair, seed=3, samples=999) for pair in ((scores, FEW), (FEW, scores)))
    assert forward.p_value == backward.p_value == 1 / 1000
    assert forward.share_better == 1.0 and backward.share_better == 0.0


def test_seeds():
    first, again = bootstrap_interval(FEW, seed=0, samples=50), bootstrap_interval(FEW, seed=0, samples=50)
    assert first == again != bootstrap_interval(FEW, seed=1, samples=50)
    generator = np.random.default_rng(0)
    assert bootstrap_interval(FEW, seed=generator, samples=50) == first
    assert bootstrap_interval(FEW, seed=generator, samples=50) != first, "a generator goes on"


def test_blocks_change_nothing(monkeypatch):
    whole = resampled_means(FEW, seed=0, samples=100)
    monkeypatch.setattr(bootstrap, "LARGEST_BLOCK", 12)
    assert np.array_equal(resampled_means(FEW, seed=0, samples=100), whole)


@pytest.mark.parametrize(
    ("scores", "options", "said"),
    [
        ([0.5], {}, "at least two meetings"),
        ([[0.5, 0.5]], {}, r"not the shape \(1, 2\)"),
        ([0.5, float("nan")], {}, "an empty summary scores 0, not NaN"),
        ([0.5, 0.6], {"level": 1.0}, "level"),
        ([0.5, 0.6], {"samples": 0}, "samples"),
    ],
)
def test_refused(scores, options, said):
    with pytest.raises(ValueError, match=said):
        bootstrap_interval(scores, seed=0, **options)
    with pytest.raises(ValueError, match=said):
        paired_bootstrap(scores, np.zeros_like(scores), seed=0, **options)


def test_scores_that_do_not_pair_are_refused():
    with pytest.raises(ValueError, match="do not pair"):
        paired_bootstrap(FEW, FEW[:3], seed=0)
