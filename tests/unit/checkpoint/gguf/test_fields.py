"""Every type of field, as the reference package writes it."""

import gguf
import numpy as np
import pytest
from small_gguf import SHAPES, change, refused, text

from llmbook.checkpoint.gguf import read_gguf
from llmbook.checkpoint.gguf.fields import LIST, NUMBERS, TEXT
from llmbook.checkpoint.gguf.sizes import as_config_json

VALUES = {
    "uint8": 250, "int8": -120, "uint16": 65_000, "int16": -32_000, "uint32": 2**32 - 1, "int32": -(2**31),
    "uint64": 2**64 - 1, "int64": -(2**63), "float64": 0.1, "float32": 0.1, "bool": True, "string": "é\n",
}  # fmt: skip
LISTS = [[1, 2, 3], [-1, 2**30], [0.5, -0.25], ["a", "", "日本"], [True, False]]


@pytest.mark.parametrize("name", VALUES)
def test_every_type_is_read(name, made):
    path = made(more=lambda writer: getattr(writer, f"add_{name}")("x.value", VALUES[name]))
    found = read_gguf(path).fields["x.value"]
    assert found == VALUES[name] and type(found) is type(VALUES[name])
    assert read_gguf(path).fields["llama.attention.layer_norm_rms_epsilon"] == 1e-5  # the shortest that rounds to it


@pytest.mark.parametrize("values", LISTS, ids=str)
def test_every_list_is_read(values, made):
    path = made(more=lambda writer: writer.add_array("x.list", values))
    assert read_gguf(path).fields["x.list"] == values


def test_all_types_of_the_format_are_known():
    assert {*NUMBERS, LIST, TEXT} == {type_.value for type_ in gguf.GGUFValueType}


def test_version_2_is_read_too(path):
    wanted = read_gguf(path)
    content = bytearray(path.read_bytes())
    assert content[4] == 3
    content[4] = 2
    path.write_bytes(content)
    assert read_gguf(path) == wanted


@pytest.mark.parametrize(("field", "said"), [
    ("llama.block_count", "does not say block_count; is this the file of a whole model"),
    ("llama.attention.layer_norm_rms_epsilon", "attention.layer_norm_rms_epsilon must be a number, not None"),
])  # fmt: skip
def test_a_field_that_is_missing(field, said, path):
    change(path, text(field), text(field.replace("llama", "other")))
    refused(path, said)


def test_a_number_of_another_type(made):
    path = made(more=lambda writer: writer.add_uint32("llama.tensor_data_layout", 1))  # which nothing reads
    assert as_config_json(read_gguf(path))["rope_theta"] == 10_000.0
    content = path.read_bytes()
    at = content.index(b"llama.rope.freq_base") + len(b"llama.rope.freq_base")
    path.write_bytes(content[:at] + b"\x04" + content[at + 1 :])  # four bytes all the same, of a whole number
    refused(path, r"rope\.freq_base must be a number, not 1176256512")


def test_what_other_kinds_must_say(made):
    norms = [name for name in SHAPES if name.endswith("norm.weight")]
    path = made(hf={"model_type": "olmo"}, drop=norms)
    assert as_config_json(read_gguf(path))["clip_qkv"] is None
    content = path.read_bytes()
    at = content.index(b"olmo.attention.layer_norm_epsilon") + len(b"olmo.attention.layer_norm_epsilon") + 4
    path.write_bytes(content[:at] + b"\x00\x00\x00\x3f" + content[at + 4 :])
    refused(path, r"layer_norm_epsilon is 0\.5, and this kind of model has 1e-05")
    path = made(hf={"model_type": "gemma"}, more=lambda writer: writer.add_tensor(
        "output.weight", np.zeros((40, 32), np.float32)))  # fmt: skip
    refused(path, r"has an output\.weight, and models of this kind are tied")
