"""The config of a T5, its published sizes, and Hugging Face's names for all of it.

Three models share this shape. T5 1.0 (Raffel et al. 2020, arXiv 1910.10683): a plain ReLU layer, and one matrix for
embedding and output, whose logits are scaled by 1 / sqrt(D). T5 1.1 (released with Shazeer 2020, arXiv 2002.05202): a
gated tanh-GELU layer, an output matrix of its own, no scale. FLAN-T5 (Chung et al. 2022, arXiv 2210.11416): T5 1.1
trained further on instructions.

Two facts travel badly. "gated-gelu" means the tanh GELU. And whether the output is tied and whether it is scaled are
two questions: the releases answer both with ``tie_word_embeddings``; transformers 5 always writes true there, keeps
``scale_decoder_outputs`` besides, and lets the presence of ``lm_head.weight`` say whether the model is tied.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from llmbook.models.family import Family
from llmbook.models.hf import read_activation, read_flag
from llmbook.models.keys import Stored, rename
from llmbook.models.kinds import Activation, check_counts, check_kinds, fits, refuse
from llmbook.strict_json import shown

IDS = {"pad_token_id": "pad_id", "eos_token_id": "stop_id", "decoder_start_token_id": "start_id"}
COUNTS = ("vocab_size", "width", "layers", "decoder_layers", "heads", "head_size", "feedforward_width")


@dataclass(frozen=True)
class T5Config:
    """What distinguishes one T5 from another. Sizes are counts of numbers, never of bytes.

    A config is valid or does not exist: what is impossible is refused with a ``ValueError``.
    """

    vocab_size: int
    """V, rows of the embedding matrix, padding rows included."""
    width: int
    """D, numbers per position in the residual stream."""
    layers: int
    """Blocks of the encoder."""
    decoder_layers: int
    """Blocks of the decoder."""
    heads: int
    """H."""
    head_size: int
    """E, numbers per head. H * E need not be D: FLAN-T5 small has 6 * 64 = 384 and D = 512."""
    feedforward_width: int
    """F, the width of one half of the feed-forward layer."""
    activation: Activation = "relu"
    """A key of ``ACTIVATIONS``."""
    gated: bool = False
    """Three matrices and a gate (1.1, FLAN), or the plain layer of two (1.0)."""
    norm_eps: float = 1e-6
    """Added under the root of the RMSNorm; above 0."""
    buckets: int = 32
    """Rows of the table of relative positions."""
    max_distance: int = 128
    """From this distance on all positions share a bucket. No limit to the length of a text."""
    tie_embeddings: bool = True
    """Whether the output matrix is the embedding matrix (1.0)."""
    scale_logits: bool = True
    """Whether the decoder's output is multiplied by 1 / sqrt(D) before the output matrix (1.0)."""
    pad_id: int = 0
    """Fills rows that are shorter than others."""
    stop_id: int = 1
    """Ends a text."""
    start_id: int = 0
    """What the decoder reads first; T5 uses its padding."""

    def __post_init__(self):
        ids = {name: getattr(self, name) for name in IDS.values()}
        check_kinds(self, besides=ids)  # of an id more is to be said
        check_counts(self, COUNTS)
        refuse((
            (self.norm_eps <= 0, f"norm_eps must be above 0, or a norm could divide by 0, not {self.norm_eps}"),
            (self.buckets < 4 or self.buckets % 4 != 0,
             f"buckets must be a multiple of 4 (two directions, two halves), not {self.buckets}"),
            (self.max_distance <= self.buckets // 2,
             f"max_distance must be above buckets / 2 = {self.buckets // 2}, not {self.max_distance}"),
            *((not fits(id_, int) or not 0 <= id_ < self.vocab_size,
               f"{name} must be one token id below {self.vocab_size}, not {id_!r}") for name, id_ in ids.items()),
        ))  # fmt: skip


SIZES = {  # Hugging Face's field: ours
    "vocab_size": "vocab_size",
    "d_model": "width",
    "num_layers": "layers",
    "num_decoder_layers": "decoder_layers",
    "num_heads": "heads",
    "d_kv": "head_size",
    "d_ff": "feedforward_width",
    "relative_attention_num_buckets": "buckets",
    "relative_attention_max_distance": "max_distance",
    "tie_word_embeddings": "tie_embeddings",
}
OPTIONAL = ("decoder_layers", "buckets", "max_distance", "tie_embeddings")
FLAN = {
    "vocab_size": 32_128, "head_size": 64, "activation": "gelu_tanh", "gated": True,
    "tie_embeddings": False, "scale_logits": False,
}  # fmt: skip
PUBLISHED = {
    "t5-small": T5Config(
        vocab_size=32_128, width=512, layers=6, decoder_layers=6, heads=8, head_size=64, feedforward_width=2048
    ),
    "flan-t5-small": T5Config(width=512, layers=8, decoder_layers=8, heads=6, feedforward_width=1024, **FLAN),
    "flan-t5-base": T5Config(width=768, layers=12, decoder_layers=12, heads=12, feedforward_width=2048, **FLAN),
    "flan-t5-large": T5Config(width=1024, layers=24, decoder_layers=24, heads=16, feedforward_width=2816, **FLAN),
    "flan-t5-xl": T5Config(width=2048, layers=24, decoder_layers=24, heads=32, feedforward_width=5120, **FLAN),
}
"""T5 1.1 has the sizes of FLAN-T5."""


