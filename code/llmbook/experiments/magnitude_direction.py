r"""How far fine-tuning changes the lengths of the rows of a weight, and how far their directions.

For a weight W of shape (out, in) with rows :math:`w_n`, before (0) and after (1):

.. math::

    \Delta M = \frac{1}{\text{out}} \sum_n \bigl|\, \lVert w^1_n \rVert - \lVert w^0_n \rVert \,\bigr|, \qquad
    \Delta D = \frac{1}{\text{out}} \sum_n \bigl(1 - \cos(w^1_n, w^0_n)\bigr)

Source: Liu et al. 2024 (arXiv 2402.09353), Section 3.2, whose columns are the rows of torch's layout: one for each
output. They measure the query and value matrices at several checkpoints of one training.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor
from torch.nn import functional as F

MEASURED = ("q_proj", "v_proj")


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
