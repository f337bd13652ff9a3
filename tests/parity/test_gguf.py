"""GGUF files that the reference package wrote: loaded, they are the Hugging Face folder that they were made from."""

import json

import gguf
import pytest
import torch
import transformers
from gguf_files import Types, folder_tensors, rounded, write_gguf
from published_folders import CONFIGS, write_folder
from safetensors.torch import save_file
from small_prompts import VOCABULARY, random_ids
from transformers import LlamaConfig, Olmo2Config

from llmbook.adapters import inject
from llmbook.checkpoint import CheckpointError, load_pretrained, read_checkpoint_config, save_pretrained
from llmbook.checkpoint.gguf.tensors import GGUFTensor
from llmbook.debug import relative_difference
from llmbook.layers.block_linear import BlockLinear
from llmbook.layers.quantized_linear import dequantize_linears_

SIZES = {"vocab_size": VOCABULARY, "num_hidden_layers": 2, "max_position_embeddings": 96, "intermediate_size": 96,
         "hidden_size": 64, "num_attention_heads": 4, "rms_norm_eps": 1e-5}  # fmt: skip
MORE = {
    "wide": LlamaConfig(num_key_value_heads=2, rope_theta=50_000.0, **SIZES),
    "biased": LlamaConfig(num_key_value_heads=2, attention_bias=True, mlp_bias=True, **SIZES),
    "olmo2": Olmo2Config(num_key_value_heads=2, rope_theta=500_000.0, eos_token_id=2, **SIZES),
}
KINDS = [*CONFIGS, *MORE]
BLOCKS = [Types.Q8_0, Types.Q4_0, Types.Q4_1, Types.Q5_0, Types.Q5_1]
LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@pytest.fixture(autouse=True)
def more_kinds(monkeypatch):
    for name, config in MORE.items():
        monkeypatch.setitem(CONFIGS, name, config)


def write_both(directory, kind, **options):
    """A folder of transformers, and the GGUF file of the same model."""
    theirs = write_folder(directory / "folder", kind)
    hf = json.loads((directory / "folder" / "config.json").read_text())
    write_gguf(directory / "model.gguf", hf, folder_tensors(directory / "folder"), **options)
    return theirs


@torch.inference_mode()
def logits_of(model, ids):
    found = model(ids)
    return getattr(found, "logits", found)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_the_folder_that_it_was_made_from(kind, tmp_path):
    theirs = write_both(tmp_path, kind)
    ours, folder = load_pretrained(tmp_path / "model.gguf"), load_pretrained(tmp_path / "folder")
    assert ours.config == folder.config == read_checkpoint_config(tmp_path / "model.gguf") and not ours.training
    for (name, found), wanted in zip(ours.named_parameters(), folder.parameters(), strict=True):
        if kind.startswith("gemma") and name.endswith("norm.weight"):  # 1 was added and taken away again
            torch.testing.assert_close(found, wanted, rtol=0, atol=1e-6)
        else:
            assert torch.equal(found, wanted), name
    assert relative_difference(logits_of(ours, random_ids()), logits_of(theirs, random_ids())) < 1e-5


@pytest.mark.parametrize("kind", ["llama", "llama-tied", "olmo", "biased"])
def test_rows_that_stay_as_they_lie_are_noticed(kind, tmp_path, monkeypatch):
    """The twin: the layout trap. Every number is there, and the model is another."""
    theirs = write_both(tmp_path, kind)
    monkeypatch.setattr(GGUFTensor, "order", lambda tensor: None)
    ours = load_pretrained(tmp_path / "model.gguf")
    assert relative_difference(logits_of(ours, random_ids()), logits_of(theirs, random_ids())) > 1e-2


@pytest.mark.parametrize("kind", ["gemma-2b", "gemma-7b"])
def test_a_gain_with_the_one_still_in_it_is_noticed(kind, tmp_path, monkeypatch):
    theirs = write_both(tmp_path, kind)
    monkeypatch.setattr("llmbook.checkpoint.gguf.naming._shift", lambda *_: 0.0)
    ours = load_pretrained(tmp_path / "model.gguf")
    assert relative_difference(logits_of(ours, random_ids()), logits_of(theirs, random_ids())) > 1e-2


