"""A model in a folder: whatever stops a save, what is loaded is the old model or the new one."""

import dataclasses
import itertools

import pytest
import torch
from tiny_decoders import TINY, make
from written_sets import CONFIG, NAMES, everything, fail_at

from llmbook.checkpoint import CheckpointError, load_pretrained, save_pretrained, sources
from llmbook.checkpoint.tensors import StoredTensor
from llmbook.checkpoint.writing import SWITCHING


def two_models():
    """Models of one shape: only their numbers, and one field of their configs, tell them apart."""
    old, new = (make(dataclasses.replace(TINY["llama"], rope_base=base)) for base in (1e4, 1e5))
    return old, new.requires_grad_(False).apply(lambda module: [p.add_(1) for p in module.parameters(recurse=False)])


def is_that(folder, model):
    """Whether the folder holds this model."""
    loaded = load_pretrained(folder)
    pairs = zip(loaded.parameters(), model.parameters(), strict=True)
    return loaded.config == model.config and all(torch.equal(*pair) for pair in pairs)


@pytest.mark.parametrize("first", range(6))
def test_a_model_is_loaded_whole_whatever_failed(tmp_path, monkeypatch, first):
    old, new = two_models()
    save_pretrained(old, tmp_path)
    with monkeypatch.context() as patch, pytest.raises(OSError, match="injected"):
        fail_at(patch, "replace", first, 99)  # and nothing can be undone: as if killed
        save_pretrained(new, tmp_path)
    assert (tmp_path / SWITCHING).exists() == (first > 0)
    assert is_that(tmp_path, new if first else old)
    save_pretrained(old, tmp_path)
    assert is_that(tmp_path, old) and everything(tmp_path) == sorted(NAMES)


def test_a_load_changes_nothing_in_the_folder(tmp_path, monkeypatch):
    old, new = two_models()
    save_pretrained(old, tmp_path)
    with monkeypatch.context() as patch, pytest.raises(OSError, match="injected"):
        fail_at(patch, "replace", 4, 99)
        save_pretrained(new, tmp_path)
    before = everything(tmp_path)
    assert is_that(tmp_path, new) and everything(tmp_path) == before and f"{SWITCHING}/new/{CONFIG}" in before


@pytest.mark.parametrize("is_watched", [True, False])
def test_a_folder_that_is_saved_while_it_is_loaded_is_refused(tmp_path, monkeypatch, is_watched):
    old, new = two_models()
    save_pretrained(old, tmp_path)
    read, reads = StoredTensor.read, itertools.count()

    def read_late(tensor):
        if next(reads) == 1:
            save_pretrained(new, tmp_path)
        return read(tensor)

    monkeypatch.setattr(StoredTensor, "read", read_late)
    if is_watched:
        with pytest.raises(CheckpointError, match="saved anew while it was read; load it again"):
            load_pretrained(tmp_path)
    else:  # the twin: without a look at the end, one tensor of the old model comes with all others of the new
        monkeypatch.setattr(sources, "fingerprint", lambda path: None)
        load_pretrained(tmp_path)
    monkeypatch.undo()
    assert is_that(tmp_path, new)
