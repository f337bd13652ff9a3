"""Quantized checkpoints are called so, with their method, before anything in them seems to be missing."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_decoders import TINY, make

from llmbook.checkpoint import CheckpointError, load_pretrained, matching, save_pretrained, sources

LAYER = "model.layers.0.mlp.up_proj"
GPTQ = {f"{LAYER}.{part}": torch.zeros(2, 2, dtype=torch.int32) for part in ("qweight", "qzeros", "g_idx")}
FOUR_BITS = {f"{LAYER}.weight.{part}": torch.zeros(2) for part in ("absmax", "quant_map")}
WHAT_TO_DO = r"bfloat16 or float32 only: load the checkpoint that it was made from"


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A checkpoint that no test changes."""
    directory = tmp_path_factory.mktemp("llama")
    save_pretrained(make(TINY["llama"]), directory)
    return directory


def edit_config(folder, **changes):
    """Change fields of a ``config.json``."""
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture
def quantized(plain, tmp_path):
    """Makes such a folder: the matrix of one layer becomes codes, and the config says so or not."""

    def make_folder(said, codes):
        folder = shutil.copytree(plain, tmp_path / "copy")
        tensors = load_file(folder / "model.safetensors")
        (folder / "model.safetensors").unlink()
        del tensors[f"{LAYER}.weight"]
        save_file(tensors | codes, folder / "model.safetensors")
        if said is not None:
            edit_config(folder, quantization_config=said)
        return folder

    return make_folder


SAID = [
    ({"quant_method": "gptq", "bits": 4, "group_size": 128}, GPTQ, r"quantized with gptq \(4 bits\)"),
    ({"quant_method": "awq", "bits": 4, "version": "gemm"}, GPTQ, r"quantized with awq \(4 bits\)"),
    ({"quant_method": "bitsandbytes", "load_in_4bit": True, "load_in_8bit": False}, FOUR_BITS,
     r"quantized with bitsandbytes \(4 bits\)"),
    ({"load_in_8bit": True, "load_in_4bit": False}, {f"{LAYER}.SCB": torch.zeros(2)},
     r"quantized with bitsandbytes \(8 bits\)"),
    ({"quant_method": "fp8"}, {f"{LAYER}.weight_scale_inv": torch.zeros(2)}, "quantized with fp8;"),
    ({"bits": True}, {}, "quantized with a method that quantization_config does not name;"),
    ("int8", {}, r"does not name \('int8'\)"),
    (None, GPTQ, r"up_proj\.(g_idx|qweight|qzeros) shows that the weights are quantized, with GPTQ or AWQ"),
    (None, FOUR_BITS, r"weight\.absmax shows that the weights are quantized, with bitsandbytes"),
    (None, {f"{LAYER}.weight": torch.zeros(9, 1, dtype=torch.uint8)}, r"stored as torch\.uint8, so the weights are "
     "quantized"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "codes", "expected"), SAID)
def test_quantized_weights_are_called_so(quantized, said, codes, expected):
    with pytest.raises(CheckpointError, match=f"{expected}.*{WHAT_TO_DO}"):
        load_pretrained(quantized(said, codes))


@pytest.mark.parametrize(("said", "codes", "expected"), SAID)
def test_without_the_look_they_seem_to_lack_something(quantized, monkeypatch, said, codes, expected):
    """The twin."""
    monkeypatch.setattr(sources, "refuse_quantized", lambda *_: None)
    monkeypatch.setattr(sources, "refuse_codes", lambda *_: None)
    monkeypatch.setattr(matching, "STORED_DTYPES", (torch.float32, torch.uint8))
    with pytest.raises(CheckpointError, match=r"missing|has shape"):
        load_pretrained(quantized(said, codes))


def test_a_folder_without_weights_under_the_usual_name_is_called_so_too(quantized):
    folder = quantized({"quant_method": "gptq", "bits": 3}, GPTQ)
    (folder / "model.safetensors").rename(folder / "gptq_model-3bit.safetensors")
    with pytest.raises(CheckpointError, match=r"quantized with gptq \(3 bits\)"):
        load_pretrained(folder)


def test_a_config_that_says_null_is_read(plain, tmp_path):
    folder = shutil.copytree(plain, tmp_path / "copy")
    edit_config(folder, quantization_config=None)
    assert load_pretrained(folder).config == TINY["llama"]
