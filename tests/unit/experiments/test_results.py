"""Stored runs are made once, in whatever number of calls, and results come back as they were written."""

import numpy as np
import pytest

from llmbook.experiments.results import Latest, StoredRuns, frozen, read_result, select, stored_rows, write_result


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


ROWS = [{"size": "small", "seed": 0}, {"size": "small", "seed": 1}, {"size": "large", "seed": 0, "rank": 8}]


def test_rows_are_selected_by_their_values_in_their_order():
    assert select(ROWS, size="small") == ROWS[:2] and select(ROWS, seed=0) == [ROWS[0], ROWS[2]]
    assert select(iter(ROWS), size="small", seed=1) == [ROWS[1]] and select(ROWS) == ROWS
    assert select(ROWS, rank=8) == [ROWS[2]] and select(ROWS, rank=None) == ROWS[:2]


@pytest.mark.parametrize(("wanted", "said"), [
    ({"sise": "small"}, r"has a field 'sise'; choose of size, seed, rank$"),
    ({"size": "huge"}, r"no stored row has {'size': 'huge'}; there are size: 'small', 'large'$"),
    ({"size": "large", "seed": 1}, r"there are size: 'small', 'large'; seed: 0, 1$"),
])  # fmt: skip
def test_what_fits_no_row_is_told_apart(wanted, said):
    with pytest.raises(ValueError, match=said):
        select(ROWS, **wanted)


def test_frozen_data_are_equal_and_cannot_be_changed():
    array = np.arange(3.0)
    kept = frozen({"a": [1, [2]], "b": array})
    array[0] = 7.0
    assert kept["a"] == (1, (2,)) and list(kept["b"]) == [0.0, 1.0, 2.0]
    with pytest.raises(TypeError):
        kept["a"] = 0
    with pytest.raises(ValueError, match="read-only"):
        kept["b"][0] = 1.0
    with pytest.raises(TypeError):
        frozen([ROWS[0]])[0]["seed"] = 5
    assert ROWS[0]["seed"] == 0


def test_the_latest_result_is_kept_for_the_same_arguments_only():
    made = []
    latest = Latest(lambda *args, **options: made.append((args, options)) or [])
    first = latest(1, b=2)
    assert latest(1, b=2) is first and len(made) == 1
    assert latest(1, b=3) is not first and latest(1, b=2) is not first and len(made) == 3
    assert Latest(latest.make)(1, b=2) is not latest(1, b=2), "it belongs to whoever made it"
