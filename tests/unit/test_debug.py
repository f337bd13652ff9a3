"""Loud weights, the measure of difference, and the search for the module that differs."""

import copy
from dataclasses import replace

import pytest
import torch

from llmbook.debug import Divergence, first_divergence, module_differences, randomize_, relative_difference
from llmbook.layers import activation
from llmbook.models import Decoder, gemma, initialize_, llama, olmo

IDS = torch.tensor([[5, 0, 255, 17, 3, 8, 8, 1]])
FAMILIES = {"gemma": gemma, "llama": llama, "olmo": olmo}


def loud(config, seed: int = 0) -> Decoder:
    return randomize_(Decoder(config), seed).requires_grad_(False)


# Weights


def test_loud_weights_of_a_model():
    model = loud(replace(llama.tiny(), width=96, bias=True))
    for name, tensor in model.named_parameters():
        mean, std = float(tensor.mean()), float(tensor.std())
        if tensor.ndim > 1:
            assert std == pytest.approx(0.3, rel=0.1) and abs(mean) < 0.02, name
        else:
            assert std == pytest.approx(0.5, rel=0.5), name
            assert mean == pytest.approx(1.0 if "norm" in name else 0.0, abs=0.3), name


@pytest.mark.parametrize(("family", "neutral"), [("gemma", 0.0), ("llama", 1.0)])
def test_gains_stay_around_their_neutral_value_also_when_drawn_again(family, neutral):
    model = Decoder(FAMILIES[family].tiny())
    for seed in range(5):
        gains = torch.cat([tensor for tensor in randomize_(model, seed).parameters() if tensor.ndim == 1]).detach()
        assert float(gains.mean()) == pytest.approx(neutral, abs=0.15)
        assert float(gains.std()) == pytest.approx(0.5, rel=0.2)


def test_a_second_draw_does_not_remember_the_first():
    model = randomize_(Decoder(llama.tiny()), 0)
    again = copy.deepcopy(model)
    assert all(torch.equal(a, b) for a, b in zip(randomize_(again, 0).parameters(), model.parameters(), strict=True))


def test_std_are_arguments_and_the_dtype_stays():
    model = Decoder(gemma.tiny()).bfloat16().requires_grad_(False)
    randomize_(model, 0, matrix_std=0.01, vector_std=0.0)
    assert float(model.embed_tokens.weight.float().std()) == pytest.approx(0.01, rel=0.1)
    assert not model.norm.weight.any() and model.norm.weight.dtype == torch.bfloat16


def test_seed_and_generator_give_the_same_and_the_global_one_is_left_alone():
    first, second = Decoder(gemma.tiny()), Decoder(gemma.tiny())
    state = torch.get_rng_state()
    randomize_(first, 3)
    randomize_(second, torch.Generator().manual_seed(3))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert not torch.equal(first.norm.weight, randomize_(second, 4).norm.weight)


def test_modules_of_another_library():
    layer = torch.nn.TransformerEncoderLayer(16, 2, 32).requires_grad_(False)
    randomize_(layer, 0)
    assert float(layer.norm1.weight.mean()) == pytest.approx(1.0, abs=0.4) and float(layer.norm1.weight.std()) > 0.2
    assert float(layer.linear1.bias.std()) > 0.2


# The measure


def test_relative_difference_by_hand():
    b = torch.tensor([1.0, -4.0])
    assert relative_difference(torch.tensor([1.0, -3.0]), b) == 0.25
    assert relative_difference(b, b) == 0.0 and relative_difference(b * 0, b * 0) == 0.0
    assert relative_difference(b, b * 0) == float("inf")
    assert relative_difference(torch.zeros(0, 3), torch.zeros(0, 3)) == 0.0


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_relative_difference_never_lets_nan_pass(bad):
    good, broken = torch.ones(3), torch.tensor([1.0, bad, 1.0])
    for a, b in ((good, broken), (broken, good), (broken, broken)):
        assert relative_difference(a, b) == float("inf")


def test_relative_difference_does_not_broadcast():
    with pytest.raises(ValueError, match="differ"):
        relative_difference(torch.ones(3, 1), torch.ones(3))


# The search


@pytest.mark.parametrize("family", FAMILIES)
def test_equal_models_do_not_diverge(family):
    model = loud(FAMILIES[family].tiny())
    assert first_divergence(model, copy.deepcopy(model), IDS) is None


def break_activation(model: Decoder):
    model.layers[1].mlp.activation = activation.ACTIVATIONS["relu"]


def break_matrix(model: Decoder):
    model.layers[1].mlp.up_proj.weight[0, 0] += 1


def break_clip(model: Decoder):
    model.layers[1].self_attn.clip_qkv = 0.5


