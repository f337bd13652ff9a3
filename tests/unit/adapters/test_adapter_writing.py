"""Adapters in a folder: whatever stops a save, what is loaded is the old adapter or the new one, and nothing mixed."""

import itertools

import pytest
import torch
from adapted_decoders import move_, small_decoder
from written_sets import everything, fail_at

from llmbook.adapters import adapter_layers, files, inject, load_adapter, save_adapter
from llmbook.adapters.peft_config import CONFIG, WEIGHTS
from llmbook.checkpoint import CheckpointError
from llmbook.checkpoint.tensors import StoredTensor
from llmbook.checkpoint.writing import SWITCHING


def two_adapters():
    """Adapters of one shape: only their numbers, and their alpha, tell them apart."""
    old, new = (inject(small_decoder(), ["q_proj", "down_proj"], rank=3, alpha=alpha) for alpha in (6, 12))
    for model in (old, new, new):
        move_(model)
    return old, new


def is_that(folder, model):
    """Whether the folder holds this adapter."""
    loaded = adapter_layers(load_adapter(small_decoder(), folder))
    return all(layer.settings == loaded[name].settings and torch.equal(layer.lora_B, loaded[name].lora_B)
               for name, layer in adapter_layers(model).items())  # fmt: skip


@pytest.mark.parametrize("repeated", [True, False], ids=["as if killed", "undone"])
@pytest.mark.parametrize("first", range(6))
def test_an_adapter_is_loaded_whole_whatever_failed(tmp_path, monkeypatch, first, repeated):
    old, new = two_adapters()
    save_adapter(old, tmp_path)
    assert is_that(tmp_path, old) and not is_that(tmp_path, new)
    with monkeypatch.context() as patch, pytest.raises(OSError, match="injected"):
        fail_at(patch, "replace", first, 99 if repeated else first + 1)
        save_adapter(new, tmp_path)
    assert (tmp_path / SWITCHING).exists() == (repeated and first > 0)
    assert is_that(tmp_path, new if repeated and first else old)
    save_adapter(old, tmp_path)
    assert is_that(tmp_path, old) and everything(tmp_path) == [CONFIG, WEIGHTS]


@pytest.mark.parametrize("is_watched", [True, False])
def test_a_folder_that_is_saved_while_it_is_loaded_is_refused(tmp_path, monkeypatch, is_watched):
    old, new = two_adapters()
    save_adapter(old, tmp_path)
    read, reads, model = StoredTensor.read, itertools.count(), small_decoder()

    def read_late(tensor):
        if next(reads) == 1:
            save_adapter(new, tmp_path)
        return read(tensor)

    monkeypatch.setattr(StoredTensor, "read", read_late)
    if is_watched:
        with pytest.raises(CheckpointError, match="saved anew while it was read; load it again"):
            load_adapter(model, tmp_path)
        assert not adapter_layers(model)
    else:  # the twin: the numbers of the new adapter come with the alpha of the old one
        monkeypatch.setattr(files, "fingerprint", lambda path: None)
        load_adapter(model, tmp_path)
    monkeypatch.undo()
    assert is_that(tmp_path, new)


def test_an_adapted_model_keeps_its_dropout(tmp_path):
    save_adapter(inject(small_decoder(), ["q_proj"], rank=3, dropout=0.2), tmp_path)
    model = load_adapter(inject(small_decoder(), ["q_proj"], rank=3, dropout=0.5), tmp_path)
    assert {layer.settings.dropout for layer in adapter_layers(model).values()} == {0.5}
    plain = load_adapter(small_decoder(), tmp_path)
    assert {layer.settings.dropout for layer in adapter_layers(plain).values()} == {0.2}
