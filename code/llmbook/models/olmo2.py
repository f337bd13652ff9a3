"""OLMo 2 (arXiv 2501.00656, Section 3.1): OLMo 1 with other norms in other places, and no clamp.

What changed from OLMo 1, each a field of the config:

- the norm is an RMSNorm with a gain (``norm``), with an eps of 1e-6;
- it stands after each sublayer, before the addition; nothing stands before a sublayer (``norm_place`` "output");
- queries and keys have a norm of their own, over all heads together and before the rotation (``qk_norm``);
- the base of the rotary embedding is 500,000, and texts have 4,096 tokens;
- another tokenizer, with 100,278 tokens in 100,352 rows; no size ties its embeddings.

Sizes: configs/official-1124 and official-0425 of github.com/allenai/OLMo (59a53e3), and, for the 32B,
src/olmo_core/nn/transformer/config.py of github.com/allenai/OLMo-core (fa6c501).
"""

from llmbook.models.config import DecoderConfig
from llmbook.models.family import Family
from llmbook.models.hf import OPTIONAL, SIZES, read_activation, read_bias, read_rope_base, read_sizes, write_config
from llmbook.models.keys import key_table

__all__ = ["FAMILY", "PUBLISHED", "SIZES", "config_from_hf", "config_to_hf", "key_table", "tiny"]

TOKENS, ROWS, END_OF_TEXT, PADDING = 100_278, 100_352, 100_257, 100_277  # of the published tokenizer
ALIKE = {"norm": "rms", "norm_place": "output", "qk_norm": True}
EPS, BASE = 1e-6, 500_000.0
PUBLISHED = {
    "olmo-2-1b": DecoderConfig(
        vocab_size=ROWS, width=2048, layers=16, heads=16, kv_heads=16, head_size=128,
        feedforward_width=8192, max_length=4096, norm_eps=EPS, rope_base=BASE, **ALIKE,
    ),
    "olmo-2-7b": DecoderConfig(
        vocab_size=ROWS, width=4096, layers=32, heads=32, kv_heads=32, head_size=128,
        feedforward_width=11_008, max_length=4096, norm_eps=EPS, rope_base=BASE, **ALIKE,
    ),
    "olmo-2-13b": DecoderConfig(
        vocab_size=ROWS, width=5120, layers=40, heads=40, kv_heads=40, head_size=128,
        feedforward_width=13_824, max_length=4096, norm_eps=EPS, rope_base=BASE, **ALIKE,
    ),
    "olmo-2-32b": DecoderConfig(
        vocab_size=ROWS, width=5120, layers=64, heads=40, kv_heads=8, head_size=128,
        feedforward_width=27_648, max_length=4096, norm_eps=EPS, rope_base=BASE, **ALIKE,
    ),
}  # fmt: skip


def tiny(*, kv_heads: int = 4, vocab_size: int = 256, max_length: int = 128) -> DecoderConfig:
    """A small OLMo 2: the sizes of the small OLMo 1."""
    return DecoderConfig(
        vocab_size=vocab_size, width=48, layers=2, heads=4, kv_heads=kv_heads, head_size=12,
        feedforward_width=64, max_length=max_length, norm_eps=EPS, rope_base=BASE, **ALIKE,
    )  # fmt: skip


def config_from_hf(hf: dict) -> DecoderConfig:
    """Read a ``config.json``.

    Raises:
        ValueError: a field is missing or asks for something that this book has not built.
    """
    return DecoderConfig(**read_common(hf), rope_base=read_rope_base(hf))


def read_common(hf: dict) -> dict:
    """What OLMo 2 and OLMo 3 read alike: everything but positions and windows."""
    return {
        **read_sizes(hf),
        "activation": read_activation(hf.get("hidden_act", "silu")),
        "norm_eps": hf.get("rms_norm_eps", 1e-5),
        "bias": read_bias(hf),
        **ALIKE,
    }


def config_to_hf(config: DecoderConfig) -> dict:
    """The ``config.json`` of an OLMo 2, without biases."""
    return write_config(config, "olmo2", "Olmo2ForCausalLM", rope_theta=config.rope_base, **write_common(config))


def write_common(config: DecoderConfig) -> dict:
    """What OLMo 2 and OLMo 3 write alike. Special ids only beside the published vocabulary; see ``olmo.py``."""
    published = config.vocab_size in (TOKENS, ROWS)
    return {
        "hidden_act": "silu",
        "rms_norm_eps": config.norm_eps,
        "attention_bias": False,
        "bos_token_id": None,
        "eos_token_id": END_OF_TEXT if published else None,
        "pad_token_id": PADDING if published else None,
    }


FAMILY = Family(
    name="olmo2", model_types=("olmo2",), published=PUBLISHED, tiny=tiny, sizes=SIZES, optional=OPTIONAL,
    config_from_hf=config_from_hf, config_to_hf=config_to_hf, key_table=key_table,
)  # fmt: skip
