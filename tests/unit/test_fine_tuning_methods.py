"""Fine-tuning by adapters, what it changes, and the classifier whose task changes as we choose."""

import math

import pytest
import torch

from llmbook.experiments.fine_tuning import METHODS, TARGETS, build_optimizer, effective_weights, fine_tune, prepare
from llmbook.experiments.fine_tuning_classifier import ADAPTED, SHIFTS, SIZE, accuracy, adapt, new_task, shifted
from llmbook.experiments.magnitude_direction import (
    changes,
    correlation,
    direction_change,
    magnitude_change,
)
from llmbook.training.loop import train


@pytest.mark.parametrize(("method", "parameters"), [("lora", 30_720), ("dora", 32_640), ("lora+", 30_720)])
def test_an_adapter_trains_only_itself(method, parameters):
    run = fine_tune(method, steps=15, learning_rate=0.002 if method == "lora+" else 0.01, snapshots=(0, 15))
    assert run.trained_parameters == parameters
    frozen = {name: p for name, p in run.model.named_parameters() if not p.requires_grad}
    start = dict(prepare(method).named_parameters())
    assert all(torch.equal(p, start[name]) for name, p in frozen.items()) and len(frozen) == 23
    assert all(not torch.equal(run.snapshots[0][name], weight) for name, weight in run.snapshots[15].items())
    assert run.losses[-1] < run.losses[0] - 0.3


def test_methods_share_their_start_and_their_batches():
    first = {method: fine_tune(method, steps=1).losses[0] for method in METHODS}
    assert max(first.values()) - min(first.values()) < 1e-4
    assert abs(fine_tune("lora", steps=1, seed=1).losses[0] - first["lora"]) > 1e-3


def test_snapshots_are_the_weights_of_all_targets():
    model = prepare("dora")
    weights = effective_weights(model)
    assert len(weights) == 3 * len(TARGETS) and weights["layers.0.mlp.down_proj"].shape == (96, 256)
    plain = effective_weights(prepare("full"))
    assert all((weights[name] - plain[name]).abs().max() < 1e-6 for name in plain)


def test_lora_plus_lets_b_learn_faster():
    model = prepare("lora+")
    optimizer = build_optimizer(model, METHODS["lora+"], 0.01)
    batch = torch.randint(500, (2, 9), generator=torch.Generator().manual_seed(0))
    list(train(model, [batch], steps=1, learning_rate=0.01, optimizer=optimizer))
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert rates[id(parameter)] == pytest.approx(0.16 if name.endswith("lora_B") else 0.01)
    plain = build_optimizer(prepare("lora"), METHODS["lora"], 0.01)
    assert {group["lr"] for group in plain.param_groups} == {0.01}


def test_changes_of_a_matrix_whose_change_is_known():
    old = torch.randn(6, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    longer = old * torch.tensor([2.0, 1, 1, 1, 1, 1])[:, None]
    assert direction_change(longer, old) == pytest.approx(0, abs=1e-12)
    assert magnitude_change(longer, old) == pytest.approx(old[0].norm().item() / 6)
    turn = torch.eye(4, dtype=torch.float64)
    turn[:2, :2] = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
    assert magnitude_change(old @ turn, old) == pytest.approx(0, abs=1e-12)
    assert direction_change(-old, old) == pytest.approx(2)
    wrong_axis = (longer.norm(dim=0) - old.norm(dim=0)).abs().mean().item()  # the twin: one length for each input
    assert abs(wrong_axis - magnitude_change(longer, old)) > 0.01


def test_changes_need_a_start():
    old, new = torch.eye(3), torch.eye(3) * 2
    rows = changes({0: {"a.q_proj": old, "a.up_proj": old}, 5: {"a.q_proj": new, "a.up_proj": new}})
    assert rows == [{"step": 5, "name": "a.q_proj", "magnitude": 1.0, "direction": 0.0}]
    with pytest.raises(ValueError, match="ask for a snapshot"):
        changes({5: {"a.q_proj": new}})


def test_correlations():
    rising = [{"direction": x, "magnitude": 2 * x + 1} for x in (0.1, 0.2, 0.4)]
    falling = [{"direction": x, "magnitude": 1 - x} for x in (0.1, 0.2, 0.4)]
    assert correlation(rising) == pytest.approx(1) and correlation(falling) == pytest.approx(-1)


@pytest.mark.parametrize("shift", SHIFTS)
def test_each_shift_has_its_size_and_its_kind(shift):
    weight = torch.randn(40, 30, generator=torch.Generator().manual_seed(0))
    change = shifted(weight, shift, torch.Generator().manual_seed(1)) - weight
    assert change.norm() == pytest.approx(SIZE * weight.norm().item(), rel=1e-5)
    assert (torch.linalg.matrix_rank(change, rtol=1e-4) == 2) == (shift == "low rank")
    cosine = torch.cosine_similarity(weight + change, weight, dim=1)
    assert (cosine.min() > 1 - 1e-5) == (shift == "lengths")


def test_the_classifier_knows_the_old_task_and_learns_the_new_one():
    task = new_task("lengths", 0)
    with torch.no_grad():
        assert accuracy(task.base, task) < 0.75
    row = adapt("lengths", "dora", rank=1, learning_rate=0.03, seed=0)
    assert row["accuracy"] > row["before"] + 0.1 and row["parameters"] == 352
    assert row == adapt("lengths", "dora", rank=1, learning_rate=0.03, seed=0)
    still = adapt("lengths", "dora", rank=1, learning_rate=1e-9, seed=0)  # the twin: without learning, no gain
    assert math.isclose(still["accuracy"], still["before"], abs_tol=0.01)
    faster = adapt("lengths", "dora", rank=1, learning_rate=1e-9, magnitude_learning_rate=0.1, seed=0)
    assert faster["accuracy"] > row["before"] + 0.1  # the magnitudes alone
    with pytest.raises(ValueError, match="choose one of low rank"):
        new_task("rotation", 0)
    assert set(ADAPTED) == {"first", "second"}
