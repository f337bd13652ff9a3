"""Pretrain the summarizers of the Tiny Titans chapter, and store them in ``data/models/meetings-t5/<size>``.

    python scripts/pretrain_summarizers.py                # all three; about twenty minutes on one core
    python scripts/pretrain_summarizers.py --sizes small

A size whose folder exists already is not trained again. Beside each model lies ``training.json`` with the loss, the
command, the seed and the versions. The tokenizer of all sizes lies beside their folders; when one lies there that
differs from the one that the meetings give now, nothing is trained, since the stored sizes need the old one.
"""

import argparse
import shutil
from pathlib import Path

import torch
from tqdm import tqdm

from llmbook.checkpoint import save_pretrained
from llmbook.checkpoint.writing import replace_file
from llmbook.data import data_folder
from llmbook.experiments.meetings_t5 import (
    LONG,
    SHORT,
    STAGES,
    WIDTHS,
    encode_all,
    folder_of,
    general_tokenizer,
    peak_rate,
    pretrain_summarizer,
    private_meetings,
    public_meetings,
)
from llmbook.experiments.results import write_result
from llmbook.summarizers.seq2seq import collate, pad_id_of
from llmbook.summarizers.t5 import token_accuracy

QUESTION = ("How often does the model predict the next token of a summary, given the right ones before? public: new "
            "meetings of workplaces that it has read about; private: of the theater, which it has not. loss: nats a "
            "token, mean over the last 100 steps.")
VALIDATION_SEED = 54


def main() -> None:
    """Train, measure as it goes, store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", choices=list(WIDTHS), default=list(WIDTHS))
    parser.add_argument("--output", type=Path, default=data_folder())
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)  # so that the numbers are the same everywhere
    folders = {size: options.output / folder_of(size) for size in options.sizes}
    missing = {size: folder for size, folder in folders.items() if not folder.exists()}
    for folder in {folder.parent for folder in missing.values()}:
        store_tokenizer(folder)
    for size, folder in missing.items():
        train_one(size, options.seed, folder)


def store_tokenizer(folder: Path) -> None:
    """Write the tokenizer of all sizes; one that lies there already must be equal to it."""
    path, tokenizer = folder / "tokenizer.json", general_tokenizer()
    if not path.exists():
        replace_file(path, tokenizer.to_str(pretty=True))
    elif path.read_text(encoding="utf-8") != tokenizer.to_str(pretty=True):
        raise SystemExit(f"{path} is not the tokenizer that the meetings give now; pass another --output, or remove "
                         f"{folder} and train all sizes")


def train_one(size: str, seed: int, folder: Path) -> None:
    """One size; the folder appears only when it is complete."""
    probes = validation_batches()
    model, records = pretrain_summarizer(size, seed=seed)
    losses, rows = [], []
    for record in tqdm(records, total=sum(stage.steps for stage in STAGES), unit="step", desc=size):
        losses.append(record.loss)
        if len(losses) % 100 == 0:
            measured = {name: round(token_accuracy(model.eval(), batch), 4) for name, batch in probes.items()}
            rows.append({"step": len(losses), "loss": round(sum(losses[-100:]) / 100, 4)} | measured)
            tqdm.write(f"{size} {rows[-1]}")
            model.train()
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    save_pretrained(model.eval(), unfinished)
    write_result(
        unfinished / "training.json", command=f"python scripts/pretrain_summarizers.py --sizes {size}",
        question=QUESTION, rows=rows, seed=seed, peak_rate=peak_rate(size), steps=[stage.steps for stage in STAGES],
        batch_sizes=[stage.batch_size for stage in STAGES], parameters=sum(p.numel() for p in model.parameters()),
    )  # fmt: skip
    unfinished.rename(folder)


def validation_batches() -> dict:
    """Meetings that fit into the context, of workplaces that the models know and of the one that they do not."""
    tokenizer = general_tokenizer()
    makers = {"public": public_meetings, "private": private_meetings}
    return {f"{name} {length}": collate(encode_all(tokenizer, make(48, VALIDATION_SEED, **settings), None, ["long"]),
                                        pad_id_of(tokenizer))
            for name, make in makers.items() for length, settings in (("short", SHORT), ("long", LONG))}  # fmt: skip


if __name__ == "__main__":
    main()
