"""Adapters made under ``torch.inference_mode``, and what stands at the edges of their settings."""

import json

import pytest
import torch
from adapted_decoders import KINDS, generator, move_, small_decoder, some_ids, trained
from torch import nn

from llmbook.adapters import (
    LoRAEmbedding,
    Settings,
    adapter_layers,
    base,
    inject,
    injection,
    load_adapter,
    merge,
    save_adapter,
    unmerge,
)
from llmbook.adapters.peft_config import CONFIG


@pytest.mark.parametrize("kind", KINDS)
def test_adapters_made_in_inference_mode_can_be_trained(kind, tmp_path):
    save_adapter(trained(kind), tmp_path)
    for put in (lambda model: inject(model, ["q_proj"], kind=kind), lambda model: load_adapter(model, tmp_path)):
        model = small_decoder()
        with torch.inference_mode():
            put(model)
        model.train()(some_ids(model)).sum().backward()
        assert all(layer.lora_B.grad is not None for layer in adapter_layers(model).values())


def test_the_twin_cannot_be_trained(monkeypatch):
    def as_before(like, shape, draw, generator):
        return nn.Parameter(draw(torch.empty(shape, dtype=like.dtype), generator=generator))

    monkeypatch.setattr("llmbook.adapters.lora.new_parameter", as_before)
    model = small_decoder()
    with torch.inference_mode():
        inject(model, ["q_proj"])
    with pytest.raises(RuntimeError, match="does not require grad"):  # torch says no more than that
        model.train()(some_ids(model)).sum().backward()


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_made_in_inference_mode_is_used_there_and_not_trained(kind, tmp_path):
    source = trained(kind)
    save_adapter(source, tmp_path)
    with torch.inference_mode():
        model = small_decoder()
        with pytest.raises(ValueError, match=r"load it outside of that mode"):
            inject(model, ["q_proj"], kind=kind)
        assert torch.equal(load_adapter(model, tmp_path)(some_ids(model)), source(some_ids(source)))
        merge(model)
        unmerge(model)
    with torch.no_grad():
        inject(small_decoder(), ["q_proj"], kind=kind)  # this does no harm, as the error says


# Second values and edges


def test_the_base_model_is_named(tmp_path):
    for given in (None, "meta-llama/Llama-2-7b-hf"):
        save_adapter(trained("lora"), tmp_path, base_model=given)
        assert json.loads((tmp_path / CONFIG).read_text())["base_model_name_or_path"] == given
        load_adapter(small_decoder(), tmp_path)
    with pytest.raises(ValueError, match="base_model is a text"):
        save_adapter(trained("lora"), tmp_path, base_model=3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rank", [1, 47, 48, 49])
@torch.no_grad()
def test_ranks_up_to_the_sizes_of_the_matrix_and_above(kind, rank, tmp_path):
    model = inject(small_decoder(), ["q_proj"], kind=kind, rank=rank, alpha=1, generator=generator(2))
    assert {min(layer.base.weight.shape) for layer in adapter_layers(model).values()} == {48}
    move_(model)
    save_adapter(model, tmp_path)
    again, ids = load_adapter(small_decoder(), tmp_path), some_ids(model)
    assert torch.equal(again(ids), model(ids)) and not torch.equal(again(ids), small_decoder()(ids))


@pytest.mark.parametrize("options", [
    {"kind": "dora", "rank_stabilized": True}, {"kind": "lora", "rank_stabilized": True}, {"kind": "dora"},
    {"kind": "dora", "dropout": 0.3, "rank_stabilized": True}, {"alpha": 0.5}, {"targets": ("layers.1.mlp.up_proj",)},
    {"targets": ("lm_head", "q_proj")}, {"targets": ("embed_tokens",)}, {"targets": ("embed_tokens", "lm_head")},
])  # fmt: skip
@torch.no_grad()
def test_options_go_there_and_back(options, tmp_path):
    model = trained(options.pop("kind", "lora"), **options)
    save_adapter(model, tmp_path)
    again, ids = load_adapter(small_decoder(), tmp_path), some_ids(model)
    assert torch.equal(again(ids), model(ids)) and not torch.equal(again(ids), small_decoder()(ids))
    assert {n: x.settings for n, x in adapter_layers(again).items()} == {
        n: x.settings for n, x in adapter_layers(model).items()}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_merging_in_bfloat16(kind, tmp_path):
    model = inject(small_decoder().bfloat16(), ["q_proj"], kind=kind, rank=3, generator=generator(2))
    move_(model)
    ids, before = some_ids(model), {n: x.base.weight.clone() for n, x in adapter_layers(model).items()}
    adapted = model(ids)
    assert all(layer.lora_A.dtype == torch.float32 for layer in adapter_layers(model).values())
    torch.testing.assert_close(merge(model)(ids), adapted, rtol=0.1, atol=0.1)
    assert all(x.base.weight.dtype == torch.bfloat16 for x in adapter_layers(model).values())
    save_adapter(model, tmp_path)  # merged or not, the file is the adapter's
    unmerge(model)
    assert all(torch.equal(x.base.weight, before[n]) for n, x in adapter_layers(model).items())
    assert torch.equal(load_adapter(small_decoder().bfloat16(), tmp_path)(ids), model(ids))


def test_an_adapter_that_fails_to_be_made_freezes_nothing(monkeypatch):
    """Whatever fails: here the arithmetic of the second layer, as alpha 1e300 made it fail."""
    def failing(layer):
        if calls.append(layer) or len(calls) > 1:
            raise RuntimeError("value cannot be converted")
        return norm(layer)

    norm, calls = injection.DoRALinear.norm, []
    monkeypatch.setattr(injection.DoRALinear, "norm", failing)
    model = small_decoder().requires_grad_(True)
    with pytest.raises(RuntimeError, match="cannot be converted"):
        inject(model, ["q_proj"], kind="dora")
    assert not adapter_layers(model) and all(parameter.requires_grad for parameter in model.parameters())


def test_an_embedding_can_be_rank_stabilized():
    assert LoRAEmbedding(nn.Embedding(5, 4), rank=4, alpha=8, rank_stabilized=True).scaling == 4
    assert base.scaling(8, 4) == 2 and Settings(rank=4).rank == 4
