"""What fine-tuning changes, beside random directions; and the classifier whose task changes as we choose."""

import math

import numpy as np
import pytest
import torch

from llmbook.chapters.dora.does_it_help.classifier import ADAPTED, SHIFTS, SIZE, accuracy, adapt, new_task, shifted
from llmbook.chapters.dora.does_it_help.experiment import (
    PARTS,
    changes,
    correlation,
    direction_change,
    magnitude_change,
    of_part,
    random_changes,
    random_correlations,
    random_cosines,
)
from llmbook.experiments.fine_tuning import fine_tune
from llmbook.experiments.results import read_result


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


def test_cosines_are_those_of_random_directions():
    drawn = random_cosines((50_000,), 24, np.random.default_rng(0))
    rows = torch.randn(50_000, 24, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    built = (rows[:, 0] / rows.norm(dim=1)).numpy()
    for level in (0.01, 0.25, 0.5, 0.9):
        assert np.quantile(drawn, level) == pytest.approx(np.quantile(built, level), abs=0.01)
    assert (
        abs(np.quantile(random_cosines((50_000,), 12, np.random.default_rng(0)), 0.9) - np.quantile(built, 0.9)) > 0.05
    )


def test_random_changes_are_those_of_updates_of_the_same_lengths():
    generator = torch.Generator().manual_seed(0)
    old, update = torch.randn(2, 40, 24, generator=generator, dtype=torch.float64)
    found = [values.mean() for values in random_changes(old + update, old, 2000, np.random.default_rng(0))]

    def built(scale):  # the same by whole matrices
        lengths, drawn = scale * update.norm(dim=1, keepdim=True), []
        for _ in range(400):
            noise = torch.randn(40, 24, generator=generator, dtype=torch.float64)
            new = old + lengths * noise / noise.norm(dim=1, keepdim=True)
            drawn.append((magnitude_change(new, old), direction_change(new, old)))
        return np.mean(drawn, axis=0)

    assert found == pytest.approx(built(1.0), rel=0.01)
    assert found != pytest.approx(built(0.9), rel=0.05)  # the twin: shorter updates change less
    stretched = old * 1.5  # an update along the row: random directions would stretch less, and turn
    magnitude, direction = (values.mean() for values in random_changes(stretched, old, 200, np.random.default_rng(0)))
    assert magnitude < 0.5 * magnitude_change(stretched, old) and direction > 0.01


def test_random_directions_correlate_the_changes_by_their_lengths_alone():
    generator = torch.Generator().manual_seed(0)
    old, update = torch.randn(2, 200, 24, generator=generator, dtype=torch.float64)

    def over(sizes):
        pairs = [random_changes(old + size * update, old, 100, np.random.default_rng([3, n]))
                 for n, size in enumerate(sizes)]  # fmt: skip
        return random_correlations(*(np.array(each) for each in zip(*pairs, strict=True))).mean()

    assert over((0.1, 0.2, 0.4, 0.8)) > 0.95
    assert over((0.4, 0.4, 0.4, 0.4, 0.4, 0.4)) < 0.6  # the twin: at equal lengths little is left


def test_parts_choose_their_points():
    rows = [{"step": step, "name": f"a.{name}"} for step in (10, 50) for name in ("q_proj", "v_proj")]
    assert {part: of_part(rows, part) for part in PARTS} == {
        "all points": [0, 1, 2, 3], "queries": [0, 2], "values": [1, 3], "last step": [2, 3]}  # fmt: skip


def test_the_stored_points_have_their_random_directions_and_one_run_comes_out_again():
    rows = read_result("adapter_changes")["rows"]
    points = [row for row in rows if row["kind"] == "point" and (row["method"], row["seed"]) == ("lora", 3)]
    assert len(points) == 30
    assert len([row for row in rows if row["kind"] == "random"]) == 3 * 8 * len(PARTS)
    run = fine_tune("lora", seed=3, steps=50, snapshots=(0, 50))
    for row in changes(run.snapshots):
        [stored] = [each for each in points if (each["step"], each["name"]) == (row["step"], row["name"])]
        assert row["magnitude"] == pytest.approx(stored["magnitude"], rel=0.05)
        drawn = random_changes(run.snapshots[50][row["name"]], run.snapshots[0][row["name"]], 300,
                               np.random.default_rng(0))[0]  # fmt: skip
        assert drawn.mean() == pytest.approx(stored["random_magnitude"], rel=0.05)


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
