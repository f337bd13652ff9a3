"""A stricter null for the coupling of two changes: an update in a random direction that is kept through the training.

The draws of ``experiment.random_changes`` take a new direction at every checkpoint. A training goes on from where it
was, so chance has fewer throws than that. Where the updates are small, a row of length much above :math:`\\ell` changes
its length by :math:`\\ell\\,|c|`, with a cosine :math:`c` that is nearly normal in many dimensions. The mean of
:math:`|c|` over N rows then scatters by :math:`\\sqrt{(\\pi / 2 - 1) / N}` of itself, and a direction that is kept has
the same scatter at every checkpoint.
"""

import math
from collections.abc import Sequence

import numpy as np

from llmbook.chapters.dora.does_it_help.experiment import coupling_beside, random_correlations


def drawn_magnitudes(
    means: np.ndarray, rows: int, draws: int, generator: np.random.Generator, *, kept: bool = True
) -> np.ndarray:
    """Changes of magnitude in random directions, for all matrices of one kind.

    Args:
        means: ``(checkpoints, layers)``: over random directions.
        rows: of one matrix.
        draws: how many.
        generator: draws them.
        kept: one direction through the training; otherwise a new one at each checkpoint.

    Returns:
        ``(checkpoints, layers, draws)``.
    """
    checkpoints, layers = means.shape
    noise = generator.standard_normal((1 if kept else checkpoints, layers, draws))
    return means[..., None] * (1 + math.sqrt((math.pi / 2 - 1) / rows) * noise)


def coupling(
    directions: Sequence[np.ndarray], magnitudes: Sequence[np.ndarray], drawn: Sequence[np.ndarray]
) -> dict[str, float]:
    """The correlation over the points of some kinds of matrices, and the middle 95 % of that of the draws.

    Args:
        directions, magnitudes: for each kind ``(checkpoints, layers)``.
        drawn: for each kind ``(checkpoints, layers, draws)``, from :func:`drawn_magnitudes`.
    """
    turned, stretched = (np.concatenate([each.ravel() for each in kinds]) for kinds in (directions, magnitudes))
    chance = np.concatenate([each.reshape(-1, each.shape[-1]) for each in drawn])
    null = random_correlations(chance, np.broadcast_to(turned[:, None], chance.shape))
    return coupling_beside(turned, stretched, null)
