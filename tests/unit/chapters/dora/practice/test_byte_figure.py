"""The picture of a block's bytes, and the stored blocks that the page reads by hand."""

import struct

import pytest
import torch
from drawing import bars, limits, redrawn, titles, words
from matplotlib.colors import to_hex, to_rgb

from llmbook.chapters.dora.practice.byte_plots import draw_blocks
from llmbook.checkpoint.gguf import read_gguf
from llmbook.checkpoint.gguf.tensors import GGUFTensor
from llmbook.data import read_table
from llmbook.layers.blocks import FORMATS, dequantize
from llmbook.plots.style import PAGE, PALETTE, contrast
from llmbook.real_weights import CATALOG, find_weights

EIGHT = bytes([0xCE, 0x16, 7, 0xFF, 0x80, *range(29)])
FOUR = bytes([0x5E, 0x2A, 0xD8, 0xB7, 0xB8, *range(15)])


def test_every_byte_is_a_square_with_its_code():
    eight, four = redrawn(draw_blocks, {"Q8_0": EIGHT, "Q4_1": FOUR}).axes
    assert [bar.color for bar in bars(eight)] == ["orange"] * 2 + ["sky"] * 32
    assert [bar.color for bar in bars(four)] == ["orange"] * 2 + ["green"] * 2 + ["sky"] * 16
    texts = [word.text for word in words(eight)]
    assert texts[:3] == ["ce", "16", "scale"]
    assert texts[3:9] == ["07", "+7", "ff", "-1", "80", "-128"]
    assert [word.text for word in words(four)][:8] == ["5e", "2a", "d8", "b7", "step", "lowest", "b8", "8 11"]
    assert (titles(eight)[0], titles(four)[0]) == ("Q8_0, 34 bytes", "Q4_1, 20 bytes")


def test_the_edge_of_a_square_can_be_seen_on_the_page():
    for ax in redrawn(draw_blocks, {"Q8_0": EIGHT, "Q4_1": FOUR}).axes:
        assert [bar.edge for bar in bars(ax)] == [bar.color for bar in bars(ax)]
        assert all(patch.get_edgecolor()[3] == 1 and patch.get_linewidth() >= 1 for patch in ax.patches)
        assert all(contrast(PALETTE[bar.edge], PAGE) >= 3 for bar in bars(ax))
    tint = [1 - 0.45 * (1 - value) for value in to_rgb(PALETTE["sky"])]
    assert contrast(to_hex(tint), PAGE) < 2, "the twin: as a tint alone it stood before"


def test_squares_stand_where_the_bytes_do():
    [ax] = redrawn(draw_blocks, {"Q8_0": EIGHT}).axes
    found = [(bar.x, bar.y) for bar in bars(ax)]
    assert found[:3] == [(0.04, -0.96), (1.04, -0.96), (0.04, -1.96)], "scales first, codes below"
    assert found[18:20] == [(0.04, -2.96), (1.04, -2.96)], "sixteen codes in a row"
    code = {word.text: (word.x, word.y) for word in words(ax)}["-128"]
    assert code == (2.5, -1.72)
    (low, high), (bottom, top) = limits(ax)
    assert low < 0 < 16 < high and bottom < -2.96 and top > 0


@pytest.fixture(scope="module")
def blocks():
    rows = read_table("smollm2_blocks")
    return {name: [row for row in rows if row["format"] == name] for name in ("Q8_0", "Q4_1")}


def test_the_stored_blocks_are_rows_of_576_weights_in_their_order(blocks):
    for name, rows in blocks.items():
        raw = [bytes.fromhex(row["bytes"]) for row in rows]
        assert {len(each) for each in raw} == {FORMATS[name].size} and len(raw) * FORMATS[name].weights == 576
        assert [row["block"] for row in rows] == list(range(18))
        assert {row["offset"] - FORMATS[name].size * row["block"] for row in rows} == {rows[0]["offset"]}
        assert {CATALOG["smollm2"].sha256 in row["source"] and "Apache-2.0" in row["source"] for row in rows} == {True}


def read_by_hand(name: str, raw: bytes, *, swapped: bool = False) -> list[float]:
    """The weights of a block from its bytes, with none of the package's functions."""
    if name == "Q8_0":
        (scale,) = struct.unpack(">e" if swapped else "<e", raw[:2])
        return [scale * code for code in struct.unpack("32b", raw[2:])]
    step, lowest = struct.unpack("<2e", raw[:4])
    first, second = [byte & 15 for byte in raw[4:]], [byte >> 4 for byte in raw[4:]]
    return [step * code + lowest for code in (second + first if swapped else first + second)]


@pytest.mark.parametrize("name", ["Q8_0", "Q4_1"])
def test_the_package_reads_them_as_a_hand_does(blocks, name):
    for row in blocks[name]:
        raw = bytes.fromhex(row["bytes"])
        found = dequantize(torch.tensor([*raw], dtype=torch.uint8), FORMATS[name])
        assert torch.equal(found, torch.tensor(read_by_hand(name, raw)))
        assert not torch.equal(found, torch.tensor(read_by_hand(name, raw, swapped=True))), "the twin"


@pytest.mark.skipif(find_weights("smollm2") is None, reason="run python -m llmbook.real_weights smollm2")
def test_they_are_the_bytes_of_the_file(blocks):
    gguf = read_gguf(find_weights("smollm2"))
    with open(gguf.path, "rb") as file:
        for row in [row for rows in blocks.values() for row in rows]:
            file.seek(row["offset"])
            raw = bytes.fromhex(row["bytes"])
            assert file.read(len(raw)) == raw
    entry = gguf.entries["blk.0.ffn_up.weight"]
    raw = b"".join(bytes.fromhex(row["bytes"]) for row in blocks["Q4_1"])
    wanted = GGUFTensor(gguf.path, entry).read()
    assert torch.equal(dequantize(torch.tensor([*raw], dtype=torch.uint8), FORMATS["Q4_1"]), wanted[0])
    assert not torch.equal(wanted[0], wanted[1]), "the twin: another row differs"
