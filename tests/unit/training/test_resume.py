"""A run that was interrupted, or killed in the middle of a write, goes on as if nothing had happened, bit for bit."""

import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pretraining_runs import SAVE_EVERY, STEPS, losses, random_rows, short_config, short_run
from unreadable import CONTENTS, forbid

from llmbook.training.resume import (
    ResumeError,
    flatten,
    list_checkpoints,
    load_checkpoint,
    refuse_difference,
    save_checkpoint,
)
from llmbook.training.run import Run, pretrain

HERE = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def one_thread():
    """Bit-for-bit equality holds for one number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def uninterrupted():
    torch.set_num_threads(1)
    return losses(short_run().advance())


def kill_while_writing(folder, atomically):
    """A child is killed by SIGKILL with half of the second checkpoint written."""
    command = [sys.executable, HERE / "pretraining_runs.py", "kill", folder, "true" if atomically else "false"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE.parents[1] / "code")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_kill_in_the_middle_of_a_write_loses_nothing(tmp_path, uninterrupted):
    kill_while_writing(tmp_path, atomically=True)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["step-00000004.pt", "step-00000008.writing"]
    run = short_run()
    assert len(list(pretrain(run, tmp_path, save_every=SAVE_EVERY))) == STEPS - SAVE_EVERY
    assert losses(run.points) == uninterrupted
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["step-00000008.pt", "step-00000012.pt"]


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_without_the_rename_a_kill_leaves_a_damaged_file(tmp_path, uninterrupted):
    """The twin. The damaged file is seen, and the previous one helps out."""
    kill_while_writing(tmp_path, atomically=False)
    assert [path.name for path in list_checkpoints(tmp_path)] == ["step-00000004.pt", "step-00000008.pt"]
    with pytest.raises((OSError, RuntimeError)):
        torch.load(tmp_path / "step-00000008.pt", weights_only=True)
    run = short_run()
    with pytest.warns(UserWarning, match="step-00000008.pt is damaged"):
        list(pretrain(run, tmp_path, save_every=SAVE_EVERY))
    assert losses(run.points) == uninterrupted


@pytest.mark.parametrize("stop", range(1, STEPS))
def test_resumes_after_any_step(tmp_path, uninterrupted, stop):
    first, second = short_run(), short_run()
    list(first.advance(stop))
    save_checkpoint(tmp_path, first.step, first.state())
    second.restore(load_checkpoint(tmp_path))
    list(second.advance())
    assert losses(second.points) == uninterrupted and second.is_finished


@pytest.mark.parametrize("part", ["model", "optimizer", "batches"])
def test_each_part_of_the_state_is_needed(uninterrupted, part):
    """The twin: leave one part as it was at the start."""
    first, second = short_run(), short_run()
    fresh = second.state()[part]
    list(first.advance(5))
    second.restore(first.state() | {part: fresh})
    list(second.advance())
    assert losses(second.points)[:5] == uninterrupted[:5]
    assert losses(second.points) != uninterrupted


def test_a_finished_run_takes_no_step(tmp_path, uninterrupted):
    list(pretrain(short_run(), tmp_path))
    run = short_run()
    assert list(pretrain(run, tmp_path)) == [] and losses(run.points) == uninterrupted


@pytest.mark.parametrize(("change", "said"), [
    ({"seed": 4}, "config.seed was 3 and is now 4"),
    ({"batch_size": 2}, "config.batch_size was 4 and is now 2"),
    ({"schedule": replace(short_config().schedule, peak=0.02)}, "config.schedule.peak was 0.01 and is now 0.02"),
    ({"model": replace(short_config().model, norm="rms")}, "config.model.norm was 'layer_free' and is now 'rms'"),
])
def test_another_config_is_refused(tmp_path, change, said):
    list(pretrain(short_run(), tmp_path))
    with pytest.raises(ResumeError, match=f"{said}.*choose another folder"):
        list(pretrain(short_run(**change), tmp_path))


def test_other_data_are_refused(tmp_path):
    list(pretrain(short_run(), tmp_path))
    with pytest.raises(ResumeError, match="data was"):
        list(pretrain(Run(short_config(), random_rows(26, 9), random_rows(6, 1)), tmp_path))


def test_nothing_readable_is_an_error_and_nothing_at_all_is_not(tmp_path):
    assert load_checkpoint(tmp_path / "nowhere") is None
    (tmp_path / "step-00000001.pt").write_bytes(b"not a checkpoint")
    with pytest.warns(UserWarning), pytest.raises(ResumeError, match="delete the folder"):
        load_checkpoint(tmp_path)


def test_the_newest_two_are_kept(tmp_path):
    for step in (1, 9, 10, 100):
        save_checkpoint(tmp_path, step, {"step": step})
    assert [path.stem for path in list_checkpoints(tmp_path)] == ["step-00000010", "step-00000100"]
    assert load_checkpoint(tmp_path) == {"step": 100}


def test_names_are_sorted_by_their_numbers(tmp_path):
    steps = (99_999_999, 100_000_000, 100_000_001)
    for step in steps:
        save_checkpoint(tmp_path / "new" / "folder", step, {"step": step})
    assert load_checkpoint(tmp_path / "new" / "folder") == {"step": steps[-1]}
    names = [path.name for path in list_checkpoints(tmp_path / "new" / "folder")]
    assert names == [f"step-{step}.pt" for step in steps[1:]] != sorted(f"step-{step}.pt" for step in steps)[-2:]


def test_what_was_written_is_there_also_beside_later_steps(tmp_path):
    for step in (100, 200, 50):
        path = save_checkpoint(tmp_path, step, {"step": step})
        assert path.exists()
    assert [path.stem for path in list_checkpoints(tmp_path)] == ["step-00000050", "step-00000200"]


def test_a_file_system_that_syncs_no_folder_is_no_error(tmp_path, monkeypatch):
    fsync = os.fsync

    def refusing(file):
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError("invalid argument")
        fsync(file)

    monkeypatch.setattr(os, "fsync", refusing)
    with pytest.raises(OSError, match="invalid"):
        os.fsync(os.open(tmp_path, os.O_RDONLY))
    assert load_checkpoint(save_checkpoint(tmp_path, 1, {"step": 1}).parent) == {"step": 1}


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, 1, {"step": 1})
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(tmp_path, 2, {"step": 2})
    assert load_checkpoint(tmp_path) == {"step": 1}


def test_differences_are_found_at_any_depth():
    assert flatten({"a": {"b": {"c": (1, 2)}}, "d": None}) == {"a.b.c": [1, 2], "d": None}
    refuse_difference({"a": (1, 2)}, {"a": [1, 2]})
    with pytest.raises(ResumeError, match=r"a\.b was 1 and is now None"):
        refuse_difference({"a": {"b": 1}}, {"a": {}})


def made_file(path):
    path.write_text("no folder")
    return path


@pytest.mark.parametrize(("place", "said"), [
    (lambda folder: made_file(folder / "file"), r"file' is no folder of checkpoints \(Not a directory\); name another"),
    (lambda folder: made_file(folder / "file") / "in", r"\(Not a directory\)"),
    (lambda folder: folder / ("a" * 5_000), r"\(File name too long\)"),
    (lambda folder: folder / "a\0b", r"\(embedded null"),
])  # fmt: skip
def test_a_place_for_no_checkpoints_is_refused_before_the_first_step(tmp_path, place, said):
    run = short_run()
    with pytest.raises(ResumeError, match=said):
        list(pretrain(run, place(tmp_path)))
    assert run.step == 0


def test_a_folder_that_may_not_be_looked_into_is_not_taken_for_an_empty_one(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, 1, {"step": 1})
    forbid(monkeypatch, tmp_path)
    with pytest.raises(ResumeError, match=r"is no folder of checkpoints \(Permission denied\)"):
        load_checkpoint(tmp_path)


def test_without_the_look_a_run_would_find_out_at_its_first_checkpoint(tmp_path, monkeypatch):
    """The twin."""
    monkeypatch.setattr("llmbook.training.resume._refuse_no_folder", lambda directory: None)
    run = short_run()
    with pytest.raises(OSError):
        list(pretrain(run, made_file(tmp_path / "file"), save_every=SAVE_EVERY))
    assert run.step == SAVE_EVERY


@pytest.mark.parametrize("content", [None, *CONTENTS.values()], ids=["a folder", *CONTENTS])
def test_an_unreadable_checkpoint_is_passed_over(tmp_path, content):
    save_checkpoint(tmp_path, 1, {"step": 1})
    newest = tmp_path / "step-00000002.pt"
    newest.mkdir() if content is None else newest.write_bytes(content)
    with pytest.warns(UserWarning, match=r"step-00000002\.pt is damaged"):
        assert load_checkpoint(tmp_path) == {"step": 1}
