"""Tune the summarizers, each at home and elsewhere, let all of them summarize the test meetings, store every score.

    python scripts/fair_fight.py              # about half an hour on one core
    python scripts/fair_fight.py --seeds 1    # a look; give --output another file

Needs the models of ``scripts/pretrain_summarizers.py``. Writes ``data/results/fair_fight.json`` after every
other run; started again, it skips what is there.
"""

import argparse
from dataclasses import astuple
from pathlib import Path

import torch

from llmbook.data import data_folder
from llmbook.experiments.fair_fight import KEYS, TEST_SEED, TEST_SETS, Entry, all_entries, run_entry, tuned_model
from llmbook.experiments.meetings_t5 import CONTEXT, LONG, SHORT, TUNING_MEETINGS, TUNING_STEPS
from llmbook.experiments.results import Latest, StoredRuns

QUESTION = (
    "Does a small model that was tuned to a workplace summarize its meetings better than a large one that has "
    "never read about it? Null: the mean difference, meeting by meeting, is zero. Main measure, chosen before "
    "any score by it was known: net_f1, the F1 of the facts times the share of the reading that is saved, "
    "(T - w) / (T - r) between 0 and 1, with w words in the summary, T in the transcript and r in the "
    "reference. It must not reward copying: F1 charges nothing for length and gives the whole transcript more "
    "than most summaries; here the transcript has 0 by construction and the reference 1. rouge1 to rougeLsum: "
    "F; facts: recall by keys; facts_f1: F1 of the facts; wrong: wrong statements; words: of the summary; one "
    "number for each meeting."
)


def main() -> None:
    """Read the command line, make the runs that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="of the tuning")
    parser.add_argument("--output", type=Path, default=data_folder() / "results" / "fair_fight.json")
    options = parser.parse_args()
    torch.set_num_threads(1)  # so that the numbers are the same everywhere
    runs = StoredRuns(
        options.output, KEYS, command="python scripts/fair_fight.py", question=QUESTION, context=CONTEXT, short=SHORT,
        long=LONG, tuning_meetings=TUNING_MEETINGS, tuning_steps=TUNING_STEPS, test_seed=TEST_SEED,
        test_meetings={name: count for name, (_, _, count) in TEST_SETS.items()},
    )  # fmt: skip
    entries = all_entries(range(options.seeds))
    tuned = Latest(tuned_model)
    runs.add(map(astuple, entries), lambda settings: run_entry(Entry(*settings), tuned), every=2)


if __name__ == "__main__":
    main()
