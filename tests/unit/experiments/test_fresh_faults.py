"""Deliberate faults in one model, made and taken back; and what the stored measurements say."""

import pytest
import torch

from llmbook.debug import randomize_, relative_difference
from llmbook.experiments.fresh_faults import (
    FAULTS,
    STD,
    WIDTHS,
    changed,
    fault_differences,
    fresh_model,
    scaled_config,
)
from llmbook.experiments.results import read_result
from llmbook.models import PUBLISHED

TOLERANCE = 1e-5
STORED = read_result("fresh_faults")


def stored(fault: str, **wanted) -> list[float]:
    rows = [row for row in STORED["rows"] if all(row[key] == value for key, value in wanted.items())]
    return [row["differences"][fault] for row in rows]


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_shows_with_loud_weights_and_is_taken_back(name):
    model, ids = fresh_model(48, STD, 0)
    randomize_(model, 0)
    with torch.no_grad():
        right = model(ids)
        with FAULTS[name](model):
            wrong = model(ids)
        assert torch.equal(model(ids), right)
    if name.startswith("eps"):
        assert 0 < relative_difference(wrong, right) < 1e-4  # what loud weights are blind for
    else:
        assert relative_difference(wrong, right) > 1e-4


def test_a_change_is_taken_back_after_an_error_too():
    model, _ = fresh_model(48, STD, 0)
    with pytest.raises(RuntimeError), changed([model.norm], "eps", lambda _: 1.0):
        assert model.norm.eps == 1.0
        raise RuntimeError
    assert model.norm.eps == 1e-6


def test_the_largest_width_has_the_proportions_of_gemma_2b():
    ours, published = scaled_config(2048), PUBLISHED["gemma-2b"]
    for field in ("width", "heads", "kv_heads", "head_size", "feedforward_width"):
        assert getattr(ours, field) == getattr(published, field)
    assert scaled_config(48) != scaled_config(768)


def test_the_stored_runs_are_complete_and_the_first_comes_out_again():
    keys = {(row["width"], row["like"], row["seed"]) for row in STORED["rows"]}
    pairs = {(a, b) for a in WIDTHS for b in WIDTHS} - {(2048, 768)}
    assert keys == {(*pair, seed) for pair in pairs for seed in STORED["settings"]["seeds"]}
    assert len(STORED["rows"]) == len(keys) and len(STORED["settings"]["seeds"]) >= 5
    found, row = fault_differences(*fresh_model(48, STD, 0)), STORED["rows"][0]
    assert (row["width"], row["like"], row["seed"]) == (48, 48, 0)
    for name, value in found.items():
        small = value < 1e-6  # rounding, which differs between processors
        assert value == pytest.approx(row["differences"][name], rel=0.02, abs=1e-6 if small else 0), name


def test_what_the_pages_say_of_the_stored_runs():
    swap = {width: stored("exact GELU, not tanh", width=width, like=width) for width in WIDTHS}
    assert max(swap[48]) < TOLERANCE / 10
    assert min(swap[768]) > TOLERANCE and min(swap[2048]) > TOLERANCE
    assert min(stored("exact GELU, not tanh", width=48, like=2048)) > TOLERANCE  # a narrow model with larger weights
    assert max(stored("exact GELU, not tanh", width=2048, like=48)) < TOLERANCE  # a wide one with smaller ones
    assert set(stored("gains never loaded", like=48) + stored("gains never loaded", like=2048)) == {0.0}
    assert min(stored("eps 1e-5, not 1e-6", width=48, like=48)) > TOLERANCE
    assert max(stored("eps 1e-5, not 1e-6", width=2048, like=2048)) < TOLERANCE
