"""Pretrain the small OLMo of the book, with checkpoints, on one process or on several.

    python scripts/pretrain.py --folder build/pretrain
    torchrun --nproc-per-node 2 scripts/pretrain.py --folder build/pretrain

Started again with the same settings, it goes on from the newest checkpoint of the folder. At the end the folder holds
``points.json``, the loss curve, and ``model/``, which transformers can load.
"""

import argparse
import os
from pathlib import Path

import torch
from tqdm import tqdm

from llmbook.checkpoint import save_pretrained
from llmbook.experiments.pretraining import meeting_corpus, small_run
from llmbook.experiments.results import write_result
from llmbook.training.distributed import joined_processes
from llmbook.training.run import Run, pretrain


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where checkpoints and results go")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-every", type=int, default=50, help="steps between two checkpoints")
    parser.add_argument("--meetings", type=int, default=400, help="meetings to train on")
    return parser.parse_args()


def main() -> None:
    """Build the run, take its steps, store what came of it."""
    options = read_options()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    with joined_processes() as process:
        corpus = meeting_corpus(options.meetings)
        run = Run(small_run(options.steps, options.seed), corpus.training, corpus.validation, process)
        points = pretrain(run, options.folder / "checkpoints", save_every=options.save_every)
        with tqdm(total=options.steps, unit="step", disable=not process.is_first) as bar:
            for point in points:
                bar.update(run.step - bar.n)  # more than one where a checkpoint was gone on with
                bar.set_postfix(loss=f"{point.loss:.3f}")
        if process.is_first:
            save_pretrained(run.model, options.folder / "model")
            rows = run.state()["points"]
            write_result(options.folder / "points.json", command="python scripts/pretrain.py", rows=rows,
                         question="How does the loss fall?", seed=options.seed, processes=process.count)  # fmt: skip


if __name__ == "__main__":
    main()
