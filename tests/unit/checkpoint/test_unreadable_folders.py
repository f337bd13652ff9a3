"""Whatever cannot be read of a checkpoint, its tokenizer or an adapter ends in a CheckpointError that names it."""

import json

import pytest
from tiny_decoders import TINY, make
from tokenizers import Tokenizer, models
from unreadable import CONTENTS, ODD_PATHS, escape, forbid, with_a_file

from llmbook.adapters import inject, load_adapter, save_adapter
from llmbook.checkpoint import (
    CheckpointError,
    folder,
    hub,
    load_pretrained,
    read_checkpoint_config,
    save_pretrained,
    stored_tensors,
    tensors,
)
from llmbook.checkpoint.tokenizer import load_tokenizer


def adapter(path):
    return load_adapter(make(TINY["llama"]), path)


FILES = [
    (load_pretrained, "config.json"), (read_checkpoint_config, "config.json"),
    (load_pretrained, "generation_config.json"), (load_pretrained, "model.safetensors.index.json"),
    (stored_tensors, "model.safetensors.index.json"),
    (load_tokenizer, "tokenizer.json"), (adapter, "adapter_config.json"), (load_pretrained, "model.safetensors"),
    (stored_tensors, "model.safetensors"), (adapter, "adapter_model.safetensors"),
]  # fmt: skip
WAYS = [*CONTENTS, "a folder", "no permission"]


@pytest.fixture
def whole(tmp_path):
    """A folder with everything that these functions read."""
    save_pretrained(make(TINY["llama"]), tmp_path)
    save_adapter(inject(make(TINY["llama"]), ["q_proj"], rank=2), tmp_path)
    Tokenizer(models.BPE()).save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def spoil(path, way, monkeypatch):
    """Make a file unreadable; an index counts only where there are no weights."""
    if path.name.endswith("index.json"):
        (path.parent / "model.safetensors").rename(path.parent / "away")
    path.unlink(missing_ok=True)
    if way == "a folder":
        path.mkdir()
    else:
        path.write_bytes(CONTENTS.get(way, b"{}"))
    if way == "no permission":
        forbid(monkeypatch, path)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("read", "name"), FILES)
def test_an_unreadable_file_is_named(whole, monkeypatch, read, name, way):
    spoil(whole / name, way, monkeypatch)
    if (name, way) == ("generation_config.json", "a folder"):
        read(whole)  # this one file may be missing
    else:
        assert escape(CheckpointError, name, read, whole) is None


@pytest.mark.parametrize("path", ODD_PATHS.values(), ids=ODD_PATHS)
@pytest.mark.parametrize("read", dict.fromkeys(read for read, _ in FILES))
def test_a_path_that_no_file_has_is_refused(tmp_path, read, path):
    whole = with_a_file(tmp_path) / path
    assert escape(CheckpointError, repr(str(whole))[1:60], read, str(whole)) is None
    assert escape(CheckpointError, repr(str(whole))[1:60], read, whole) is None


@pytest.mark.parametrize("path", ["~nobody-of-this-name/model", "a\0b", "a" * 300])
def test_names_that_could_be_of_the_hub_are_refused_before_it_is_asked(path):
    with pytest.raises(CheckpointError, match=r"is no folder that can be looked into .*; pass the folder that holds"):
        load_pretrained(path)


def test_a_folder_that_may_not_be_entered(whole, monkeypatch):
    monkeypatch.setattr(type(whole), "stat", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "not for you")))
    with pytest.raises(CheckpointError, match=r"looked into \(not for you\)"):
        load_pretrained(whole)


@pytest.mark.parametrize("way", ["opened", "listed"])
def test_weights_that_may_not_be_read(whole, monkeypatch, way):
    def refusing(*_):
        raise PermissionError(13, "Permission denied")

    if way == "opened":
        monkeypatch.setattr(tensors, "safe_open", refusing)
        forbid(monkeypatch, whole / "model.safetensors")
        said = r"model\.safetensors cannot be opened \(Permission denied\)"
    else:
        (whole / "model.safetensors").unlink()
        monkeypatch.setattr(type(whole), "iterdir", refusing)
        said = "has neither model.safetensors nor"
    with pytest.raises(CheckpointError, match=said):
        load_pretrained(whole)


CARELESS = [
    (folder, "read_json", lambda path: json.loads(path.read_text())),
    (hub, "local_folder", lambda name: name if name.is_dir() else None),
    (tensors, "_what_it_is", lambda path, _: path.read_text()),
]


@pytest.mark.parametrize(("module", "name", "careless"), CARELESS)
def test_a_careless_reader_is_seen(whole, monkeypatch, module, name, careless):
    """The twin: of each reader one that trusts the disk."""
    monkeypatch.setattr(module, name, careless)
    weights, config = whole / "model.safetensors", whole / "config.json"
    found = {"read_json": lambda: escape(CheckpointError, "", module.read_json, spoiled(config)),
             "local_folder": lambda: escape(CheckpointError, "", hub.find_directory, whole / ("a" * 5_000), ()),
             "_what_it_is": lambda: escape(CheckpointError, "", tensors.read_header, emptied(weights))}  # fmt: skip
    assert found[name]() is not None


def spoiled(path):
    """A file that is no UTF-8."""
    path.write_bytes(CONTENTS["no UTF-8"])
    return path


def emptied(path):
    """A folder in place of a file."""
    path.unlink()
    path.mkdir()
    return path
