"""Falcon 7B (arXiv 2311.16867): one key-value head, and attention and feed-forward side by side.

Both sublayers of a block read the same LayerNorm (with gain and bias) and are added together. The linear maps have no
bias, the feed-forward layer is a plain one with the exact GELU, 71 heads share one key and one value. The embedding is
tied in the code; the published checkpoint stores both copies, and the OLMo paper's table says "no".
"""

from llmbook.models.config import DecoderConfig
from llmbook.models.family import Family
from llmbook.models.hf import read_activation, read_flag, read_rope_base, read_sizes, write_config
from llmbook.models.keys import Stored

SIZES = {
    "vocab_size": "vocab_size",
    "hidden_size": "width",
    "num_hidden_layers": "layers",
    "num_attention_heads": "heads",
    "max_position_embeddings": "max_length",
    "ffn_hidden_size": "feedforward_width",
    "tie_word_embeddings": "tie_embeddings",
}
OPTIONAL = ("feedforward_width", "max_length", "tie_embeddings")
ALIKE = {
    "activation": "gelu", "gated": False, "norm": "layer", "norm_eps": 1e-5, "parallel": True, "tie_embeddings": True,
}  # fmt: skip
PUBLISHED = {
    "falcon-7b": DecoderConfig(
        vocab_size=65_024, width=4544, layers=32, heads=71, kv_heads=1, head_size=64,
        feedforward_width=18_176, max_length=2048, **ALIKE,
    ),
}  # fmt: skip


def tiny(*, vocab_size: int = 256, max_length: int = 128) -> DecoderConfig:
    """A small Falcon."""
    return DecoderConfig(
        vocab_size=vocab_size, width=48, layers=2, heads=4, kv_heads=1, head_size=12,
        feedforward_width=192, max_length=max_length, **ALIKE,
    )  # fmt: skip


def config_from_hf(hf: dict) -> DecoderConfig:
    """Read a ``config.json`` of the 7B's kind; the released file of 2023 leaves the last two sizes out.

    Raises:
        ValueError: a field is missing, or it is a Falcon of another kind (40B, 180B, or with ALiBi positions).
    """
    built = dict.fromkeys(("multi_query", "parallel_attn"), True)
    built |= dict.fromkeys(("new_decoder_architecture", "alibi", "bias"), False)
    others = [name for name, value in built.items() if read_flag(hf, name, value) != value]
    if others:
        raise ValueError(f"this book has the Falcon of 7B; this one differs in {', '.join(others)}")
    sizes = read_sizes({"max_position_embeddings": 2048} | hf, SIZES, OPTIONAL) | {"kv_heads": 1}
    changed = {
        "activation": read_activation(hf.get("activation", "gelu")),
        "norm_eps": hf.get("layer_norm_epsilon", 1e-5),
        "rope_base": read_rope_base(hf),
    }
    return DecoderConfig(**ALIKE | changed | sizes)


def config_to_hf(config: DecoderConfig) -> dict:
    """The ``config.json`` of a Falcon."""
    return write_config(
        config, "falcon", "FalconForCausalLM", SIZES,
        activation="gelu", layer_norm_epsilon=config.norm_eps, rope_theta=config.rope_base, multi_query=True,
        parallel_attn=True, new_decoder_architecture=False, alibi=False, bias=False, bos_token_id=11, eos_token_id=11,
    )  # fmt: skip


def key_table(config: DecoderConfig) -> dict[str, Stored]:
    """Published names, and where each tensor goes; queries, key and value are one matrix."""
    table = {"transformer.word_embeddings.weight": Stored(("embed_tokens.weight",))}
    for layer in range(config.layers):
        ours, theirs = f"layers.{layer}", f"transformer.h.{layer}"
        stacked = tuple(f"{ours}.self_attn.{letter}_proj.weight" for letter in "qkv")
        table |= {
            f"{theirs}.self_attention.query_key_value.weight": Stored(stacked),
            f"{theirs}.self_attention.dense.weight": Stored((f"{ours}.self_attn.o_proj.weight",)),
            f"{theirs}.mlp.dense_h_to_4h.weight": Stored((f"{ours}.mlp.up_proj.weight",)),
            f"{theirs}.mlp.dense_4h_to_h.weight": Stored((f"{ours}.mlp.down_proj.weight",)),
        }
        for kind in ("weight", "bias"):
            table[f"{theirs}.input_layernorm.{kind}"] = Stored((f"{ours}.attention_norm.{kind}",))
    for kind in ("weight", "bias"):
        table[f"transformer.ln_f.{kind}"] = Stored((f"norm.{kind}",))
    if not config.tie_embeddings:
        table["lm_head.weight"] = Stored(("lm_head.weight",))
    return table


FAMILY = Family(
    name="falcon", model_types=("falcon",), published=PUBLISHED, tiny=tiny, sizes=SIZES, optional=OPTIONAL,
    config_from_hf=config_from_hf, config_to_hf=config_to_hf, key_table=key_table,
)  # fmt: skip
