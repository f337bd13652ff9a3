"""A short ``make fuzz``: every kind and every writer, with fixed cases; and faults in readers, which it must tell."""

import json
import sys
from dataclasses import replace
from types import FunctionType

import pytest
import torch
from package_imports import CHECKOUT

sys.path.append(str(CHECKOUT / "scripts" / "fuzz"))
import kind_adapters
import kind_checkpoints
from kills import KEPT, PACKAGE
from reading import KINDS, load_kinds

from llmbook import data
from llmbook.checkpoint import pretrained, sources, tokenizer
from llmbook.checkpoint.folder import read_header
from llmbook.checkpoint.gguf import GGUFTensor, table
from llmbook.experiments import results
from llmbook.meetings import json_lines
from llmbook.training import run

ALL = load_kinds(list(KINDS))
CASES = {"checkpoint": 40, "gguf": 40, "adapter": 40, "run": 12, "table": 60, "result": 50, "meeting": 60, "qmsum": 60,
         "tokenizer": 40}  # fmt: skip
KILLS = {name: 2 for name in ALL if name.startswith("kill-")}


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """As in the processes of the long run."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    yield
    torch.set_num_threads(before)


def outcomes(name, numbers):
    """The verdicts on some cases, by their outcome."""
    found = {}
    for number in numbers:
        verdict = ALL[name].case(number)
        found.setdefault(verdict.outcome, []).append(verdict)
    return found


def test_every_kind_is_tried():
    assert {*CASES, *KILLS} == ALL.keys() and len(KILLS) == 8


@pytest.mark.parametrize("name", CASES)
def test_what_is_broken_is_read_right_or_clearly_refused(name):
    found = outcomes(name, range(CASES[name]))
    bad = [str(verdict) for outcome in found for verdict in found[outcome] if outcome not in ("right", "clear")]
    assert not bad, "\n".join(bad)
    assert min(map(len, found.values())) >= CASES[name] // 20 and len(found) == 2


@pytest.mark.parametrize("name", KILLS)
def test_a_killed_writer_leaves_the_old_or_the_new(name):
    found = outcomes(name, range(KILLS[name]))
    assert found.keys() == {"right"}, "\n".join(str(verdict) for each in found.values() for verdict in each)


# The twins: a fault in a reader or writer must be told, in one of some cases.


def last_shard_wins(directory):
    """The fault: a tensor in two shards is that of the last, whatever the index says."""
    if not (directory / "model.safetensors.index.json").is_file():
        return read_header(directory / "model.safetensors")
    headers = map(read_header, sorted(directory.glob("*.safetensors")))
    return {name: tensor for header in headers for name, tensor in header.items()}


def half_loaded(model, folder):
    """The fault: the model is frozen before the files are looked at."""
    model.requires_grad_(False)
    return right_load(model, folder)


right_load, right_config = kind_adapters.load_adapter, sources.read_config


def base_left_out(path, hf, names=None):
    """The fault: rope_theta is not read."""
    return right_config(path, {name: value for name, value in hf.items() if name != "rope_theta"}, names)


def plain_files(directory, files):
    """The fault: each file is written into its place."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        content(directory / name) if callable(content) else (directory / name).write_text(content)


FAULTS = {  # a kind, what is planted, how many cases are enough to tell, and the outcome
    "the last shard wins": ("checkpoint", (sources, "stored_tensors", last_shard_wins), 250, "wrong"),
    "rope_theta is ignored": ("checkpoint", (sources, "read_config", base_left_out), 150, "wrong"),
    "an error leaves the model frozen": ("adapter", (kind_adapters, "load_adapter", half_loaded), 6, "wrong"),
    "1e999 is infinite": ("table", (data, "_float", float), 400, "wrong"),
    "two values under one name": ("meeting", (json_lines, "parse_json", json.loads), 100, "wrong"),
    "two values in a result": ("result", (results, "parse_json", json.loads), 150, "wrong"),
    "a state is not compared": ("run", (run, "refuse_misfit", lambda *_: None), 30, "wrong"),
    "rows of a GGUF file as they lie": ("gguf", (GGUFTensor, "order", lambda tensor: None), 40, "wrong"),
    "tensors over one another": ("gguf", (table, "_check_places", lambda *_: None), 200, "wrong"),
    "ids of their own": ("tokenizer", (tokenizer, "_refuse_other_ids", lambda *_: None), 100, "wrong"),
    "an undocumented error": ("checkpoint", (kind_checkpoints, "CheckpointError", None), 6, "unclear"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told(name, monkeypatch):
    kind, (module, attribute, planted), most, outcome = FAULTS[name]
    if planted is None:
        monkeypatch.setattr(ALL[kind], "errors", (ValueError,))
    else:
        monkeypatch.setattr(module, attribute, planted)
    told = (ALL[kind].case(number).outcome for number in range(most))
    assert outcome in told


@pytest.mark.parametrize("planted", [None, plain_files])
def test_a_kill_between_two_files_is_told(planted, monkeypatch, tmp_path):
    """At each of the last lines of a write, and not by the clock: the writer's own are right, the fault's are not."""
    kind = replace(ALL["kill-checkpoint"], known={})
    if planted:  # as if its lines were the package's, which are counted
        own = planted.__code__.replace(co_filename=f"{PACKAGE}/planted.py")
        monkeypatch.setattr(pretrained, "replace_files", FunctionType(own, planted.__globals__))
    lines, outcomes = kind.measured()[0], set()
    for line in range(lines - 60, lines, 1 if planted else 4):
        folder = tmp_path / str(line)
        folder.mkdir()
        (folder / KEPT).write_text("kept")
        kind.write(folder, 0)
        outcomes.add(kind.verdict(folder, 1 + kind.kill(folder, 1, line=line))[0])
    assert outcomes == ({"right", "wrong"} if planted else {"right"})
