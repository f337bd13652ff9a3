"""What the fields of a GGUF file say about the model: held against the tensors, and refused where it is not built."""

import struct

import gguf
import pytest
from small_gguf import change, refused, text

from llmbook.checkpoint import load_pretrained
from llmbook.checkpoint.tokenizer import load_tokenizer


@pytest.mark.parametrize(("hf", "drop", "said"), [
    ({"num_hidden_layers": 2}, (), r"9 missing \(blk\.1\.attn_k\.weight.*do its metadata and the weights belong"),
    ({}, ("model.norm.weight",), r"1 missing \(output_norm\.weight\)"),
    ({"vocab_size": 41}, (), r"token_embd\.weight has shape \(40, 32\), but its metadata implies \(41, 32\)"),
    ({"intermediate_size": 96}, (), r"has shape .*, but its metadata implies"),
    ({"num_hidden_layers": 2**32 - 1}, (), "block_count must be a whole number from 1 to"),
    ({"num_hidden_layers": 10**6}, (), "num_hidden_layers = 1000000, but the checkpoint holds 11 tensors"),
    ({"rms_norm_eps": 0.0}, (), "norm_eps must be above 0"), ({"head_dim": 14}, (), "and a head has 16 numbers"),
])  # fmt: skip
def test_sizes_that_do_not_fit_the_tensors(hf, drop, said, made, monkeypatch):
    names = gguf.get_tensor_name_map
    monkeypatch.setattr(gguf, "get_tensor_name_map", lambda kind, layers: names(kind, 1))
    refused(made(hf=hf, drop=drop), said)


@pytest.mark.parametrize(("old", "new", "after", "said"), [
    (2, 3, "llama.attention.head_count", "dimension_count is 16, and a head has 10 numbers"),
    (1, 3, "llama.attention.head_count_kv", r"heads \(2\) must be a multiple of kv_heads \(3\)"),
    (64, 0, "llama.context_length", "context_length must be a whole number from 1 to"),
])  # fmt: skip
def test_sizes_that_contradict_each_other(old, new, after, said, path):
    change(path, struct.pack("<I", old), struct.pack("<I", new), after=text(after) + struct.pack("<I", 4))
    refused(path, said)


def test_a_file_without_a_language_model(made):
    refused(made(hf={"vocab_size": 0}), "vocab_size must be a whole number from 1 to")
    path = made()
    change(path, text("general.architecture"), text("general.architecturf"))
    refused(path, r"reads general\.architecture llama, gemma, olmo, olmo2, not None")


@pytest.mark.parametrize(("field", "said"), [
    ("llama.expert_count", r"it says 'expert_count', which this book has not built for llama"),
    ("llama.attention.sliding_window", "it says 'attention.sliding_window', which this book has not built"),
])  # fmt: skip
def test_what_is_not_built_is_refused(field, said, made):
    refused(made(more=lambda writer: writer.add_uint32(field, 8)), said)
    made(more=lambda writer: writer.add_uint32("other.expert_count", 8))  # of no kind that this file has


def test_a_part_of_a_model_is_called_so(made):
    refused(made(more=lambda writer: writer.add_uint16("split.count", 2)), "is one of 2 parts of a model; make one")
    for whole in (0, 1):
        load_pretrained(made(more=lambda writer, count=whole: writer.add_uint16("split.count", count)))


def test_stretched_positions_are_refused(made):
    kind = "llama.rope.scaling.type"
    refused(made(more=lambda writer: writer.add_string(kind, "linear")), "rope type 'linear' is not built here")
    load_pretrained(made(more=lambda writer: writer.add_string(kind, "none")))


def test_ids_that_no_token_has(made):
    refused(made(more=lambda writer: (writer.add_token_list(["a"]), writer.add_eos_token_id(1))),
            r"eos_token_id is 1, and there are 1 tokens")  # fmt: skip
    refused(made(), "tokenizer.ggml.model is None, and this book reads 'gpt2' and 'llama'", load_tokenizer)
