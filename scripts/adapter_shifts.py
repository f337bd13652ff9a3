"""Adapt a small classifier to three kinds of new task, with every method; store each run.

    python scripts/adapter_shifts.py            # 420 short runs, about four minutes on one core
    python scripts/adapter_shifts.py --output /tmp/look.json --seeds 2 --fresh-seeds 2

Writes ``data/results/adapter_shifts.json`` after each seed. Started again, it skips what is there. The rates are
chosen on seeds 0 to 4, and the methods compared on others. LoRA has a little more parameters than the DoRA that it is
compared with: rank 2 against 1, and 5 against 4.
"""

import argparse
import statistics
from pathlib import Path

import torch

from llmbook.chapters.dora.does_it_help.classifier import SHIFTS, SIZE, adapt
from llmbook.data import data_folder
from llmbook.experiments.results import StoredRuns

METHODS = (("full", None), ("lora", 2), ("dora", 1), ("lora", 5), ("dora", 4))
RATES = (0.003, 0.01, 0.03, 0.1)
FIRST_FRESH_SEED = 10
KEYS = ("shift", "method", "rank", "learning_rate", "seed")
QUESTION = ("Does the kind of change decide which adapter is better? Null: for each kind, the mean paired difference "
            "of test accuracy between DoRA and the LoRA with at least as many parameters is zero.")


def run_row(settings: tuple) -> dict:
    """One run as a row of the result."""
    shift, method, rank, rate, seed = settings
    return adapt(shift, method, rank=rank or 1, learning_rate=rate, seed=seed)


def main() -> None:
    """Rates first, then fresh seeds at the best of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="of the sweep")
    parser.add_argument("--fresh-seeds", type=int, default=8, help="of the comparison")
    parser.add_argument("--output", type=Path, default=data_folder() / "results" / "adapter_shifts.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    runs = StoredRuns(
        options.output, KEYS, command="python scripts/adapter_shifts.py", question=QUESTION, size=SIZE, rates=RATES,
        seeds_of_sweep=[0, 1, 2, 3, 4], first_fresh_seed=FIRST_FRESH_SEED, steps=200,
    )  # fmt: skip
    kinds = [(shift, *method) for shift in SHIFTS for method in METHODS]
    for seed in range(options.seeds):
        wanted = [(*kind, rate, seed) for kind in kinds for rate in RATES]
        runs.add(wanted, run_row, every=15, title=f"sweep, seed {seed}")
    best = {kind: max(RATES, key=lambda rate, kind=kind: statistics.fmean(
        runs.rows[*kind, rate, seed]["accuracy"] for seed in range(options.seeds))) for kind in kinds}  # fmt: skip
    for seed in range(FIRST_FRESH_SEED, FIRST_FRESH_SEED + options.fresh_seeds):
        wanted = [(*kind, best[kind], seed) for kind in kinds]
        runs.add(wanted, run_row, every=15, title=f"comparison, seed {seed}")


if __name__ == "__main__":
    main()
