"""Adapters in and out of the weights: merging, unmerging and removing; what copies and saved states hold."""

import copy
import io

import pytest
import torch
from adapted_decoders import KINDS, generator, move_, small_decoder, some_ids, trained
from torch import nn

from llmbook.adapters import DoRALinear, adapter_layers, inject, lora_plus_groups, merge, remove, unmerge
from llmbook.checkpoint import CheckpointError, save_pretrained
from llmbook.models import Decoder, initialize_, llama


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_merge_and_unmerge(kind):
    model = trained(kind)
    ids, adapted = some_ids(model), model(some_ids(model))
    weights = {name: layer.base.weight.clone() for name, layer in adapter_layers(model).items()}
    assert merge(model) is model and all(layer.merged for layer in adapter_layers(model).values())
    torch.testing.assert_close(model(ids), adapted)
    assert torch.equal(model.train()(ids), model.eval()(ids))  # a merged layer is its base layer
    move_(model)  # also if the adapter changes in the meantime
    assert unmerge(model) is model
    for name, layer in adapter_layers(model).items():
        assert torch.equal(layer.base.weight, weights[name]) and not layer.merged


@pytest.mark.parametrize("kind", KINDS)
def test_merging_twice_and_unmerging_twice_raise(kind):
    model = trained(kind)
    with pytest.raises(RuntimeError, match="not merged"):
        unmerge(model)
    adapter_layers(model)["layers.0.self_attn.q_proj"].merge()
    with pytest.raises(RuntimeError, match=r"1 of 4 layers are merged \(first: layers.0.self_attn.q_proj\)"):
        merge(model)
    with pytest.raises(RuntimeError, match="3 of 4 layers are not merged"):
        unmerge(model)
    layer = adapter_layers(model)["layers.0.self_attn.q_proj"]
    with pytest.raises(RuntimeError, match="twice"):
        layer.merge()
    layer.unmerge()
    with pytest.raises(RuntimeError, match="nothing to undo"):
        layer.unmerge()


def test_models_without_adapters_are_told_to_inject():
    for action in (merge, unmerge, remove, lambda model: lora_plus_groups(model, learning_rate=1, ratio=2)):
        with pytest.raises(ValueError, match="call inject first"):
            action(small_decoder())


@torch.no_grad()
def test_an_undefined_update_is_not_merged_anywhere():
    model = trained("lora")
    list(adapter_layers(model).values())[-1].lora_B[0, 0] = float("nan")
    before = {name: layer.base.weight.clone() for name, layer in adapter_layers(model).items()}
    with pytest.raises(ValueError, match="diverge"):
        merge(model)
    for name, layer in adapter_layers(model).items():
        assert torch.equal(layer.base.weight, before[name]) and not layer.merged


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_what_a_merged_layer_says_of_itself_is_unchanged(kind):
    layer = adapter_layers(trained(kind))["layers.0.self_attn.q_proj"]
    weight, delta = layer.merged_weight(), layer.delta()
    layer.merge()
    assert torch.equal(layer.base.weight, weight)
    assert torch.equal(layer.merged_weight(), weight) and torch.equal(layer.delta(), delta)


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_removed_adapters_leave_a_plain_model(kind, tmp_path):
    model = trained(kind)
    ids, adapted, plain = some_ids(model), model(some_ids(model)), small_decoder()(some_ids(model))
    with pytest.raises(CheckpointError, match=r"remove\(merge\(model\)\)"):
        save_pretrained(model, tmp_path)
    assert torch.equal(remove(copy.deepcopy(model))(ids), plain)
    remove(merge(model))
    torch.testing.assert_close(model(ids), adapted)
    assert model.state_dict().keys() == small_decoder().state_dict().keys()
    save_pretrained(model, tmp_path)
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_a_merged_layer_gives_its_adapter_no_gradient():
    layer = adapter_layers(trained("dora"))["layers.0.self_attn.q_proj"].train()
    x = torch.randn(2, layer.base.in_features, generator=generator(), requires_grad=True)
    for is_merged in (False, True):
        layer.zero_grad()
        layer(x).sum().backward()
        assert [p.grad is None for p in (layer.lora_A, layer.lora_B, layer.magnitude)] == 3 * [is_merged]
        layer.merge() if not is_merged else layer.unmerge()


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_a_second_adapter_adapts_the_merged_weights(kind):
    model = trained(kind)
    ids, first = some_ids(model), model(some_ids(model))
    remove(merge(model))
    inject(model, ["q_proj", "down_proj"], kind=kind, rank=2)
    torch.testing.assert_close(model(ids), first)
    move_(model)
    second = model(ids)
    assert not torch.allclose(second, first)
    torch.testing.assert_close(merge(model)(ids), second)


# Copies and files


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_a_copy_lives_its_own_life(kind):
    model = trained(kind)
    ids, before = some_ids(model), model(some_ids(model))
    other = copy.deepcopy(model)
    assert torch.equal(other(ids), before)
    move_(other)
    assert torch.equal(model(ids), before) and not torch.equal(other(ids), before)
    merged = copy.deepcopy(merge(model))
    torch.testing.assert_close(merged(ids), before)
    unmerge(merged)
    assert all(layer.merged for layer in adapter_layers(model).values())
    assert torch.equal(merged(ids), before)


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_a_whole_state_comes_back(kind):
    model = trained(kind)
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    other = inject(initialize_(Decoder(llama.tiny()), generator(9)).eval(), ["q_proj", "down_proj"], kind=kind, rank=3)
    other(some_ids(other))  # so that something is remembered
    other.load_state_dict(torch.load(file))
    assert torch.equal(other(some_ids(model)), model(some_ids(model)))
    assert not any("norm" in name for name in model.state_dict() if "q_proj" in name)


def test_a_merged_state_is_neither_saved_nor_loaded():
    model = trained("dora")
    state = model.state_dict()
    merge(model)
    with pytest.raises(RuntimeError, match=r"layers.0.self_attn.q_proj is merged.*unmerge"):
        model.state_dict()
    with pytest.raises(RuntimeError, match="call unmerge"):
        model.load_state_dict(state)
    unmerge(model).load_state_dict(state)


@pytest.mark.parametrize("strict", [True, False])
def test_plain_weights_do_not_go_into_an_adapted_model(strict):
    plain, model = small_decoder().state_dict(), trained("dora")
    with pytest.raises(RuntimeError, match=r"q_proj is adapted already: load the weights into the plain model first"):
        model.load_state_dict(plain, strict=strict)
    base = {name: tensor for name, tensor in model.state_dict().items() if "magnitude" not in name}
    with pytest.raises(RuntimeError, match=r"magnitude of layers.0.self_attn.q_proj"):
        model.load_state_dict(base, strict=strict)


@torch.no_grad()
def test_weights_written_in_place_ask_for_a_new_magnitude():
    layer = DoRALinear(nn.Linear(6, 5, bias=False), rank=2, alpha=2)
    layer.base.weight.mul_(3)
    x = torch.randn(4, 6, generator=generator())
    assert not torch.allclose(layer(x), layer.base(x))
    layer.reset_magnitude_()
    assert torch.equal(layer(x), layer.base(x))
