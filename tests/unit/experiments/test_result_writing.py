"""A stored result is replaced by a whole one: a run that is stopped while it stores rows loses none of them."""

import os
from pathlib import Path

import pytest

from llmbook.experiments import results
from llmbook.experiments.results import StoredRuns, stored_rows

HEAD = {"command": "python try.py", "question": "So?"}


def written_in_place(path: Path, text: str) -> None:
    """The fault: the old rows are gone before the new ones are there."""
    with path.open("w") as file:
        file.write(text[: len(text) // 2])
        raise OSError("disk full")


def full_disk(*_):
    raise OSError("disk full")


def stopped_run(path):
    """One row is stored; storing the second fails."""
    StoredRuns(path, ["seed"], **HEAD).add([(0,)], lambda seed: {"seed": 0})
    yield
    with pytest.raises(OSError, match="disk full"):
        StoredRuns(path, ["seed"], **HEAD).add([(0,), (1,)], lambda seed: {"seed": 1})
    yield


@pytest.mark.parametrize("step", ["fsync", "replace", "mkdir"])
def test_a_failure_keeps_the_rows_that_were_stored(tmp_path, monkeypatch, step):
    path = tmp_path / "new" / "result.json"
    run = stopped_run(path)
    next(run)
    monkeypatch.setattr(os, step, full_disk)
    next(run)
    monkeypatch.undo()
    assert stored_rows(path) == [{"seed": 0}] and list(path.parent.iterdir()) == [path]


def test_a_file_written_in_place_loses_them(tmp_path, monkeypatch):
    """The twin."""
    run = stopped_run(tmp_path / "result.json")
    next(run)
    monkeypatch.setattr(results, "replace_file", written_in_place)
    next(run)
    with pytest.raises(ValueError):
        stored_rows(tmp_path / "result.json")
