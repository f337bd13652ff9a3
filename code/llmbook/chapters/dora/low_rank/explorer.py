"""The explorer of the page "Low rank": a matrix, a rank, and what is left of the matrix at that rank."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from llmbook.chapters.dora.low_rank.plots import plot_truncated
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

FRAMES = (0, 1, 2, 4, 8, 16, 24, 48)
CORNER = 48  # rows and columns that are drawn; a whole matrix of noise would weigh down the page
PREDICTION = Prediction("Keep 24 of the 96 terms of pure noise. How large is the error, as a share of the matrix?", {
    "about 85 %": "That would have meant that every term holds as much as any other, a quarter of them a quarter of "
                  "the energy. Choose the random matrix at rank 24: the largest terms come first, and they hold more.",
    "about 60 %": "That would have meant that the first quarter of the terms holds more than half of the energy, in "
                  "noise as well. Choose the random matrix at rank 24, and then the weight at the same rank.",
    "about 25 %": "That would have meant that noise has a structure which few terms catch. Choose the random matrix at "
                  "rank 24, and then one gradient at the same rank.",
})  # fmt: skip


def explore_rank(matrices: Mapping[str, np.ndarray], *, frames: Sequence[int] = FRAMES, default: int = 4) -> Explorer:
    """The best matrix of a rank beside the matrix itself, its error, and how many numbers it needs.

    Args:
        matrices: name to ``(rows, columns)``; the first is shown first.
        frames: ranks that the built page offers; a live notebook has every rank.
        default: the rank shown first.
    """
    parts = {name: np.linalg.svd(matrix, full_matrices=False) for name, matrix in matrices.items()}
    largest = max(min(matrix.shape) for matrix in matrices.values())

    def draw(matrix: str, rank: int) -> tuple[Figure, str]:
        full, (left, values, right) = matrices[matrix], parts[matrix]
        rank = min(rank, len(values))
        errors = error_by_rank(values)
        kept = (left[:CORNER, :rank] * values[:rank]) @ right[:rank, :CORNER]
        figure = plot_truncated(full[:CORNER, :CORNER], kept, errors, rank=rank)
        return figure, describe(matrix, full.shape, rank, errors[rank])

    return explore(
        draw, name="rank", predict=PREDICTION,
        caption="A corner of a matrix, the same corner of the best matrix of the chosen rank, and the error of the "
                "whole as a share of its Frobenius norm. Compare how fast it falls for each matrix.",
        matrix=Choice("Matrix", list(matrices), next(iter(matrices))),
        rank=Slider("Rank", list(range(largest + 1)), default, frames=[*frames, largest]),
    )  # fmt: skip


def error_by_rank(values: np.ndarray) -> dict[int, float]:
    """Relative Frobenius error of the best matrix of each rank, from the singular values."""
    tail = np.append(np.cumsum(values[::-1].astype(float) ** 2)[::-1], 0.0)
    return dict(enumerate(np.sqrt(tail / tail[0]).tolist()))


def describe(name: str, shape: tuple[int, ...], rank: int, error: float) -> str:
    """One sentence for one frame."""
    rows, columns = shape
    numbers, full = rank * (rows + columns), rows * columns
    verdict = "" if numbers < full else ": nothing is saved"
    return (f"{name[:1].upper()}{name[1:]}, {rows} x {columns}, rank {rank}: the error is {error:.1%}, and two thin "
            f"matrices hold {numbers:,} numbers, {numbers / full:.0%} of the matrix's {full:,}{verdict}.")
