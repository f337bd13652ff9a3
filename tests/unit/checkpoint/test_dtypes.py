"""The precision of a loaded model: as asked, by object or by name, or as the files have it."""

from pathlib import Path

import pytest
import torch
from tiny_decoders import TINY, make

from llmbook.checkpoint import CheckpointError, load_pretrained, pretrained, save_pretrained
from llmbook.checkpoint.dtypes import asked_dtype, kept_dtype


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A llama in float32."""
    directory = tmp_path_factory.mktemp("llama")
    save_pretrained(make(TINY["llama"]), directory)
    return directory


def dtypes(folder, asked):
    """Of the tensors of a loaded model."""
    return {tensor.dtype for tensor in load_pretrained(folder, dtype=asked).parameters()}


@pytest.mark.parametrize("asked", ["bfloat16", "torch.bfloat16", torch.bfloat16])
def test_a_dtype_and_its_name_are_the_same(folder, asked):
    assert dtypes(folder, asked) == {torch.bfloat16}
    assert dtypes(folder, "float32") == dtypes(folder, None) == {torch.float32}


@pytest.mark.parametrize(("asked", "said"), [
    ("float64", r"dtype is torch\.float64, in which these models are not run.*pass dtype=torch\.float32"),
    ("float16", r"dtype is torch\.float16, in which these models are not run"),
    (torch.int8, r"dtype is torch\.int8, in which"),
    ("fp32", r"dtype is 'fp32', which torch does not know; pass dtype=torch\.float32 or .*, or \"float32\" or"),
    ("", "dtype is '', which"), ("nn", "dtype is 'nn', which"), (32, "dtype is 32, which"), (float, "class 'float'"),
])  # fmt: skip
def test_what_is_no_dtype_of_a_model_is_refused_before_anything_is_read(asked, said):
    with pytest.raises(CheckpointError, match=said):
        load_pretrained("no folder at all", dtype=asked)


def test_without_names_a_name_is_refused(folder, monkeypatch):
    """The twin: what is asked is taken as it is."""
    monkeypatch.setattr(pretrained, "asked_dtype", lambda asked: asked)
    with pytest.raises(TypeError):
        dtypes(folder, "bfloat16")


def test_the_dtype_of_the_files_is_kept():
    both = dict.fromkeys([torch.bfloat16, torch.float32], Path("a.safetensors"))
    assert asked_dtype(None) is None
    assert kept_dtype(both, {}) is torch.float32 and kept_dtype(both, {"torch_dtype": "bfloat16"}) is torch.bfloat16
    assert kept_dtype(dict.fromkeys([torch.bfloat16, torch.float16], Path("a.safetensors")), {}) is torch.bfloat16
    with pytest.raises(CheckpointError, match=r"a\.safetensors is in torch\.float16"):
        kept_dtype({torch.float16: Path("a.safetensors")}, {"dtype": "float32"})
