"""Train a small OLMo with a damaged batch and a slip of the learning rate, and store the log.

    python scripts/spoiled_run.py  # half a minute on one core

Writes ``data/results/spoiled_run.json``, the log in which a reader is to find both.
"""

import torch
from tqdm import tqdm

from llmbook.chapters.olmo.evidence.experiment import SEED, STEPS, spoiled_run
from llmbook.data import data_folder
from llmbook.experiments.results import write_result


def main() -> None:
    """Train, and store a row for each step."""
    torch.set_num_threads(1)
    rows = [{"step": point.step, "tokens": point.tokens, "loss": round(point.loss, 4),
             "gradient_norm": round(point.gradient_norm, 4), "learning_rate": round(point.learning_rate, 7)}
            for point in tqdm(spoiled_run().advance(), total=STEPS)]  # fmt: skip
    write_result(data_folder() / "results" / "spoiled_run.json", command="python scripts/spoiled_run.py",
                 question="A log to read: two things went wrong in this run. Which steps, and why?", rows=rows,
                 seeds=[SEED], steps=STEPS, batch_rows=16, row_tokens=64)  # fmt: skip


if __name__ == "__main__":
    main()
