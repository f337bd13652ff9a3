"""Correlations at three levels and kappa, by hand and against scipy; each can come out wrong."""

import numpy as np
import pytest
from scipy import stats

from llmbook.metrics import agreement, bootstrap
from llmbook.metrics.agreement import cohen_kappa, correlate, meeting_bootstrap, summary_level, system_level

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(5, 40))
Y = 0.6 * X + GENERATOR.normal(size=(5, 40)) + np.arange(5)[:, None]


def test_correlation_is_pearsons():
    assert correlate(X, Y) == pytest.approx(stats.pearsonr(X.ravel(), Y.ravel()).statistic)
    assert correlate(X, Y) != pytest.approx(stats.spearmanr(X.ravel(), Y.ravel()).statistic, abs=1e-5)
    assert correlate([1, 1, 1], [1, 2, 3]) == 0 and correlate([1, 2], [5, 3]) == pytest.approx(-1)


def test_levels():
    assert system_level(X, Y) == pytest.approx(stats.pearsonr(X.mean(1), Y.mean(1)).statistic)
    per_meeting = [stats.pearsonr(X[:, n], Y[:, n]).statistic for n in range(40)]
    assert summary_level(X, Y) == pytest.approx(np.mean(per_meeting))
    assert len({round(level(X, Y), 3) for level in (correlate, system_level, summary_level)}) == 3


def test_groups_may_agree_inside_and_disagree_together():
    """Simpson's paradox: the same data, two signs."""
    inside = np.linspace(0, 1, 30)
    x, y = np.stack([inside, inside + 3]), np.stack([inside + 3, inside])
    assert correlate(x[0], y[0]) == pytest.approx(1) and correlate(x[1], y[1]) == pytest.approx(1)
    assert correlate(x, y) < -0.8


def test_whole_meetings_are_drawn():
    meeting = np.repeat(GENERATOR.normal(size=40), 20).reshape(40, 20).T  # 20 equal summaries of each meeting
    noise = np.repeat(GENERATOR.normal(size=40), 20).reshape(40, 20).T
    honest = meeting_bootstrap(correlate, meeting, noise, seed=0, samples=400)
    single = meeting_bootstrap(correlate, meeting.reshape(1, -1), noise.reshape(1, -1), seed=0, samples=400)
    assert honest.mean == pytest.approx(single.mean)
    assert honest.high - honest.low > 3 * (single.high - single.low), "pairs of one meeting are no new evidence"
    assert honest == meeting_bootstrap(correlate, meeting, noise, seed=0, samples=400)


