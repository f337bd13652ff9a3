r"""How far fine-tuning changes the lengths of the rows of a weight, and how far their directions.

For a weight W of shape (out, in) with rows :math:`w_n`, before (0) and after (1):

.. math::

    \Delta M = \frac{1}{\text{out}} \sum_n \bigl|\, \lVert w^1_n \rVert - \lVert w^0_n \rVert \,\bigr|, \qquad
    \Delta D = \frac{1}{\text{out}} \sum_n \bigl(1 - \cos(w^1_n, w^0_n)\bigr)

Source: Liu et al. 2024 (arXiv 2402.09353), Section 3.2, whose columns are the rows of torch's layout: one for each
output. They measure the query and value matrices at several checkpoints of one training.

What would a method give that does not care which way it moves a row? Add to each row an update of the length
:math:`\ell` that training gave it, in a random direction, at the cosine :math:`c` to the row:

.. math::

    \lVert w + \delta \rVert^2 = \lVert w \rVert^2 + 2 c\, \ell\, \lVert w \rVert + \ell^2

A longer update turns the row further and changes its length more, so both changes grow together: geometry alone
correlates them. :func:`random_changes` draws this null; only :math:`c` has to be drawn.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor
from torch.nn import functional as F

MEASURED = ("q_proj", "v_proj")
PARTS = {"all points": {}, "queries": {"kind": "q_proj"}, "values": {"kind": "v_proj"}, "last step": {"step": 50}}
"""Which points a correlation is taken over: all, those of one kind of matrix, or those of one step."""


def magnitude_change(new: Tensor, old: Tensor) -> float:
    """Delta M of two weights ``(out, in)``, in the units of the weight."""
    return (new.norm(dim=1) - old.norm(dim=1)).abs().mean().item()


def direction_change(new: Tensor, old: Tensor) -> float:
    """Delta D of two weights ``(out, in)``: 0 for the same directions, 2 for opposite ones."""
    cosine = F.cosine_similarity(new.double(), old.double(), dim=1)  # in float32, 1 - cos loses small angles
    return (1 - cosine).mean().item()


def changes(snapshots: Mapping[int, Mapping[str, Tensor]], measured: Sequence[str] = MEASURED) -> list[dict]:
    """Both changes of every matrix at every snapshot, against the snapshot of step 0.

    Args:
        snapshots: weights by name, for each step; step 0 is needed.
        measured: ends of the names to measure.

    Returns:
        Rows with ``step``, ``name``, ``magnitude`` and ``direction``.

    Raises:
        ValueError: there is no snapshot of step 0.
    """
    if 0 not in snapshots:
        raise ValueError("the changes are measured against step 0; ask for a snapshot of it, snapshots=(0, ...)")
    return [
        {"step": step, "name": name, "magnitude": magnitude_change(weight, snapshots[0][name]),
         "direction": direction_change(weight, snapshots[0][name])}
        for step, weights in snapshots.items() if step > 0
        for name, weight in weights.items() if name.rpartition(".")[2] in measured
    ]  # fmt: skip


def correlation(rows: Sequence[Mapping]) -> float:
    """Pearson's correlation of the two changes over some rows."""
    return float(np.corrcoef([row["direction"] for row in rows], [row["magnitude"] for row in rows])[0, 1])


def of_part(rows: Sequence[Mapping], part: str) -> list[int]:
    """Places of the rows that belong to a part of ``PARTS``."""
    kind, step = PARTS[part].get("kind", ""), PARTS[part].get("step")
    return [place for place, row in enumerate(rows) if row["name"].endswith(kind) and step in (None, row["step"])]


def random_cosines(shape: Sequence[int], width: int, generator: np.random.Generator) -> np.ndarray:
    """Cosines between random directions and a fixed one, in ``width`` dimensions."""
    along, across = generator.standard_normal(shape), generator.chisquare(width - 1, shape)
    return along / np.sqrt(along**2 + across)


def random_changes(new: Tensor, old: Tensor, draws: int, generator: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Both changes if the update of each row kept its length and pointed anywhere.

    Args:
        new, old: weights ``(out, in)``.
        draws: how often directions are drawn.
        generator: draws them.

    Returns:
        Delta M and Delta D, each ``(draws,)``.
    """
    old, new = old.double(), new.double()
    length, update = (rows.norm(dim=1).numpy() for rows in (old, new - old))
    cosine = random_cosines((draws, len(length)), old.shape[1], generator)
    longer = np.sqrt(length**2 + 2 * cosine * update * length + update**2)
    return np.abs(longer - length).mean(axis=1), (1 - (length + cosine * update) / longer).mean(axis=1)


def coupling_beside(directions: np.ndarray, magnitudes: np.ndarray, null: np.ndarray) -> dict[str, float]:
    """Pearson's correlation over points ``(points,)``, with the mean and the middle 95 % of its null ``(draws,)``."""
    low, high = np.quantile(null, (0.025, 0.975))
    return {"correlation": float(np.corrcoef(directions, magnitudes)[0, 1]), "random": float(null.mean()),
            "low": float(low), "high": float(high)}  # fmt: skip


def random_correlations(magnitudes: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Pearson's correlation over the points for each draw; both arguments are ``(points, draws)``."""
    pairs = zip(directions.T, magnitudes.T, strict=True)
    return np.array([np.corrcoef(*pair)[0, 1] for pair in pairs])
