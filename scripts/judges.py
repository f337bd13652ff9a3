"""Tune the medium summarizer to references by three authors, and score all systems under each author's references.

    python scripts/judges.py     # about five minutes on one core

Needs the models of ``scripts/pretrain_summarizers.py``. Writes ``data/results/judges.json``; started again, it skips
what is there.
"""

import argparse
from pathlib import Path

import torch

from llmbook.data import data_folder
from llmbook.experiments.judges import FIXED, SYSTEMS, TEST_MEETINGS, TEST_SEED, run
from llmbook.experiments.meetings_t5 import CONTEXT, SHORT, TUNING_MEETINGS, TUNING_SEED, TUNING_STEPS
from llmbook.experiments.results import StoredRuns

QUESTION = (
    "Does the ranking of systems change with the author of the references? Null: a difference between two "
    "systems is the same under every author. One number for each private test meeting: F1 of the facts, and F "
    "of three kinds of ROUGE against references by each author."
)


def main() -> None:
    """Make the runs that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="of the tuning")
    parser.add_argument("--output", type=Path, default=data_folder() / "results" / "judges.json")
    options = parser.parse_args()
    torch.set_num_threads(1)  # so that the numbers are the same everywhere
    runs = StoredRuns(options.output, ("system", "seed"), command="python scripts/judges.py", question=QUESTION,
                      context=CONTEXT, meetings=SHORT, tuning_meetings=TUNING_MEETINGS, tuning_steps=TUNING_STEPS,
                      tuning_seed=TUNING_SEED, test_seed=TEST_SEED, test_meetings=TEST_MEETINGS)  # fmt: skip
    wanted = [(system, seed) for seed in range(options.seeds) for system in SYSTEMS if seed == 0 or system not in FIXED]
    runs.add(wanted, lambda each: run(*each), every=1)


if __name__ == "__main__":
    main()
