"""Count the units that die in training, with three activations and three learning rates, and store it: one minute.

python scripts/dead_units.py
"""

import itertools
from pathlib import Path

import torch

from llmbook.chapters.gemma.activations.experiment import SLOPE, dead_share
from llmbook.experiments.results import StoredRuns

ACTIVATIONS = ("relu", "gelu", "silu")
RATES = (0.03, 0.1, 0.3)
SEEDS = range(100, 120)  # none of them is trained on the page
QUESTION = (
    "Does the activation change the share of units that are dead after training with a large step? Null: at a given "
    "learning rate, the mean paired difference to ReLU is zero."
)


def run(wanted: tuple[str, float, int]) -> dict:
    """Train one network."""
    activation, rate, seed = wanted
    return {"activation": activation, "learning_rate": rate, "seed": seed, "dead": dead_share(activation, seed, rate)}


def main() -> None:
    """Train everything and write the file."""
    torch.set_num_threads(1)  # the matrices are too small to share between threads
    path = Path(__file__).resolve().parents[1] / "data" / "results" / "dead_units.json"
    keys = ("activation", "learning_rate", "seed")
    runs = StoredRuns(
        path, keys, command="python scripts/dead_units.py", question=QUESTION, slope=SLOPE, seeds=list(SEEDS)
    )
    runs.add(itertools.product(ACTIVATIONS, RATES, SEEDS), run, every=60)


if __name__ == "__main__":
    main()
