"""DoRA's norm: two ways to one number, what is remembered of it and for how long, and what it costs."""

import copy
import pickle

import pytest
import torch
from torch import nn

from llmbook.adapters import DoRALinear, LoRALinear, dora, row_norm, row_norm_low_rank
from llmbook.debug import relative_difference


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbers(outputs: int, inputs: int, rank: int, size: float, dtype=torch.float32):
    """W, A and B."""
    shapes = (outputs, inputs), (rank, inputs), (outputs, rank)
    return [(size * torch.randn(shape, generator=generator(7))).to(dtype) for shape in shapes]


def trained(outputs: int = 6, inputs: int = 5, kind=DoRALinear, **options) -> LoRALinear:
    """A layer whose adapter has moved."""
    torch.manual_seed(0)
    layer = kind(nn.Linear(inputs, outputs), **{"rank": 2, "alpha": 3, **options})
    nn.init.normal_(layer.lora_B, generator=generator(1))
    return layer


@pytest.mark.parametrize("shape", [(40, 24, 4), (8, 64, 3), (24, 24, 1), (5, 4, 4), (1, 3, 1)])
@pytest.mark.parametrize("size", [1e-3, 1.0, 30.0])
def test_the_two_norms_agree(shape, size):
    weight, a, b = numbers(*shape, size)
    assert relative_difference(row_norm_low_rank(weight, a, b, 1.7), row_norm(weight, a, b, 1.7)) < 2e-6
    known = dora.squared_row_norms(weight)
    assert torch.equal(row_norm_low_rank(weight, a, b, 1.7, known), row_norm_low_rank(weight, a, b, 1.7))


def test_the_norms_are_exact_for_a_weight_in_low_precision(monkeypatch):
    weight, a, b = numbers(50, 24, 4, 1.0, torch.bfloat16)
    exact = row_norm(weight.double(), a.double(), b.double(), 2.0)
    whole = row_norm_low_rank(weight, a, b, 2.0)
    assert whole.dtype == row_norm(weight, a, b, 2.0).dtype == torch.float32
    assert relative_difference(row_norm(weight, a, b, 2.0), exact) < 1e-6 > relative_difference(whole, exact)
    monkeypatch.setattr(dora, "ROWS_AT_ONCE", 7)
    assert relative_difference(row_norm_low_rank(weight, a, b, 2.0), exact) < 1e-6


def test_an_update_that_cancels_the_weight_never_gives_the_root_of_a_negative_number():
    _, a, b = numbers(200, 24, 4, 1.0)
    norm = row_norm_low_rank(-0.7 * b @ a, a, b, 0.7)
    assert norm.isfinite().all() and norm.max() < 1e-2


def test_directions_have_length_one():
    layer = trained()
    torch.testing.assert_close(layer.direction().norm(dim=1), torch.ones(6))
    torch.testing.assert_close(layer.magnitude[:, None] * layer.direction(), layer.merged_weight())


def test_gradients_through_the_norm_on_request():
    x = torch.randn(3, 5, generator=generator(2))
    layers = trained(), trained(detach_norm=False)
    for layer in layers:
        layer.magnitude.data.mul_(1.5)
        layer(x).square().sum().backward()
    detached, through = layers
    assert torch.allclose(detached(x), through(x)) and torch.allclose(detached.magnitude.grad, through.magnitude.grad)
    assert relative_difference(detached.lora_B.grad, through.lora_B.grad) > 0.01
    double = trained(detach_norm=False).double()
    inputs = tuple(p.detach().clone().requires_grad_() for p in (double.lora_A, double.lora_B, double.magnitude))

    def function(a, b, m):
        return torch.func.functional_call(double, {"lora_A": a, "lora_B": b, "magnitude": m}, x.double())

    assert torch.autograd.gradcheck(function, inputs)


# Rows of zeros