def tiny(*, vocab_size: int = 256, flan: bool = True) -> T5Config:
    """A small FLAN-T5 (or T5 1.0) whose H * E is not D."""
    sizes = {"vocab_size": vocab_size, "width": 48, "layers": 2, "decoder_layers": 2, "heads": 4, "head_size": 8}
    return T5Config(**(FLAN if flan else {}) | sizes, feedforward_width=96)


def config_from_hf(hf: dict) -> T5Config:
    """Read a ``config.json``; whether transformers 5's models are tied, only :func:`config_from_checkpoint` knows.

    Raises:
        ValueError: a field is missing or asks for something that this book has not built.
    """
    found = {ours: hf[theirs] for theirs, ours in (SIZES | IDS).items() if hf.get(theirs) is not None}
    missing = [theirs for theirs, ours in SIZES.items() if ours not in found and ours not in OPTIONAL]
    if missing:
        raise ValueError(f"config.json has no {', '.join(missing)}; is it really a T5?")
    if not read_flag(hf, "is_encoder_decoder", True):
        raise ValueError("this is half of a T5 (is_encoder_decoder is false); use the whole model's checkpoint")
    found = {"decoder_layers": found["layers"], "tie_embeddings": True} | found
    scaled = hf.get("scale_decoder_outputs", found["tie_embeddings"])
    kind = _read_feedforward(hf)
    return T5Config(**found, **kind, scale_logits=scaled, norm_eps=hf.get("layer_norm_epsilon", 1e-6))


def config_from_checkpoint(hf: dict, names: Collection[str]) -> T5Config:
    """Read a ``config.json`` beside the names of the tensors that come with it; errors as in :func:`config_from_hf`."""
    config = config_from_hf(hf)
    if "scale_decoder_outputs" in hf:  # transformers 5: tie_word_embeddings is true whatever the model is
        return replace(config, tie_embeddings="lm_head.weight" not in names)
    return config


def config_to_hf(config: T5Config) -> dict:
    """The ``config.json`` of a T5, in the layout of the releases."""
    name = {"gelu_tanh": "gelu" if config.gated else "gelu_new"}.get(config.activation, config.activation)
    hf = {
        "architectures": ["T5ForConditionalGeneration"],
        "model_type": "t5",
        "is_encoder_decoder": True,
        **{theirs: getattr(config, ours) for theirs, ours in (SIZES | IDS).items()},
        "feed_forward_proj": f"gated-{name}" if config.gated else name,
        "layer_norm_epsilon": config.norm_eps,
    }
    if config.scale_logits != config.tie_embeddings:
        hf["scale_decoder_outputs"] = config.scale_logits
    return hf


def _read_feedforward(hf: dict) -> dict:
    """Activation and gate from ``feed_forward_proj``."""
    said = hf.get("feed_forward_proj", "relu")
    gate, _, name = str(said).rpartition("-")
    if gate not in ("", "gated"):
        raise ValueError(f"unknown feed_forward_proj {shown(said)}; the book has relu, gated-gelu and their like")
    name = "gelu_new" if said == "gated-gelu" else name
    if hf.get("dense_act_fn", name) != name:
        raise ValueError(
            f"feed_forward_proj {said!r} means {name}, but dense_act_fn is {shown(hf['dense_act_fn'])}; correct "
            "config.json"
        )
    return {"activation": read_activation(name), "gated": bool(gate)}


def key_table(config: T5Config) -> dict[str, Stored]:
    """Published names, and where each tensor goes."""
    table = {"shared.weight": "embed_tokens.weight"}
    if not config.tie_embeddings:
        table["lm_head.weight"] = "lm_head.weight"
    for stack, layers in (("encoder", config.layers), ("decoder", config.decoder_layers)):
        first = f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        table |= {first: f"{stack}.relative_bias.weight", f"{stack}.final_layer_norm.weight": f"{stack}.norm.weight"}
        for layer in range(layers):
            for theirs, ours in _block_keys(config, stack == "decoder"):
                table[f"{stack}.block.{layer}.layer.{theirs}.weight"] = f"{stack}.layers.{layer}.{ours}.weight"
    return rename(table)


def _block_keys(config: T5Config, has_cross: bool) -> list[tuple[str, str]]:
    """Names inside one block, whose sublayers are numbered in the published files."""
    keys = [("0.layer_norm", "attention_norm")] + [(f"0.SelfAttention.{x}", f"self_attn.{x}_proj") for x in "qkvo"]
    if has_cross:
        keys += [("1.layer_norm", "cross_attention_norm")]
        keys += [(f"1.EncDecAttention.{letter}", f"cross_attn.{letter}_proj") for letter in "qkvo"]
    last = 2 if has_cross else 1
    maps = (
        {"wi_0": "gate_proj", "wi_1": "up_proj", "wo": "down_proj"}
        if config.gated
        else {"wi": "up_proj", "wo": "down_proj"}
    )
    keys += [(f"{last}.DenseReluDense.{theirs}", f"mlp.{ours}") for theirs, ours in maps.items()]
    return [*keys, (f"{last}.layer_norm", "feedforward_norm")]


FAMILY = Family(
    name="t5", model_types=("t5",), published=PUBLISHED, tiny=tiny, sizes=SIZES, optional=OPTIONAL,
    config_from_hf=config_from_hf, config_to_hf=config_to_hf, key_table=key_table,
    config_from_checkpoint=config_from_checkpoint, counted=("num_layers", "num_decoder_layers"),
    ignored=("EncDecAttention.relative_attention_bias.weight",),  # old files hold a table that nothing ever read
    repeated=("lm_head.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"),  # in old files
)  # fmt: skip
