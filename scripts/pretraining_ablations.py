"""Train a small OLMo with one thing changed at a time, and store every run.

    python scripts/pretraining_ablations.py            # 48 runs, about eight minutes on one core
    python scripts/pretraining_ablations.py --seeds 2  # a look

Writes ``data/results/pretraining_ablations.json`` after each seed. Started again, it goes on where it was
stopped; a run depends only on its setting and its seed.
"""

import argparse
import json
from pathlib import Path

import torch
from tqdm import tqdm

from llmbook.data import data_folder
from llmbook.experiments.pretraining import ABLATIONS, run_ablation
from llmbook.experiments.results import write_result

QUESTION = ("Does the change alter the validation loss after training? Null: the mean paired difference to OLMo's "
            "setting is zero. validation: nats a token after each quarter of the steps; speaker, fact and other: "
            "the final loss by kind of token.")


def stored_rows(path: Path, steps: int) -> list[dict]:
    """What an earlier call has done, if it asked for the same number of steps."""
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return stored["rows"] if stored.get("settings", {}).get("steps") == steps else []


def main() -> None:
    """Read the command line, run what is missing, store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--output", type=Path, default=data_folder() / "results" / "pretraining_ablations.json")
    options = parser.parse_args()
    torch.set_num_threads(1)  # the matrices are too small to share between threads
    rows = stored_rows(options.output, options.steps)
    first = 1 + max((row["seed"] for row in rows), default=-1)
    for seed in tqdm(range(first, options.seeds), unit="seed"):
        rows += [run_ablation(name, seed, steps=options.steps) for name in ABLATIONS]
        write_result(options.output, command="python scripts/pretraining_ablations.py", question=QUESTION, rows=rows,
                     steps=options.steps, seeds=list(range(seed + 1)), batch_rows=16, row_tokens=64)  # fmt: skip


if __name__ == "__main__":
    main()
