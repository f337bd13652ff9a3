"""Units that die: what is counted, and the stored runs."""

import numpy as np
import pytest
import torch

from llmbook.chapters.gemma.activations.experiment import HIDDEN, WIDTH, dead_share, made_up_data, small_network
from llmbook.experiments.results import read_result
from llmbook.metrics.intervals import paired_interval

STORED = read_result("dead_units")


def stored(activation: str, rate: float) -> np.ndarray:
    rows = [row for row in STORED["rows"] if (row["activation"], row["learning_rate"]) == (activation, rate)]
    return np.array([row["dead"] for row in sorted(rows, key=lambda row: row["seed"])])


def test_a_fresh_network_has_no_dead_unit_and_the_same_seed_the_same_start():
    assert dead_share("relu", 0, 0.1, steps=0) == 0
    first, second = (small_network("relu", torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first.up_proj.weight, second.up_proj.weight)
    assert first.up_proj.weight.shape == (HIDDEN, WIDTH) and not first.up_proj.bias.any()


def test_a_unit_is_dead_when_no_input_reaches_it(monkeypatch):
    from llmbook.chapters.gemma.activations import experiment as dead_units

    def pushed_down(activation, generator):
        model = small_network(activation, generator)
        model.up_proj.bias.data[:16] = -100.0
        return model

    monkeypatch.setattr(dead_units, "small_network", pushed_down)
    assert dead_share("relu", 0, 0.1, steps=0) == 16 / HIDDEN
    assert dead_share("identity", 0, 0.1, steps=0) == 0


def test_the_target_depends_on_two_numbers_only():
    inputs, targets = made_up_data()
    assert torch.allclose(targets, torch.sin(2 * inputs[:, :1]) * inputs[:, 1:2])


def test_the_stored_runs_are_complete_and_say_what_the_page_says():
    seeds = STORED["settings"]["seeds"]
    keys = {(row["activation"], row["learning_rate"], row["seed"]) for row in STORED["rows"]}
    assert len(keys) == len(STORED["rows"]) == 3 * 3 * len(seeds) and len(seeds) == 20
    row = STORED["rows"][0]
    again = dead_share(row["activation"], row["seed"], row["learning_rate"])
    assert again == pytest.approx(row["dead"], abs=0.05)
    for rate in (0.1, 0.3):
        for other in ("gelu", "silu"):
            pair = paired_interval(stored("relu", rate), stored(other, rate), comparisons=6)
            assert pair.low > 0
    assert stored("relu", 0.03).mean() < 0.05
