"""Files that belong together: after an error the old ones are there, after a kill all old ones or all new ones."""

import itertools
import os
import shutil

import pytest
from written_sets import (
    NAMES,
    NEW,
    OLD,
    OTHER,
    assert_goes_on,
    everything,
    fail_at,
    found,
    in_place,
    interrupt,
    is_mixed,
    kills,
    start,
    stop_at_line,
    two_renames,
)

from llmbook.checkpoint.writing import SWITCHING, finish, replace_files


def failures(tmp_path, monkeypatch, way, before, repeated):
    """A folder for each call that can fail, alone or with all that follow, and whether the writer said so."""
    for name in ("replace", "mkdir", "open", "fsync", "chmod"):
        for number in itertools.count():
            folder = start(tmp_path / f"{name}{number}", before)
            with monkeypatch.context() as patch:
                count = fail_at(patch, name, number, 99 if repeated else number + 1)
                try:
                    way(folder, NEW)
                except OSError:
                    yield folder, True
                else:
                    yield folder, False
            if next(count) <= number:  # it was not called so often
                break


@pytest.mark.parametrize("before", [{}, OLD], ids=["fresh", "old"])
def test_an_error_leaves_what_was_there(tmp_path, monkeypatch, before):
    outcomes = list(failures(tmp_path, monkeypatch, replace_files, before, repeated=False))
    assert len(outcomes) > 15 and {failed for _, failed in outcomes} == {True, False}
    for folder, failed in outcomes:
        assert in_place(folder) == found(folder) == (before if failed else NEW), folder
        if folder.name.startswith("open"):  # of a folder; where it cannot be synced or cleared away, that is no error
            assert not failed
        else:
            assert everything(folder) == sorted((OTHER, *(before if failed else NEW))), folder
        assert_goes_on(folder)


def test_an_error_that_cannot_be_undone_leaves_one_set(tmp_path, monkeypatch):
    folders = [folder for folder, _ in failures(tmp_path, monkeypatch, replace_files, OLD, repeated=True)]
    assert any((folder / SWITCHING).exists() for folder in folders)
    for folder in folders:
        assert not is_mixed(folder, OLD), folder
        assert_goes_on(folder)


def test_two_renames_leave_a_mix(tmp_path, monkeypatch):
    """The twin: the first of two renames cannot be undone."""
    mixed = [folder.name for folder, _ in failures(tmp_path, monkeypatch, two_renames, OLD, False)
             if is_mixed(folder, OLD)]  # fmt: skip
    assert mixed == ["replace1"]


@pytest.mark.parametrize("before", [{}, OLD], ids=["fresh", "old"])
def test_no_step_back_leaves_a_mix_either(tmp_path, monkeypatch, before):
    for number in range(6 if before else 4):
        folder, right, calls = start(tmp_path / str(number), before), os.replace, itertools.count()

        def watched(*args, folder=folder, right=right, calls=calls, number=number):
            if next(calls) == number:
                raise OSError("injected")
            right(*args)
            assert not is_mixed(folder, before)

        with monkeypatch.context() as patch, pytest.raises(OSError, match="injected"):
            patch.setattr(os, "replace", watched)
            replace_files(folder, NEW)
        assert next(calls) > number + 1 or number == 0


def test_the_new_files_are_on_the_disk_before_the_old_ones_move(tmp_path, monkeypatch):
    folder, log, fsync, replace = start(tmp_path / "folder", OLD), [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (log.append(os.fstat(file).st_ino), fsync(file)))
    monkeypatch.setattr(os, "replace", lambda *names: (log.append("move"), replace(*names)))
    replace_files(folder, NEW)
    assert {(folder / name).stat().st_ino for name in NAMES} <= set(log[: log.index("move")])


@pytest.mark.parametrize("broken", NAMES)
def test_a_full_disk_leaves_what_was_there(tmp_path, broken):
    def half(path):
        path.write_text("ha")
        raise OSError("no space left on device")

    folder = start(tmp_path / "folder", OLD)
    with pytest.raises(OSError, match="no space"):
        replace_files(folder, NEW | {broken: half})
    assert in_place(folder) == OLD and everything(folder) == sorted((*NAMES, OTHER))
    with pytest.raises(FileNotFoundError):
        replace_files(folder, NEW | {broken: lambda path: None})  # it said nothing, and wrote nothing
    assert in_place(folder) == OLD


# Interruptions and kills, before every line that is run


@pytest.mark.parametrize("before", [{}, OLD], ids=["fresh", "old"])
def test_an_interruption_leaves_one_set_in_place(tmp_path, before):
    seen = []
    for number in itertools.count():
        folder = start(tmp_path / str(number), before)
        try:
            stop_at_line(number, interrupt, replace_files, folder, NEW)
            break
        except KeyboardInterrupt:
            seen.append(in_place(folder))
            assert found(folder) == seen[-1] and seen[-1] in (before, NEW), number
            assert_goes_on(folder)
    assert len(seen) > 60 and before in seen and NEW in seen


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("before", [{}, OLD], ids=["fresh", "old"])
def test_a_kill_leaves_one_set(tmp_path, before):
    *killed, whole = kills("replace_files", tmp_path, before)
    assert len(killed) > 60 and in_place(whole) == NEW
    assert any((folder / SWITCHING).exists() for folder in killed)
    for folder in killed:
        assert not is_mixed(folder, before), folder
        sees = found(folder)
        shutil.copytree(folder, folder.with_suffix(".copy"))
        finish(folder)
        assert in_place(folder) == found(folder) == sees  # now every other program sees it too
        assert not (folder / SWITCHING).exists()
        assert_goes_on(folder)
        assert_goes_on(folder.with_suffix(".copy"))
    firsts = [found(folder) == NEW for folder in killed]
    assert firsts == sorted(firsts) and set(firsts) <= {False, True}  # the new set counts from one line on


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_two_renames_that_are_killed_leave_a_mix(tmp_path):
    """The twin."""
    *killed, whole = kills("two_renames", tmp_path, OLD)
    assert in_place(whole) == NEW and any(is_mixed(folder, OLD) for folder in killed)
