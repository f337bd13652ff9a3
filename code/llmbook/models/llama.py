"""Llama 2 and those built like it: SwiGLU, RMSNorm before each sublayer, rotary positions, no biases, untied.

Llama 2 (arXiv 2307.09288) is the plain one: most open models since 2023 are described by their differences from it.
The 7B has as many key-value heads as query heads (multi-head); the OLMo paper's comparison table says otherwise, and
is mistaken.

- The 70B shares its keys and values among groups of eight query heads; the 13B, like the 7B, does not.
- TinyLlama (arXiv 2401.02385) is a 1.1B Llama with 4 key-value heads, LiteLlama a 460M one with 2 and GPT-2's tokens.
- Mistral 7B (arXiv 2310.06825) has 8 key-value heads and a window: a position sees the last 4,096.
- Mixtral 8x7B (arXiv 2401.04088) puts eight experts in place of each feed-forward layer, and runs two.
"""

from llmbook.models.config import DecoderConfig
from llmbook.models.family import Family
from llmbook.models.hf import OPTIONAL, SIZES, read_activation, read_bias, read_rope_base, read_sizes, write_config
from llmbook.models.keys import key_table

__all__ = ["FAMILY", "PUBLISHED", "SIZES", "config_from_hf", "config_to_hf", "key_table", "tiny"]

PUBLISHED = {
    "llama-2-7b": DecoderConfig(
        vocab_size=32_000, width=4096, layers=32, heads=32, kv_heads=32, head_size=128,
        feedforward_width=11_008, max_length=4096, norm_eps=1e-5,
    ),
    "llama-2-13b": DecoderConfig(
        vocab_size=32_000, width=5120, layers=40, heads=40, kv_heads=40, head_size=128,
        feedforward_width=13_824, max_length=4096, norm_eps=1e-5,
    ),
    "llama-2-70b": DecoderConfig(
        vocab_size=32_000, width=8192, layers=80, heads=64, kv_heads=8, head_size=128,
        feedforward_width=28_672, max_length=4096, norm_eps=1e-5,
    ),
    "litellama-460m": DecoderConfig(
        vocab_size=50_304, width=1024, layers=24, heads=16, kv_heads=2, head_size=64,
        feedforward_width=4096, max_length=1024, norm_eps=1e-6,
    ),
    "tinyllama-1.1b": DecoderConfig(
        vocab_size=32_000, width=2048, layers=22, heads=32, kv_heads=4, head_size=64,
        feedforward_width=5632, max_length=2048, norm_eps=1e-5,
    ),
    "mistral-7b": DecoderConfig(
        vocab_size=32_000, width=4096, layers=32, heads=32, kv_heads=8, head_size=128,
        feedforward_width=14_336, max_length=32_768, norm_eps=1e-5, window=4096,
    ),
    "mixtral-8x7b": DecoderConfig(
        vocab_size=32_000, width=4096, layers=32, heads=32, kv_heads=8, head_size=128,
        feedforward_width=14_336, max_length=32_768, norm_eps=1e-5, rope_base=1e6, experts=8, experts_per_token=2,
    ),
}  # fmt: skip

LEFT_OUT = {  # what a config.json means that leaves the field out, by model_type
    "llama": {"rms_norm_eps": 1e-6, "rope_theta": 1e4},
    "mistral": {"rms_norm_eps": 1e-6, "num_key_value_heads": 8, "sliding_window": 4096, "rope_theta": 1e4},
    "mixtral": {
        "rms_norm_eps": 1e-5, "num_key_value_heads": 8, "sliding_window": None, "rope_theta": 1e6,
        "num_local_experts": 8, "num_experts_per_tok": 2,
    },
}  # fmt: skip


def tiny(*, kv_heads: int = 2, vocab_size: int = 256, max_length: int = 128, **change: object) -> DecoderConfig:
    """A small Llama with grouped key-value heads; ``window=8`` makes it a Mistral, ``experts=4`` ... a Mixtral."""
    return DecoderConfig(
        vocab_size=vocab_size, width=48, layers=2, heads=4, kv_heads=kv_heads, head_size=12,
        feedforward_width=64, max_length=max_length, norm_eps=1e-5, **change,
    )  # fmt: skip


def config_from_hf(hf: dict) -> DecoderConfig:
    """Read a ``config.json``.

    What is left out has the default of its ``model_type``, which is another in a Mixtral than in a Llama. What only a
    Mistral or a Mixtral has, a window or experts, is not read elsewhere.

    Raises:
        ValueError: a field is missing or asks for something that this book has not built.
    """
    model_type = hf.get("model_type")
    defaults = LEFT_OUT.get(model_type, LEFT_OUT["llama"])
    base = read_rope_base(hf, defaults["rope_theta"])
    hf = defaults | hf
    mixture = model_type == "mixtral"
    return DecoderConfig(
        **read_sizes(hf),
        activation=read_activation(hf.get("hidden_act", "silu")),
        norm="rms",
        norm_eps=hf["rms_norm_eps"],
        rope_base=base,
        bias=read_bias(hf),
        window=hf["sliding_window"] if model_type in ("mistral", "mixtral") else None,
        experts=hf["num_local_experts"] if mixture else 0,
        experts_per_token=hf["num_experts_per_tok"] if mixture else 0,
    )


def config_to_hf(config: DecoderConfig) -> dict:
    """The ``config.json`` of a Llama, of a Mistral if there is a window, or of a Mixtral if there are experts."""
    family = {"hidden_act": "silu", "rope_theta": config.rope_base, "rms_norm_eps": config.norm_eps}
    family |= {"bos_token_id": 1, "eos_token_id": 2}
    if config.experts:
        family |= {"num_local_experts": config.experts, "num_experts_per_tok": config.experts_per_token}
        return write_config(config, "mixtral", "MixtralForCausalLM", **family, sliding_window=config.window)
    if config.window is not None:
        return write_config(config, "mistral", "MistralForCausalLM", **family, sliding_window=config.window)
    return write_config(config, "llama", "LlamaForCausalLM", **family, attention_bias=config.bias, mlp_bias=config.bias)


FAMILY = Family(
    name="llama", model_types=("llama", "mistral", "mixtral"), published=PUBLISHED, tiny=tiny, sizes=SIZES,
    optional=OPTIONAL, config_from_hf=config_from_hf, config_to_hf=config_to_hf, key_table=key_table,
    counted=("num_hidden_layers", "num_local_experts"),
)  # fmt: skip
