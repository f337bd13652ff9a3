"""Settings at the edges of their ranges, from the side that is accepted."""

import math
from dataclasses import replace

import pytest
import torch
from pretraining_runs import STEPS, losses, short_config, short_run

from llmbook.training.adamw import AdamW
from llmbook.training.schedule import SHAPES, Schedule


def updated(kind, steps=3, **options):
    """A parameter after some updates with gradients 1, 2, 3."""
    parameter = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    optimizer = kind([parameter], **options)
    for step in range(steps):
        parameter.grad = torch.full_like(parameter, step + 1.0)
        optimizer.step()
    return parameter.detach()


@pytest.mark.parametrize("options", [
    {"betas": (0.0, 0.999)}, {"betas": (0.9, 0.0)}, {"betas": (0.0, 0.0)}, {"eps": 0.0}, {"weight_decay": 0.0},
    {"lr": 0.0}, {"lr": 1.0, "weight_decay": 1.0}, {},
])
def test_adamw_at_the_edges_equals_torch(options):
    ours, theirs = updated(AdamW, **options), updated(torch.optim.AdamW, **options)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)
    if options not in ({}, {"eps": 0.0}):  # an eps of 1e-8 is not seen beside gradients of 1
        assert not torch.equal(ours, updated(AdamW))


@pytest.mark.parametrize("options", [
    {"betas": (1.0, 0.999)}, {"betas": (0.9, 1.0)}, {"betas": (-0.1, 0.9)}, {"eps": -1e-9}, {"weight_decay": -0.1},
])
def test_adamw_beyond_the_edges_is_refused(options):
    with pytest.raises(ValueError, match="must not be negative and betas must be in"):
        updated(AdamW, **options)


def test_a_parameter_without_a_gradient_stays():
    with_one, without = (torch.nn.Parameter(torch.ones(1)) for _ in range(2))
    optimizer = AdamW([with_one, without], lr=0.1)
    with_one.grad = torch.ones(1)
    optimizer.step()
    assert without == 1.0 != with_one and optimizer.state[without] == {}


def test_a_closure_is_computed_with_gradients():
    parameter = torch.nn.Parameter(torch.ones(1))
    optimizer = AdamW([parameter], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (3 * parameter).sum()
        loss.backward()
        return loss

    with torch.no_grad():
        assert optimizer.step(closure) == 3.0
    assert parameter < 1 and optimizer.step() is None


@pytest.mark.parametrize("shape", SHAPES)
def test_the_longest_warmup(shape):
    """All steps but one, which is the end of the shape."""
    schedule = Schedule(1.0, 5, 4, 0.25, shape)
    assert schedule.rates()[:4] == [0.25, 0.5, 0.75, 1.0]
    end = {"linear": 0.25, "cosine": 0.25, "inverse_sqrt": math.sqrt(0.8), "constant": 1.0}[shape]
    assert schedule(4) == pytest.approx(end)
    with pytest.raises(ValueError, match="warmup_steps must be from 0 to total_steps - 1 = 4, not 5"):
        Schedule(1.0, 5, 5, 0.25, shape)


def test_no_warmup_and_one_step_of_it():
    assert Schedule(1.0, 4).rates() == [0.75, 0.5, 0.25, 0.0]
    assert Schedule(1.0, 5, 1).rates() == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert Schedule(1.0, 4, 1, 0.1, "inverse_sqrt").rates() == pytest.approx([t**-0.5 for t in range(1, 5)])
    with pytest.raises(ValueError, match="not -1"):
        Schedule(1.0, 4, -1)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_floor_at_the_peak_is_a_constant_rate(shape):
    assert Schedule(0.3, 6, 2, 0.3, shape).rates()[1:] == pytest.approx([0.3] * 5)
    assert Schedule(0.3, 6, 2, 0.0, "linear").rates()[-1] == 0.0
    for floor in (0.3001, -0.1):
        with pytest.raises(ValueError, match="floor must be from 0 to the peak"):
            Schedule(0.3, 6, 2, floor, shape)


def test_one_step_a_peak_of_zero_and_the_longest_anneal():
    assert Schedule(1.0, 1, shape="constant").rates() == [1.0] and Schedule(1.0, 1).rates() == [0.0]
    assert Schedule(0.0, 3).rates() == [0.0] * 3
    assert Schedule(1.0, 6, 2, shape="constant", anneal_steps=3).rates() == pytest.approx([0.5, 1, 1, 2 / 3, 1 / 3, 0])
    with pytest.raises(ValueError, match="anneal_steps must be from 0 to 3"):
        Schedule(1.0, 6, 2, shape="constant", anneal_steps=4)


def test_a_run_of_one_step():
    run = short_run(schedule=Schedule(0.01, 1, shape="constant"))
    points = list(run.advance())
    assert len(points) == 1 and points[0].validation_loss is not None and run.is_finished


def test_advance_by_nothing_and_by_all():
    run = short_run()
    assert list(run.advance(0)) == [] and run.step == 0
    assert len(list(run.advance(STEPS))) == STEPS and run.is_finished
    assert losses(run.points) == losses(short_run().advance())


def test_validation_in_every_step_and_only_in_the_last():
    every, last = short_run(validate_every=1), short_run(validate_every=STEPS)
    assert all(point.validation_loss is not None for point in every.advance())
    assert [point.step for point in last.advance() if point.validation_loss is not None] == [STEPS - 1]
    assert [p.loss for p in every.points] == [p.loss for p in last.points]


@pytest.mark.parametrize(("name", "value"), [
    ("betas", (0.5, 0.5)), ("eps", 0.1), ("weight_decay", 0.0), ("clip_norm", math.inf), ("seed", 4),
    ("batch_size", 26),
])
def test_each_setting_of_a_run_takes_effect(name, value):
    run = short_run(**{name: value})
    assert replace(short_config(), **{name: value}) == run.config
    assert losses(run.advance()) != losses(short_run().advance())
    if name == "batch_size":
        assert run.points[0].tokens == 26 * 8
