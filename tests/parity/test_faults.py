"""Each deliberate fault must break parity, or be shown to hide where this list says that it hides."""

import copy
from functools import cache

import pytest
import torch
from attention_breaks import positions_start_at_one
from faults import BOTH, FAULTS, Fault
from pairs import distance, make_pair, random_ids, their_logits, tolerance

BATCH = 3


@cache
@torch.no_grad()
def witnesses(case: str, init: str, seed: int, dtype: torch.dtype, length: int, scene: str):
    """Our sound model, the ids, and the reference's logits."""
    ours, theirs = make_pair(case, init, seed, dtype, max_length=max(64, length))
    ids = random_ids(ours.config, BATCH, length, seed)
    return ours, ids, their_logits(theirs, ids, scene)


def distances(fault: Fault, init: str, seed: int, monkeypatch) -> tuple[float, float]:
    """The difference without the fault and with it."""
    sound, ids, expected = witnesses(fault.case, init, seed, fault.dtype, fault.length, fault.scene)
    before = distance(sound, ids, expected, fault.scene)
    broken = copy.deepcopy(sound)
    with monkeypatch.context() as patch:
        fault.break_(broken, patch)
        return before, distance(broken, ids, expected, fault.scene)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("seed", [0, 1])
def test_fault(fault, seed, monkeypatch):
    limit = tolerance(fault.case, fault.dtype)
    for init in BOTH:
        before, after = distances(fault, init, seed, monkeypatch)
        if init in fault.caught:
            assert before <= limit < after, init
            assert after > 1.5 * limit, f"{init}: caught by a hair"
        elif init in fault.blind:
            assert max(before, after) <= limit, f"{init}: visible after all; move it to `caught`"


def test_every_fault_is_caught_somewhere():
    # Counting from 1 moves queries and keys alike: rotary scores cannot tell, whatever the weights.
    caught = {fault.break_ for fault in FAULTS if fault.caught} | {positions_start_at_one}
    assert caught == {fault.break_ for fault in FAULTS}


def test_the_list_covers_every_family_and_both_inits():
    for family in ("gemma", "llama", "olmo"):
        assert sum(fault.case.startswith(family) and bool(fault.caught) for fault in FAULTS) >= 8
    assert any(fault.caught == ("quiet",) for fault in FAULTS)
    assert any(fault.caught == ("loud",) for fault in FAULTS)
