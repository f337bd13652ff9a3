r"""Learning-rate schedules: a linear warm-up, one of four shapes down to a floor, and at the end, if wanted, an anneal.

With peak :math:`\eta`, floor :math:`f`, W warm-up steps of N in all, the rate of step t = 1 ... N is

.. math::

    \eta\,\frac{t}{W} \quad (t \le W), \qquad
    \text{then, with } p = \frac{t - W}{N - W}: \quad
    \begin{cases}
      \eta + (f - \eta)\,p & \text{linear}\\
      f + (\eta - f)\,\tfrac{1 + \cos \pi p}{2} & \text{cosine}\\
      \max(f,\ \eta \sqrt{W / t}) & \text{inverse square root}\\
      \eta & \text{constant}
    \end{cases}

With A steps of anneal, the shape ends at N - A, and from there the rate falls in a straight line to 0 at N.

OLMo warms up for 5,000 steps and then decays linearly to a tenth of the peak (arXiv 2402.00838, Section 3.2); Llama 2
uses the cosine, also to a tenth (arXiv 2307.09288, Section 2.2). The inverse square root is that of Vaswani et al.
2017 (arXiv 1706.03762, Section 5.3). The last 1,000 of OLMo 7B's 557,000 steps are such an anneal (arXiv 2402.00838,
Section 4; ``configs/mcli/v1_5-mix-medium-mitch-ish.yaml`` of allenai/OLMo at 15af668).
"""

import math
from dataclasses import dataclass

SHAPES = ("linear", "cosine", "inverse_sqrt", "constant")


@dataclass(frozen=True)
class Schedule:
    """A learning rate for each step; call it with the step.

    Raises:
        ValueError: there is no such shape, or a number is outside its range.
    """

    peak: float
    """Highest rate, reached at the end of the warm-up."""
    total_steps: int
    """N; later steps stay at the rate of step N."""
    warmup_steps: int = 0
    """W; 0 starts at the peak."""
    floor: float = 0.0
    """Lowest rate of the decay, in the units of ``peak``; OLMo and Llama 2 use a tenth of the peak."""
    shape: str = "linear"
    """One of ``SHAPES``."""
    anneal_steps: int = 0
    """A, the last of the N steps, in which the rate falls from where the shape has left it to 0; 0 for no anneal."""

    def __post_init__(self):
        if self.shape not in SHAPES:
            raise ValueError(f"unknown shape {self.shape!r}; choose one of {', '.join(SHAPES)}")
        if not 0 <= self.warmup_steps < self.total_steps:
            raise ValueError(
                f"warmup_steps must be from 0 to total_steps - 1 = {self.total_steps - 1}, not {self.warmup_steps}"
            )
        if not 0 <= self.anneal_steps < self.total_steps - self.warmup_steps:
            raise ValueError(f"anneal_steps must be from 0 to {self.total_steps - self.warmup_steps - 1}, so that one "
                             f"step is left between warm-up and anneal, not {self.anneal_steps}")  # fmt: skip
        if not 0 <= self.floor <= self.peak:
            raise ValueError(f"floor must be from 0 to the peak {self.peak}, not {self.floor}")
        if self.shape == "inverse_sqrt" and self.warmup_steps == 0:
            raise ValueError("the inverse square root is measured in warm-up steps; give it warmup_steps of at least 1")

    def __call__(self, step: int) -> float:
        """The rate of an update.

        Args:
            step: updates made before this one: 0 for the first, so that none is wasted on a rate of zero.
        """
        t = min(step + 1, self.total_steps)
        if t <= self.shaped_steps:
            return self._shaped(t)
        return self._shaped(self.shaped_steps) * (self.total_steps - t) / self.anneal_steps

    @property
    def shaped_steps(self) -> int:
        """N - A: the steps of warm-up and shape, before the anneal."""
        return self.total_steps - self.anneal_steps

    def _shaped(self, t: int) -> float:
        """The rate of step ``t``, counted from 1, in the warm-up or the shape."""
        if t <= self.warmup_steps:
            return self.peak * t / self.warmup_steps
        progress = (t - self.warmup_steps) / (self.shaped_steps - self.warmup_steps)
        if self.shape == "linear":
            return self.peak + (self.floor - self.peak) * progress
        if self.shape == "cosine":
            return self.floor + (self.peak - self.floor) * (1 + math.cos(math.pi * progress)) / 2
        if self.shape == "inverse_sqrt":
            return max(self.floor, self.peak * math.sqrt(self.warmup_steps / t))
        return self.peak

    def rates(self) -> list[float]:
        """The rate of every step, N numbers."""
        return [self(step) for step in range(self.total_steps)]

    def area(self) -> float:
        """The sum of all rates: how far the optimizer could walk if every step had length one."""
        return math.fsum(self.rates())
