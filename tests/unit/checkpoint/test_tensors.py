"""Reading the tensors of a file."""

import torch
from safetensors.torch import save_file

from llmbook.checkpoint import stored_tensors


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
