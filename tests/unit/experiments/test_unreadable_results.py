"""A file of results that cannot be read ends in a ResultError that names it, and stays as it is."""

import json

import pytest
from unreadable import CONTENTS, ODD_PATHS, escape, forbid, with_a_file

from llmbook.experiments import results
from llmbook.experiments.results import ResultError, StoredRuns, read_result, stored_rows, write_result

MORE = {"no rows": b"{}", "rows of another kind": b'{"rows": 3}', "numbers for rows": b'{"rows": [1]}'}
WAYS = [*CONTENTS, *MORE, "a folder", "no permission"]


def runs(path):
    return StoredRuns(path, ["seed"], command="python try.py", question="So?")


def of_the_book(path):
    return read_result(path.stem)


READERS = [stored_rows, runs, of_the_book]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where a stored result of the book lies."""
    monkeypatch.setattr(results, "data_folder", lambda: tmp_path)
    path = tmp_path / "results" / "try.json"
    write_result(path, command="python try.py", question="So?", rows=[{"seed": 0}])
    return path


def spoil(path, way, monkeypatch):
    """Make it unreadable."""
    if way == "a folder":
        path.unlink()
        path.mkdir()
    elif way == "no permission":
        forbid(monkeypatch, path)
    else:
        path.write_bytes((CONTENTS | MORE)[way])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("read", READERS)
def test_an_unreadable_result_is_named(place, monkeypatch, read, way):
    spoil(place, way, monkeypatch)
    assert escape(ResultError, place.name, read, place) is None


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("way", [way for way in WAYS if way not in ("another kind", *MORE)])
def test_a_reader_that_trusts_the_disk_is_seen(place, monkeypatch, read, way):
    """The twin."""
    monkeypatch.setattr(results, "_read", lambda path, _: json.loads(path.read_text(encoding="utf-8")))
    spoil(place, way, monkeypatch)
    assert escape(ResultError, place.name, read, place) is not None


@pytest.mark.parametrize("path", ODD_PATHS.values(), ids=ODD_PATHS)
@pytest.mark.parametrize("read", READERS[:2])
def test_a_path_that_no_file_has_is_refused_before_any_run(tmp_path, read, path):
    assert escape(ResultError, "restore a copy of it, or move it away", read, with_a_file(tmp_path) / path) is None


def test_the_message_says_what_to_do(place):
    place.write_text('{"rows": [')
    with pytest.raises(ResultError, match=r"results/try\.json' is no stored .*; restore a copy of it, or move it away"):
        runs(place)
    with pytest.raises(ResultError, match=r"can be read \(Expecting value.*; take the file again from the repository"):
        read_result("try")
    assert place.read_text() == '{"rows": ['


def test_two_rows_of_one_run_are_refused(tmp_path):
    """The next write would drop one of them."""
    path = tmp_path / "rows.json"
    twice = [{"seed": 0, "loss": 1.0}, {"seed": 0, "loss": 2.0}]
    write_result(path, command="python try.py", question="So?", rows=twice)
    with pytest.raises(ResultError, match=r"rows\.json has two rows of one run, by its seed"):
        runs(path)
    write_result(path, command="python try.py", question="So?", rows=[{"seed": 0}, {"seed": 1}])
    assert len(runs(path).rows) == 2


def test_two_values_under_one_name_are_refused(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text('{"rows": [{"seed": 0, "loss": 1.0, "loss": 2.0}]}')
    with pytest.raises(ResultError, match="'loss' stands twice, with two values"):
        stored_rows(path)


@pytest.mark.parametrize("rows", [[{"size": 1}], [{"seed": [1, 2]}]])
def test_rows_of_another_experiment_are_refused(tmp_path, rows):
    path = tmp_path / "rows.json"
    write_result(path, command="python try.py", question="So?", rows=rows)
    with pytest.raises(ResultError, match=r"rows\.json holds the rows of another experiment, .* no fields seed"):
        runs(path)
    assert stored_rows(path) == rows
