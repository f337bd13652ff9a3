"""Adapters of a compiled or parallel model: the files and names of the model itself, and every function works there."""

import copy

import pytest
import torch
from adapted_decoders import generator, move_, small_decoder, some_ids, trained
from safetensors.torch import load_file
from torch import distributed, nn
from torch.optim.swa_utils import AveragedModel

from llmbook.adapters import (
    adapter_layers,
    files,
    inject,
    load_adapter,
    lora_plus_groups,
    merge,
    names,
    remove,
    save_adapter,
    trainable_parameters,
    unmerge,
)
from llmbook.adapters.peft_config import CONFIG, WEIGHTS
from llmbook.checkpoint import CheckpointError
from llmbook.models import Decoder, gemma


@pytest.fixture
def parallel(tmp_path):
    """DistributedDataParallel in a group of one process."""
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    yield nn.parallel.DistributedDataParallel
    distributed.destroy_process_group()


def compiled(model: nn.Module) -> nn.Module:
    return torch.compile(model, backend="eager")


def compiled_inside(model: nn.Module) -> nn.Module:
    """Layer by layer, as large models are compiled."""
    for number, layer in enumerate(model.layers):
        model.layers[number] = compiled(layer)
    return model


WRAPS = {"compiled": compiled, "inside": compiled_inside, "data parallel": nn.DataParallel, "averaged": AveragedModel}


@pytest.fixture(params=[*WRAPS, "distributed"])
def wrap(request):
    return WRAPS.get(request.param) or request.getfixturevalue("parallel")


def content(folder):
    return {name: (folder / name).read_bytes() for name in (CONFIG, WEIGHTS)}


@pytest.mark.parametrize("kind", ["lora", "dora"])
def test_what_is_saved_is_what_the_model_alone_saves(kind, wrap, tmp_path):
    model = trained(kind)
    save_adapter(model, tmp_path / "plain")
    save_adapter(wrap(copy.deepcopy(model)), tmp_path / "wrapped")
    assert content(tmp_path / "plain") == content(tmp_path / "wrapped")
    again = load_adapter(small_decoder(), tmp_path / "wrapped")
    assert torch.equal(again(some_ids(model)), model(some_ids(model)))


def test_the_twin_saves_what_nobody_can_load(tmp_path, monkeypatch):
    for module in (files, names):
        monkeypatch.setattr(module, "unwrapped", lambda model: model)
    monkeypatch.setattr(files, "adapter_layers", lambda model: {
        name: module for name, module in model.named_modules() if hasattr(module, "lora_A")})  # fmt: skip
    monkeypatch.setattr(names, "named_layers", lambda model: dict(model.named_modules()))
    save_adapter(compiled(trained("lora")), tmp_path)
    assert all("_orig_mod" in name for name in load_file(tmp_path / WEIGHTS))
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="_orig_mod"):
        load_adapter(small_decoder(), tmp_path)


@pytest.mark.parametrize("kind", ["lora", "dora"])
def test_a_wrapped_model_takes_new_numbers(kind, wrap, tmp_path):
    save_adapter(trained(kind), tmp_path)
    model = wrap(inject(small_decoder(), ["q_proj", "down_proj"], kind=kind, rank=3, generator=generator(8)))
    assert load_adapter(model, tmp_path) is model
    for name, layer in adapter_layers(trained(kind)).items():
        assert torch.equal(adapter_layers(model)[name].lora_B, layer.lora_B)


@pytest.mark.parametrize("name", WRAPS)
@torch.no_grad()
def test_a_plain_model_in_a_wrapper_gets_adapters(name, tmp_path):
    source = trained("dora")
    save_adapter(source, tmp_path)
    model, ids = WRAPS[name](small_decoder()), some_ids(source)
    assert not torch.equal(model(ids), source(ids))
    assert torch.equal(load_adapter(model, tmp_path)(ids), source(ids))
    torch.testing.assert_close(merge(model)(ids), source(ids))
    assert torch.equal(unmerge(model)(ids), source(ids))
    assert torch.equal(remove(model)(ids), small_decoder()(ids)) and not adapter_layers(model)


def test_parameters_that_would_never_be_averaged_are_refused(parallel, tmp_path):
    save_adapter(trained("lora"), tmp_path)
    model = parallel(small_decoder().requires_grad_(True))
    with pytest.raises(ValueError, match="put the adapters in first, then wrap"):
        inject(model, ["q_proj"])
    with pytest.raises(CheckpointError, match="put the adapters in first, then wrap"):
        load_adapter(model, tmp_path)
    assert not adapter_layers(model) and all(parameter.requires_grad for parameter in model.parameters())


def test_names_and_rates_are_those_of_the_model(wrap):
    model, plain = wrap(trained("dora")), trained("dora")
    assert list(adapter_layers(model)) == list(adapter_layers(plain))
    assert list(trainable_parameters(model)) == list(trainable_parameters(plain))
    found, expected = (
        {group["name"]: (len(group["params"]), group["lr"]) for group in lora_plus_groups(m, learning_rate=1, ratio=4)}
        for m in (model, plain)
    )
    assert found == expected and found.keys() == {"A", "B", "magnitude"}
    move_(model)


def test_what_is_tied_is_seen_through_a_wrapper():
    for wrap in (compiled, nn.DataParallel):
        with pytest.raises(ValueError, match="tied"):
            inject(wrap(Decoder(gemma.tiny())), ["embed_tokens"])
        with pytest.raises(ValueError, match="tied"):
            inject(wrap(Decoder(gemma.tiny())), ["lm_head"])
