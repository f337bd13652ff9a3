"""Adapters of output matrices and embeddings, beside which PEFT writes the frozen weight itself."""

import copy
import json
from dataclasses import replace

import pytest
import torch
from adapted_models import refused, train_at_random_
from pairs import CASES, MORE_CASES, make_pair, our_model, random_ids, reference_of, their_logits
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

from llmbook.adapters import files, inject, load_adapter, save_adapter
from llmbook.adapters.peft_config import CONFIG, WEIGHTS
from llmbook.debug import relative_difference

pytestmark = pytest.mark.filterwarnings("ignore:Setting `save_embedding_layers`", "ignore:fan_in_fan_out")
UNTIED = [case for case, (_, config) in (CASES | MORE_CASES).items() if not config.tie_embeddings]
TIED = [case for case, (_, config) in (CASES | MORE_CASES).items() if config.tie_embeddings]


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)


def pair(case: str):
    return tuple(copy.deepcopy(model) for model in make_pair(case, "loud", 0))


def saved_by_peft(theirs, folder, *, save_embedding_layers="auto", **options):
    model = get_peft_model(theirs, LoraConfig(r=3, lora_alpha=5, **options)).eval()
    train_at_random_((p for p in model.parameters() if p.requires_grad), 6)
    model.save_pretrained(folder, save_embedding_layers=save_embedding_layers)
    return model


@pytest.mark.parametrize("options", [
    {"target_modules": ["q_proj", "lm_head"]}, {"target_modules": ["lm_head"], "use_dora": True},
    {"target_modules": ["embed_tokens", "lm_head"]}, {"target_modules": ".*(lm_head|v_proj)"},
], ids=["lora", "dora", "both", "expression"])  # fmt: skip
@pytest.mark.parametrize("case", UNTIED)
@torch.no_grad()
def test_an_adapted_output_matrix_is_read(case, options, tmp_path):
    ours, theirs = pair(case)
    ids = random_ids(ours.config, 2, 12, 0)
    model = saved_by_peft(theirs, tmp_path, **options)
    expected = their_logits(model, ids, "plain")
    assert "base_model.model.lm_head.base_layer.weight" in load_file(tmp_path / WEIGHTS)
    assert relative_difference(ours(ids), expected) > 0.01
    assert relative_difference(load_adapter(ours, tmp_path)(ids), expected) <= 1e-5


@pytest.mark.parametrize("kind", ["lora", "dora"])
@pytest.mark.parametrize("case", UNTIED)
@torch.no_grad()
def test_ours_comes_back_from_peft(case, kind, tmp_path):
    ours, theirs = pair(case)
    inject(ours, ["q_proj", "lm_head"], kind=kind, rank=3, alpha=5)
    train_at_random_((p for p in ours.parameters() if p.requires_grad), 8)
    save_adapter(ours, tmp_path / "ours")
    PeftModel.from_pretrained(theirs, str(tmp_path / "ours")).eval().save_pretrained(tmp_path / "theirs")
    ids = random_ids(ours.config, 2, 12, 0)
    assert torch.equal(load_adapter(pair(case)[0], tmp_path / "theirs")(ids), ours(ids))
    assert torch.equal(load_adapter(ours, tmp_path / "theirs")(ids), ours(ids))  # an adapted model, too


def test_phi_keeps_the_bias_of_its_output_matrix(tmp_path):
    ours, theirs = pair("phi")
    saved_by_peft(theirs, tmp_path, target_modules=["lm_head"])
    assert "base_model.model.lm_head.base_layer.bias" in load_file(tmp_path / WEIGHTS)
    with torch.no_grad():
        ours.lm_head.bias.mul_(1.01)
    refused(ours, tmp_path, r"lm_head\.base_layer\.bias is not the lm_head\.bias of this model")


