"""Reading the tensors of a file."""

import struct

import pytest
import torch
from safetensors.torch import load_file, save_file

from llmbook.checkpoint import CheckpointError, stored_tensors


def test_our_reader_equals_the_library(tmp_path):
    generator = torch.Generator().manual_seed(3)
    tensors = {
        str(dtype): torch.randint(0, 2, (3, 5), generator=generator).to(dtype)
        for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool)
    } | {"scalar": torch.tensor(2.5), "nothing": torch.empty(0, 4)}
    save_file(tensors, tmp_path / "model.safetensors")
    for name, stored in stored_tensors(tmp_path).items():
        read = stored.read()
        assert read.dtype is tensors[name].dtype and torch.equal(read, tensors[name])


def with_header(path, change):
    """The same numbers under another header."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = change(content[8 : 8 + length].decode().rstrip()).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + content[8 + length :])


def test_a_tensor_that_is_described_in_two_ways_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.arange(6.0).view(2, 3)}, path)
    again = ',"a":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]}}'
    with_header(path, lambda header: header[:-1] + again)
    assert load_file(path)["a"].shape == (3, 2), "the twin: the library takes the last"
    with pytest.raises(CheckpointError, match=r"model\.safetensors: in its header 'a' stands twice, with two values"):
        stored_tensors(tmp_path)


def test_a_dtype_that_is_not_read_is_told_as_such(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.zeros(2, dtype=torch.int16)}, path)
    with pytest.raises(CheckpointError, match=r"^\S*model\.safetensors: a has dtype I16, which this book cannot read"):
        stored_tensors(tmp_path)