def test_the_draws_are_those_of_the_other_bootstrap(monkeypatch):
    """For the mean score it gives the interval of one system; in blocks of any size."""
    scores = GENERATOR.normal(size=(1, 30))
    found = [meeting_bootstrap(lambda first, _: float(first.mean()), scores, scores, seed=2, samples=300)]
    monkeypatch.setattr(bootstrap, "LARGEST_BLOCK", 100)
    found.append(meeting_bootstrap(lambda first, _: float(first.mean()), scores, scores, seed=2, samples=300))
    expected = bootstrap.bootstrap_interval(scores[0], seed=2, samples=300)
    assert found[0] == found[1]
    assert (found[0].low, found[0].high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    other = bootstrap.bootstrap_interval(scores[0], seed=3, samples=300)
    assert found[0].low != pytest.approx(other.low, abs=1e-6)


def test_intervals_cover():
    covered = 0
    for seed in range(150):
        generator = np.random.default_rng(seed)
        x = generator.normal(size=(1, 60))
        y = 0.5 * x + 0.75**0.5 * generator.normal(size=(1, 60))  # true correlation 0.5
        interval = meeting_bootstrap(correlate, x, y, seed=seed, samples=200)
        covered += interval.low <= 0.5 <= interval.high
    assert 0.85 <= covered / 150 <= 0.99


def test_kappa_by_hand():
    first, second = "yyyyyyynnn", "yyyyyynnny"  # 6 yes-yes, 2 no-no; chance 0.7 * 0.7 + 0.3 * 0.3
    assert cohen_kappa(first, second) == pytest.approx((0.8 - 0.58) / (1 - 0.58))
    assert cohen_kappa(first, first) == pytest.approx(1) and cohen_kappa("ynyn", "nyny") == pytest.approx(-1)
    assert cohen_kappa("yyyy", "yyyy") == 0, "one label only: chance explains everything"
    assert cohen_kappa("y" * 95 + "n" * 5, "n" * 5 + "y" * 95) < 0 < 0.9, "nine in ten agree, and no better than chance"


def test_refused():
    with pytest.raises(ValueError, match="do not pair"):
        correlate([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="do not pair"):
        cohen_kappa("y", "yn")
    with pytest.raises(ValueError, match="do not pair"):
        cohen_kappa("", "")


LEVELS = (correlate, system_level, summary_level)


@pytest.mark.parametrize("scale", [1e-7, 1e-200, 1e-300, 1e7, 1e200, 1e300])
def test_the_scale_changes_no_correlation(scale):
    for level in LEVELS:
        assert level(X * scale, Y) == pytest.approx(level(X, Y), rel=1e-9)
        assert level(X * scale, Y * scale) == pytest.approx(level(X, Y), rel=1e-9)
    assert correlate(X * 2.0**-40, Y * 2.0**-900) == correlate(X, Y), "not even in the last digit"
    small, plain = (meeting_bootstrap(correlate, X * by, Y * by, seed=0, samples=20) for by in (scale, 1))
    assert (small.mean, small.low) == pytest.approx((plain.mean, plain.low), rel=1e-9)


def test_without_its_own_scale_small_scores_would_not_correlate(monkeypatch):
    """The twin: deviations as they are, and a threshold that knows no scale."""
    monkeypatch.setattr(agreement, "_deviations", lambda values: values.ravel() - values.mean())
    with pytest.raises(AssertionError):
        test_the_scale_changes_no_correlation(1e-200)
    small = lambda values: np.zeros(values.size) if np.ptp(values) < 1e-5 else values.ravel() - values.mean()  # noqa: E731
    monkeypatch.setattr(agreement, "_deviations", small)
    with pytest.raises(AssertionError):
        test_the_scale_changes_no_correlation(1e-7)


@pytest.mark.parametrize("scale", [1e-7, 1.0, 1e9])
def test_what_differs_in_its_last_digits_only_does_not_vary(scale):
    equal = scale * np.array([0.1, 0.1 + 2e-17, 0.1 - 2e-17, 0.1 + 3e-17])
    assert correlate(equal, [1, 2, 3, 5]) == 0 and correlate([0, 0, 0], [1, 2, 3]) == 0
    order = np.random.default_rng(1)
    shuffled = scale * np.stack([order.permutation(Y[0]) for _ in range(5)])  # equal means, summed in other orders
    assert len(set(shuffled.mean(1))) > 1 and system_level(shuffled, Y) == 0
    assert correlate(scale * np.array([1, 1 + 1e-9, 1 + 2e-9]), [1, 2, 3]) == pytest.approx(1), "that is a difference"


def test_a_threshold_of_nothing_would_correlate_rounding_errors(monkeypatch):
    monkeypatch.setattr(agreement, "CONSTANT", 0)
    with pytest.raises(AssertionError):
        test_what_differs_in_its_last_digits_only_does_not_vary(1.0)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("level", [*LEVELS, lambda *pair: meeting_bootstrap(correlate, *pair, seed=0)])
def test_what_is_no_finite_number_is_refused(level, wrong):
    spoiled = X.copy()
    spoiled[3, 7] = wrong
    for pair in ((spoiled, Y), (Y, spoiled)):
        with pytest.raises(ValueError, match="a score is not a finite number"):
            level(*pair)


@pytest.mark.parametrize("options", [{"level": 0}, {"level": 1}, {"level": 1.5}, {"samples": 0}, {"level": np.nan}])
def test_options_without_sense_are_refused(options):
    with pytest.raises(ValueError, match="level must be between 0 and 1 and samples at least 1"):
        meeting_bootstrap(correlate, X, Y, seed=0, **options)
    assert meeting_bootstrap(correlate, X, Y, seed=0, level=0.5, samples=1).low == pytest.approx(
        meeting_bootstrap(correlate, X, Y, seed=0, level=0.5, samples=1).high)
