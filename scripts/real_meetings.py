"""The question of chapter 1 on real meetings: tune SmolLM2-135M-Instruct on questions of QMSum, and test it.

    python -m llmbook.real_weights smollm2      # once, 93 MB
    python scripts/real_meetings.py             # an hour and more on one core
    python scripts/real_meetings.py --train 250 --output mine.json     # on more of the training queries

Writes data/results/real_meetings.json, and the adapters of the first seed to data/models/real-meetings/ (with another
--output beside it). A run that was killed goes on at the step where it was, from a folder in the cache.
"""

import argparse
import sys
from dataclasses import astuple
from pathlib import Path

import torch

from llmbook.chapters.tiny_titans.real_meetings import settings as fixed
from llmbook.chapters.tiny_titans.real_meetings.experiment import (
    KEYS,
    Cell,
    Lab,
    chosen_rates,
    rate_cells,
    test_cells,
)
from llmbook.data import data_folder
from llmbook.experiments.results import StoredRuns
from llmbook.meetings.qmsum_spans import stored_span_queries
from llmbook.real_weights import cache_folder, find_weights

QUESTION = (
    "Can a model of 135 million parameters answer questions about a part of a real meeting, and what does tuning on a "
    "few dozen examples change? Null: tuned minus zero-shot is zero, and DoRA minus LoRA is zero, in ROUGE-1 F of the "
    "same test queries, resampled by meeting. loss: mean over the validation queries, nats a token; losses: of each "
    "training step; texts and scores: one for each test query, in the order of the file in data/qmsum/."
)
SETTINGS = {name.lower(): value for name, value in vars(fixed).items() if name.isupper()}


def main(given=None):
    """Make the runs that are missing; return the exit status."""
    stored = data_folder() / "results" / "real_meetings.json"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=int, default=fixed.TRAINING, help="training queries")
    parser.add_argument("--test", type=int, default=10**6, help="test queries; default: all")
    parser.add_argument("--output", type=Path, default=stored)
    asked = parser.parse_args(given)
    if asked.output == stored and (asked.train, asked.test) != (fixed.TRAINING, 10**6):
        parser.error("other numbers of queries make another result: name its file by --output")
    weights = find_weights(fixed.MODEL)
    if weights is None:
        print(f"The weights are not here yet: python -m llmbook.real_weights {fixed.MODEL}", file=sys.stderr)
        return 1
    torch.set_num_threads(1)  # so that the numbers are the same, however many cores there are
    adapters = data_folder() / "models" if asked.output == stored else asked.output.parent
    lab = Lab(weights, stored_span_queries(), cache_folder() / "real-meetings", adapters / "real-meetings")
    runs = StoredRuns(asked.output, KEYS, command="python scripts/real_meetings.py", question=QUESTION, **SETTINGS)
    train, test = min(asked.train, len(lab.parts.training)), min(asked.test, len(lab.parts.test))
    add(runs, lab, rate_cells())
    add(runs, lab, test_cells(chosen_rates(list(runs.rows.values())), train, test))
    return 0


def add(runs, lab, cells):
    """Run what is missing, and write the file after each."""
    runs.add(map(astuple, cells), lambda settings: lab.run(Cell(*settings)), every=1, title="runs")


if __name__ == "__main__":
    sys.exit(main())
