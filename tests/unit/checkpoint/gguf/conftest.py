"""A small GGUF file, as it is or changed."""

import pytest
from gguf_files import Types, write_gguf
from small_gguf import HF, numbers


@pytest.fixture
def made(tmp_path):
    """Writes a small file; changes of its config, its tensors and its fields on request."""

    def make(hf=(), drop=(), more=lambda writer: None, types=lambda name, stored: Types.Q8_0):
        path = tmp_path / "model.gguf"
        kept = {name: tensor for name, tensor in numbers().items() if name not in drop}
        write_gguf(path, HF | dict(hf), kept, types, more)
        return path

    return make


@pytest.fixture
def path(made):
    return made()
