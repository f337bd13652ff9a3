"""Checkpoints in formats that this book does not read: what a folder or a repository has is named, and what to do."""

from fnmatch import fnmatch

import huggingface_hub
import pytest

from llmbook.adapters import load_adapter
from llmbook.checkpoint import CheckpointError, hub, load_pretrained
from llmbook.checkpoint.folder import stored_tensors
from llmbook.checkpoint.formats import unread_format
from llmbook.checkpoint.tokenizer import load_tokenizer
from llmbook.models import Decoder, llama

NAME = "owner/name"


def adapter(name):
    return load_adapter(Decoder(llama.tiny()), name)


CASES = [
    (load_pretrained, "config.json", "pytorch_model.bin", r"pytorch_model\.bin only, .*model\.safetensors, or load it"),
    (load_pretrained, "config.json", "pytorch_model-00001-of-00002.bin", r"00002\.bin only, a format that can run"),
    (load_pretrained, "README.md", "model.Q4_K_M.gguf", r"model\.Q4_K_M\.gguf only, .*quantized"),
    (load_pretrained, "config.json", "tf_model.h5", "which TensorFlow wrote"),
    (load_pretrained, "config.json", "flax_model.msgpack", "which Flax wrote"),
    (load_pretrained, "params.json", "consolidated.00.pth", "ends in -hf"),
    (load_tokenizer, "config.json", "tokenizer.model", r"only tokenizer\.model: load it with transformers' AutoTok"),
    (load_tokenizer, "config.json", "spiece.model", r"only spiece\.model: load it"),
    (load_tokenizer, "merges.txt", "vocab.json", r"only vocab\.json: load it"),
    (adapter, "adapter_config.json", "adapter_model.bin", r"adapter_model\.bin only, .*load it with PEFT"),
]


@pytest.fixture
def repository(monkeypatch, tmp_path):
    """Stands for the hub: a repository with some files, of which those that match are downloaded."""

    def with_files(names, listed=True):
        def download(hub_id, allow_patterns):
            for name in names:
                if any(fnmatch(name, pattern) for pattern in allow_patterns):
                    (tmp_path / name).write_text("{}")
            return str(tmp_path)

        def list_files(hub_id):
            if not listed:
                raise OSError("no network")
            return list(names)

        monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
        monkeypatch.setattr(huggingface_hub, "list_repo_files", list_files)

    return with_files


@pytest.mark.parametrize(("load", "other", "file", "said"), CASES, ids=[case[2] for case in CASES])
def test_a_repository_in_another_format_says_which(load, other, file, said, repository, monkeypatch):
    repository([other, file])
    with pytest.raises(CheckpointError, match=f"^{NAME} has .*{said}"):
        load(NAME)
    monkeypatch.setattr(hub, "_refuse_other_formats", lambda *place: None)  # the twin: what was said before
    with pytest.raises(CheckpointError) as raised:
        load(NAME)
    assert file not in str(raised.value)


@pytest.mark.parametrize(("load", "other", "file", "said"), CASES[:9], ids=[case[2] for case in CASES[:9]])
def test_a_folder_says_the_same(load, other, file, said, tmp_path):
    (tmp_path / file).write_text("")
    with pytest.raises(CheckpointError, match=f"has .*{said}"):
        (load if load is load_tokenizer else stored_tensors)(tmp_path)


def test_without_a_list_of_the_files_the_folder_complains(repository):
    repository(["config.json", "tokenizer.model"], listed=False)
    with pytest.raises(CheckpointError, match=r"has no tokenizer\.json, so it holds no fast tokenizer"):
        load_tokenizer(NAME)


def test_what_is_there_is_not_asked_for(repository, monkeypatch):
    """Neither an index nor a config of generation has to be in a repository, and the list costs a question."""
    repository(["config.json", "model.safetensors", "pytorch_model.bin"])
    monkeypatch.setattr(huggingface_hub, "list_repo_files", lambda hub_id: pytest.fail("asked the hub"))
    patterns = ("config.json", "model.safetensors.index.json", "model*.safetensors")
    assert (hub.find_directory(NAME, patterns) / "model.safetensors").is_file()


def test_a_format_belongs_to_the_file_that_is_missing():
    assert unread_format("model.safetensors", ["tokenizer.model", "README.md"]) is None
    assert unread_format("config.json", ["pytorch_model.bin"]) is None
    many = [f"pytorch_model-{number}-of-3.bin" for number in (1, 2, 3)]
    assert "has its weights in pytorch_model.bin only" in unread_format("model.safetensors", many)
