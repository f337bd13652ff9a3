"""The main job: a folder written by transformers, loaded, equal, generating; and ours read back by transformers."""

import subprocess
import sys

import pytest
import torch
import transformers
from published_folders import CONFIGS, edit_config, edit_weights, train_tokenizer, write_folder
from safetensors.torch import load_file
from same_text import decoder_logits, same_text
from small_prompts import random_ids

from llmbook.checkpoint import CheckpointError, load_pretrained, save_pretrained
from llmbook.checkpoint.tokenizer import decode, encode_batch, load_tokenizer
from llmbook.debug import relative_difference
from llmbook.generation import generate
from llmbook.models import FAMILIES, Decoder

KINDS = list(CONFIGS)


def logits_of(model, ids):
    with torch.inference_mode():
        out = model(ids)
    return getattr(out, "logits", out).float()


# The main job


@pytest.mark.parametrize("shards", [False, True], ids=["one file", "shards"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_published_folder_loads_equals_and_generates(kind, dtype, shards, tmp_path):
    theirs = write_folder(tmp_path, kind, shards=shards, dtype=dtype)
    assert (tmp_path / "model.safetensors").exists() is not shards
    train_tokenizer().save(str(tmp_path / "tokenizer.json"))

    ours = load_pretrained(tmp_path)
    assert ours.embed_tokens.weight.dtype is dtype
    ids, mask = encode_batch(load_tokenizer(tmp_path), ["Ben will send the", "The group"], bos_id=2, pad_id=0)
    # bfloat16 keeps 8 bits: the two programs round at different moments, and a loud model amplifies that.
    tolerance = 1e-5 if dtype is torch.float32 else 0.05
    for row, real in zip(ids, mask, strict=True):
        assert relative_difference(logits_of(ours, row[None, real]), logits_of(theirs, row[None, real])) < tolerance
    if dtype is torch.float32:
        made = generate(ours, ids, max_new_tokens=12, attention_mask=mask)
        expected = theirs.generate(ids, attention_mask=mask.long(), max_new_tokens=12, do_sample=False)
        assert same_text(made, expected, decoder_logits(ours, mask), start=ids.shape[1])
        assert decode(load_tokenizer(tmp_path), made[0]).startswith("Ben will send the")


@pytest.mark.parametrize("kind", KINDS)
def test_quiet_weights_give_equal_logits(kind, tmp_path):
    theirs = write_folder(tmp_path, kind, loud=False)
    ids = random_ids()
    assert relative_difference(logits_of(load_pretrained(tmp_path), ids), logits_of(theirs, ids)) < 1e-5


def test_the_comparison_notices_two_exchanged_matrices(copy):
    theirs = transformers.AutoModelForCausalLM.from_pretrained(copy, dtype=torch.float32)
    gate, up = (f"model.layers.1.mlp.{name}_proj.weight" for name in ("gate", "up"))
    edit_weights(copy, lambda tensors: tensors.update({gate: tensors[up], up: tensors[gate]}))
    ids = random_ids()
    assert relative_difference(logits_of(load_pretrained(copy), ids), logits_of(theirs, ids)) > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_every_tensor_of_the_model_is_in_the_key_table(kind):
    family = FAMILIES[CONFIGS[kind].model_type]
    config = family.config_from_hf(CONFIGS[kind].to_dict())
    with torch.device("meta"):
        names = set(dict(Decoder(config).named_parameters()))
    assert {ours for place in family.key_table(config).values() for ours in place.names} == names


# The way back


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_we_save_transformers_loads_byte_for_byte(kind, dtype, tmp_path):
    write_folder(tmp_path / "theirs", kind, dtype=dtype)
    ours = load_pretrained(tmp_path / "theirs")
    save_pretrained(ours, tmp_path / "ours")
    before, after = (load_file(tmp_path / name / "model.safetensors") for name in ("theirs", "ours"))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name].view(torch.uint8), after[name].view(torch.uint8)) for name in before)

    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "ours", dtype="auto")
    assert theirs.dtype is dtype
    if dtype is torch.float32:
        ids = random_ids()
        assert relative_difference(logits_of(ours, ids), logits_of(theirs, ids)) < 1e-5
    assert load_pretrained(tmp_path / "ours").config == ours.config


def test_saving_keeps_other_files_and_replaces_the_old_ones(copy):
    (copy / "tokenizer.json").write_text("kept")
    model = load_pretrained(copy)
    with torch.no_grad():
        model.norm.weight.add_(1.0)
    save_pretrained(model, copy)
    assert torch.equal(load_pretrained(copy).norm.weight, model.norm.weight)
    assert (copy / "tokenizer.json").read_text() == "kept"
    assert not list(copy.glob(".saving*"))


def test_a_failed_save_leaves_the_old_checkpoint(copy, monkeypatch):
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    model = load_pretrained(copy)

    def stop_half_way(tensors, path, metadata):
        path.write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr("llmbook.checkpoint.pretrained.save_file", stop_half_way)
    with pytest.raises(OSError, match="no space"):
        save_pretrained(model, copy)
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before


