"""Let the largest summarizer read meetings of three lengths through contexts of eight sizes, and store every score.

    python scripts/truncation.py     # about ten minutes on one core

Needs the models of ``scripts/pretrain_summarizers.py``. Writes ``data/results/truncation.json``; started again, it
skips what is there.
"""

import argparse
from dataclasses import astuple
from pathlib import Path

import torch

from llmbook.chapters.tiny_titans.truncation.experiment import (
    CHATTER,
    KEYS,
    MEETINGS,
    SEED,
    SIZE,
    Reading,
    all_readings,
    run_reading,
)
from llmbook.data import data_folder
from llmbook.experiments.results import StoredRuns

QUESTION = ("What does a summary lose when only the first tokens of a meeting are read, and does reading in pieces "
            "bring it back? Null: the facts' F1 does not depend on the context, nor the recall of a fact on its "
            "place. One number for each meeting; ends and kept: for each fact, in tokens, and 1 if it was stated.")


def main() -> None:
    """Make the runs that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=data_folder() / "results" / "truncation.json")
    options = parser.parse_args()
    torch.set_num_threads(1)  # so that the numbers are the same everywhere
    runs = StoredRuns(options.output, KEYS, command="python scripts/truncation.py", question=QUESTION, model=SIZE,
                      chatter=CHATTER, meetings=MEETINGS, seed=SEED)  # fmt: skip
    runs.add(map(astuple, all_readings()), lambda settings: run_reading(Reading(*settings)), every=4)


if __name__ == "__main__":
    main()
