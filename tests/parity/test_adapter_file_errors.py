"""Adapter files that must not be loaded: each is refused with its reason, and the model stays as it was."""

import copy
import itertools
import json
import os
import shutil

import pytest
import torch
from adapted_models import USUAL, ours_adapted, refused, theirs_saved, train_at_random_
from pairs import make_pair
from peft import PeftConfig
from safetensors.torch import load_file, save_file

from llmbook.adapters import inject, load_adapter, merge, save_adapter
from llmbook.adapters.peft_config import CONFIG, WEIGHTS
from llmbook.checkpoint import CheckpointError, load_pretrained


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)  # PEFT draws from the global generator


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A good adapter."""
    folder = tmp_path_factory.mktemp("adapter")
    save_adapter(ours_adapted("llama-grouped", "dora")[0], folder)
    return folder


@pytest.fixture
def damaged(saved, tmp_path):
    """A copy of it to damage."""
    return shutil.copytree(saved, tmp_path / "damaged")


def plain_llama():
    return copy.deepcopy(make_pair("llama-grouped", "loud", 0)[0]).requires_grad_(True)


def change_config(folder, **changes):
    path = folder / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_tensors(folder, change):
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS)


def first(tensors, ending: str) -> str:
    return next(name for name in sorted(tensors) if name.endswith(ending))


DAMAGE = {
    "cut short": (lambda f: (f / WEIGHTS).write_bytes((f / WEIGHTS).read_bytes()[:-100]), "cut short"),
    "empty": (lambda f: (f / WEIGHTS).write_bytes(b""), "is empty"),
    "no tensors file": (lambda f: (f / WEIGHTS).unlink(), "has no adapter_model"),
    "pickled": (lambda f: (f / WEIGHTS).rename(f / "adapter_model.bin"), "can run code"),
    "no config": (lambda f: (f / CONFIG).unlink(), CONFIG),
    "config not json": (lambda f: (f / CONFIG).write_text("{"), "not JSON"),
    "other method": (lambda f: change_config(f, peft_type="IA3"), "IA3"),
    "trained biases": (lambda f: change_config(f, bias="all"), "bias = 'all'"),
    "whole modules": (lambda f: change_config(f, modules_to_save=["lm_head"]), "modules_to_save"),
    "another start": (lambda f: change_config(f, init_lora_weights="pissa"), "pissa"),
    "unknown extension": (lambda f: change_config(f, use_new_idea=True), "use_new_idea"),
    "wrong rank": (lambda f: change_config(f, r=4), "shape"),
    "impossible rank": (lambda f: change_config(f, r=0), "rank"),
    "rank as text": (lambda f: change_config(f, r="eight"), "rank"),
    "impossible alpha": (lambda f: change_config(f, lora_alpha=0), "alpha"),
    "alpha as text": (lambda f: change_config(f, lora_alpha="much"), "damaged"),
    "impossible dropout": (lambda f: change_config(f, lora_dropout=1.5), "dropout"),
    "pattern as list": (lambda f: change_config(f, rank_pattern=[3]), "damaged"),
    "broken pattern": (lambda f: change_config(f, rank_pattern={"(": 3}), "damaged"),
    "not DoRA": (lambda f: change_config(f, use_dora=False), "lora_magnitude_vector"),
    "missing tensor": (lambda f: change_tensors(f, lambda t: t.pop(first(t, "lora_B.weight"))), "should have"),
    "missing magnitude": (
        lambda f: change_tensors(f, lambda t: t.pop(first(t, "magnitude_vector"))), "lora_magnitude_vector"),
    "strange tensor": (lambda f: change_tensors(f, lambda t: t.update(strange=torch.ones(1))), "strange"),
    "integers": (
        lambda f: change_tensors(f, lambda t: t.update({first(t, "A.weight"): torch.ones(3, 48).int()})), "int32"),
    "transposed": (
        lambda f: change_tensors(
            f, lambda t: t.update({first(t, "A.weight"): t[first(t, "A.weight")].T.contiguous()})), "shape"),
    "unknown layer": (
        lambda f: change_tensors(
            f, lambda t: t.update({name.replace("rs.0", "rs.9"): t[name].clone() for name in list(t)})), "layers.9"),
    "no layers": (lambda f: change_tensors(f, lambda t: t.clear()), "no tensors"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_adapter_is_refused(name, damaged):
    damage, words = DAMAGE[name]
    damage(damaged)
    refused(plain_llama(), damaged, words)
    refused(inject(plain_llama(), USUAL[1], kind="dora", rank=3, alpha=5), damaged, words)


def test_the_sound_adapter_is_not_refused(damaged):
    load_adapter(plain_llama(), damaged)
    load_adapter(inject(plain_llama(), USUAL[1], kind="dora", rank=3, alpha=5), damaged)


@pytest.mark.parametrize(
    "options",
    [{"rank": 4}, {"alpha": 6}, {"kind": "lora"}, {"rank_stabilized": True}, {"targets": ["q_proj", "v_proj"]}],
)
def test_another_adapter_in_the_model_is_not_overwritten(options, saved):
    options = {"targets": USUAL[1], "kind": "dora", "rank": 3, "alpha": 5, **options}
    refused(inject(plain_llama(), **options), saved, "shape|differ|lora_magnitude|remove")


def test_another_model_is_refused(saved):
    refused(copy.deepcopy(make_pair("llama-multi-head", "loud", 0)[0]), saved, "shape")
    refused(copy.deepcopy(make_pair("gpt2", "loud", 0)[0]), saved, "has no model.layers")
    with pytest.raises(CheckpointError, match="folder"):
        load_adapter(plain_llama(), "/nowhere/at/all")


def test_a_merged_model_takes_no_other_adapter(saved):
    model = merge(inject(plain_llama(), USUAL[1], kind="dora", rank=3, alpha=5))
    with pytest.raises(RuntimeError, match="unmerge"):
        load_adapter(model, saved)


@pytest.mark.filterwarnings("ignore:fan_in_fan_out")
def test_stacked_matrices_are_refused_both_ways(tmp_path):
    ours, _, _ = theirs_saved("gpt2", tmp_path, target_modules=["c_attn"])
    refused(ours, tmp_path, "one matrix")
    with pytest.raises(ValueError, match=r"c_attn .* 3 layers"):
        save_adapter(inject(ours, ["q_proj"]), tmp_path)


def test_what_the_format_cannot_say_is_not_saved(tmp_path):
    with pytest.raises(ValueError, match="no adapters"):
        save_adapter(plain_llama(), tmp_path)
    for options in ({"kind": "lora"}, {"dropout": 0.1}, {"rank_stabilized": True}):
        model = inject(plain_llama(), ["q_proj"], kind="dora")
        inject(model, ["v_proj"], **{"kind": "dora", **options})
        with pytest.raises(ValueError, match=r"one .* for all layers"):
            save_adapter(model, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_failed_save_leaves_the_old_files(saved, tmp_path, monkeypatch):
    folder = shutil.copytree(saved, tmp_path / "old")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(json, "dumps", lambda *args, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save_adapter(inject(plain_llama(), ["q_proj"]), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("first", range(1, 6))
def test_peft_refuses_a_folder_that_a_kill_left_without_its_config(saved, tmp_path, monkeypatch, first):
    """Between the first move and the last; before and after them it loads one adapter."""
    folder, replace, calls = shutil.copytree(saved, tmp_path / "old"), os.replace, itertools.count()

    def failing(*names):
        if next(calls) >= first:
            raise OSError("as if killed")
        replace(*names)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="as if killed"):
        patch.setattr(os, "replace", failing)
        save_adapter(inject(plain_llama(), ["q_proj"]), folder)
    assert (folder / CONFIG).exists() == (first in (1, 5))
    if (folder / CONFIG).exists():
        PeftConfig.from_pretrained(str(folder))
    else:
        with pytest.raises(ValueError, match=CONFIG):
            PeftConfig.from_pretrained(str(folder))
    load_adapter(plain_llama(), folder)


def test_merging_does_not_write_into_the_checkpoint(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    model = inject(load_pretrained(folder), ["q_proj", "down_proj"], kind="dora", rank=2)
    train_at_random_((p for p in model.parameters() if p.requires_grad), 1)
    merge(model)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
