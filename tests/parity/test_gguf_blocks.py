"""Every block format against the package ``gguf``: the same float32, bit for bit, whatever the bytes are."""

import gguf
import numpy as np
import pytest
import torch

from llmbook.layers import blocks
from llmbook.layers.blocks import FORMATS, Blocks, dequantize

QUANTIZED = [name for name, format in FORMATS.items() if format.is_quantized]
SCALES = {"Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q4_K": [0, 2], "Q6_K": [208]}
"""Where the float16 numbers of a block stand."""
WRITTEN = ["BF16", "F16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"]
"""What the reference package writes too."""


def random_rows(name, rows=64, blocks_in_row=4):
    """Rows of any bytes: every sign, infinite and undefined scales among them."""
    return np.random.default_rng(0).integers(0, 256, (rows, blocks_in_row * FORMATS[name].size), dtype=np.uint8)


def every_byte(name):
    """For each place in a block a block with each byte there."""
    size = FORMATS[name].size
    found = np.random.default_rng(1).integers(0, 256, (size * 256, size), dtype=np.uint8)
    place, byte = np.divmod(np.arange(size * 256), 256)
    found[np.arange(size * 256), place] = byte
    return found


def every_scale(name):
    """Each of the 65,536 float16 numbers in each place of one, finite ones in the others."""
    size, found = FORMATS[name].size, []
    for place in SCALES.get(name, [0]):
        rows = np.random.default_rng(2).integers(0, 256, (65_536, max(size, 2)), dtype=np.uint8)
        for other in SCALES.get(name, [0]):
            rows[:, other : other + 2] = np.full(65_536, 0.37, np.float16).view(np.uint8).reshape(-1, 2)
        rows[:, place : place + 2] = np.arange(65_536, dtype=np.uint16).view(np.uint8).reshape(-1, 2)
        found.append(rows)
    return np.concatenate(found)


def difference(name, rows):
    """How many numbers are not those of the reference, bit for bit; an undefined number is like any other."""
    with np.errstate(all="ignore"):
        wanted = gguf.dequantize(rows, gguf.GGMLQuantizationType[name]).reshape(len(rows), -1)
    found = dequantize(torch.from_numpy(rows), FORMATS[name]).numpy()
    assert found.dtype == np.float32 and found.shape == wanted.shape
    undefined = np.isnan(wanted)
    other = found.view(np.uint32) != wanted.view(np.uint32)
    return int((np.isnan(found) != undefined).sum() + other[~undefined].sum())


@pytest.mark.parametrize("rows", [random_rows, every_byte, every_scale])
@pytest.mark.parametrize("name", FORMATS)
def test_any_bytes_are_read_as_by_the_reference(name, rows):
    assert difference(name, rows(name)) == 0


@pytest.mark.parametrize("std", [1e-6, 0.02, 3e3], ids=["quiet", "usual", "loud"])
@pytest.mark.parametrize("name", WRITTEN)
def test_what_the_reference_writes_is_read(name, std):
    numbers = np.random.default_rng(3).normal(0, std, (32, 256)).astype(np.float32)
    rows = gguf.quantize(numbers, gguf.GGMLQuantizationType[name]).view(np.uint8)
    assert difference(name, rows) == 0
    stored = Blocks(torch.from_numpy(rows), FORMATS[name])
    error = (stored.read().numpy() - numbers).std() / numbers.std()
    assert stored.shape == (32, 256) and error < (0.2 if std > 1e-5 else 1.1)
    assert stored.bits_per_weight() == 8 * sum(each.numel() for each in stored.tensors()) / numbers.size
    assert stored.read(torch.bfloat16).dtype == torch.bfloat16


def test_the_formats_are_as_large_as_the_reference_says():
    sizes = {name: gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]] for name in FORMATS}
    assert {name: (format.weights, format.size) for name, format in FORMATS.items()} == sizes


def test_a_row_that_ends_inside_a_block_is_refused():
    with pytest.raises(ValueError, match="a row of 33 bytes does not end with a block of Q8_0, 34"):
        dequantize(torch.zeros(2, 33, dtype=torch.uint8), FORMATS["Q8_0"])


# The twins: a fault in what a format is made of is seen in every format that has it.


def side_by_side(codes):
    """The fault: the two codes of a byte are neighbors."""
    return torch.stack((codes & 15, codes >> 4), dim=-1).flatten(-2)


def highest_first(codes):
    """The fault: bits of a byte from its other end."""
    return (codes[..., None] >> torch.arange(7, -1, -1, dtype=torch.uint8) & 1).flatten(1)


def six_bits_only(packed):
    """The fault: the last four scales lack their upper two bits."""
    first, second, shared = packed.split(4, dim=1)
    return torch.cat((first & 63, shared & 15), dim=1), torch.cat((second & 63, shared >> 4), dim=1)


FAULTS = {
    "codes side by side": ("_nibbles", side_by_side, ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q6_K"]),
    "fifth bits reversed": ("_bits", highest_first, ["Q5_0", "Q5_1"]),
    "zero of four bits": ("ZERO_4", 7, ["Q4_0"]),
    "zero of five bits": ("ZERO_5", 15, ["Q5_0"]),
    "zero of six bits": ("ZERO_6", 31, ["Q6_K"]),
    "scales of four bits": ("_six_bit_scales", six_bits_only, ["Q4_K"]),
    "scales in bfloat16": ("_halves", lambda codes: codes.contiguous().view(torch.bfloat16).float(), QUANTIZED),
}


@pytest.mark.parametrize(("fault", "name"), [(fault, name) for fault, found in FAULTS.items() for name in found[2]])
def test_a_fault_is_seen(fault, name, monkeypatch):
    attribute, planted, _ = FAULTS[fault]
    monkeypatch.setattr(blocks, attribute, planted)
    assert difference(name, random_rows(name)) > 100


def test_every_format_has_a_fault_that_is_seen():
    assert {name for _, _, names in FAULTS.values() for name in names} == set(QUANTIZED)