def test_a_model_with_tensors_of_its_own_is_not_saved(folder, tmp_path):
    model = load_pretrained(folder)
    model.layers[0].extra = torch.nn.Linear(2, 2)
    with pytest.raises(CheckpointError, match=r"layers\.0\.extra\.bias, layers\.0\.extra\.weight; if they"):
        save_pretrained(model, tmp_path)


# dtypes


def test_dtype_is_kept_or_converted(folder):
    assert load_pretrained(folder).norm.weight.dtype is torch.float32
    assert load_pretrained(folder, dtype=torch.bfloat16).norm.weight.dtype is torch.bfloat16


def test_a_float16_file_is_converted_but_not_run(tmp_path):
    write_folder(tmp_path, "llama", dtype=torch.float16)
    with pytest.raises(CheckpointError, match=r"model\.safetensors is in torch.float16.*pass dtype=torch\.float32"):
        load_pretrained(tmp_path)
    assert load_pretrained(tmp_path, dtype=torch.float32).norm.weight.dtype is torch.float32
    with pytest.raises(CheckpointError, match=r"dtype is torch\.float16"):
        load_pretrained(tmp_path, dtype=torch.float16)


@pytest.mark.parametrize(("named", "expected"), [("bfloat16", torch.bfloat16), (None, torch.float32)])
def test_mixed_dtypes_become_the_one_that_the_config_names_or_the_widest(named, expected, copy):
    edit_config(copy, dtype=named)
    name = "model.layers.0.mlp.up_proj.weight"
    edit_weights(copy, lambda tensors: tensors.update({name: tensors[name].bfloat16()}))
    model = load_pretrained(copy)
    assert {tensor.dtype for tensor in model.parameters()} == {expected}


# Known duplicates


def test_an_equal_copy_of_the_tied_head_is_accepted_and_a_different_one_is_not(copy):
    edit_weights(copy, lambda tensors: tensors.update({"lm_head.weight": tensors["model.embed_tokens.weight"].clone()}))
    ids = random_ids()
    theirs = transformers.AutoModelForCausalLM.from_pretrained(copy, dtype=torch.float32)
    assert relative_difference(logits_of(load_pretrained(copy), ids), logits_of(theirs, ids)) < 1e-5
    edit_weights(copy, lambda tensors: tensors["lm_head.weight"].view(-1)[7].add_(1e-3))
    with pytest.raises(
        CheckpointError, match=r"lm_head\.weight: config\.json ties it to the embedding, but they differ"
    ):
        load_pretrained(copy)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_old_rotation_speeds_are_accepted_only_if_they_are_right(dtype, copy):
    name = "model.layers.1.self_attn.rotary_emb.inv_freq"
    speeds = 10000.0 ** -(torch.arange(0, 12, 2) / 12)
    edit_weights(copy, lambda tensors: tensors.update({name: speeds.to(dtype)}))
    load_pretrained(copy)
    edit_weights(copy, lambda tensors: tensors.update({name: (speeds / 2).to(dtype)}))
    with pytest.raises(CheckpointError, match=r"inv_freq: these rotation speeds are not those of rope_theta"):
        load_pretrained(copy)


# Memory

PEAK = r"""
import re, sys
import torch
from llmbook.checkpoint import load_pretrained, read_checkpoint_config
from llmbook.models import Decoder, llama
from safetensors.torch import load_file

def peak():  # not ru_maxrss, which a child inherits from its parent
    return int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]) * 1024

def naive(folder):
    model = Decoder(read_checkpoint_config(folder))
    tensors = load_file(folder + "/model.safetensors")
    for name, tensor in model.named_parameters():
        tensor.data.copy_(tensors[KEYS[name]])
    return model

KEYS = {place.names[0]: theirs for theirs, place in llama.key_table(read_checkpoint_config(sys.argv[1])).items()}
torch.ones(8, 8) @ torch.ones(8, 8)
before = peak()
model = {"ours": load_pretrained, "naive": naive}[sys.argv[2]](sys.argv[1])
weights = sum(tensor.nbytes for tensor in model.parameters())
for tensor in model.parameters():
    tensor.sum()  # reads every number, so that none can still be on the disk
print((peak() - before) / weights)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_peak_of_memory_is_near_the_size_of_the_weights(tmp_path):
    config = transformers.LlamaConfig(
        vocab_size=8000, hidden_size=1024, intermediate_size=2752, num_hidden_layers=3, num_attention_heads=8,
        num_key_value_heads=8,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(tmp_path)
    assert (tmp_path / "model.safetensors").stat().st_size > 190e6

    def peak(loader):
        command = [sys.executable, "-c", PEAK, str(tmp_path), loader]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    assert 0.9 < peak("ours") < 1.4
    assert peak("naive") > 1.6
