"""Adapt SmolLM2-135M-Instruct to questions about real meetings: all weights, LoRA and DoRA side by side; store the run.

    python -m llmbook.real_weights smollm2     # the weights, once (98 MB)
    git clone https://github.com/Yale-LILY/QMSum
    python scripts/adapt_real_model.py QMSum/data/ALL/jsonl/train.jsonl

Writes ``data/results/real_model.json`` after each seed. Started again, it goes on with the next seed. Three seeds take
about fifteen minutes of one core. The peak of memory is Linux's, of a process for each way that takes three steps.
"""

import argparse
import copy
import multiprocessing
import re
import sys
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from llmbook.accounting.meter import kept_tensors, storage_bytes
from llmbook.accounting.step_memory import step_memory
from llmbook.adapters import adapter_layers, inject
from llmbook.chapters.dora.does_it_help import real_model
from llmbook.chapters.dora.does_it_help.real_model import ALPHA, DRAWS, EVERY, METHODS, PAPER, RANK, RATES, STEPS
from llmbook.chapters.dora.does_it_help.short_queries import read_queries, short_examples
from llmbook.checkpoint import load_pretrained
from llmbook.checkpoint.tokenizer import load_tokenizer
from llmbook.data import data_folder
from llmbook.experiments.fine_tuning import TARGETS, build_optimizer, find_method
from llmbook.experiments.results import stored_rows, write_result
from llmbook.real_weights import find_weights
from llmbook.training.loop import next_token_loss, train

LONGEST, MEASURED, TOKENS = 320, 8, 256
PARTS = {"all points": (lambda row: True), "last step": (lambda row: row["step"] == STEPS),
         **{kind: (lambda row, kind=kind: row["name"].endswith(kind)) for kind in PAPER}}  # fmt: skip
QUESTION = (
    "Which weights of a published model move in a short fine-tuning, and are the changes of magnitude and direction "
    "correlated over its layers? Null: as much as geometry gives, each row's update keeping its length and pointing "
    "anywhere. Definitions: llmbook/chapters/dora/does_it_help/experiment.py and real_model.py."
)


def short(value: float) -> float:
    """Four digits, for the file."""
    return float(f"{value:.4g}")


def peak() -> int:
    """The most bytes that this process has had in memory, from Linux; a child does not inherit it."""
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])


def memory_row(method: str) -> dict:
    """Peak of three steps beside the formula, in this process; the model is loaded after the first look."""
    torch.set_num_threads(1)
    before = peak()
    model, kind = load_pretrained(find_weights("smollm2")).train(), find_method(method)
    if kind.adapter is not None:
        inject(model, list(TARGETS), kind=kind.adapter, rank=RANK, alpha=ALPHA)
    ids = torch.randint(model.config.vocab_size, (1, TOKENS + 1), generator=torch.Generator().manual_seed(0))
    list(train(model, [ids] * 3, steps=3, learning_rate=1e-5, optimizer=build_optimizer(model, kind, 1e-5)))
    measured = peak() - before
    model.zero_grad()
    kept = storage_bytes(kept_tensors(lambda: next_token_loss(model, ids), [*model.parameters(), *model.buffers()]))
    formula = step_memory(model.config, method, TARGETS, rank=RANK, tokens=TOKENS, precision="float32")
    trained = sum(tensor.numel() for tensor in model.parameters() if tensor.requires_grad)
    return {"kind": "memory", "method": method, "trained": trained, "measured": measured, "kept": kept,
            "formula": {part: int(value) for part, value in formula.items()}}  # fmt: skip


def memory_rows() -> list[dict]:
    """One for each way, in processes of their own."""
    rows = []
    for method in METHODS:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            rows.append(pool.apply(memory_row, (method,)))
    return rows


