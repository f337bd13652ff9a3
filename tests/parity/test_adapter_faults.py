"""Each deliberate fault in an adapter must break its check, or be shown to hide where the list says that it hides."""

import pytest
import torch
from adapter_faults import ALL_SCENES, FAULTS


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)  # PEFT draws from the global generator


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("seed", [0, 1])
def test_fault(fault, seed, monkeypatch):
    scene = ALL_SCENES[fault.scene]
    assert fault.check(scene, seed) <= fault.limit
    with monkeypatch.context() as patch:
        fault.break_(patch)
        if fault.crashes:
            with pytest.raises(RuntimeError):
                fault.check(scene, seed)
            return
        after = fault.check(scene, seed)
    if fault.blind:
        assert after <= fault.limit, "visible after all: it is no longer blind"
    else:
        assert after > 1.5 * fault.limit


def test_every_fault_is_caught_somewhere():
    caught = {fault.break_ for fault in FAULTS if not (fault.blind or fault.crashes)}
    assert caught == {fault.break_ for fault in FAULTS}


def test_the_list_covers_every_known_pitfall():
    said = " ".join(fault.break_.__doc__ for fault in FAULTS)
    known = {f"D{number}" for number in range(1, 11)} | {f"L{number}" for number in range(1, 8)}
    assert {name for name in known if name in said.replace(":", " ").replace(".", " ").split()} == known
