r"""How far two judges agree: correlation of their scores, at the level of summaries or of systems, and Cohen's kappa.

Scores are arrays ``(S, N)``: S systems summarized the same N meetings. At the level of *systems* each is reduced to
its mean, and the S pairs of means are correlated. At the level of *summaries* the S scores of one meeting are
correlated, and the N correlations averaged. *Pooled*, all S N pairs are correlated as if they were one sample.

Kappa is the agreement beyond chance, :math:`(p_o - p_e) / (1 - p_e)`: :math:`p_o` is the share of equal labels, and
:math:`p_e` the share that two judges would reach who give their labels independently, as often as these two do.

Sources: Cohen 1960, "A coefficient of agreement for nominal scales" (kappa); Deutsch, Dror and Roth 2021,
https://arxiv.org/abs/2104.00054 (the levels, and drawing meetings again).
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from llmbook.metrics.bootstrap import check_finite, check_options, draw_meetings, percentiles
from llmbook.metrics.intervals import Interval

Statistic = Callable[[np.ndarray, np.ndarray], float]
CONSTANT = 1e-12
"""Scores that differ by a smaller share of the largest one do not vary: sums in another order differ so much."""


def correlate(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's correlation of all pairs, whatever their scale; 0 where one of the two does not vary.

    Raises:
        ValueError: the shapes differ, there are fewer than two pairs, or a score is no finite number.
    """
    x, y = map(_deviations, _pair(first, second))
    size = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum()) / size if size else 0.0


def system_level(first: np.ndarray, second: np.ndarray) -> float:
    """Correlation of the systems' means; both are ``(S, N)``.

    Raises:
        ValueError: as in :func:`correlate`.
    """
    first, second = _pair(first, second)
    return correlate(first.mean(axis=1), second.mean(axis=1))


def summary_level(first: np.ndarray, second: np.ndarray) -> float:
    """Mean over the meetings of the correlation of their S summaries; both are ``(S, N)``.

    Raises:
        ValueError: as in :func:`correlate`.
    """
    first, second = _pair(first, second)
    return float(np.mean([correlate(*columns) for columns in zip(first.T, second.T, strict=True)]))


def meeting_bootstrap(
    statistic: Statistic, first: np.ndarray, second: np.ndarray, *, seed: int, level: float = 0.95, samples: int = 1000
) -> Interval:
    """A statistic of two arrays ``(S, N)`` with its percentile interval; whole meetings are drawn again.

    Drawing single pairs would treat the S summaries of one meeting as if they were independent.

    Args:
        statistic: such as :func:`correlate`.
        first: scores.
        second: other scores of the same summaries.
        seed: equal seeds give equal intervals.
        level: of confidence.
        samples: how many sets of meetings are drawn.

    Raises:
        ValueError: as in :func:`correlate`, or a level or a number of samples that make no sense.
    """
    first, second = _pair(first, second)
    check_options(level, samples)
    draws = (drawn for block in draw_meetings(first.shape[1], samples, seed) for drawn in block)
    low, high = percentiles([statistic(first[:, drawn], second[:, drawn]) for drawn in draws], level)
    return Interval(statistic(first, second), float(low), float(high))


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Agreement of two judges' labels beyond chance, 1 at most; 0 where chance alone would always agree.

    Raises:
        ValueError: the labels do not pair, or there are none.
    """
    if len(first) != len(second) or len(first) == 0:
        raise ValueError(f"{len(first)} and {len(second)} labels do not pair; both judges label the same summaries")
    n = len(first)
    observed = sum(one == other for one, other in zip(first, second, strict=True)) / n
    ours, theirs = Counter(first), Counter(second)
    chance = sum(ours[label] * theirs[label] for label in ours) / n**2
    return (observed - chance) / (1 - chance) if chance < 1 else 0.0


def _pair(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays of one shape."""
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if first.shape != second.shape or first.size < 2:
        raise ValueError(f"scores of shapes {first.shape} and {second.shape} do not pair; pass two or more of each")
    check_finite(first, second)
    return first, second


def _deviations(values: np.ndarray) -> np.ndarray:
    """What is above the mean, all 0 where nothing varies; by a power of two about 1, so that squares keep their digits.

    Tiny scores would have squares of 0, and huge ones infinite squares. A power of two changes no digit of a result.
    """
    scaled = np.ldexp(values, -np.frexp(np.abs(values).max())[1])
    varies = np.ptp(scaled) > CONSTANT * np.abs(scaled).max()
    return (scaled.ravel() - scaled.mean()) if varies else np.zeros(scaled.size)
