"""Pretrain the small model that the book adapts, and store it in ``data/models/meetings-olmo``.

    python scripts/pretrain_small.py            # about three minutes on one core

Started again with the same settings, it goes on from the newest checkpoint in ``build/pretrain_small``. Beside the
model the folder then holds ``training.json``: the loss, the command, the seed and the versions.
"""

import argparse
import json
from pathlib import Path

import torch
from tqdm import tqdm

from llmbook.checkpoint import save_pretrained
from llmbook.checkpoint.writing import replace_file
from llmbook.data import data_folder
from llmbook.experiments.meetings_olmo import NAME, base_run, general_corpus
from llmbook.experiments.pretraining import count_loss
from llmbook.experiments.results import write_result
from llmbook.training.batches import END_OF_TEXT
from llmbook.training.run import Run, pretrain

QUESTION = ("Does the model know more of general meetings than how often each token occurs? Null: its validation loss "
            "is not below single_token_loss. loss and validation_loss: nats a token.")


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=data_folder() / NAME, help="where the model goes")
    parser.add_argument("--checkpoints", type=Path, default=Path("build/pretrain_small"))
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def store_model(run: Run, folder: Path) -> None:
    """Write the folder; transformers can load it too."""
    tokenizer = general_corpus().tokenizer
    save_pretrained(run.model, folder)
    replace_file(folder / "tokenizer.json", tokenizer.to_str(pretty=True))
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8")) | {"eos_token_id": tokenizer.token_to_id(END_OF_TEXT)}
    replace_file(path, json.dumps(config, indent=2, sort_keys=True) + "\n")


def main() -> None:
    """Train, store the model, then store how it was made."""
    options = read_options()
    torch.set_num_threads(1)  # so that the numbers are the same everywhere
    corpus = general_corpus()
    run = Run(base_run(options.steps, options.seed), corpus.training, corpus.validation)
    with tqdm(total=options.steps, unit="step") as bar:
        for point in pretrain(run, options.checkpoints, save_every=200):
            bar.update(run.step - bar.n)
            bar.set_postfix(loss=f"{point.loss:.3f}")
    store_model(run, options.folder)
    single, pair = (count_loss(corpus.training, corpus.validation, 512, context=context) for context in (0, 1))
    rows = [{"step": point.step, "loss": round(point.loss, 4), "validation_loss": round(point.validation_loss, 4)}
            for point in run.points if point.validation_loss is not None]
    write_result(options.folder / "training.json", command="python scripts/pretrain_small.py", question=QUESTION,
                 rows=rows, steps=options.steps, seed=options.seed, batch_rows=16, row_tokens=64,
                 parameters=sum(p.numel() for p in run.model.parameters()),
                 single_token_loss=round(single, 4), pair_loss=round(pair, 4))  # fmt: skip


if __name__ == "__main__":
    main()
