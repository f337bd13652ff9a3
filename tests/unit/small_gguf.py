"""One small GGUF file for the tests of its reader: what it holds, how it is changed, how a refusal must sound."""

import struct

import numpy as np
import pytest

from llmbook.checkpoint import CheckpointError, load_pretrained

HF = {"model_type": "llama", "hidden_size": 32, "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 40,
      "num_hidden_layers": 1, "max_position_embeddings": 64, "intermediate_size": 64, "rms_norm_eps": 1e-5,
      "rope_theta": 10_000.0}  # fmt: skip
SHAPES = {
    "model.embed_tokens.weight": (40, 32), "model.norm.weight": (32,),
    "model.layers.0.input_layernorm.weight": (32,), "model.layers.0.post_attention_layernorm.weight": (32,),
    "model.layers.0.self_attn.q_proj.weight": (32, 32), "model.layers.0.self_attn.k_proj.weight": (16, 32),
    "model.layers.0.self_attn.v_proj.weight": (16, 32), "model.layers.0.self_attn.o_proj.weight": (32, 32),
    "model.layers.0.mlp.gate_proj.weight": (64, 32), "model.layers.0.mlp.up_proj.weight": (64, 32),
    "model.layers.0.mlp.down_proj.weight": (32, 64),
}  # fmt: skip


def numbers():
    generator = np.random.default_rng(0)
    return {name: generator.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}


def change(path, old, new, after=b""):
    """Put bytes in the place of others of the same number, the first that come after a text."""
    content = path.read_bytes()
    at = content.index(old, content.index(after))
    path.write_bytes(content[:at] + new + content[at + len(old) :])


def text(word):
    """A text as the format has it."""
    return struct.pack("<Q", len(word)) + word.encode()


def refused(path, said, load=load_pretrained):
    with pytest.raises(CheckpointError, match=said) as raised:
        load(path)
    assert str(path) in str(raised.value) and len(str(raised.value)) < 600
