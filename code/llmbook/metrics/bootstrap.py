r"""Bootstrap: how far a mean score could have come out differently with other meetings of the same kind.

The n scores are drawn again n times with replacement, and their mean is taken; repeated many times, the means scatter
about as the mean of n new meetings would. The interval runs between percentiles of these means, and its middle is the
mean of the scores themselves, which a percentile of resampled means only approaches.

Two systems that summarized the same meetings are compared through the differences of their scores, meeting by meeting:
a hard meeting is hard for both. For the test the differences are shifted to mean 0, where neither system is better,
and p is the share of resampled means that are at least as far from 0 as the one that was observed.

Sources: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", Sections 13.3 (percentiles) and 16.4 (shifting
to the null); Koehn 2004, https://aclanthology.org/W04-3250/ (pairs of systems on one test set). What is resampled are
the meetings. Seeds of training are another source of chance, for ``llmbook.metrics.intervals``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from llmbook.metrics.intervals import Interval

SAMPLES = 10_000
LARGEST_BLOCK = 2**20  # numbers drawn at once


@dataclass(frozen=True)
class PairedTest:
    """Whether one system scores better than another on the same meetings."""

    difference: Interval
    """Mean difference with the ends of its interval; above 0 the first system is better."""
    p_value: float
    """Two-sided: how often chance alone would give a difference at least as large, if there were none."""
    share_better: float
    """The share of resampled sets of meetings on which the first system has the larger mean."""


def bootstrap_interval(
    scores: np.ndarray, *, seed: int | np.random.Generator, level: float = 0.95, samples: int = SAMPLES
) -> Interval:
    """Mean score with its percentile interval.

    Args:
        scores: one number per meeting, at least two.
        seed: an integer, or a generator to draw from; equal seeds give equal intervals.
        level: of confidence.
        samples: how many means are drawn.

    Raises:
        ValueError: fewer than two scores, a score that is no finite number, or a level or a number of samples that
            make no sense.
    """
    scores = _checked(scores, level, samples)
    low, high = percentiles(resampled_means(scores, seed=seed, samples=samples), level)
    return Interval(float(scores.mean()), float(low), float(high))


def paired_bootstrap(
    scores: np.ndarray,
    baseline: np.ndarray,
    *,
    seed: int | np.random.Generator,
    level: float = 0.95,
    samples: int = SAMPLES,
) -> PairedTest:
    """Compare two systems on the same meetings.

    Args:
        scores: one number per meeting, of the first system.
        baseline: the other system's, for the same meetings in the same order.
        seed: as in :func:`bootstrap_interval`.
        level: of confidence.
        samples: how many means are drawn; p is never below 1 / (samples + 1).

    Raises:
        ValueError: the two do not pair, or as in :func:`bootstrap_interval`.
    """
    scores, baseline = np.asarray(scores, dtype=float), np.asarray(baseline, dtype=float)
    if scores.shape != baseline.shape:
        raise ValueError(f"{scores.shape} and {baseline.shape} scores do not pair; score both on the same meetings")
    differences = _checked(scores - baseline, level, samples)
    observed = float(differences.mean())
    means = resampled_means(differences, seed=seed, samples=samples)
    slack = 1e-12 * (
        abs(observed) + float(np.abs(differences).max())
    )  # sums in another order differ in the last digits
    as_far = int((np.abs(means - observed) >= abs(observed) - slack).sum())
    low, high = map(float, percentiles(means, level))
    return PairedTest(Interval(observed, low, high), (as_far + 1) / (samples + 1), float((means > slack).mean()))


def resampled_means(scores: np.ndarray, *, seed: int | np.random.Generator, samples: int = SAMPLES) -> np.ndarray:
    """Means of scores drawn with replacement, as many as there are; ``(samples,)`` of them."""
    return np.concatenate([scores[drawn].mean(axis=1) for drawn in draw_meetings(len(scores), samples, seed)])


def draw_meetings(count: int, samples: int, seed: int | np.random.Generator) -> Iterator[np.ndarray]:
    """Draw as many meetings as there are, with replacement, so many times.

    Args:
        count: n, how many meetings there are.
        samples: how many times they are drawn.
        seed: an integer, or a generator to draw from.

    Yields:
        Indices ``(block, n)``, in blocks that fit into memory; together ``samples`` rows.
    """
    generator, block = np.random.default_rng(seed), max(1, LARGEST_BLOCK // count)
    for start in range(0, samples, block):
        yield generator.integers(count, size=(min(block, samples - start), count))


def draw_counts(count: int, samples: int, seed: int | np.random.Generator) -> np.ndarray:
    """How often each of n meetings is drawn, ``(samples, n)``, for what is made of sums over the meetings.

    The counts are distributed as those of :func:`draw_meetings`, but drawn at once: equal seeds give other draws there.
    """
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=samples)


def percentiles(values: np.ndarray, level: float = 0.95) -> np.ndarray:
    """The ends of the percentile interval: ``values`` has one row for each draw, and equal shares lie outside.

    Args:
        values: ``(samples, ...)``; NaN where a draw has no value, which does not count.
        level: of confidence.

    Returns:
        ``(2, ...)``, the low ends and the high ones.
    """
    return np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2], axis=0)


def check_finite(*scores: np.ndarray) -> None:
    """Raise a ValueError about a score that is NaN or infinite."""
    if not all(np.isfinite(each).all() for each in scores):
        raise ValueError("a score is not a finite number; an empty summary scores 0, not NaN")


def check_options(level: float, samples: int) -> None:
    """Raise a ValueError about a level or a number of samples that make no sense."""
    if not 0 < level < 1 or samples < 1:
        raise ValueError(f"level must be between 0 and 1 and samples at least 1, not {level} and {samples}")


def _checked(scores: np.ndarray, level: float, samples: int) -> np.ndarray:
    """Scores as an array; raises a ValueError about what cannot be resampled."""
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 1 or len(scores) < 2:
        raise ValueError(f"pass one score per meeting, of at least two meetings, not the shape {scores.shape}")
    check_finite(scores)
    check_options(level, samples)
    return scores
