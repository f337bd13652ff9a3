r"""Intervals for experiments that were repeated with several seeds.

For values :math:`x_1 \dots x_n` with mean :math:`\bar x` and standard deviation :math:`s`, the interval is
:math:`\bar x \pm t\, s / \sqrt{n}` with the quantile :math:`t` of Student's distribution with :math:`n - 1` degrees
of freedom. Two settings that share their seeds are compared through the differences of their pairs, which leaves out
what a seed does to both.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Interval:
    """A mean with the ends of its confidence interval; numbers, or arrays of one shape."""

    mean: np.ndarray | float
    low: np.ndarray | float
    high: np.ndarray | float

    def excludes(self, value: float) -> bool:
        """Whether ``value`` lies outside: the stated null is then rejected at the interval's level."""
        return bool(value < self.low or value > self.high)


def mean_interval(values: np.ndarray, *, level: float = 0.95, comparisons: int = 1) -> Interval:
    """Mean over the first axis (the seeds) with its confidence interval.

    Args:
        values: ``(seeds, ...)``, at least two seeds.
        level: of confidence, for all comparisons together.
        comparisons: how many intervals are read side by side; each is widened so that all of them hold at once
            with at least the level (Bonferroni).

    Raises:
        ValueError: there is only one seed, or a level or a number of comparisons that makes no sense.
    """
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        raise ValueError("an interval needs at least two seeds")
    if not 0 < level < 1 or comparisons < 1:
        raise ValueError(f"level must be between 0 and 1 and comparisons at least 1, not {level} and {comparisons}")
    quantile = stats.t.ppf(1 - (1 - level) / (2 * comparisons), df=len(values) - 1)
    mean = values.mean(axis=0)
    half = quantile * values.std(axis=0, ddof=1) / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half)


def paired_interval(values: np.ndarray, baseline: np.ndarray, *, level: float = 0.95, comparisons: int = 1) -> Interval:
    """Interval of the mean difference ``values - baseline`` of runs that share their seeds, seed by seed."""
    return mean_interval(np.asarray(values) - np.asarray(baseline), level=level, comparisons=comparisons)
