"""Llama 2 (arXiv 2307.09288): SwiGLU, RMSNorm before each sublayer, rotary positions, no biases, untied.

It is the plain one: most open models since 2023 are described by their differences from it. The 7B has as many
key-value heads as query heads (multi-head); the OLMo paper's comparison table says otherwise, and is mistaken.
"""

from llmbook.models.decoder import DecoderConfig
from llmbook.models.hf import key_table, read_activation, read_bias, read_rope_base, read_sizes, write_config

__all__ = ["PUBLISHED", "config_from_hf", "config_to_hf", "key_table", "tiny"]

PUBLISHED = {
    "llama-2-7b": DecoderConfig(
        vocab_size=32_000, width=4096, layers=32, heads=32, kv_heads=32, head_size=128,
        feedforward_width=11_008, max_length=4096, norm_eps=1e-5,
    ),
}  # fmt: skip


def tiny(*, kv_heads: int = 2, vocab_size: int = 256, max_length: int = 128) -> DecoderConfig:
    """A small Llama with grouped key-value heads."""
    return DecoderConfig(
        vocab_size=vocab_size, width=48, layers=2, heads=4, kv_heads=kv_heads, head_size=12,
        feedforward_width=64, max_length=max_length, norm_eps=1e-5,
    )  # fmt: skip


def config_from_hf(hf: dict) -> DecoderConfig:
    """Read a ``config.json``.

    Raises:
        ValueError: a field is missing or asks for something that this book has not built.
    """
    return DecoderConfig(
        **read_sizes(hf),
        activation=read_activation(hf.get("hidden_act", "silu")),
        norm="rms",
        norm_eps=hf.get("rms_norm_eps", 1e-6),
        rope_base=read_rope_base(hf),
        bias=read_bias(hf),
    )


def config_to_hf(config: DecoderConfig) -> dict:
    """The ``config.json`` of a Llama."""
    return write_config(
        config, "llama", "LlamaForCausalLM", "silu",
        rms_norm_eps=config.norm_eps, attention_bias=config.bias, mlp_bias=config.bias, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
