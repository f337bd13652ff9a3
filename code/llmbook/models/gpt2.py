"""GPT-2 (Radford et al. 2019): learned positions, LayerNorm with gain and bias, a plain GELU layer, biases everywhere.

It is the ancestor that the other families are compared with: each of its choices above has since been dropped by most.
What stayed is the norm before each sublayer and the final one. Its embedding is tied. The published file names no
family prefix, stores matrices as (inputs, outputs), and stacks queries, keys and values.
"""

from llmbook.models.config import DecoderConfig
from llmbook.models.family import Family
from llmbook.models.hf import read_activation, read_flag, read_sizes, write_config
from llmbook.models.keys import Stored

SIZES = {
    "vocab_size": "vocab_size",
    "n_embd": "width",
    "n_layer": "layers",
    "n_head": "heads",
    "n_positions": "max_length",
    "n_inner": "feedforward_width",
    "tie_word_embeddings": "tie_embeddings",
}
OPTIONAL = ("feedforward_width", "tie_embeddings")  # n_inner is null in the released file: 4 D
PREFIX = "transformer."
ALIKE = {
    "activation": "gelu_tanh", "gated": False, "norm": "layer", "norm_eps": 1e-5,
    "positions": "learned", "bias": True, "tie_embeddings": True,
}  # fmt: skip
PUBLISHED = {
    "gpt2": DecoderConfig(
        vocab_size=50_257, width=768, layers=12, heads=12, kv_heads=12, head_size=64,
        feedforward_width=3072, max_length=1024, **ALIKE,
    ),
}  # fmt: skip


def tiny(*, vocab_size: int = 256, max_length: int = 128) -> DecoderConfig:
    """A small GPT-2."""
    return DecoderConfig(
        vocab_size=vocab_size, width=48, layers=2, heads=4, kv_heads=4, head_size=12,
        feedforward_width=192, max_length=max_length, **ALIKE,
    )  # fmt: skip


def config_from_hf(hf: dict) -> DecoderConfig:
    """Read a ``config.json``.

    Raises:
        ValueError: a field is missing or asks for something that this book has not built.
    """
    if read_flag(hf, "scale_attn_by_inverse_layer_idx", False) or not read_flag(hf, "scale_attn_weights", True):
        raise ValueError("this GPT-2 scales its attention scores in another way, which is not built in this book")
    changed = {
        "activation": read_activation(hf.get("activation_function", "gelu_new")),
        "norm_eps": hf.get("layer_norm_epsilon", 1e-5),
    }
    return DecoderConfig(**ALIKE | changed | read_sizes(hf, SIZES, OPTIONAL))


def config_to_hf(config: DecoderConfig) -> dict:
    """The ``config.json`` of a GPT-2."""
    return write_config(
        config, "gpt2", "GPT2LMHeadModel", SIZES,
        activation_function="gelu_new", layer_norm_epsilon=config.norm_eps, bos_token_id=50_256, eos_token_id=50_256,
    )  # fmt: skip


def key_table(config: DecoderConfig) -> dict[str, Stored]:
    """Published names, with the prefix that transformers writes, and where each tensor goes."""
    table = {f"{PREFIX}wte.weight": Stored(("embed_tokens.weight",))}
    table[f"{PREFIX}wpe.weight"] = Stored(("embed_positions.weight",))
    for kind in ("weight", "bias"):
        table[f"{PREFIX}ln_f.{kind}"] = Stored((f"norm.{kind}",))
        for layer in range(config.layers):
            ours, theirs = f"layers.{layer}", f"{PREFIX}h.{layer}"
            stacked = tuple(f"{ours}.self_attn.{letter}_proj.{kind}" for letter in "qkv")
            is_matrix = kind == "weight"
            table |= {
                f"{theirs}.ln_1.{kind}": Stored((f"{ours}.attention_norm.{kind}",)),
                f"{theirs}.attn.c_attn.{kind}": Stored(stacked, is_matrix),
                f"{theirs}.attn.c_proj.{kind}": Stored((f"{ours}.self_attn.o_proj.{kind}",), is_matrix),
                f"{theirs}.ln_2.{kind}": Stored((f"{ours}.feedforward_norm.{kind}",)),
                f"{theirs}.mlp.c_fc.{kind}": Stored((f"{ours}.mlp.up_proj.{kind}",), is_matrix),
                f"{theirs}.mlp.c_proj.{kind}": Stored((f"{ours}.mlp.down_proj.{kind}",), is_matrix),
            }
    if not config.tie_embeddings:
        table["lm_head.weight"] = Stored(("lm_head.weight",))
    return table


FAMILY = Family(
    name="gpt2", model_types=("gpt2",), published=PUBLISHED, tiny=tiny, sizes=SIZES, optional=OPTIONAL,
    config_from_hf=config_from_hf, config_to_hf=config_to_hf, key_table=key_table,
    counted=("n_layer",), prefix=PREFIX, ignored=(".attn.bias", ".attn.masked_bias"),  # the causal mask, in old files
    repeated=("lm_head.weight",),
)  # fmt: skip
