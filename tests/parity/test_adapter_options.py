"""Every field of PEFT's ``LoraConfig`` at a second value: loaded with equal logits, or refused by the field's name."""

import copy
import json
from dataclasses import fields

import pytest
import torch
from adapted_models import refused, theirs_saved
from pairs import make_pair
from peft import LoraConfig

from llmbook.adapters import load_adapter, peft_config
from llmbook.adapters.peft_config import CONFIG
from llmbook.debug import relative_difference

MADE = {  # by PEFT; where another option must go along, it stands beside
    "r": 5, "lora_alpha": 11, "lora_dropout": 0.3, "use_rslora": True, "use_dora": True, "fan_in_fan_out": True,
    "target_modules": "all-linear", "exclude_modules": "v_proj", "layers_to_transform": [1], "layers_pattern": "layers",
    "rank_pattern": {"layers.1.*q_proj": 2, "v_proj": 7}, "alpha_pattern": {r"layers\.[12]\..*_proj": 9.5},
    "target_parameters": ["k_proj.weight", "layers.0.self_attn.o_proj.weight"], "ensure_weight_tying": True,
    "task_type": "CAUSAL_LM", "revision": "main", "base_model_name_or_path": "some/model",
}  # fmt: skip
REFUSED = {  # made by PEFT too, and the reason names the field
    "bias": "all", "modules_to_save": ["lm_head"], "init_lora_weights": "pissa", "trainable_token_indices": [1, 2],
    "lora_bias": True, "alora_invocation_tokens": [5], "layer_replication": [[0, 2], [1, 3]],
}  # fmt: skip
BESIDE = {
    "layers_pattern": {"layers_to_transform": [0, 2]}, "alora_invocation_tokens": {"task_type": "CAUSAL_LM"},
    "target_parameters": {"rank_pattern": {"k_proj": 7, "o_proj.weight": 4}},
}  # fmt: skip
WRITTEN = {  # into the file: what PEFT makes only with other data or programs, or puts in by itself
    "loftq_config": ({"loftq_bits": 4}, True), "eva_config": ({"rho": 2.0}, True),
    "corda_config": ({"corda_method": "ipm"}, True), "lora_ga_config": ({"scale": "stable"}, True),
    "megatron_config": ({"a": 1}, True), "megatron_core": ("megatron.core", True), "qalora_group_size": (8, True),
    "runtime_config": ({"ephemeral_gpu_offload": True}, True), "auto_mapping": ({"parent_library": "x"}, True),
    "peft_version": ("0.1", True),
    "inference_mode": (False, True), "velora_config": ({"num_groups": 4}, False), "use_qalora": (True, False),
    "monteclora_config": ({}, False), "use_bdlora": ({"nblocks": 2}, False), "arrow_config": ({"top_k": 3}, False),
    "kasa_config": ({"beta": 1e-4}, False), "peft_type": ("IA3", False),
}  # fmt: skip


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)


def options(name: str) -> dict:
    return {name: (MADE | REFUSED)[name]} | BESIDE.get(name, {})


def written(folder, name: str) -> None:
    path = folder / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: WRITTEN[name][0]}))


def test_every_field_of_peft_is_here():
    assert sorted([*MADE, *REFUSED, *WRITTEN]) == sorted(field.name for field in fields(LoraConfig))


@pytest.mark.filterwarnings("ignore")  # PEFT's about its options
@pytest.mark.parametrize("name", MADE)
def test_an_option_is_read(name, tmp_path):
    ours, ids, expected = theirs_saved("llama-grouped", tmp_path, **options(name))
    assert relative_difference(ours(ids), expected) > 0.01
    with torch.no_grad():
        assert relative_difference(load_adapter(ours, tmp_path)(ids), expected) <= 1e-5


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", REFUSED)
def test_an_option_is_refused(name, tmp_path):
    refused(theirs_saved("llama-grouped", tmp_path, **options(name))[0], tmp_path, rf"{CONFIG}: .*{name} = ")


@pytest.mark.parametrize("name", WRITTEN)
def test_a_written_field(name, tmp_path):
    ours, ids, expected = theirs_saved("llama-grouped", tmp_path)
    written(tmp_path, name)
    if not WRITTEN[name][1]:
        refused(ours, tmp_path, name)
        return
    with torch.no_grad():
        assert relative_difference(load_adapter(ours, tmp_path)(ids), expected) <= 1e-5


def test_the_twin_reads_what_is_not_built(tmp_path, monkeypatch):
    ours, _, _ = theirs_saved("llama-grouped", tmp_path)
    written(tmp_path, "kasa_config")
    monkeypatch.setattr(peft_config, "not_built", lambda config: [])
    load_adapter(ours, tmp_path)


def test_a_pattern_of_a_parameter_does_not_name_its_layer(tmp_path, monkeypatch):
    """The twin matches the layer's name, and asks for another rank."""
    ours, _, _ = theirs_saved("llama-grouped", tmp_path, **options("target_parameters"))
    plain = copy.deepcopy(make_pair("llama-grouped", "loud", 0)[0])
    load_adapter(ours, tmp_path)
    monkeypatch.setattr(peft_config, "targeted_name", lambda config, name: name)
    refused(plain, tmp_path, "shape")
