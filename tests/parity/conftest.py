"""A published folder that no test changes, a copy of it to damage, and the pairs of models that tests share."""

import shutil

import pytest
from published_folders import write_folder

from llmbook.checkpoint import load_pretrained


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


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Our model and transformers' with the same loud weights, by kind."""
    made = {}

    def pair(kind):
        if kind not in made:
            directory = tmp_path_factory.mktemp(kind)
            theirs = write_folder(directory, kind)
            made[kind] = load_pretrained(directory), theirs
        return made[kind]

    return pair
