"""OLMo 1 (arXiv 2402.00838): LayerNorm without parameters, SwiGLU, rotary positions, no biases.

The norm subtracts the mean and has neither gain nor bias, so a checkpoint holds no norm tensors at all. The 1B ties
its embeddings, the 7B does not. The tokenizer has 50,280 entries, and the matrix is padded to 50,304 rows. Releases
from April 2024 on clamp queries, keys and values (``clip_qkv`` 8.0).
"""

from llmbook.models.config import DecoderConfig
from llmbook.models.family import Family
from llmbook.models.hf import OPTIONAL, SIZES, read_activation, read_bias, read_rope_base, read_sizes, write_config
from llmbook.models.keys import key_table

__all__ = ["FAMILY", "PUBLISHED", "SIZES", "config_from_hf", "config_to_hf", "key_table", "tiny"]

ROWS, END_OF_TEXT, PADDING = 50_304, 50_279, 1  # of the published tokenizer
ALIKE = {"norm": "layer_free", "norm_eps": 1e-5}
PUBLISHED = {
    "olmo-1b": DecoderConfig(
        vocab_size=ROWS, width=2048, layers=16, heads=16, kv_heads=16, head_size=128,
        feedforward_width=8192, max_length=2048, tie_embeddings=True, **ALIKE,
    ),
    "olmo-7b": DecoderConfig(
        vocab_size=ROWS, width=4096, layers=32, heads=32, kv_heads=32, head_size=128,
        feedforward_width=11_008, max_length=2048, **ALIKE,
    ),
}  # fmt: skip


def tiny(*, clip_qkv: float | None = None, vocab_size: int = 256, max_length: int = 128) -> DecoderConfig:
    """A small OLMo, untied as the 7B is."""
    return DecoderConfig(
        vocab_size=vocab_size, width=48, layers=2, heads=4, kv_heads=4, head_size=12,
        feedforward_width=64, max_length=max_length, clip_qkv=clip_qkv, **ALIKE,
    )  # fmt: skip


def config_from_hf(hf: dict) -> DecoderConfig:
    """Read a ``config.json``. The eps of the norm is 1e-5 in the model's code and not a field of its config.

    Raises:
        ValueError: a field is missing or asks for something that this book has not built.
    """
    return DecoderConfig(
        **read_sizes(hf),
        activation=read_activation(hf.get("hidden_act", "silu")),
        rope_base=read_rope_base(hf),
        bias=read_bias(hf),
        clip_qkv=hf.get("clip_qkv"),
        **ALIKE,
    )


def config_to_hf(config: DecoderConfig) -> dict:
    """The ``config.json`` of an OLMo. It has no biases: the format knows none in the feed-forward layer.

    The ids of end-of-text and padding are those of the published tokenizer, which is known by its 50,304 rows. Another
    vocabulary belongs to another tokenizer, and then they are left open (null).
    """
    published = config.vocab_size == ROWS
    return write_config(
        config, "olmo", "OlmoForCausalLM", hidden_act="silu", rope_theta=config.rope_base, attention_bias=False,
        clip_qkv=config.clip_qkv, bos_token_id=None, eos_token_id=END_OF_TEXT if published else None,
        pad_token_id=PADDING if published else None,
    )  # fmt: skip


FAMILY = Family(
    name="olmo", model_types=("olmo",), published=PUBLISHED, tiny=tiny, sizes=SIZES, optional=OPTIONAL,
    config_from_hf=config_from_hf, config_to_hf=config_to_hf, key_table=key_table,
)  # fmt: skip
