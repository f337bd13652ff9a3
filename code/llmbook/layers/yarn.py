r"""YaRN: stretch rotary positions, so that a model trained on short texts can be trained on longer ones.

Source: Peng et al. 2023, arXiv 2309.00071, Sections 3.2 and 3.4. A pair that turns many times within the original
length L tells neighbors apart, and keeps its frequency. A pair that does not finish a turn would meet angles it has
never seen, and is slowed down by the factor s. Between them the two are mixed: with :math:`r_i` turns in L positions,

.. math:: \theta_i' = (1 - \gamma_i)\,\theta_i + \gamma_i\,\theta_i / s,

where :math:`\gamma_i` climbs from 0 at the pair that makes ``beta_fast`` turns to 1 at the pair that makes
``beta_slow``. Longer texts also make the softmax flatter, so scores are multiplied by :math:`t^2` with
:math:`t = 0.1 \ln s + 1`; here as in the released models cosine and sine carry one t each, queries and keys both.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Yarn:
    """How far rotary positions are stretched.

    Raises:
        ValueError: the factor or the length is below 1 or no finite number, or the turns are not in their order.
    """

    factor: float
    """s, how many times longer the texts may become (OLMo 3: 8)."""
    original_length: int
    """L, the length of the texts before (OLMo 3: 8,192)."""
    beta_fast: float = 32.0
    """A pair with this many turns in L, or more, is left alone."""
    beta_slow: float = 1.0
    """A pair with this many turns in L, or fewer, is slowed down by the whole factor."""

    def __post_init__(self):
        sound = 1 <= self.factor < math.inf and 1 <= self.original_length < math.inf  # and neither is NaN
        if not (sound and math.inf > self.beta_fast > self.beta_slow > 0):
            raise ValueError(
                "YaRN needs a factor and a length of at least 1, and beta_fast above beta_slow above 0, all of them "
                f"finite, not {self}"
            )

    @property
    def temperature(self) -> float:
        """t, by which cosine and sine are multiplied."""
        return 0.1 * math.log(self.factor) + 1.0


def slowed_share(pairs: int, base: float, yarn: Yarn) -> Tensor:
    r"""How much of the slowing each pair gets, :math:`\gamma_i`: 0 for the fast ones, 1 for the slow ones.

    Args:
        pairs: E/2.
        base: b of the rotary embedding.
        yarn: the stretching.

    Returns:
        ``(E/2,)``, float32. As in the reference the ramp is linear in i, and its ends are rounded outward to pairs.
    """

    def pair_with(turns: float) -> float:  # solves L * base ** (-i / pairs) = 2 pi * turns for i
        return pairs * math.log(yarn.original_length / (2 * math.pi * turns)) / math.log(base)

    first, last = math.floor(pair_with(yarn.beta_fast)), math.ceil(pair_with(yarn.beta_slow))
    first, last = max(first, 0), min(last, 2 * pairs - 1)
    width = last - first or 0.001  # a step, if both ends are one pair
    return ((torch.arange(pairs, dtype=torch.float32) - first) / width).clamp(0, 1)


def stretch(frequencies: Tensor, base: float, yarn: Yarn) -> Tensor:
    """The frequencies ``(E/2,)`` of a rotary embedding with this base, stretched."""
    share = slowed_share(len(frequencies), base, yarn).to(frequencies.device)
    return frequencies * (1 - share) + frequencies / yarn.factor * share