@pytest.mark.parametrize("detach_norm", [True, False])
def test_a_row_of_zeros_is_finite_and_can_learn(detach_norm):
    base = nn.Linear(5, 6, bias=False)
    base.weight.data[2].zero_()
    layer, x = DoRALinear(base, rank=2, alpha=2, detach_norm=detach_norm), torch.randn(9, 5, generator=generator())
    assert layer.magnitude[2] == 0 and layer.factor()[2] == 1 and torch.equal(layer.direction()[2], torch.zeros(5))
    optimizer = torch.optim.SGD([p for p in layer.parameters() if p.requires_grad], lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        loss = (layer(x) - x @ torch.ones(5, 6)).square().mean()
        loss.backward()
        assert all(p.grad.isfinite().all() for p in layer.parameters() if p.requires_grad)
        optimizer.step()
    assert layer.merged_weight()[2].norm() > 0
    assert relative_difference(layer.eval()(x), x @ layer.merged_weight().T) < 1e-5


# What is remembered


@pytest.fixture
def counted(monkeypatch):
    """How often the norm was computed."""
    calls, right = [], dora.row_norm_low_rank

    def counting(*args):
        calls.append(None)
        return right(*args)

    monkeypatch.setattr(dora, "row_norm_low_rank", counting)
    return calls


def test_the_norm_is_computed_once_while_evaluating_and_each_time_while_training(counted):
    layer, x = trained().eval(), torch.randn(3, 5)
    counted.clear()
    for _ in range(3):
        layer(x)
    assert len(counted) == 1
    layer.train()
    for _ in range(3):
        layer(x)
    assert len(counted) == 4


def fresh_norm(layer: DoRALinear) -> torch.Tensor:
    return row_norm(layer.frozen_weight, layer.lora_A, layer.lora_B, layer.scaling).detach()


def optimizer_step(make):
    def change(layer):
        optimizer = make([p for p in layer.parameters() if p.requires_grad])
        layer(torch.ones(1, layer.base.in_features)).sum().backward()
        optimizer.step()

    return change


def replaced(layer):
    layer.lora_B = nn.Parameter(torch.randn_like(layer.lora_B))


def data_and_mode(layer):
    layer.train()
    layer.base.weight.data.mul_(2)
    layer.eval()


CHANGES = {
    "in place": lambda layer: layer.lora_A.mul_(2),
    "item": lambda layer: layer.lora_B[0].fill_(9.0),
    "base": lambda layer: layer.base.weight.mul_(2),
    "replaced": replaced,
    "new data": lambda layer: setattr(layer.lora_A, "data", layer.lora_A.data * 2),
    "data": lambda layer: layer.lora_B.data.mul_(2),
    "data and mode": data_and_mode,
    "loaded": lambda layer: layer.load_state_dict({k: 2 * v for k, v in layer.state_dict().items()}),
    "assigned": lambda layer: layer.load_state_dict({k: 2 * v for k, v in layer.state_dict().items()}, assign=True),
    "merged": lambda layer: layer.merge(),
    "back again": lambda layer: (layer.merge(), layer.norm(), layer.unmerge()),
    "dtype": lambda layer: layer.double(),
    "copied": lambda layer: setattr(layer, "lora_A", copy.deepcopy(layer).lora_A),
    "one by one": optimizer_step(lambda p: torch.optim.AdamW(p, lr=0.1, foreach=False)),
    "foreach": optimizer_step(lambda p: torch.optim.AdamW(p, lr=0.1, foreach=True)),
    "fused": optimizer_step(lambda p: torch.optim.AdamW(p, lr=0.1, fused=True)),
    "sgd": optimizer_step(lambda p: torch.optim.SGD(p, lr=0.1)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_remembered_norm_is_never_stale(name):
    layer = trained().eval()
    before = layer.norm().clone()
    if name in ("one by one", "foreach", "fused", "sgd"):
        CHANGES[name](layer)
    else:
        with torch.no_grad():
            CHANGES[name](layer)
    assert relative_difference(layer.norm(), fresh_norm(layer)) < 1e-6
    if name not in ("merged", "back again", "copied", "dtype"):
        assert relative_difference(layer.norm(), before) > 1e-3, "the change was no change"


def test_a_frozen_weight_changed_behind_torchs_back_is_the_known_limit():
    layer = trained().eval()
    layer.norm()
    layer.base.weight.data.mul_(2)
    assert relative_difference(layer.norm(), fresh_norm(layer)) > 1e-3
    layer.forget()
    assert relative_difference(layer.norm(), fresh_norm(layer)) < 1e-6


def test_what_inference_mode_remembers_can_be_trained_with():
    layer, x = trained().eval(), torch.randn(3, 5)
    with torch.inference_mode():
        layer(x)
    layer(x).sum().backward()
    assert layer.magnitude.grad is not None
    layer.train()(x).sum().backward()


def test_a_layer_made_in_inference_mode_works_there():
    with torch.inference_mode():
        layer = trained().eval()
        torch.testing.assert_close(layer.norm(), fresh_norm(layer))
        layer.lora_A.mul_(2)
        torch.testing.assert_close(layer.norm(), fresh_norm(layer))


def test_copies_and_pickles_remember_nothing():
    layer = trained().eval()
    layer.norm()
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert other._norm.value is None and torch.equal(other.norm(), layer.norm())


# Low precision


def test_low_precision_and_autocast_keep_their_dtype():
    x = torch.randn(4, 5)
    for kind in (LoRALinear, DoRALinear):
        layer = trained(kind=kind).bfloat16()
        assert layer(x.bfloat16()).dtype == torch.bfloat16
        layer = trained(kind=kind)
        exact = layer(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = layer(x)
            assert output.dtype == layer.base(x).dtype == torch.bfloat16
            merged = layer.merged_weight()
        assert relative_difference(output, exact) < 0.02
        assert torch.equal(merged, layer.merged_weight())
