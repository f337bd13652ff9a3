"""Train small decoders with the norm in three places and store the results: five to twenty minutes.

    python scripts/norm_places.py

Placements share weights and batches, seed by seed. The learning rate is the same for all; post-norm gets two gentler
settings as well, because warm-up and small rates are the known remedies. A second file has what can be seen before any
training: the gradient of the first block beside that of the last, with a gate in the feed-forward layer and without.
"""

import itertools
from pathlib import Path

import torch

from llmbook.chapters.gemma.norms.experiment import FEEDFORWARDS, PLACES, gradient_ratios, run_place
from llmbook.experiments.results import StoredRuns

RESULTS = Path(__file__).resolve().parents[1] / "data" / "results"
COMMAND = "python scripts/norm_places.py"
SEEDS = range(5)
STEPS = 100
QUESTION = ("Does the place of the norm change the excess loss after training? Null: at a given depth, the mean paired "
            "difference to pre-norm is zero.")
KEYS = ("place", "layers", "start", "learning_rate", "warmup", "seed")

GRADIENT_SEEDS = range(100, 120)  # none of them is measured on the page
DEPTH = 24
GRADIENT_QUESTION = ("Before training, does a gate in the feed-forward layer change how much longer the gradient of "
                     "the first block is than that of the last? Null: the mean difference of the logarithms is zero.")


def settings():
    """Placement and depth from the full start; the deepest from the weak start; and post-norm with gentler rates."""
    for layers, place in itertools.product((2, 8, 24), PLACES):
        yield place, layers, "full", 3e-3, 0
    for place in PLACES:
        yield place, 24, "weak", 3e-3, 0
    for rate, warmup in ((1e-3, 0), (3e-3, 50)):
        yield "post", 24, "full", rate, warmup


def train(wanted: tuple) -> dict:
    """Train one model; what is kept of it."""
    setting = dict(zip(KEYS, wanted, strict=True))
    run = run_place(steps=STEPS, **setting)
    return setting | {"excess_loss": round(run.excess, 5), "answer_accuracy": round(run.answer_accuracy, 5)}


def measure(wanted: tuple[str, str, int]) -> dict:
    """Measure one untrained model."""
    place, feedforward, seed = wanted
    ratios = gradient_ratios(place, DEPTH, seed, feedforward)
    return {"place": place, "feedforward": feedforward, "seed": seed,
            **{f"first_over_last_{what}": round(ratio, 5) for what, ratio in ratios.items()}}


def main() -> None:
    """Measure and train everything and write the files."""
    torch.set_num_threads(1)  # the matrices are too small to share between threads
    gradients = StoredRuns(RESULTS / "norm_gradients.json", ("place", "feedforward", "seed"), command=COMMAND,
                           question=GRADIENT_QUESTION, layers=DEPTH, seeds=list(GRADIENT_SEEDS))
    gradients.add(itertools.product(PLACES, FEEDFORWARDS, GRADIENT_SEEDS), measure, every=60, title="gradients")
    trained = StoredRuns(RESULTS / "norm_places.json", KEYS, command=COMMAND, question=QUESTION, steps=STEPS,
                         seeds=list(SEEDS))
    trained.add(((*setting, seed) for setting in settings() for seed in SEEDS), train, title="training")


if __name__ == "__main__":
    main()
