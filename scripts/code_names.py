"""How many facts that were said with a code name does a summarizer keep, with and without tuning? Store the shares.

    python scripts/code_names.py     # about five minutes on one core

Needs the models of ``scripts/pretrain_summarizers.py``. Writes ``data/results/code_names.json``; started again, it
skips what is there.
"""

import argparse
from pathlib import Path

import torch

from llmbook.data import data_folder
from llmbook.experiments.fair_fight import TEST_SEED, run_code_names
from llmbook.experiments.meetings_t5 import TUNING_MEETINGS, TUNING_STEPS, WIDTHS
from llmbook.experiments.results import StoredRuns

QUESTION = ("Does tuning teach what code names mean, or only to read better? Null: it adds equally much to facts said "
            "in code and to the others. in_code, others: the share of facts kept, of the private test meetings.")


def main() -> None:
    """Make the runs that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=data_folder() / "results" / "code_names.json")
    options = parser.parse_args()
    torch.set_num_threads(1)  # so that the numbers are the same everywhere
    runs = StoredRuns(options.output, ("size", "tuned_on", "seed"), command="python scripts/code_names.py",
                      question=QUESTION, tuning_meetings=TUNING_MEETINGS, tuning_steps=TUNING_STEPS,
                      test_seed=TEST_SEED)  # fmt: skip
    runs.add([(size, 0, 0) for size in WIDTHS], lambda settings: run_code_names(*settings))
    runs.add([(size, TUNING_MEETINGS, seed) for size in WIDTHS for seed in range(5)],
             lambda settings: run_code_names(*settings))  # fmt: skip


if __name__ == "__main__":
    main()