@pytest.mark.parametrize("type_", [Types.F16, Types.BF16, *BLOCKS], ids=lambda type_: type_.name)
def test_blocks_stand_for_what_the_reference_reads(type_, tmp_path):
    def types(name, numbers):
        return type_

    write_both(tmp_path, "wide", types=types)
    hf = json.loads((tmp_path / "folder" / "config.json").read_text())
    kept = rounded(folder_tensors(tmp_path / "folder"), hf, types)
    save_file(kept, tmp_path / "folder" / "model.safetensors", metadata={"format": "pt"})
    ours, folder = load_pretrained(tmp_path / "model.gguf"), load_pretrained(tmp_path / "folder")
    assert all(torch.equal(*pair) for pair in zip(ours.parameters(), folder.parameters(), strict=True))
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "folder", dtype=torch.float32)
    assert relative_difference(logits_of(ours, random_ids()), logits_of(theirs, random_ids())) < 1e-5


def mixed(name, numbers):
    """As the files of llama.cpp: the table of tokens in eight bits, most of the rest in fewer."""
    return Types.Q8_0 if "embed" in name else Types.Q4_1 if "mlp" in name else Types.Q5_0


@pytest.mark.parametrize("kind", ["wide", "biased", "olmo2"])
@pytest.mark.parametrize("dtype", [None, "bfloat16"])
def test_kept_blocks_compute_what_their_numbers_do(kind, dtype, tmp_path):
    write_both(tmp_path, kind, types=mixed)
    plain = load_pretrained(tmp_path / "model.gguf", dtype=dtype)
    kept = load_pretrained(tmp_path / "model.gguf", dtype=dtype, keep_quantized=True)
    found = [name for name, layer in kept.named_modules() if isinstance(layer, BlockLinear)]
    assert len(found) == 7 * 2 + 1 and not any(tensor.requires_grad for tensor in kept.parameters())
    tolerance = 1e-5 if dtype is None else 0.05  # a plain layer adds its bias before it rounds to bfloat16
    assert relative_difference(logits_of(kept, random_ids()), logits_of(plain, random_ids())) < tolerance
    read = {name: layer.weight for name, layer in kept.named_modules() if isinstance(layer, BlockLinear)}
    assert all(torch.equal(read[name], plain.get_submodule(name).weight) for name in found)
    stored = sum(buffer.numel() for buffer in kept.buffers())
    assert stored < 0.25 * sum(tensor.numel() * 4 for tensor in read.values())
    dequantized = dequantize_linears_(kept)
    assert all(torch.equal(*pair) for pair in zip(dequantized.parameters(), plain.parameters(), strict=True))


def test_kept_blocks_carry_an_adapter(tmp_path):
    write_both(tmp_path, "wide", types=mixed)
    model = inject(load_pretrained(tmp_path / "model.gguf", keep_quantized=True), LINEAR, rank=2, alpha=4, kind="dora")
    before = [layer.codes.clone() for layer in model.modules() if isinstance(layer, BlockLinear)]
    trained = [tensor for tensor in model.parameters() if tensor.requires_grad]
    model.train()(random_ids()).square().mean().backward()
    assert trained and all(tensor.grad is not None and tensor.grad.isfinite().all() for tensor in trained)
    after = [layer.codes for layer in model.modules() if isinstance(layer, BlockLinear)]
    assert len(before) == 15 and all(map(torch.equal, before, after))


def test_a_file_becomes_a_folder(tmp_path):
    write_both(tmp_path, "wide", more=lambda writer: (writer.add_eos_token_id(5), writer.add_bos_token_id(4)))
    ours = load_pretrained(tmp_path / "model.gguf")
    save_pretrained(ours, tmp_path / "saved")
    said = json.loads((tmp_path / "saved" / "config.json").read_text())
    assert (said["bos_token_id"], said["eos_token_id"]) == (4, 5)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "saved", dtype=torch.float32)
    assert relative_difference(logits_of(ours, random_ids()), logits_of(theirs, random_ids())) < 1e-5
    write_both(tmp_path, "wide", types=mixed)
    with pytest.raises(CheckpointError, match="not those of its config"):
        save_pretrained(load_pretrained(tmp_path / "model.gguf", keep_quantized=True), tmp_path / "kept")
    with pytest.raises(CheckpointError, match="is no GGUF file"):
        load_pretrained(tmp_path / "folder", keep_quantized=True)


def test_the_reference_reads_the_same_file(tmp_path):
    """transformers' own reader of GGUF, which shares nothing with this one."""
    write_both(tmp_path, "wide", types=lambda name, numbers: Types.Q8_0)
    ours = load_pretrained(tmp_path / "model.gguf")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file="model.gguf", dtype=torch.float32)
    assert relative_difference(logits_of(ours, random_ids()), logits_of(theirs, random_ids())) < 1e-5
    assert len(gguf.GGUFReader(tmp_path / "model.gguf").tensors) == len(dict(ours.named_parameters()))