def seed_rows(seed: int, fresh: torch.nn.Module, training: list, held_out: list) -> list[dict]:
    """Three runs by turns, measured at every checkpoint."""
    runs = [real_model.begin(method, copy.deepcopy(fresh), training, seed=seed) for method in METHODS]
    [adapted] = [run.model for run in runs if run.method == "lora"]
    base = {name: layer.frozen_weight for name, layer in adapter_layers(adapted).items()}
    points = {method: [] for method in METHODS}
    bar = tqdm(total=STEPS, unit="step", desc=f"seed {seed}")

    def look(step: int) -> None:
        bar.update()
        if step % EVERY:
            return
        some = base if step == STEPS else {name: old for name, old in base.items() if name.endswith(PAPER)}
        for run in runs:
            draws = np.random.default_rng([seed, step, METHODS.index(run.method)])
            found = real_model.measure(run.model, some, DRAWS, draws)
            points[run.method] += [({"step": step} | row, drawn) for row, drawn in found]

    real_model.by_turns(runs, STEPS, look)
    rows = [stored for run in runs for stored in point_rows(run.method, seed, points[run.method])]
    for run in runs:
        loss = real_model.mean_answer_loss(run.model, held_out)
        rows.append({"kind": "run", "method": run.method, "seed": seed, "loss": short(loss),
                     "losses": [*map(short, run.losses)], "seconds": [*map(short, run.seconds)]})  # fmt: skip
    return rows


def point_rows(method: str, seed: int, points: list) -> list[dict]:
    """The changes layer by layer in a line for each checkpoint and matrix, and the correlations."""
    head, rows = {"method": method, "seed": seed}, []
    for step, matrix in dict.fromkeys((row["step"], row["name"].rpartition(".")[2]) for row, _ in points):
        here = [row for row, _ in points if row["step"] == step and row["name"].endswith(matrix)]
        numbers = {key: [short(row[key]) for row in here] for key in here[0] if key not in ("step", "name")}
        rows.append({"kind": "layers", **head, "step": step, "matrix": matrix, **numbers})
    of_paper = [point for point in points if point[0]["name"].endswith(PAPER)]
    for part, belongs in PARTS.items():
        found = real_model.coupling([point for point in of_paper if belongs(point[0])])
        rows.append({"kind": "coupling", **head, "part": part, **{key: short(each) for key, each in found.items()}})
    return rows


def base_rows(fresh: torch.nn.Module, held_out: list) -> list[dict]:
    """The model before training: its loss, and how long the rows of each matrix are."""
    lengths = {matrix: [short(module.weight.norm(dim=1).mean().item()) for name, module in fresh.named_modules()
                        if name.endswith(matrix)] for matrix in TARGETS}  # fmt: skip
    return [{"kind": "base", "loss": short(real_model.mean_answer_loss(fresh, held_out)), "row_lengths": lengths}]


def main() -> int:
    """Read the command line, run what is missing, store; 1 without the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("queries", type=Path, help="QMSum's train.jsonl, also compressed by gzip")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=data_folder() / "results" / "real_model.json")
    options = parser.parse_args()
    weights = find_weights("smollm2")
    if weights is None:
        print("needs real weights: run python -m llmbook.real_weights smollm2", file=sys.stderr)
        return 1
    torch.set_num_threads(1)
    training, held_out = short_examples(list(read_queries(options.queries)), load_tokenizer(weights), LONGEST)
    held_out, fresh = held_out[:MEASURED], load_pretrained(weights)
    rows = stored_rows(options.output)
    first = 1 + max((row.get("seed", -1) for row in rows), default=-1)
    for seed in range(first, options.seeds):
        rows = rows or memory_rows() + base_rows(fresh, held_out)
        rows += seed_rows(seed, fresh, training, held_out)
        write_result(options.output, command="python scripts/adapt_real_model.py QMSum/data/ALL/jsonl/train.jsonl",
                     question=QUESTION, rows=rows, seeds=list(range(seed + 1)), steps=STEPS, draws=DRAWS, rank=RANK,
                     alpha=ALPHA, learning_rates=RATES, targets=TARGETS, longest=LONGEST, examples=len(training),
                     held_out=len(held_out), tokens_of_memory=TOKENS)  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
