"""Train a small OLMo with several schedules and several rules for clipping; store every run.

    python scripts/schedule_runs.py            # 160 runs, about ten minutes on one core
    python scripts/schedule_runs.py --seeds 2 --output look.json

Writes ``data/results/schedule_runs.json``. A run depends only on its setting and its seed, and one that the file
already holds is not made again.
"""

import argparse
import itertools
import math
from pathlib import Path

import torch

from llmbook.chapters.olmo.schedule.experiment import looser_start, run_schedule
from llmbook.data import data_folder
from llmbook.experiments.results import StoredRuns
from llmbook.training.schedule import Schedule

STEPS, WARMUP, BLOCK = 150, 15, 5
PEAKS = (0.003, 0.01, 0.03)
LIMITS = {"1": 1.0, "none": math.inf, "0.1": 0.1, "10, then 1": looser_start(1.0, WARMUP)}
SETTINGS = [(peak, shape, warmup, "1") for peak in PEAKS
            for shape, warmup in (("linear", WARMUP), ("cosine", WARMUP), ("linear", 0))]
SETTINGS += [(peak, "linear", WARMUP, clip) for peak in PEAKS for clip in LIMITS if clip != "1"]
SETTINGS += [(0.02, "linear", WARMUP, clip) for clip in ("1", "none")]
KEYS = ("peak", "shape", "warmup", "clip", "seed")
QUESTION = ("Does warm-up, the shape of the decay or the rule for clipping change the held-out loss? Null: no paired "
            "difference. losses, norms and updates are means over blocks of five steps.")


def blocks(numbers: list[float]) -> list[float]:
    """Means of consecutive blocks, to four digits."""
    parts = [numbers[start : start + BLOCK] for start in range(0, len(numbers), BLOCK)]
    return [float(f"{sum(part) / len(part):.4g}") for part in parts]


def run_row(settings: tuple) -> dict:
    """One run as a row of the result."""
    peak, shape, warmup, clip, seed = settings
    run = run_schedule(seed, Schedule(peak, STEPS, warmup, peak / 10, shape), clip=LIMITS[clip])
    return dict(zip(KEYS, settings, strict=True)) | {
        "heldout_loss": round(run.heldout_loss, 5), "clipped_steps": run.clipped(LIMITS[clip]),
        "first_update": float(f"{run.updates[0]:.4g}"),
        "losses": blocks(run.losses), "norms": blocks(run.norms), "updates": blocks(run.updates)}  # fmt: skip


def main() -> None:
    """Read the command line, run, store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--output", type=Path, default=data_folder() / "results" / "schedule_runs.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    seeds = range(options.seeds)
    runs = StoredRuns(options.output, KEYS, command="python scripts/schedule_runs.py", question=QUESTION,
                      seeds=list(seeds), steps=STEPS, floor="a tenth of the peak", block=BLOCK)  # fmt: skip
    runs.add([(*setting, seed) for setting, seed in itertools.product(SETTINGS, seeds)], run_row)


if __name__ == "__main__":
    main()
