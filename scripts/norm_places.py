"""Train small decoders with the norm in three places and store the results: five to twenty minutes.

    python scripts/norm_places.py

Placements share weights and batches, seed by seed. The learning rate is the same for all; post-norm gets two gentler
settings as well, because warm-up and small rates are the known remedies.
"""

import itertools
from pathlib import Path

import torch

from llmbook.experiments.norm_places import PLACES, run_place
from llmbook.experiments.results import write_result

SEEDS = range(5)
STEPS = 100
QUESTION = ("Does the place of the norm change the excess loss after training? Null: at a given depth, the mean paired "
            "difference to pre-norm is zero.")


def settings():
    """Placement and depth from the full start; the deepest from the weak start; and post-norm with gentler rates."""
    for layers, place in itertools.product((2, 8, 24), PLACES):
        yield {"place": place, "layers": layers, "start": "full", "learning_rate": 3e-3, "warmup": 0}
    for place in PLACES:
        yield {"place": place, "layers": 24, "start": "weak", "learning_rate": 3e-3, "warmup": 0}
    for rate, warmup in ((1e-3, 0), (3e-3, 50)):
        yield {"place": "post", "layers": 24, "start": "full", "learning_rate": rate, "warmup": warmup}


def main() -> None:
    """Train everything and write the file."""
    torch.set_num_threads(1)  # the matrices are too small to share between threads
    rows = []
    for setting, seed in itertools.product(settings(), SEEDS):
        run = run_place(seed=seed, steps=STEPS, **setting)
        rows.append(setting | {"seed": seed, "excess_loss": round(run.excess, 5),
                               "answer_accuracy": round(run.answer_accuracy, 5)})
        print(*rows[-1].values(), flush=True)
    path = Path(__file__).resolve().parents[1] / "data" / "results" / "norm_places.json"
    write_result(path, command="python scripts/norm_places.py", question=QUESTION, rows=rows, steps=STEPS,
                 seeds=list(SEEDS))


if __name__ == "__main__":
    main()
