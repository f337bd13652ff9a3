"""Phi-2 (Microsoft, December 2023): Falcon's parallel block with biases everywhere, and rotation of 40 % of each head.

32 of the 80 numbers of a head are rotated, the others carry no position. Even the output matrix has a bias.
"""

from llmbook.models.config import DecoderConfig
from llmbook.models.family import Family
from llmbook.models.hf import (
    OPTIONAL,
    SIZES,
    one_of,
    read_activation,
    read_flag,
    read_mapping,
    read_rope_base,
    read_sizes,
    write_config,
)
from llmbook.models.keys import Stored, rename

__all__ = ["FAMILY", "PUBLISHED", "SIZES", "config_from_hf", "config_to_hf", "key_table", "tiny"]

ALIKE = {
    "activation": "gelu_tanh", "gated": False, "norm": "layer", "norm_eps": 1e-5, "parallel": True,
    "rotary_fraction": 0.4, "bias": True, "head_bias": True,
}  # fmt: skip
PUBLISHED = {
    "phi-2": DecoderConfig(
        vocab_size=51_200, width=2560, layers=32, heads=32, kv_heads=32, head_size=80,
        feedforward_width=10_240, max_length=2048, **ALIKE,
    ),
}  # fmt: skip


def tiny(*, vocab_size: int = 256, max_length: int = 128) -> DecoderConfig:
    """A small Phi, with heads of 20 of which 8 are rotated."""
    return DecoderConfig(
        vocab_size=vocab_size, width=80, layers=2, heads=4, kv_heads=4, head_size=20,
        feedforward_width=160, max_length=max_length, **ALIKE,
    )  # fmt: skip


def config_from_hf(hf: dict) -> DecoderConfig:
    """Read a ``config.json``.

    Raises:
        ValueError: a field is missing or asks for something that this book has not built.
    """
    if read_flag(hf, "qk_layernorm", False):
        raise ValueError("this Phi normalizes queries and keys, which is not built in this book")
    changed = {
        "activation": read_activation(hf.get("hidden_act", "gelu_new")),
        "norm_eps": hf.get("layer_norm_eps", 1e-5),
        "rope_base": read_rope_base(hf),
        "rotary_fraction": one_of("partial_rotary_factor", (read_mapping(hf, "rope_parameters"), hf), 0.5),
    }
    return DecoderConfig(**ALIKE | changed | read_sizes(hf))


def config_to_hf(config: DecoderConfig) -> dict:
    """The ``config.json`` of a Phi."""
    return write_config(
        config, "phi", "PhiForCausalLM",
        hidden_act="gelu_new", layer_norm_eps=config.norm_eps, rope_theta=config.rope_base, qk_layernorm=False,
        partial_rotary_factor=config.rotary_fraction, bos_token_id=None, eos_token_id=None,
    )  # fmt: skip


def key_table(config: DecoderConfig) -> dict[str, Stored]:
    """Published names, and where each tensor goes."""
    maps = {f"self_attn.{letter}_proj": f"self_attn.{letter}_proj" for letter in "qkv"}
    maps |= {"self_attn.dense": "self_attn.o_proj", "mlp.fc1": "mlp.up_proj", "mlp.fc2": "mlp.down_proj"}
    maps["input_layernorm"] = "attention_norm"
    modules = {"model.final_layernorm": "norm", "lm_head": "lm_head"}
    for layer in range(config.layers):
        modules |= {f"model.layers.{layer}.{theirs}": f"layers.{layer}.{ours}" for theirs, ours in maps.items()}
    kinds = ("weight", "bias")
    table = {f"{theirs}.{kind}": f"{ours}.{kind}" for theirs, ours in modules.items() for kind in kinds}
    return rename({"model.embed_tokens.weight": "embed_tokens.weight"} | table)


FAMILY = Family(
    name="phi", model_types=("phi",), published=PUBLISHED, tiny=tiny, sizes=SIZES, optional=OPTIONAL,
    config_from_hf=config_from_hf, config_to_hf=config_to_hf, key_table=key_table,
)  # fmt: skip
