"""Which mistakes a comparison of fresh models sees, at widths 48, 768 and 2,048: about four minutes, and 3 GiB.

    python scripts/fresh_faults.py

What decides is the size of what a matrix gives, sqrt(D) times the standard deviation of its weights. So each width is
also given standard deviations at which it has the D * std^2 of other widths with 0.02.
"""

import itertools
from pathlib import Path

import torch

from llmbook.experiments.fresh_faults import FAULTS, LAYERS, STD, WIDTHS, fault_differences, fresh_model
from llmbook.experiments.results import StoredRuns

SEEDS = range(5)
PAIRS = [*itertools.product(WIDTHS[:2], WIDTHS), (2048, 2048), (2048, 48)]  # the widest costs most: two are enough
QUESTION = (
    "Does one wrong detail move the logits of a fresh model by more than a tolerance of 1e-5 of the largest? "
    "Null: by no more than float32 rounding does."
)


def run(wanted: tuple[int, int, int]) -> dict:
    """Measure one model; ``like`` is the width whose D * std^2, with a standard deviation of 0.02, it gets."""
    width, like, seed = wanted
    std = STD * (like / width) ** 0.5
    found = fault_differences(*fresh_model(width, std, seed))
    return {
        "width": width,
        "like": like,
        "seed": seed,
        "std": round(std, 5),
        "d_std2": round(width * std**2, 5),
        "differences": {name: float(f"{value:.2e}") for name, value in found.items()},
    }


def main() -> None:
    """Measure everything and write the file."""
    torch.set_num_threads(1)
    path = Path(__file__).resolve().parents[1] / "data" / "results" / "fresh_faults.json"
    runs = StoredRuns(
        path,
        ("width", "like", "seed"),
        command="python scripts/fresh_faults.py",
        question=QUESTION,
        layers=LAYERS,
        std=STD,
        seeds=list(SEEDS),
        faults=list(FAULTS),
    )
    runs.add(((*pair, seed) for pair in PAIRS for seed in SEEDS), run, every=1)


if __name__ == "__main__":
    main()
