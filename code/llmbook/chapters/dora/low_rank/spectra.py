r"""How low is the rank of a difference: truncation, energy, stable rank, and the loss of a model with a shorter update.

With singular values :math:`\sigma_1 \ge \sigma_2 \ge \dots`, keeping the first :math:`r` terms of the decomposition
leaves the error :math:`\sqrt{\sum_{i>r} \sigma_i^2}`, the smallest of any matrix of rank :math:`r` (Eckart and Young
1936). The stable rank is :math:`\sum_i \sigma_i^2 / \sigma_1^2`. A random matrix, whose singular values follow the law
of Marchenko and Pastur (1967), says what a matrix without structure would give.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

Matrices = Mapping[str, Tensor]


def truncate(matrix: Tensor, rank: int, *, skip: int = 0) -> Tensor:
    """Part of a matrix's singular value decomposition.

    Args:
        matrix: ``(out, in)``.
        rank: how many terms to keep; 0 gives zeros.
        skip: how many of the largest to leave out first.

    Returns:
        ``(out, in)``, the sum of terms ``skip + 1`` to ``skip + rank``.
    """
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    kept = slice(skip, skip + rank)
    return (left[:, kept] * values[kept]) @ right[kept]


def energy(values: Tensor) -> Tensor:
    """Share of the sum of squares in the first 1, 2, 3, ... singular values, ``(r,)`` to ``(r,)``."""
    squares = values.double().square()
    return squares.cumsum(0) / squares.sum()


def rank_for(values: Tensor, share: float) -> int:
    """How many singular values, the largest first, hold a share of the energy."""
    return int((energy(values) < share).sum()) + 1


def stable_rank(values: Tensor) -> float:
    """Sum of the squared singular values over the largest square; at most the rank."""
    return float(values.double().square().sum() / values[0].double().square())


def random_edges(shape: tuple[int, int], norm: float = 1.0) -> tuple[float, float]:
    """Smallest and largest singular value of a large random matrix by the Marchenko-Pastur law.

    Args:
        shape: ``(out, in)``.
        norm: Frobenius norm of the matrix; its entries then have standard deviation ``norm / sqrt(out * in)``.
    """
    rows, columns = shape
    deviation = norm / (rows * columns) ** 0.5
    return deviation * abs(rows**0.5 - columns**0.5), deviation * (rows**0.5 + columns**0.5)


def differences(tuned: Matrices, base: Matrices) -> dict[str, Tensor]:
    """What tuning added to each matrix."""
    return {name: tuned[name] - weight for name, weight in base.items()}


def joint_norm(matrices: Matrices) -> float:
    """Frobenius norm of all matrices together."""
    return sum(matrix.double().square().sum().item() for matrix in matrices.values()) ** 0.5


def joint_cosine(first: Matrices, second: Matrices) -> float:
    """Cosine of the angle between two updates, each taken as one long vector."""
    product = sum((first[name].double() * second[name].double()).sum().item() for name in first)
    return product / (joint_norm(first) * joint_norm(second))


def loss_with(model: nn.Module, matrices: Matrices, measure: Callable[[nn.Module], float]) -> float:
    """Loss of the model with other matrices in the place of its own, which are put back afterward.

    Args:
        model: holds a linear layer of each name.
        matrices: name to ``(out, in)``.
        measure: from the model to a loss.
    """
    own = {name: model.get_submodule(name).weight.detach().clone() for name in matrices}
    try:
        _write(model, matrices)
        return measure(model)
    finally:
        _write(model, own)


@torch.no_grad()
def _write(model: nn.Module, matrices: Matrices) -> None:
    for name, matrix in matrices.items():
        model.get_submodule(name).weight.copy_(matrix)
