"""Train models with and without the factor of the embedding, with twenty seeds, and store them: three minutes.

    python scripts/embedding_factor.py

The page on the scaled embedding trains five seeds live; what it concludes rests on these. A tied matrix with entries of
size one is wrong for the logits, and it also learns slowly for its size. The two untied models take these apart.
"""

from pathlib import Path

import torch

from llmbook.chapters.gemma.embedding.experiment import BATCH, WIDTH, run_factor
from llmbook.experiments.results import StoredRuns

STEPS = 50
RATE = 0.003
SEEDS = range(100, 120)  # none of them is trained on the page
ARMS = {
    "1/√D, factor": {"tied": True, "scaled": True},
    "1/√D, no factor": {"tied": True, "scaled": False},
    "size 1, no factor": {"tied": True, "scaled": False, "embedding_std": 1.0},
    "untied, 1/√D, factor": {"tied": False, "scaled": True},
    "untied, size 1, no factor": {"tied": False, "scaled": False, "embedding_std": 1.0},
}
QUESTION = ("In a tied model that starts with entries of 1/sqrt(D), does the factor sqrt(D) change the expected excess "
            "loss? Null: the mean paired difference to the model without it is zero.")


def run(wanted: tuple[str, int]) -> dict:
    """Train one model; what is kept of it."""
    arm, seed = wanted
    made = run_factor(seed, steps=STEPS, learning_rate=RATE, **ARMS[arm])
    return {"arm": arm, "seed": seed, "first_loss": round(made.losses[0], 6), "excess": round(made.excess, 6)}


def main() -> None:
    """Train everything and write the file."""
    torch.set_num_threads(1)  # the matrices are too small to share between threads
    path = Path(__file__).resolve().parents[1] / "data" / "results" / "embedding_factor.json"
    runs = StoredRuns(path, ("arm", "seed"), command="python scripts/embedding_factor.py", question=QUESTION,
                      steps=STEPS, learning_rate=RATE, width=WIDTH, batch=BATCH, seeds=list(SEEDS))
    runs.add([(arm, seed) for arm in ARMS for seed in SEEDS], run)


if __name__ == "__main__":
    main()
