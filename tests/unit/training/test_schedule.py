"""The schedules equal torch's own, step by step, over random settings."""

import random
import warnings

import pytest
import torch
from torch.optim import lr_scheduler

from llmbook.training.schedule import SHAPES, Schedule

BASE = {"peak": 3e-4, "total_steps": 40, "warmup_steps": 10, "floor": 3e-5}


def random_settings(seed: int, shape: str) -> Schedule:
    rng = random.Random(seed)
    total = rng.randint(5, 300)
    peak = 10 ** rng.uniform(-5, 0)
    return Schedule(peak, total, rng.randint(1, total - 1), peak * rng.random(), shape)


def torch_rates(schedule: Schedule) -> list[float]:
    """The same schedule from torch's building blocks."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=schedule.peak)
    warmup, decay_steps = schedule.warmup_steps, schedule.total_steps - schedule.warmup_steps
    climb = lr_scheduler.LinearLR(optimizer, start_factor=1 / warmup, total_iters=warmup - 1)
    decays = {
        "linear": lambda: lr_scheduler.LinearLR(optimizer, 1.0, schedule.floor / schedule.peak, decay_steps),
        "cosine": lambda: lr_scheduler.CosineAnnealingLR(optimizer, decay_steps, schedule.floor),
        "constant": lambda: lr_scheduler.ConstantLR(optimizer, 1.0),
        "inverse_sqrt": lambda: lr_scheduler.LambdaLR(
            optimizer, lambda t: max(schedule.floor / schedule.peak, (warmup / (warmup + t)) ** 0.5)
        ),
    }
    both = lr_scheduler.SequentialLR(optimizer, [climb, decays[schedule.shape]()], milestones=[warmup - 1])
    rates = []
    for _ in range(schedule.total_steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        with warnings.catch_warnings():  # torch's own SequentialLR passes an argument it calls deprecated
            warnings.simplefilter("ignore")
            both.step()
    return rates


@pytest.mark.parametrize("shape", SHAPES)
def test_equals_torch(shape):
    for seed in range(20):
        schedule = random_settings(seed, shape)
        if schedule.warmup_steps == 1:
            continue  # torch cannot warm up in zero iterations
        assert schedule.rates() == pytest.approx(torch_rates(schedule), rel=1e-9), schedule


@pytest.mark.parametrize("shape", ("linear", "cosine", "inverse_sqrt"))
def test_one_step_late_is_caught(shape):
    schedule = random_settings(3, shape)
    late = [schedule(step + 1) for step in range(schedule.total_steps)]
    assert late != pytest.approx(torch_rates(schedule), rel=1e-9)


def test_landmarks_of_olmo():
    schedule = Schedule(peak=3e-4, total_steps=100_000, warmup_steps=5000, floor=3e-5)
    assert schedule(0) == pytest.approx(3e-4 / 5000)
    assert schedule(4999) == 3e-4 == max(schedule.rates())
    assert schedule(99_999) == pytest.approx(3e-5)
    assert schedule(10**9) == schedule(99_999)


def test_area_of_a_linear_decay_is_a_trapezoid():
    schedule = Schedule(peak=1.0, total_steps=1000, floor=0.1)
    assert schedule.area() == pytest.approx(1000 * 0.55, rel=2e-3)
    assert Schedule(1.0, 1000, shape="constant").area() == pytest.approx(1000)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_anneal_is_the_shape_and_then_a_line_to_zero(shape):
    plain, annealed = (Schedule(3e-4, total, 10, 3e-5, shape, anneal) for total, anneal in ((40, 0), (60, 20)))
    assert annealed.rates()[:40] == plain.rates()
    end = plain(39)
    assert annealed.rates()[40:] == pytest.approx([end * (19 - late) / 20 for late in range(20)], abs=1e-12)
    assert annealed(59) == annealed(10**6) == 0.0
    assert annealed.area() == pytest.approx(plain.area() + end * 19 / 2)


def test_an_anneal_that_begins_a_step_late_is_caught():
    """Twin of the test above: the same numbers of a shape that is one step longer are others."""
    plain, late = Schedule(3e-4, 40, 10, 3e-5), Schedule(3e-4, 60, 10, 3e-5, anneal_steps=19)
    assert late.rates()[:40] != pytest.approx(plain.rates(), rel=1e-9)


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"shape": "square"}, "choose one of"),
        ({"warmup_steps": 40}, "warmup_steps must be"),
        ({"floor": 1.0}, "floor must be"),
        ({"anneal_steps": 30}, "anneal_steps must be from 0 to 29"),
        ({"anneal_steps": -1}, "anneal_steps must be"),
        ({"shape": "inverse_sqrt", "warmup_steps": 0}, "at least 1"),
    ],
)
def test_impossible_settings_say_so(change, hint):
    Schedule(**BASE)
    with pytest.raises(ValueError, match=hint):
        Schedule(**BASE | change)


def test_linear_and_cosine_have_the_same_area_and_others_do_not():
    areas = {shape: Schedule(1.0, 997, 50, 0.1, shape).area() for shape in SHAPES}
    assert areas["linear"] == pytest.approx(areas["cosine"], rel=1e-12)
    assert areas["constant"] > 1.5 * areas["linear"] > 2 * areas["inverse_sqrt"]
