"""How magnitude and direction of the query and value matrices change during fine-tuning; store every measurement.

    python scripts/adapter_changes.py  # 24 runs, one minute on one core

Writes ``data/results/adapter_changes.json`` after each seed. Started again, it goes on with the next seed. Beside each
point stands the mean of the same point over random directions (kind "point"), and beside each run what its
correlations are there (kind "random": mean and the middle 95 % of the draws).
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from llmbook.chapters.dora.does_it_help.experiment import PARTS, changes, of_part, random_changes, random_correlations
from llmbook.data import data_folder
from llmbook.experiments.fine_tuning import METHODS, fine_tune
from llmbook.experiments.results import stored_rows, write_result

COMPARED = ("full", "lora", "dora")
STEPS, EVERY, DRAWS = 50, 10, 1000
QUESTION = (
    "Are the changes of magnitude and of direction correlated over layers and checkpoints? Null: as much as "
    "geometry gives, each row's update keeping its length and pointing anywhere; the mean paired difference "
    "over the seeds is zero. Definitions: llmbook/chapters/dora/does_it_help/experiment.py."
)


def short(value: float) -> float:
    """Five digits, for the file."""
    return float(f"{value:.5g}")


def rows_of(method: str, seed: int) -> list[dict]:
    """One run, measured after every ten steps, beside random directions."""
    run = fine_tune(method, seed=seed, steps=STEPS, snapshots=range(0, STEPS + 1, EVERY))
    generator, points = np.random.default_rng([seed, COMPARED.index(method)]), changes(run.snapshots)
    weights = [(run.snapshots[row["step"]][row["name"]], run.snapshots[0][row["name"]]) for row in points]
    drawn = np.array([random_changes(*pair, DRAWS, generator) for pair in weights])  # (points, 2, draws)
    head = {"method": method, "seed": seed}
    rows = [{"kind": "point", **head, "step": row["step"], "name": row["name"], "magnitude": short(row["magnitude"]),
             "direction": short(row["direction"]), "random_magnitude": short(each[0].mean()),
             "random_direction": short(each[1].mean())} for row, each in zip(points, drawn, strict=True)]  # fmt: skip
    return rows + [{"kind": "random", **head, "part": part, **random_row(drawn[of_part(points, part)])}
                   for part in PARTS]  # fmt: skip


def random_row(drawn: np.ndarray) -> dict:
    """What the correlation is over random directions: ``(points, 2, draws)`` in a line."""
    found = random_correlations(drawn[:, 0], drawn[:, 1])
    low, high = np.quantile(found, (0.025, 0.975))
    return {"correlation": short(found.mean()), "low": short(low), "high": short(high)}


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
                     seeds=list(range(seed + 1)), steps=STEPS, draws=DRAWS, rank=8, alpha=16,
                     learning_rates={method: METHODS[method].learning_rate for method in COMPARED})  # fmt: skip


if __name__ == "__main__":
    main()
