"""Shared memory is counted by the machine: whose it is shows when it goes. A neighbor is not to blame."""

import pytest
from classroom_tasks import SMALL

from llmbook.classroom import student
from llmbook.classroom.student import Ended, Student

MOST = SMALL.memory


@pytest.fixture
def alone(monkeypatch):
    """A student whose process is only counted as ended; and what the machine says of its shared memory, in turn."""
    ended, said = [], []
    made = Student.__new__(Student)
    made.limits, made.since = SMALL, (0.0, 0.0, 0)
    monkeypatch.setattr(Student, "end", lambda self: ended.append(True))
    monkeypatch.setattr(student, "shared_memory", lambda: said.pop(0) if len(said) > 1 else said[0])
    monkeypatch.setattr(student, "FREED", 0.1)
    return made, ended, said


def test_what_goes_with_the_process_was_its_own(alone):
    made, ended, said = alone
    said += [2 * MOST, 2 * MOST, 0]
    with pytest.raises(Ended, match="too much memory") as found:
        made._look_at_shared_memory()
    assert found.value.status == "memory" and ended == [True]


def test_what_stays_is_a_neighbors(alone):
    made, ended, said = alone
    said += [2 * MOST]
    with pytest.raises(RuntimeError, match="another program"):
        made._look_at_shared_memory()
    assert ended == [True]


def test_what_has_gone_meanwhile_ends_nothing(alone):
    made, ended, said = alone
    said += [0]
    made._look_at_shared_memory()
    assert ended == []
