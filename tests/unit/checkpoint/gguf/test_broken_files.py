"""GGUF files that are cut short, damaged, or of another kind: each is refused in a sentence."""

import struct

import pytest
import torch
from small_gguf import change, numbers, refused, text

from llmbook.checkpoint import CheckpointError, load_pretrained, read_checkpoint_config
from llmbook.checkpoint.gguf import GGUFTensor, fields, is_gguf, read_gguf, table


def test_a_whole_file_is_read(path):
    assert load_pretrained(path).config == read_checkpoint_config(str(path))
    assert torch.equal(load_pretrained(path).norm.weight, torch.from_numpy(numbers()["model.norm.weight"]))


def test_every_file_that_is_cut_short_is_refused(path):
    """At every byte of its fields and its table, and at places among its numbers."""
    content, begin = path.read_bytes(), min(entry.start for entry in read_gguf(path).entries.values())
    for length in [0, *range(4, begin), *range(begin, len(content) - 32, 97)]:
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError, match=r"is cut short|empty|do not fit"):
            read_gguf(path)


@pytest.mark.parametrize(("content", "said"), [
    (b"", "is empty: download"), (b"GGML1234567890123456", "is no GGUF file"), (b"GGU", "is no GGUF file"),
    (b"<!DOCTYPE html>.....", "is a web page"), (b"version https://git-lfs.github.com/", "is a git-lfs pointer"),
    (b"PK\x03\x04............", "is a zip file or a wheel"),
    (b"GGUF" + struct.pack("<I", 1), "says that it is GGUF of version 1;"),
    (b"GGUF" + struct.pack(">I", 3) + bytes(16), "written for big-endian"),
])  # fmt: skip
def test_other_files_are_called_so(content, said, tmp_path):
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    refused(path, said)


def test_a_file_is_known_by_its_ending_or_its_beginning(path, tmp_path):
    other = path.rename(tmp_path / "renamed")
    assert is_gguf(other) and load_pretrained(other).config.width == 32
    assert is_gguf(tmp_path / "nowhere.GGUF") and not is_gguf(tmp_path) and not is_gguf("google/gemma-2b")
    refused(tmp_path / "nowhere.gguf", r"cannot be opened \(No such file")
    (tmp_path / "folder.gguf").mkdir()
    with pytest.raises(CheckpointError, match=r"has no config\.json"):
        load_pretrained(tmp_path / "folder.gguf")


@pytest.mark.parametrize("name", ["a\0.gguf", "x" * 5000 + ".gguf", "~nobody-of-that-name/x.gguf"])
def test_impossible_names(name):
    with pytest.raises(CheckpointError, match=r"cannot be opened \(.*\); pass a \.gguf file"):
        load_pretrained(name)


@pytest.mark.parametrize("count", [2**20, 2**63, 2**64 - 1])
@pytest.mark.parametrize(("at", "what"), [(8, "the number of tensors"), (16, "the number of fields"),
                                          (24, "the length of the name of field 0")])  # fmt: skip
def test_absurd_counts_are_refused_at_once(at, what, count, path):
    content = bytearray(path.read_bytes())
    content[at : at + 8] = struct.pack("<Q", count)
    path.write_bytes(content)
    refused(path, f"it says {count:,} for {what}, which do not fit")


def test_absurd_lists_are_refused(made):
    path = made(more=lambda writer: writer.add_array("x.list", [1, 2, 3]))
    change(path, struct.pack("<Q", 3), struct.pack("<Q", 2**60), after=b"x.list")
    refused(path, r"it says 1,152,921,504,606,846,976 for the number of values of 'x\.list'")
    path = made(more=lambda writer: writer.add_array("x.list", ["a", "b"]))
    change(path, struct.pack("<Q", 2), struct.pack("<Q", 2**40), after=b"x.list")
    refused(path, r"for the number of texts of 'x\.list'")


def test_fields_of_unknown_types(made):
    path = made(more=lambda writer: writer.add_array("x.list", [1, 2, 3]))
    content = path.read_bytes()
    at = content.index(b"x.list") + 6
    path.write_bytes(content[:at] + struct.pack("<I", 99) + content[at + 4 :])
    refused(path, r"'x\.list' has values of type 99, which this reader does not know")
    path.write_bytes(content[: at + 4] + struct.pack("<I", 9) + content[at + 8 :])  # a list of lists
    refused(path, r"'x\.list' has values of type 9, which")


