"""Tune a summarizer on short meetings, on long ones cut, and on long ones whole; let each read cut and whole.

    python scripts/tuned_context.py    # about half an hour on one core

Needs the models of ``scripts/pretrain_summarizers.py``. Writes ``data/results/tuned_context.json``; started again, it
skips what is there.
"""

import argparse
from dataclasses import astuple
from pathlib import Path

import torch

from llmbook.data import data_folder
from llmbook.experiments.fair_fight import TEST_SEED
from llmbook.experiments.meetings_t5 import CONTEXT, TUNING_MEETINGS, TUNING_SEED, TUNING_STEPS
from llmbook.experiments.results import Latest, StoredRuns
from llmbook.experiments.tuned_context import BATCH_SIZE, KEYS, SIZE, TUNINGS, Cell, all_cells, run_cell, tuned_model

QUESTION = (
    "Does a longer context bring back what a cut loses, without a larger model? The same base is tuned on short "
    "meetings, on long ones cut, and on the same long ones whole, and reads the long test meetings cut and "
    "whole. Null: what reading everything adds does not depend on what was read in the tuning (no "
    "interaction), and is zero. Main measure: net_f1, as in fair_fight.json; one number for each meeting. kept: "
    "for each fact, 1 if the summary states it."
)


def main() -> None:
    """Make the runs that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="of the tuning")
    parser.add_argument("--output", type=Path, default=data_folder() / "results" / "tuned_context.json")
    options = parser.parse_args()
    torch.set_num_threads(1)  # so that the numbers are the same everywhere
    runs = StoredRuns(
        options.output, KEYS, command="python scripts/tuned_context.py", question=QUESTION, model=SIZE, context=CONTEXT,
        tunings=TUNINGS, tuning_meetings=TUNING_MEETINGS, tuning_seed=TUNING_SEED, tuning_steps=TUNING_STEPS,
        batch_size=BATCH_SIZE, test_seed=TEST_SEED,
    )  # fmt: skip
    cells = all_cells(range(options.seeds))
    tuned = Latest(tuned_model)
    runs.add(map(astuple, cells), lambda settings: run_cell(Cell(*settings), tuned), every=2)


if __name__ == "__main__":
    main()
