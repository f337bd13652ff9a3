"""Adapted layers equal PEFT's: outputs, gradients, merged weights, and whole runs of an optimizer."""

import adapter_checks as checks
import pytest
import torch
from adapter_pairs import (
    BFLOAT16_TOLERANCE,
    SCENES,
    TOLERANCE,
    Scene,
    kept_bytes,
    our_parameters,
    pair,
    run,
    their_parameters,
)
from peft import LoraConfig, get_peft_model
from peft.optimizers import create_loraplus_optimizer
from torch import nn

from llmbook.adapters import DoRALinear, LoRALinear, inject, lora_plus_groups, merge, remove
from llmbook.debug import relative_difference

SEEDS = [0, 1]


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)  # PEFT draws from the global generator


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("check", checks.AGAINST_PEFT, ids=lambda check: check.__name__)
def test_equals_peft(check, name, seed):
    assert check(SCENES[name], seed) <= TOLERANCE


@pytest.mark.parametrize("name", [name for name in SCENES if name.startswith("dora")])
def test_the_first_magnitude_equals_pefts(name):
    assert checks.first_magnitude(SCENES[name], 0) <= TOLERANCE


@pytest.mark.parametrize("kind", ["lora", "dora"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_bfloat16_is_near_pefts(kind, bias, seed):
    scene = Scene(kind, bias=bias, dtype=torch.bfloat16)
    ours, theirs = pair(scene, seed)
    (output, gradient), (their_output, their_gradient) = run(ours, scene, seed), run(theirs, scene, seed)
    assert output.dtype == their_output.dtype == torch.bfloat16 and ours.lora_A.dtype == torch.float32
    assert relative_difference(output, their_output) <= BFLOAT16_TOLERANCE
    assert relative_difference(gradient, their_gradient) <= BFLOAT16_TOLERANCE
    for name, tensor in their_parameters(theirs).items():
        assert tensor.dtype == torch.float32
        assert relative_difference(getattr(ours, name).grad, tensor.grad) <= BFLOAT16_TOLERANCE, name


@pytest.mark.parametrize("kind", ["lora", "dora"])
def test_merged_bfloat16_is_one_step_from_pefts(kind):
    assert checks.merged_weight(Scene(kind, dtype=torch.bfloat16), 0) <= 2**-8


def small_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(12, 20), nn.Tanh(), nn.Linear(20, 7, bias=False))


@pytest.mark.parametrize("kind", ["lora", "dora"])
def test_lora_plus_moves_as_pefts(kind):
    ours = inject(small_model(), ["0", "2"], kind=kind, rank=3, alpha=6, generator=torch.Generator().manual_seed(1))
    config = LoraConfig(r=3, lora_alpha=6, target_modules=["0", "2"], use_dora=kind == "dora")
    theirs = get_peft_model(small_model(), config)
    layers = [(ours[place], theirs.base_model.model[place]) for place in (0, 2)]
    for layer, other in layers:
        for name, tensor in their_parameters(other).items():
            tensor.data.copy_(getattr(layer, name))
    settings = {"lr": 1e-2, "eps": 1e-6}
    groups = lora_plus_groups(  # the magnitude as PEFT has it
        ours, learning_rate=1e-2, ratio=8, weight_decay=0.1, magnitude_learning_rate=8e-2, magnitude_weight_decay=0.1
    )
    optimizers = [
        torch.optim.AdamW(groups, **settings),
        create_loraplus_optimizer(
            theirs, torch.optim.AdamW, loraplus_lr_ratio=8, loraplus_weight_decay=0.1, **settings
        ),
    ]
    x = torch.randn(9, 12, generator=torch.Generator().manual_seed(2))
    for _ in range(8):
        for model, optimizer in zip((ours, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            (model(x) - 1).square().sum().backward()
            optimizer.step()
    for layer, other in layers:
        for name, tensor in their_parameters(other).items():
            assert relative_difference(getattr(layer, name), tensor) <= TOLERANCE, name
    assert max(group["lr"] for group in optimizers[0].param_groups) == pytest.approx(8e-2)


def peft_with_two(kind: str):
    """PEFT's model with two adapters that are both active."""
    model = get_peft_model(small_model(), LoraConfig(r=2, lora_alpha=6, target_modules=["0"], use_dora=kind == "dora"))
    model.add_adapter("second", LoraConfig(r=3, lora_alpha=3, target_modules=["0"], use_dora=kind == "dora"))
    model.base_model.set_adapter(["default", "second"])
    layer, generator = model.base_model.model[0], torch.Generator().manual_seed(3)
    for part in (layer.lora_A, layer.lora_B):
        for linear in part.values():
            nn.init.normal_(linear.weight, generator=generator)
    return model.eval(), layer


def ours_one_upon_the_other(kind: str, layer):
    """Ours with the numbers of PEFT's two, the first merged for good before the second comes."""
    model = small_model().eval()
    for adapter, rank, alpha in (("default", 2, 6), ("second", 3, 3)):
        if adapter == "second":
            remove(merge(model))
        inject(model, ["0"], kind=kind, rank=rank, alpha=alpha)
        with torch.no_grad():
            model[0].lora_A.copy_(layer.lora_A[adapter].weight)
            model[0].lora_B.copy_(layer.lora_B[adapter].weight)
            if kind == "dora":
                model[0].magnitude.copy_(layer.lora_magnitude_vector[adapter].weight)
    return model


def test_a_second_lora_on_the_first_is_pefts_sum():
    theirs, layer = peft_with_two("lora")
    x = torch.randn(5, 12, generator=torch.Generator().manual_seed(4))
    assert relative_difference(ours_one_upon_the_other("lora", layer)(x), theirs(x)) <= TOLERANCE


def test_a_second_dora_keeps_its_magnitude_and_pefts_two_do_not():
    theirs, layer = peft_with_two("dora")
    ours = ours_one_upon_the_other("dora", layer)
    magnitude = ours[0].magnitude.detach()
    assert relative_difference(ours[0].merged_weight().norm(dim=1), magnitude) <= TOLERANCE
    # PEFT divides the second by the norm of W plus its own update, without the first.
    theirs.merge_adapter()
    assert relative_difference(layer.base_layer.weight.norm(dim=1), magnitude) > 0.1


@pytest.mark.parametrize("name", ["dora fresh", "dora", "dora biased", "dora quiet", "lora", "dora dropout"])
def test_merging_changes_no_output(name):
    assert checks.merged_forward(SCENES[name], 0) <= TOLERANCE


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("kind", ["lora", "dora"])
def test_unmerging_restores_every_bit(kind, dtype):
    assert checks.unmerged_weight(Scene(kind, dtype=dtype), 0) == 0


def test_float64_layers_have_float64_adapters_with_right_gradients():
    for kind in (LoRALinear, DoRALinear):
        layer = kind(nn.Linear(4, 3).double(), rank=2, alpha=3)
        layer.lora_B.data.normal_(generator=torch.Generator().manual_seed(0))
        x = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
        assert all(tensor.dtype == torch.float64 for tensor in our_parameters(layer).values())
        assert torch.autograd.gradcheck(layer, x)
        assert relative_difference(layer(x), nn.functional.linear(x, layer.merged_weight(), layer.base.bias)) < 1e-14


def test_dora_keeps_one_output_more_than_lora_and_pefts_two():
    x, output = torch.randn(512, 256), 4 * 512 * 256
    kept = {kind: [kept_bytes(layer, x) for layer in pair(Scene(kind, 256, 256), 0)] for kind in ("lora", "dora")}
    assert max(kept["lora"]) < 0.05 * output  # the input reduced to R numbers
    ours, theirs = (dora - lora for dora, lora in zip(kept["dora"], kept["lora"], strict=True))
    assert output <= ours < 1.05 * output < 2 * output <= theirs