def test_texts_and_truths_that_are_none(made):
    path = made(more=lambda writer: (writer.add_string("x.text", "abcd"), writer.add_bool("x.truth", True)))
    whole = path.read_bytes()
    change(path, b"abcd", b"ab\xff\xff", after=b"x.text")
    refused(path, r"'x\.text' is no UTF-8 text \(b'ab")
    path.write_bytes(whole)
    change(path, struct.pack("<IB", 7, 1), struct.pack("<IB", 7, 2), after=b"x.truth")
    refused(path, "is neither true nor false but 2")


def test_two_values_under_one_name(made):
    path = made(more=lambda writer: (writer.add_uint32("x.one", 1), writer.add_uint32("x.two", 2)))
    change(path, b"x.two", b"x.one")
    refused(path, r"has two values for 'x\.one'")


def entry_of(path, name):
    """Where the entry of a tensor begins after its name."""
    content = path.read_bytes()
    return content.rindex(text(name)) + len(text(name))


@pytest.mark.parametrize(("at", "kind", "value", "said"), [
    (0, "I", 5, "has 5 axes, not 1 to 4"), (0, "I", 0, "has 0 axes"), (0, "I", 2**31, "has 2,147,483,648 axes"),
    (4, "Q", 33, "is not made of blocks of 32"), (4, "Q", 0, "is not made of blocks"),
    (4, "Q", 2**62, "is cut short or damaged"),
    (12, "Q", 0, "is not made of blocks"), (12, "Q", 2**40, "is cut short or damaged: 'blk.0.attn_q.weight' of shape"),
    (20, "I", 13, r"has the format Q5_K \(13\), which this book does not read; it reads F32, F16"),
    (20, "I", 77, "has the format number 77"), (20, "I", 4, "has the format number 4"),
    (24, "Q", 1, "lies at 1, and not at a multiple of 32"), (24, "Q", 2**60, "is cut short or damaged"),
    (24, "Q", 0, "lie over one another"),
])  # fmt: skip
def test_impossible_entries(at, kind, value, said, path):
    content, begin = bytearray(path.read_bytes()), entry_of(path, "blk.0.attn_q.weight")
    packed = struct.pack(f"<{kind}", value)
    content[begin + at : begin + at + len(packed)] = packed
    path.write_bytes(content)
    refused(path, said)


def test_two_tensors_of_one_name(path):
    change(path, text("blk.0.attn_k.weight"), text("blk.0.attn_v.weight"))
    refused(path, r"has two tensors called 'blk\.0\.attn_v\.weight'")


@pytest.mark.parametrize("alignment", [0, 3, 48, 2**30])
def test_alignments(alignment, made):
    path = made(more=lambda writer: writer.add_uint32("general.alignment", alignment))
    refused(path, f"must be a power of two up to 1,048,576, not {alignment}")


def test_another_alignment_is_read(made):
    plain = load_pretrained(made())
    path = made(more=lambda writer: writer.add_custom_alignment(128))
    assert all(entry.start % 128 == 0 for entry in read_gguf(path).entries.values())
    assert all(torch.equal(*pair) for pair in zip(load_pretrained(path).parameters(), plain.parameters(), strict=True))


def test_a_file_that_is_replaced_while_it_is_read(path, monkeypatch):
    """A shorter one is noticed by its end, and any other one by its fingerprint."""
    content, read = path.read_bytes(), GGUFTensor.read

    def shorten(tensor):
        path.write_bytes(content[: tensor.entry.start])
        return read(tensor)

    def replace(tensor):
        path.with_name("new").write_bytes(content[:-1] + b"\x01")
        path.with_name("new").replace(path)
        return read(tensor)

    monkeypatch.setattr(GGUFTensor, "read", shorten)
    refused(path, "changed while .* was read")
    path.write_bytes(content)
    monkeypatch.setattr(GGUFTensor, "read", replace)
    refused(path, "was saved anew while it was read")


# The twins: without a look the damage goes through, or ends in another error.


@pytest.mark.parametrize(("module", "name", "lies_over"), [
    (table, "_check_places", True), (fields.Cursor, "count", False),
])  # fmt: skip
def test_without_the_look_something_else_happens(module, name, lies_over, path, monkeypatch):
    content = bytearray(path.read_bytes())
    if lies_over:
        begin = entry_of(path, "blk.0.attn_q.weight")
        content[begin + 24 : begin + 32] = struct.pack("<Q", 0)
        monkeypatch.setattr(module, name, lambda *_: None)
    else:
        content[24:32] = struct.pack("<Q", 2**40)
        monkeypatch.setattr(module, name, lambda cursor, kind, smallest, what: cursor.number(kind, what))
    path.write_bytes(content)
    if lies_over:
        load_pretrained(path)  # one tensor has the numbers of another
    else:
        refused(path, "asks for 1,099,511,627,776 bytes")
