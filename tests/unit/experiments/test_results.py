"""Stored runs are made once, in whatever number of calls, and results come back as they were written."""

import pytest

from llmbook.experiments.results import StoredRuns, read_result, stored_rows, write_result


def stored(path):
    return StoredRuns(path, ("kind", "seed"), command="python nothing.py", question="Is it one? Null: no.", steps=3)


def row(settings):
    return {"kind": settings[0], "seed": settings[1], "loss": 0.5}


def test_a_run_that_is_there_is_not_made_again(tmp_path):
    made = []

    def run(settings):
        made.append(settings)
        return row(settings)

    stored(tmp_path / "runs.json").add([("a", 0), ("a", 1), ("a", 0)], run)
    assert made == [("a", 0), ("a", 1)]
    again = stored(tmp_path / "runs.json")
    again.add([("a", 1), ("b", None)], run)
    assert made == [("a", 0), ("a", 1), ("b", None)] and list(again.rows) == made
    assert stored_rows(tmp_path / "runs.json") == [row(settings) for settings in made]


def test_what_was_made_before_a_stop_is_kept(tmp_path):
    def run(settings):
        if settings[1] == 3:
            raise KeyboardInterrupt
        return row(settings)

    with pytest.raises(KeyboardInterrupt):
        stored(tmp_path / "runs.json").add([("a", seed) for seed in range(9)], run, every=2)
    assert [each["seed"] for each in stored_rows(tmp_path / "runs.json")] == [0, 1]


def test_no_file_has_no_rows(tmp_path):
    assert stored_rows(tmp_path / "none.json") == []


def test_results_come_back_as_written(tmp_path, monkeypatch):
    rows = [{"seed": 0, "loss": 0.5}, {"seed": 1, "loss": None}]
    write_result(tmp_path / "results" / "try.json", command="python try.py", question="So?", rows=rows, steps=3)
    monkeypatch.setattr("llmbook.experiments.results.data_folder", lambda: tmp_path)
    result = read_result("try")
    assert result["rows"] == rows and result["settings"] == {"steps": 3} and result["versions"]["torch"]
    with pytest.raises(FileNotFoundError, match="choose one of try"):
        read_result("other")
