"""Fine-tune the small model with other choices of LoRA, and store what came of it in ``data/results/``.

    python scripts/lora_choices.py             # about seven minutes on one core

It makes ``lora_choices.json``: starts of A and B at several learning rates; then, at one rate, where the adapters
stand, their rank, alpha and dropout. The rate of each start is chosen on seeds 0 to 4, and the starts are compared at
their rates on eight others. Started again, it skips what is there.
"""

import argparse
import itertools
import statistics
from pathlib import Path

import torch
from tqdm import tqdm

from llmbook.chapters.dora.lora.experiment import FRESH_SEEDS, MEETINGS, RATES, SEEDS, STEPS, run_choice
from llmbook.data import data_folder
from llmbook.experiments.results import stored_rows, write_result

QUESTION = ("Does it matter for the loss on new meetings how A and B start, which matrices are adapted, and with which "
            "rank, alpha and dropout? Null: no choice differs from rank 8, alpha 16, no dropout, B at zero; for the "
            "starts, each at the best of its rates. "
            "before, after: nats a token.")
STARTS = ("B zero", "A zero", "A turned")
PLACES = {  # targets, and the rank that trains about as many numbers as rank 8 on the first
    "q, k, v, up, down": (("q_proj", "k_proj", "v_proj", "up_proj", "down_proj"), 8),
    "q, v": (("q_proj", "v_proj"), 27),
    "q, k, v, o": (("q_proj", "k_proj", "v_proj", "o_proj"), 13),
    "gate, up, down": (("gate_proj", "up_proj", "down_proj"), 10),
    "all linear": (("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"), 6),
}  # fmt: skip
OTHERS = [{"start": "both random"}, {"rank": 2, "alpha": 4}, {"rank": 32, "alpha": 64}, {"alpha": 4}, {"alpha": 64},
          {"dropout": 0.1}, {"dropout": 0.3}]  # fmt: skip


def settings() -> list[dict]:
    """Every setting as what it changes; its group says with what it is compared."""
    starts = [{"group": "start", "start": start, "learning_rate": rate}
              for start, rate in itertools.product(STARTS, RATES)]
    places = [{"group": "place", "place": name, "targets": targets, "rank": rank, "alpha": 2 * rank}
              for name, (targets, rank) in PLACES.items()]
    return starts + places + [{"group": "other", **changes} for changes in OTHERS]


def shown(setting: dict, seed: int) -> dict:
    """What the row of a run begins with."""
    return {**{name: value for name, value in setting.items() if name != "targets"}, "seed": seed}


def run(setting: dict, seed: int) -> dict:
    """One row: the setting, the seed, and the results."""
    changes = {name: value for name, value in setting.items() if name not in ("group", "place")}
    result = run_choice(seed, **changes)
    return {**shown(setting, seed), **{name: round(value, 5) for name, value in result.items()}}


def with_missing(rows: list[dict], wanted: list[tuple[dict, int]]) -> list[dict]:
    """The rows, and after them those of the wanted runs that are not among them."""
    missing = [each for each in wanted if not any(shown(*each).items() <= row.items() for row in rows)]
    return rows + [run(*each) for each in tqdm(missing, unit="run")]


def best_starts(rows: list[dict], seeds: list[int]) -> list[dict]:
    """For each start the setting with the lowest mean loss on these seeds."""
    def mean(setting):
        return statistics.fmean(row["after"] for row in rows if setting.items() <= row.items() and row["seed"] in seeds)
    return [min((each for each in settings() if each.get("start") == start and each["group"] == "start"), key=mean)
            for start in STARTS]


def main() -> None:
    """Run and store everything: the starts anew, each at its best rate, on seeds that did not choose it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--fresh-seeds", type=int, nargs="+", default=FRESH_SEEDS)
    parser.add_argument("--output", type=Path, default=data_folder() / "results" / "lora_choices.json")
    options = parser.parse_args()
    torch.set_num_threads(1)  # so that the numbers are the same everywhere
    rows = with_missing(stored_rows(options.output), list(itertools.product(settings(), options.seeds)))
    rows = with_missing(rows, list(itertools.product(best_starts(rows, options.seeds), options.fresh_seeds)))
    write_result(options.output, command="python scripts/lora_choices.py", question=QUESTION, rows=rows,
                 seeds=list(options.seeds), fresh_seeds=list(options.fresh_seeds), steps=STEPS, rates=list(RATES),
                 meetings=list(MEETINGS),
                 default={"start": "B zero", "learning_rate": 0.01, "rank": 8, "alpha": 16, "dropout": 0.0})


if __name__ == "__main__":
    main()
