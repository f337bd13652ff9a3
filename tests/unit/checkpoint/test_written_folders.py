"""What else lies in a folder that is written to: links, folders, the sets of others; and a file on its own."""

import itertools
import os
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from written_sets import (
    CONFIG,
    NAMES,
    NEW,
    OLD,
    OTHER,
    WEIGHTS,
    everything,
    fail_at,
    found,
    in_place,
    start,
    stop_at_line,
)

from llmbook.checkpoint.writing import SWITCHING, replace_file, replace_files


def test_links_are_replaced_and_what_they_point_to_stays(tmp_path, monkeypatch):
    folder = start(tmp_path / "folder", OLD)
    for name in NAMES:
        (tmp_path / name).write_text("blob")
        (folder / name).unlink()
        (folder / name).symlink_to(Path("..") / name if name == CONFIG else Path("..") / "nowhere")
    with monkeypatch.context() as patch, pytest.raises(OSError, match="injected"):
        fail_at(patch, "replace", 3, 4)
        replace_files(folder, NEW)
    assert [os.readlink(folder / name) for name in NAMES] == ["../nowhere", "../config.json"]
    (tmp_path / "link").symlink_to(folder)
    replace_files(tmp_path / "link", NEW)
    assert in_place(folder) == NEW and not any((folder / name).is_symlink() for name in NAMES)
    assert (tmp_path / CONFIG).read_text() == "blob" and not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_that_name_is_not_replaced(tmp_path, name):
    folder = start(tmp_path / "folder", {})
    (folder / name).mkdir()
    (folder / name / "kept").touch()
    before = everything(folder)
    for files in (NEW, {name: "new"}):
        with pytest.raises(IsADirectoryError, match="move it away"):
            replace_files(folder, files)
        assert everything(folder) == before


def test_a_killed_write_of_other_files_is_ended_first(tmp_path, monkeypatch):
    folder = start(tmp_path / "folder", OLD)
    with monkeypatch.context() as patch, pytest.raises(OSError, match="injected"):
        fail_at(patch, "replace", 3, 99)
        replace_files(folder, NEW)
    assert (folder / SWITCHING).is_dir() and in_place(folder) != NEW == found(folder)
    replace_file(folder / "adapter.json", "adapter")
    assert in_place(folder) == NEW and everything(folder) == sorted((*NAMES, OTHER, "adapter.json"))


@pytest.mark.skipif(os.name != "posix", reason="needs a umask")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_file_may_be_read_by_whom_the_umask_allows(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        replace_files(tmp_path, {CONFIG: "{}", WEIGHTS: lambda path: save_file({"a": torch.ones(1)}, path)})
        replace_file(tmp_path / "text", "text")
        save_file({"a": torch.ones(1)}, tmp_path / "twin")
    finally:
        os.umask(before)
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in (*NAMES, "text")} == {mode}
    assert (tmp_path / "twin").stat().st_mode & 0o777 == 0o600


def test_a_file_is_at_no_moment_half_or_missing(tmp_path):
    path = tmp_path / "new" / "folder" / "result.json"

    def look(sees):
        sees.append(path.read_text())

    replace_file(path, "old\n")
    for number in itertools.count():
        sees = []
        stop_at_line(number, partial(look, sees), replace_file, path, "new\n")
        replace_file(path, "old\n")
        if not sees:
            break
        assert sees[0] in ("old\n", "new\n"), number
    assert number > 30
