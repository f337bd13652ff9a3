"""Fine-tune the small model of the book with every method, at several learning rates, ranks and scales; store each run.

    python scripts/adapter_sweeps.py            # about 240 runs, ten minutes on one core
    python scripts/adapter_sweeps.py --seeds 2  # a look; give --output another file

Writes ``data/results/adapter_sweeps.json`` after each group of runs. Started again, it skips what is there: a run
depends only on its settings and its seed. The rates are chosen on seeds 0 to 4, and the methods compared on others.
"""

import argparse
import itertools
import math
import statistics
from pathlib import Path

import torch

from llmbook.data import data_folder
from llmbook.experiments.fine_tuning import fine_tune
from llmbook.experiments.results import StoredRuns

STEPS = 50
RATES = {
    ("full", None): (1e-3, 3e-3, 1e-2, 3e-2),
    ("lora", 8): (3e-3, 1e-2, 3e-2, 1e-1),
    ("dora", 8): (3e-3, 1e-2, 3e-2, 1e-1),
    ("lora+", 8): (3e-4, 1e-3, 3e-3, 1e-2),
}
SAME_RATE = {("dora", 4): ("dora", 8), ("lora", 9): ("lora", 8)}  # half the rank; the next rank, for equal parameters
RANKS = (1, 4, 64)
LOWER_RATE = 1e-2  # for the largest rank, which does not survive the best rate of rank 8
HIGH_RANKS, HIGH_RATES = (16, 32, 64), (0.03, 0.1)  # the best rate of rank 8, and the one above it in the sweep
SETTINGS = ("method", "rank", "alpha", "learning_rate", "steps", "seed")
FIRST_FRESH_SEED = 10
QUESTION = ("Does the method of fine-tuning change the validation loss on a new workplace? Null: the mean paired "
            "difference between two methods, each at its own best rate, is zero. validation and general: nats a "
            "token on the new and on the old workplaces, after training; seconds: processor time of the steps.")


def setting(method: str, rank: int | None, rate: float, seed: int, *, alpha: float | None = None,
            steps: int = STEPS) -> tuple:
    """What decides a run, in the order of ``SETTINGS``; alpha is twice the rank unless given."""
    alpha = alpha if alpha is not None or rank is None else 2 * rank
    return method, rank, alpha, rate, steps, seed


def run_row(settings: tuple) -> dict:
    """One run as a row of the result; a run that diverges has no losses."""
    named = dict(zip(SETTINGS, settings, strict=True))
    options = {name: value for name, value in named.items() if value is not None}
    try:
        run = fine_tune(**options)
    except FloatingPointError:
        return named | {"validation": None, "general": None, "parameters": None, "seconds": None}
    return named | {"validation": round(run.validation_loss, 5), "general": round(run.general_loss, 5),
                    "parameters": run.trained_parameters, "seconds": round(run.seconds, 3)}  # fmt: skip


def values(runs: StoredRuns, key: str, *settings: tuple) -> list[float]:
    """One number of some runs; a run that diverged counts as infinitely bad."""
    found = (runs.rows[each][key] for each in settings)
    return [math.inf if value is None else value for value in found]


def best_rate(runs: StoredRuns, method: str, rank: int | None, seeds: range) -> float:
    """The rate with the lowest mean validation loss on the seeds of the sweep."""
    def mean(rate):
        return statistics.fmean(values(runs, "validation", *(setting(method, rank, rate, seed) for seed in seeds)))
    return min(RATES[method, rank], key=mean)


def rank_runs(rate: dict, seeds: range) -> list[tuple]:
    """Ranks under three rules for the scale, which agree at rank 8, where it is 2; two alphas; one lower rate."""
    runs = []
    for seed in seeds:
        for rank in RANKS:
            runs += [setting(method, rank, rate[method, 8], seed) for method in ("lora", "dora")]
        for rank in (RANKS[0], RANKS[-1]):
            runs += [setting("lora", rank, rate["lora", 8], seed, alpha=16),
                     setting("rslora", rank, rate["lora", 8], seed, alpha=2 * math.sqrt(8))]
        runs += [setting("lora", 8, rate["lora", 8], seed, alpha=alpha) for alpha in (4, 64)]
        runs += [setting(method, RANKS[-1], LOWER_RATE, seed) for method in ("lora", "dora")]
    return runs


def high_rate_runs(seeds: range) -> list[tuple]:
    """LoRA and DoRA at larger ranks, at rates that are good for rank 8 or too high."""
    return [setting(method, rank, rate, seed)
            for seed, rank, rate, method in itertools.product(seeds, HIGH_RANKS, HIGH_RATES, ("lora", "dora"))]


def equal_time_runs(runs: StoredRuns, compared: dict, seeds: range) -> list[tuple]:
    """As many steps of each method as fit into the time of LoRA's at rank 8."""
    cost = {each: statistics.median(values(runs, "seconds", *(setting(*each, rate, seed) for seed in seeds)))
            for each, rate in compared.items()}  # fmt: skip
    steps = {each: round(STEPS * cost["lora", 8] / cost[each]) for each in (("full", None), ("dora", 8))}
    return [setting(*each, compared[each], seed, steps=steps[each]) for seed in seeds for each in steps]


def main() -> None:
    """Read the command line; rates first, because the rest is run at the best of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="of the sweeps")
    parser.add_argument("--fresh-seeds", type=int, default=6, help="of the comparison")
    parser.add_argument("--output", type=Path, default=data_folder() / "results" / "adapter_sweeps.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    runs = StoredRuns(
        options.output, SETTINGS, command="python scripts/adapter_sweeps.py", question=QUESTION, steps=STEPS,
        seeds_of_sweeps=[0, 1, 2, 3, 4], first_fresh_seed=FIRST_FRESH_SEED, batch_rows=8, row_tokens=64,
    )  # fmt: skip
    seeds = range(options.seeds)
    fresh = range(FIRST_FRESH_SEED, FIRST_FRESH_SEED + options.fresh_seeds)
    first = (setting(*each, rate, seed) for seed in seeds for each, rates in RATES.items() for rate in rates)
    runs.add(first, run_row)
    rate = {each: best_rate(runs, *each, seeds) for each in RATES}
    compared = rate | {each: rate[like] for each, like in SAME_RATE.items()}
    runs.add((setting(*each, compared[each], seed) for seed in fresh for each in compared), run_row)
    runs.add(equal_time_runs(runs, compared, fresh), run_row)
    runs.add(rank_runs(rate, seeds), run_row)
    runs.add(high_rate_runs(seeds), run_row)


if __name__ == "__main__":
    main()