def break_norm(model: Decoder):
    model.layers[1].feedforward_norm.eps = 1.0


def break_last_norm(model: Decoder):
    model.norm.eps = 1.0


def break_embedding(model: Decoder):
    model.embed_tokens.weight[5] *= 2


def break_order(model: Decoder):
    model.layers[0].norm_place = "post"
    model.layers[0].attention_post_norm = copy.deepcopy(model.layers[0].attention_norm)


FAULTS = {
    break_activation: "layers.1.mlp",
    break_matrix: "layers.1.mlp.up_proj",
    break_clip: "layers.1.self_attn",
    break_norm: "layers.1.feedforward_norm",
    break_last_norm: "norm",
    break_embedding: "embed_tokens",
    break_order: "layers.0",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_faulty_module_is_named(fault, family):
    sound = loud(FAMILIES[family].tiny())
    broken = copy.deepcopy(sound)
    fault(broken)
    found = first_divergence(broken, sound, IDS)
    assert found.name == FAULTS[fault]
    assert found.difference > 1e-5
    assert found.our_shape == found.their_shape and found.our_shape[:2] == (1, 8)


def test_a_fault_after_the_last_module_is_found_in_the_logits():
    sound = loud(gemma.tiny())
    broken = copy.deepcopy(sound)
    broken.logits = lambda hidden: 2 * sound.logits(hidden)
    assert first_divergence(broken, sound, IDS) == Divergence("logits", 1.0, (1, 8, 256), (1, 8, 256))


def test_other_shapes_are_a_divergence():
    sound, wide = loud(gemma.tiny()), Decoder(replace(gemma.tiny(), feedforward_width=128)).requires_grad_(False)
    same = {name: tensor for name, tensor in sound.state_dict().items() if "mlp" not in name}
    assert not wide.load_state_dict(same, strict=False).unexpected_keys
    found = first_divergence(wide, sound, IDS)
    assert found == Divergence("layers.0.mlp.gate_proj", float("inf"), (1, 8, 128), (1, 8, 96))


def test_tolerance_is_an_argument_and_no_hook_stays():
    sound = loud(gemma.tiny())
    broken = copy.deepcopy(sound)
    break_matrix(broken)
    assert first_divergence(broken, sound, IDS, tolerance=10.0) is None
    assert first_divergence(broken, sound, IDS) is not None
    assert not any(module._forward_hooks for model in (sound, broken) for module in model.modules())


def test_hooks_go_when_a_model_fails():
    model = loud(gemma.tiny())
    with pytest.raises(ValueError, match="ids must be"):
        first_divergence(model, model, torch.tensor([[999]]))
    assert not any(module._forward_hooks for module in model.modules())


def test_many_small_differences_point_to_the_first_that_counts():
    """No single module is guilty when its input has drifted already: then the first one above the tolerance."""
    sound = initialize_(Decoder(llama.tiny()), torch.Generator().manual_seed(0), 0.2).requires_grad_(False)
    drifted = copy.deepcopy(sound)
    for tensor in drifted.parameters():
        tensor *= 1 + 1e-4
    found = first_divergence(drifted, sound, IDS)
    assert found is not None and found.name == "embed_tokens"


# One module at a time

UNITS = ["embed_tokens", "layers.0.attention_norm", "layers.0.self_attn", "layers.0.mlp", "layers.1.mlp", "norm"]


def test_modules_of_equal_models_do_not_differ_and_no_hook_stays():
    ours, theirs = loud(gemma.tiny()), loud(gemma.tiny())
    assert module_differences(ours, theirs, IDS, UNITS) == dict.fromkeys(UNITS, 0.0)
    for module in (*ours.modules(), *theirs.modules()):
        assert not module._forward_hooks and not module._forward_pre_hooks


def test_a_difference_is_not_handed_on_to_later_modules():
    ours, theirs = loud(gemma.tiny()), loud(gemma.tiny())
    ours.layers[0].mlp.activation = activation.ACTIVATIONS["relu"]
    found = module_differences(ours, theirs, IDS, UNITS)
    assert found.pop("layers.0.mlp") > 1e-3
    assert set(found.values()) == {0.0}
    with torch.no_grad():
        assert relative_difference(ours(IDS), theirs(IDS)) > 1e-3


def test_several_faulty_modules_are_all_found():
    ours, theirs = loud(gemma.tiny()), loud(gemma.tiny())
    ours.embed_tokens.scaled = False
    ours.norm.unit_offset = False
    found = module_differences(ours, theirs, IDS, UNITS)
    assert [name for name, difference in found.items() if difference] == ["embed_tokens", "norm"]
