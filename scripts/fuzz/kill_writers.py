"""All writers of the package, to be killed: how each writes a set, how it is read, and which names may be there."""

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from kills import Killed
from kind_adapters import BASES, adapted
from kind_checkpoints import build, tiny_configs

from llmbook.adapters.files import load_adapter, save_adapter
from llmbook.checkpoint import load_pretrained, save_pretrained
from llmbook.checkpoint.special_ids import SpecialIds, special_ids_of
from llmbook.checkpoint.tokenizer import load_tokenizer
from llmbook.checkpoint.writing import replace_file
from llmbook.experiments.results import StoredRuns, stored_rows, write_result
from llmbook.meetings.files import read_meetings, write_meetings
from llmbook.meetings.generator import generate_meeting
from llmbook.training.batches import train_tokenizer
from llmbook.training.resume import load_checkpoint, save_checkpoint

MODELS: dict[str, list] = {}


def model_of(family: str, turn: int) -> torch.nn.Module:
    """Two models of one shape, which differ in numbers and in config."""
    if family not in MODELS:
        config = tiny_configs()[family]
        other = replace(config, rope_base=77.0) if family != "flan" else replace(config, norm_eps=1e-3)
        MODELS[family] = [build(config, 0), build(other, 1)]
        for number, model in enumerate(MODELS[family]):
            model.special_ids = SpecialIds({"eos_token_id": number}, {"eos_token_id": number})
    return MODELS[family][turn % 2]


def look_at_model(folder: Path) -> tuple:
    """Everything that loading gives."""
    model = load_pretrained(folder)
    ids = special_ids_of(model)
    return repr(model.config), ids.in_config, ids.generation, dict(model.named_parameters())


def adapter_of(turn: int) -> torch.nn.Module:
    """Two adapters of one model, which differ in numbers and in alpha."""
    if "adapter" not in MODELS:
        base = build(tiny_configs()["llama"])
        wanted = BASES[0][1]
        other = {name: options | {"alpha": 5.0} for name, options in wanted.items()}
        MODELS["adapter"] = [base, adapted(base, wanted, 0), adapted(base, other, 1)]
    return MODELS["adapter"][1 + turn % 2]


def look_at_adapter(folder: Path) -> dict:
    """The merged weights, in which rank and alpha are."""
    adapter_of(0)
    model = load_adapter(copy.deepcopy(MODELS["adapter"][0]), folder)
    return {name: layer.merged_weight() for name, layer in model.named_modules() if hasattr(layer, "merged_weight")}


def result(folder: Path, turn: int) -> None:
    """A stored result of some rows."""
    write_result(
        folder / "runs.json", command="x", question="y", rows=[{"turn": turn % 2, "row": n} for n in range(40)]
    )


def stored_runs(folder: Path, turn: int) -> None:
    """A run more, as long experiments store each."""
    runs = StoredRuns(folder / "runs.json", ["seed"], command="x", question="y")
    runs.add([(seed,) for seed in range(turn + 1)], lambda settings: {"seed": settings[0], "loss": 0.5}, every=1)


def state(turn: int) -> dict:
    """A state of a training run."""
    return {"step": turn, "model": {"weight": torch.full((64, 64), float(turn))}}


def something(found: Any) -> Any:
    """What a reader found that says of an empty place that it is empty."""
    if not found:
        raise FileNotFoundError("there is nothing yet")
    return found


TOKENIZERS = [train_tokenizer(["the theme of the meeting"] * n, 258 + 4 * n) for n in (1, 2)]
MEETINGS = [[generate_meeting(seed + n, facts=3) for n in range(3)] for seed in (0, 9)]
WRITERS = {  # how a set is written, how it is read, and the names of its files
    "checkpoint": (lambda folder, turn: save_pretrained(model_of("llama", turn), folder), look_at_model,
                   r"config\.json|model\.safetensors|generation_config\.json"),
    "t5": (lambda folder, turn: save_pretrained(model_of("flan", turn), folder), look_at_model,
           r"config\.json|model\.safetensors|generation_config\.json"),
    "adapter": (lambda folder, turn: save_adapter(adapter_of(turn), folder), look_at_adapter,
                r"adapter_config\.json|adapter_model\.safetensors"),
    "result": (result, lambda folder: something(stored_rows(folder / "runs.json")), r"runs\.json"),
    "runs": (stored_runs, lambda folder: something(stored_rows(folder / "runs.json")), r"runs\.json"),
    "tokenizer": (lambda folder, turn: replace_file(folder / "tokenizer.json", TOKENIZERS[turn % 2].to_str()),
                  lambda folder: load_tokenizer(folder).to_str(), r"tokenizer\.json"),
    "meetings": (lambda folder, turn: write_meetings(folder / "m.jsonl", MEETINGS[turn % 2]),
                 lambda folder: [repr(meeting) for meeting in read_meetings(folder / "m.jsonl")], r"m\.jsonl"),
    "run": (lambda folder, turn: save_checkpoint(folder, turn, state(turn)),
            lambda folder: something(load_checkpoint(folder)), r"step-\d{8}\.pt"),
}  # fmt: skip
KINDS = [Killed(f"kill-{name}", 0.0025, (), [], *parts) for name, parts in WRITERS.items()]
