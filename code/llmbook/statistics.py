r"""Intervals for experiments that were repeated with several seeds.

For values :math:`x_1 \dots x_n` with mean :math:`\bar x` and standard deviation :math:`s`, the interval is
:math:`\bar x \pm t\, s / \sqrt{n}` with the quantile :math:`t` of Student's distribution with :math:`n - 1` degrees
of freedom. Two settings that share their seeds are compared through the differences of their pairs, which leaves out
what a seed does to both.
"""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Interval:
    """A mean with the ends of its confidence interval; numbers, or arrays of one shape."""

    mean: np.ndarray | float
    low: np.ndarray | float
    high: np.ndarray | float

    def excludes(self, value: float) -> bool:
        """Whether ``value`` lies outside: the stated null is then rejected at the interval's level."""
        return bool(value < self.low or value > self.high)


def student_quantile(probability: float, degrees: int) -> float:
    r"""The value that Student's t stays below with the given probability.

    With :math:`t = \sqrt{\nu} \tan\theta` the density in :math:`\theta` is proportional to
    :math:`\cos^{\nu-1}\theta`, which is integrated numerically.

    Args:
        probability: between 0.5 and 1.
        degrees: :math:`\nu`, at least 1.

    Raises:
        ValueError: an argument is out of range.
    """
    if not 0.5 <= probability < 1 or degrees < 1:
        raise ValueError(f"need 0.5 <= probability < 1 and degrees >= 1, not {probability} and {degrees}")
    theta = np.linspace(0.0, math.pi / 2, 100_001)
    density = np.cos(theta) ** (degrees - 1)
    area = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return math.sqrt(degrees) * math.tan(np.interp(2 * probability - 1, area / area[-1], theta))


def mean_interval(values: np.ndarray, *, level: float = 0.95, comparisons: int = 1) -> Interval:
    """Mean over the first axis (the seeds) with its confidence interval.

    Args:
        values: ``(seeds, ...)``, at least two seeds.
        level: of confidence, for all comparisons together.
        comparisons: how many intervals are read side by side; each is widened so that all of them hold at once
            with at least the level (Bonferroni).

    Raises:
        ValueError: there is only one seed.
    """
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        raise ValueError("an interval needs at least two seeds")
    quantile = student_quantile(1 - (1 - level) / (2 * comparisons), len(values) - 1)
    mean = values.mean(axis=0)
    half = quantile * values.std(axis=0, ddof=1) / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half)


def paired_interval(values: np.ndarray, baseline: np.ndarray, *, level: float = 0.95, comparisons: int = 1) -> Interval:
    """Interval of the mean difference ``values - baseline`` of runs that share their seeds, seed by seed."""
    return mean_interval(np.asarray(values) - np.asarray(baseline), level=level, comparisons=comparisons)
