"""Train the small OLMo, eight layers deep, from four starts: ``data/results/initialization_runs.json``.

    OMP_NUM_THREADS=1 python scripts/initialization_runs.py
"""

from pathlib import Path

import torch
from tqdm import tqdm

from llmbook.chapters.olmo.architecture.experiment import LAYERS, SEEDS, STARTS, STEPS, train_from
from llmbook.experiments.pretraining import meeting_corpus
from llmbook.experiments.results import write_result

QUESTION = "Does the start matter for the validation loss after 100 steps? Null: no mean difference from mitchell."


def main() -> None:
    """Every start with every seed, in turn."""
    torch.set_num_threads(1)
    corpus = meeting_corpus(validation=10)
    pairs = [(start, seed) for seed in SEEDS for start in STARTS]
    rows = [train_from(start, seed, corpus=corpus) for start, seed in tqdm(pairs, unit="run")]
    path = Path(__file__).resolve().parents[1] / "data" / "results" / "initialization_runs.json"
    write_result(path, command="python scripts/initialization_runs.py", question=QUESTION, rows=rows,
                 layers=LAYERS, steps=STEPS, seeds=list(SEEDS))  # fmt: skip


if __name__ == "__main__":
    main()
