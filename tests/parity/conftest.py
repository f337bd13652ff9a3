"""A published folder that no test changes, and a copy of it to damage."""

import shutil

import pytest
from published_folders import write_folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """One Gemma folder that no test changes."""
    directory = tmp_path_factory.mktemp("gemma")
    write_folder(directory, "gemma-2b")
    return directory


@pytest.fixture
def copy(folder, tmp_path):
    """A Gemma folder to damage."""
    return shutil.copytree(folder, tmp_path / "copy")
