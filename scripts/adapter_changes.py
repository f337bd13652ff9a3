"""How magnitude and direction of the query and value matrices change during fine-tuning; store every measurement.

    python scripts/adapter_changes.py  # 24 runs, one minute on one core

Writes ``data/results/adapter_changes.json`` after each seed. Started again, it goes on with the next seed.
"""

import argparse
from pathlib import Path

import torch
from tqdm import tqdm

from llmbook.data import data_folder
from llmbook.experiments.fine_tuning import METHODS, fine_tune
from llmbook.experiments.magnitude_direction import changes
from llmbook.experiments.results import stored_rows, write_result

COMPARED = ("full", "lora", "dora")
STEPS, EVERY = 50, 10
QUESTION = ("Are the changes of magnitude and of direction correlated over layers and checkpoints? Null: the mean "
            "correlation over the seeds is zero. Definitions: llmbook/experiments/magnitude_direction.py.")


def rows_of(method: str, seed: int) -> list[dict]:
    """One run, measured after every ten steps."""
    run = fine_tune(method, seed=seed, steps=STEPS, snapshots=range(0, STEPS + 1, EVERY))
    return [{"method": method, "seed": seed, "step": row["step"], "name": row["name"],
             "magnitude": float(f"{row['magnitude']:.5g}"), "direction": float(f"{row['direction']:.5g}")}
            for row in changes(run.snapshots)]  # fmt: skip


def main() -> None:
    """Read the command line, run what is missing, store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--output", type=Path, default=data_folder() / "results" / "adapter_changes.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = stored_rows(options.output)
    first = 1 + max((row["seed"] for row in rows), default=-1)
    for seed in tqdm(range(first, options.seeds), unit="seed"):
        rows += [row for method in COMPARED for row in rows_of(method, seed)]
        write_result(options.output, command="python scripts/adapter_changes.py", question=QUESTION, rows=rows,
                     seeds=list(range(seed + 1)), steps=STEPS, rank=8, alpha=16,
                     learning_rates={method: METHODS[method].learning_rate for method in COMPARED})  # fmt: skip


if __name__ == "__main__":
    main()