@pytest.mark.parametrize("case", ["llama-grouped", "gpt2", "falcon", "olmo-tied", "phi"])
@torch.no_grad()
def test_copies_of_what_is_not_adapted_are_compared_too(case, tmp_path):
    target = {"gpt2": "c_fc", "falcon": "dense"}.get(case, "q_proj")
    ours, theirs = pair(case)
    ids = random_ids(ours.config, 2, 12, 0)
    model = saved_by_peft(theirs, tmp_path, target_modules=[target], save_embedding_layers=True)
    assert any(name.endswith("lm_head.weight") for name in load_file(tmp_path / WEIGHTS))
    other = copy.deepcopy(ours)
    assert relative_difference(load_adapter(ours, tmp_path)(ids), their_logits(model, ids, "plain")) <= 1e-5
    other.embed_tokens.weight.mul_(1.01)
    refused(other, tmp_path, "of this model, so the adapter was trained on another one")


def test_a_copy_of_another_model_is_refused_and_the_twin_takes_it(tmp_path, monkeypatch):
    ours, theirs = pair("llama-grouped")
    saved_by_peft(theirs, tmp_path, target_modules=["lm_head"])
    with torch.no_grad():
        ours.lm_head.weight[0, 0] += 1e-3
    refused(ours, tmp_path, r"lm_head\.base_layer\.weight is not the lm_head\.weight of this model")
    monkeypatch.setattr(files, "check_copies", lambda model, contents: None)
    load_adapter(ours, tmp_path)


@pytest.mark.parametrize("change", [
    lambda tensor: tensor[:-1].clone(), lambda tensor: tensor.T.contiguous(), lambda tensor: tensor * float("nan"),
    lambda tensor: tensor.int(), lambda tensor: tensor.flatten(), lambda tensor: tensor[:0].clone(),
])  # fmt: skip
def test_a_damaged_copy_is_refused(change, tmp_path):
    ours, theirs = pair("llama-grouped")
    saved_by_peft(theirs, tmp_path, target_modules=["lm_head"])
    tensors = load_file(tmp_path / WEIGHTS)
    name = "base_model.model.lm_head.base_layer.weight"
    save_file(tensors | {name: change(tensors[name])}, tmp_path / WEIGHTS)
    refused(ours, tmp_path, "is not the lm_head.weight of this model")
    save_file(tensors | {"base_model.model.lm_head.base_layer.scale": torch.ones(1)}, tmp_path / WEIGHTS)
    refused(ours, tmp_path, "is not a tensor of LoRA or DoRA")


@torch.no_grad()
def test_a_copy_in_float32_fits_the_same_model_in_bfloat16(tmp_path):
    ours, theirs = pair("llama-grouped")
    saved_by_peft(theirs, tmp_path, target_modules=["lm_head"])
    load_adapter(ours.bfloat16(), tmp_path)


@pytest.mark.parametrize("case", TIED)
def test_the_reason_for_tied_models_is_said(case, tmp_path):
    ours, theirs = pair(case)
    embedding = {"gpt2": "wte", "falcon": "word_embeddings"}.get(case, "embed_tokens")
    for target in ("lm_head", embedding):
        saved_by_peft(theirs, tmp_path / target, target_modules=[target])
        refused(ours, tmp_path / target, "tied")
        theirs = pair(case)[1]


@pytest.mark.parametrize("tying", [True, False])
def test_adapters_that_peft_ties_are_refused(tying, tmp_path):
    ours, theirs = pair("gemma-2b")
    saved_by_peft(theirs, tmp_path, target_modules=["embed_tokens", "lm_head"], ensure_weight_tying=tying)
    assert json.loads((tmp_path / CONFIG).read_text())["ensure_weight_tying"] == tying
    refused(ours, tmp_path, "tied")


@torch.no_grad()
def test_a_scaled_embedding_and_its_output_matrix(tmp_path):
    ours = our_model(replace(CASES["gemma-2b"][1], tie_embeddings=False), "loud", 0)
    ids, plain = random_ids(ours.config, 2, 12, 0), copy.deepcopy(ours)
    model = saved_by_peft(reference_of("gemma", ours), tmp_path, target_modules=["embed_tokens", "lm_head", "q_proj"])
    expected = their_logits(model, ids, "plain")
    assert relative_difference(plain(ids), expected) > 0.01
    assert relative_difference(load_adapter(ours, tmp_path)(ids), expected) <= 1e-5
