"""Train a small OLMo with one thing changed at a time, from two starts, and store every run.

    python scripts/pretraining_ablations.py            # 96 runs, about a quarter of an hour on one core
    python scripts/pretraining_ablations.py --seeds 2  # a look

Writes ``data/results/pretraining_ablations.json`` after each seed. Started again, it makes the runs that are missing;
a run depends only on its setting, its start and its seed.
"""

import argparse
from pathlib import Path

import torch

from llmbook.chapters.olmo.pretraining.experiment import ABLATIONS, STARTS, run_ablation
from llmbook.data import data_folder
from llmbook.experiments.results import StoredRuns

STEPS = 200
QUESTION = (
    "Does the change alter the validation loss after training, and does that depend on the start? Nulls: the "
    "mean paired difference to OLMo's setting from the same start is zero; it is the same from both starts. "
    "validation: nats a token after each quarter of the steps; speaker, fact and other: the final loss by "
    "kind of token."
)


def main() -> None:
    """Read the command line, run what is missing, store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--output", type=Path, default=data_folder() / "results" / "pretraining_ablations.json")
    options = parser.parse_args()
    torch.set_num_threads(1)  # the matrices are too small to share between threads
    seeds = list(range(options.seeds))
    stored = StoredRuns(options.output, ("setting", "start", "seed"), command="python scripts/pretraining_ablations.py",
                        question=QUESTION, steps=STEPS, seeds=seeds, batch_rows=16, row_tokens=64)  # fmt: skip
    wanted = [(name, start, seed) for seed in seeds for start in STARTS for name in ABLATIONS]
    stored.add(wanted, lambda run: run_ablation(run[0], run[2], start=run[1], steps=STEPS),
               every=len(ABLATIONS) * len(STARTS))  # fmt: skip


if __name__ == "__main__":
    main()
