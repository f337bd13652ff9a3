"""Gemma 1 (arXiv 2403.08295): GeGLU, RMSNorm with gain 1 + w, scaled and tied embeddings, heads of 256.

Distinctive, beside Llama 2:

- The vocabulary has 256,000 entries, and the embedding matrix is also the output matrix.
- What is looked up is multiplied by sqrt(D), rounded to the dtype of the weights.
- The feed-forward layer is GeGLU (tanh approximation) and very wide: F = 8 D.
- RMSNorm multiplies by 1 + w, in float32, and casts last.
- A head has 256 numbers, so that H * E need not be D (7B: 4096 and 3072). The 2B has one key-value head.
"""

from llmbook.models.config import DecoderConfig
from llmbook.models.family import Family
from llmbook.models.hf import OPTIONAL, SIZES, read_activation, read_bias, read_rope_base, read_sizes, write_config
from llmbook.models.keys import key_table

__all__ = ["FAMILY", "PUBLISHED", "SIZES", "config_from_hf", "config_to_hf", "key_table", "tiny"]

ALIKE = {
    "activation": "gelu_tanh",
    "norm": "rms_unit",
    "norm_eps": 1e-6,
    "tie_embeddings": True,
    "scale_embedding": True,
}
# The vocabulary is that of the released checkpoints; the report's Table 1 prints 256,128.
PUBLISHED = {
    "gemma-2b": DecoderConfig(
        vocab_size=256_000, width=2048, layers=18, heads=8, kv_heads=1, head_size=256,
        feedforward_width=16_384, max_length=8192, **ALIKE,
    ),
    "gemma-7b": DecoderConfig(
        vocab_size=256_000, width=3072, layers=28, heads=16, kv_heads=16, head_size=256,
        feedforward_width=24_576, max_length=8192, **ALIKE,
    ),
}  # fmt: skip


def tiny(*, kv_heads: int = 1, vocab_size: int = 256, max_length: int = 128) -> DecoderConfig:
    """A small Gemma with the same oddities: H * E is not D, and one key-value head or as many as query heads."""
    return DecoderConfig(
        vocab_size=vocab_size, width=48, layers=2, heads=4, kv_heads=kv_heads, head_size=16,
        feedforward_width=96, max_length=max_length, **ALIKE,
    )  # fmt: skip


def config_from_hf(hf: dict) -> DecoderConfig:
    """Read a ``config.json``.

    The first released configs say ``hidden_act: gelu``, although the model was trained with the tanh approximation;
    ``hidden_activation`` came later to say so. So plain "gelu" is read as the approximation, as in Google's own code.

    Raises:
        ValueError: a field is missing or asks for something that this book has not built.
    """
    hf = {"num_key_value_heads": 16, "head_dim": 256} | hf  # left out; null follows from the other sizes
    later = hf.get("hidden_activation")
    name = hf.get("hidden_act", "gelu_pytorch_tanh") if later is None else later
    activation = "gelu_tanh" if name == "gelu" else read_activation(name)
    return DecoderConfig(
        **{"tie_embeddings": True, **read_sizes(hf)},
        activation=activation,
        norm="rms_unit",
        norm_eps=hf.get("rms_norm_eps", 1e-6),
        rope_base=read_rope_base(hf),
        bias=read_bias(hf),
        scale_embedding=True,
    )


def config_to_hf(config: DecoderConfig) -> dict:
    """The ``config.json`` of a Gemma. It has no biases: the format knows none in the feed-forward layer."""
    return write_config(
        config, "gemma", "GemmaForCausalLM", hidden_act="gelu_pytorch_tanh", rope_theta=config.rope_base,
        rms_norm_eps=config.norm_eps, attention_bias=False, bos_token_id=2, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip


FAMILY = Family(
    name="gemma", model_types=("gemma",), published=PUBLISHED, tiny=tiny, sizes=SIZES, optional=OPTIONAL,
    config_from_hf=config_from_hf, config_to_hf=config_to_hf, key_table=key_table,
)  # fmt: skip
