"""Small GGUF files, written by the reference package ``gguf``: its names of tensors, its converter's order of rows.

Nothing here is taken from the reader under test.
"""

import json
from pathlib import Path

import gguf
import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

ARCHITECTURES = {"llama": gguf.MODEL_ARCH.LLAMA, "gemma": gguf.MODEL_ARCH.GEMMA, "olmo": gguf.MODEL_ARCH.OLMO,
                 "olmo2": gguf.MODEL_ARCH.OLMO2}  # fmt: skip
PERMUTED = ("llama", "olmo")
Types = gguf.GGMLQuantizationType


def neighbors(rows: np.ndarray, heads: int) -> np.ndarray:
    """Each head's rows as llama.cpp has them: the pair of numbers that turn together side by side."""
    head = rows.reshape(heads, -1, *rows.shape[1:])
    half = head.shape[1] // 2
    woven = np.empty_like(head)
    for pair in range(half):
        woven[:, 2 * pair], woven[:, 2 * pair + 1] = head[:, pair], head[:, half + pair]
    return woven.reshape(rows.shape)


def converted(name: str, numbers: np.ndarray, hf: dict) -> np.ndarray:
    """What llama.cpp's converter makes of a tensor of a Hugging Face folder."""
    kind = hf["model_type"]
    if kind in PERMUTED and ("q_proj" in name or "k_proj" in name):
        heads = hf["num_attention_heads"]
        return neighbors(numbers, hf.get("num_key_value_heads") or heads if "k_proj" in name else heads)
    return numbers + np.float32(1) if kind == "gemma" and name.endswith("norm.weight") else numbers


def write_sizes(writer: gguf.GGUFWriter, hf: dict) -> None:
    """The fields that say how large the model is."""
    kind, heads = hf["model_type"], hf["num_attention_heads"]
    head_size = hf.get("head_dim") or hf["hidden_size"] // heads
    writer.add_context_length(hf["max_position_embeddings"])
    writer.add_embedding_length(hf["hidden_size"])
    writer.add_block_count(hf["num_hidden_layers"])
    writer.add_feed_forward_length(hf["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(hf.get("num_key_value_heads") or heads)
    if kind == "olmo":
        writer.add_layer_norm_eps(1e-5)
    else:
        writer.add_layer_norm_rms_eps(hf["rms_norm_eps"])
    if kind == "olmo" and hf.get("clip_qkv"):
        writer.add_clamp_kqv(hf["clip_qkv"])
    if kind == "gemma":
        writer.add_key_length(head_size)
        writer.add_value_length(head_size)
    else:
        writer.add_vocab_size(hf["vocab_size"])
        writer.add_rope_dimension_count(head_size)
        base = hf.get("rope_theta") or (hf.get("rope_parameters") or {}).get("rope_theta", 10_000.0)
        writer.add_rope_freq_base(base)


def write_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer, cut: str, special=(), whole=()) -> None:
    """The fields of a byte-level tokenizer of the ``tokenizers`` library."""
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(tokenizer.get_vocab(with_added_tokens=True).items(), key=lambda pair: pair[1])
    names = [token for token, _ in tokens]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(cut)
    writer.add_token_list(names)
    writer.add_token_types([3 if name in special else 4 if name in whole else 1 for name in names])
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]])


def write_gguf(path: Path, hf: dict, tensors: dict[str, np.ndarray], types=lambda name, numbers: Types.F32,
               more=lambda writer: None) -> None:  # fmt: skip
    """Write a model.

    Args:
        path: of the file.
        hf: its ``config.json``.
        tensors: as in its Hugging Face folder, float32.
        types: in which format each tensor is stored, by its name there and its numbers.
        more: adds further fields.
    """
    kind = ARCHITECTURES[hf["model_type"]]
    writer = gguf.GGUFWriter(path, hf["model_type"])
    write_sizes(writer, hf)
    more(writer)
    names = gguf.get_tensor_name_map(kind, hf["num_hidden_layers"])
    for name, numbers in tensors.items():
        stored = converted(name, numbers, hf)
        type_ = types(name, stored) if stored.ndim > 1 else Types.F32
        data = stored if type_ == Types.F32 else gguf.quantize(stored, type_)
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight", ".bias")), data, raw_dtype=type_)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def folder_tensors(folder: Path) -> dict[str, np.ndarray]:
    """The tensors of a Hugging Face folder in float32."""
    return {name: tensor.float().numpy() for name, tensor in load_file(folder / "model.safetensors").items()}


def rounded(tensors: dict[str, np.ndarray], hf: dict, types) -> dict[str, torch.Tensor]:
    """What remains of a folder's tensors after they were stored in blocks, in the folder's own order of rows."""
    found = {}
    for name, numbers in tensors.items():
        type_ = types(name, numbers) if numbers.ndim > 1 else Types.F32
        kept = numbers if type_ == Types.F32 else gguf.dequantize(gguf.quantize(numbers, type_), type_)
        found[name] = torch.from_numpy(np.array(kept))
    return found
