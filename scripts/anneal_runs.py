"""End the training of a small OLMo as OLMo 7B's was ended, and in two other ways; store every run.

    python scripts/anneal_runs.py            # 168 runs, about ten minutes on one core
    python scripts/anneal_runs.py --seeds 2 --output look.json

Writes ``data/results/anneal_runs.json``. A run depends only on its setting and its seed, and one that the file already
holds is not made again.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch

from llmbook.chapters.olmo.schedule.experiment import ending_schedule, run_schedule
from llmbook.data import data_folder
from llmbook.experiments.results import StoredRuns

SETTINGS = [(0.003, 150, 0.1, 15), (0.01, 150, 0.1, 15), (0.03, 150, 0.1, 15), (0.01, 150, 0.1, 5),
            (0.01, 150, 0.1, 50), (0.01, 600, 0.1, 15), (0.01, 600, 0.1, 60), (0.01, 600, 1.0, 60)]
KEYS = ("peak", "steps", "floor", "extra", "ending", "seed")
QUESTION = ("A linear decay to a floor, a share of the peak, is over. Does it help to let the rate fall to 0 in some "
            "extra steps? Null: no paired difference in the held-out loss from as many steps at the rate that was "
            "reached.")


def endings() -> Iterator[tuple]:
    """Every setting and ending; where a run stops makes no difference to what would have come after it."""
    for peak, steps, floor, extra in SETTINGS:
        yield peak, steps, floor, 0, "stop"
        yield peak, steps, floor, extra, "stay"
        yield peak, steps, floor, extra, "anneal"


def run_row(settings: tuple) -> dict:
    """One run as a row of the result."""
    peak, steps, floor, extra, ending, seed = settings
    run = run_schedule(seed, ending_schedule(ending, peak, steps, floor, extra), steps=steps + extra)
    return dict(zip(KEYS, settings, strict=True)) | {"heldout_loss": round(run.heldout_loss, 5)}


def main() -> None:
    """Read the command line, run, store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--output", type=Path, default=data_folder() / "results" / "anneal_runs.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    seeds = range(options.seeds)
    runs = StoredRuns(options.output, KEYS, command="python scripts/anneal_runs.py", question=QUESTION,
                      seeds=list(seeds), warmup="a tenth of the steps")
    runs.add([(*setting, seed) for setting in endings() for seed in seeds], run_row)


if __name__ == "__main__":
    main()
