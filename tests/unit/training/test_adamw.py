"""Our AdamW equals torch's step by step, over random settings, groups, and a save in the middle."""

import random

import pytest
import torch

from llmbook.training.adamw import AdamW, adamw_update


def settings(seed: int) -> dict:
    rng = random.Random(seed)
    return {
        "lr": 10 ** rng.uniform(-4, -1),
        "betas": (rng.uniform(0, 0.99), rng.uniform(0.5, 0.999)),
        "eps": 10 ** rng.uniform(-10, -3),
        "weight_decay": rng.choice([0.0, rng.uniform(0, 0.5)]),
    }


def trajectory(optimizer_class, seed: int, steps: int = 30, **change) -> torch.Tensor:
    """Two groups of parameters, with gradients of very different sizes, after every step."""
    generator = torch.Generator().manual_seed(seed)
    parameters = [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((3, 4), (5,))]
    options = settings(seed) | change
    groups = [{"params": parameters[:1]}, {"params": parameters[1:], "weight_decay": 0.0}]
    optimizer, path = optimizer_class(groups, **options), []
    for step in range(steps):
        for parameter in parameters:
            parameter.grad = torch.randn(parameter.shape, generator=generator) * 10.0 ** (step % 5 - 2)
        optimizer.step()
        path.append(torch.cat([parameter.detach().flatten() for parameter in parameters]))
    return torch.stack(path)


@pytest.mark.parametrize("seed", range(12))
def test_equals_torch_at_every_step(seed):
    torch.testing.assert_close(trajectory(AdamW, seed), trajectory(torch.optim.AdamW, seed), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.SGD])
def test_another_optimizer_is_caught(optimizer):
    change = {"weight_decay": 0.1}
    reference = trajectory(torch.optim.AdamW, 1, **change)
    if optimizer is torch.optim.SGD:
        optimizer = lambda groups, lr, betas, eps, weight_decay: torch.optim.SGD(groups, lr, weight_decay=weight_decay)  # noqa: E731
    with pytest.raises(AssertionError):
        torch.testing.assert_close(trajectory(optimizer, 1, **change), reference, rtol=1e-5, atol=1e-6)


def test_saved_state_continues_where_it_stopped():
    def run(parameter, optimizer, steps):
        for step in steps:
            parameter.grad = torch.full_like(parameter, step + 1.0)
            optimizer.step()

    whole, half = torch.nn.Parameter(torch.ones(3)), torch.nn.Parameter(torch.ones(3))
    run(whole, AdamW([whole]), range(10))
    first = AdamW([half])
    run(half, first, range(5))
    second = AdamW([half])
    second.load_state_dict(first.state_dict())
    run(half, second, range(5, 10))
    assert torch.equal(whole, half)
    fresh = torch.nn.Parameter(torch.ones(3))
    run(fresh, AdamW([fresh]), range(5))
    run(fresh, AdamW([fresh]), range(5, 10))  # the twin: a new optimizer forgets
    assert not torch.equal(whole, fresh)


SETTINGS = {"learning_rate": 0.1, "betas": (0.9, 0.99), "eps": 1e-8, "weight_decay": 0.1}


@pytest.mark.parametrize("place", range(4))
def test_an_update_needs_four_tensors_of_one_shape(place):
    """A gradient of shape (1,) would be spread over all numbers without a word."""
    tensors = [torch.ones(2, 3), torch.ones(2, 3), torch.zeros(2, 3), torch.zeros(2, 3)]
    adamw_update(*tensors, 1, **SETTINGS)
    before = [tensor.clone() for tensor in tensors]
    wrong = [*tensors[:place], torch.ones(3), *tensors[place + 1 :]]
    with pytest.raises(ValueError, match="need one shape"):
        adamw_update(*wrong, 2, **SETTINGS)
    with pytest.raises(ValueError, match="count from 1, not 0"):
        adamw_update(*tensors, 0, **SETTINGS)
    assert all(map(torch.equal, tensors, before))
    adamw_update(*tensors, 2, **SETTINGS)
    assert not torch.equal(tensors[0], before[0])


def test_impossible_settings_say_so():
    with pytest.raises(ValueError, match="must not be negative"):
        AdamW([torch.nn.Parameter(torch.ones(1))], lr=-1.0)
