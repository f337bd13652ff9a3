"""OLMo 3 (arXiv 2512.13961): OLMo 2 with a window in three of four layers, and stretched positions in the fourth.

What changed from OLMo 2, each a field of the config:

- three layers of four see the last 4,096 positions only (``window``), the fourth sees all (``full_attention_every``);
- after training on texts of 8,192 tokens the model was trained on 65,536. For that the layers that see everything had
  their rotary positions stretched by YaRN (``yarn``); the layers with a window keep theirs.

Sizes: src/olmo_core/nn/transformer/config.py and src/scripts/official/OLMo3 of github.com/allenai/OLMo-core
(fa6c501). There the embedding has 100,352 rows in training; the released checkpoints keep the 100,278 of the tokenizer.
"""

import math

from llmbook.layers.yarn import Yarn
from llmbook.models.config import DecoderConfig
from llmbook.models.family import Family
from llmbook.models.hf import OPTIONAL, SIZES, as_float, one_of, read_mapping, rope_kind, write_config
from llmbook.models.keys import key_table
from llmbook.models.olmo2 import ALIKE, BASE, EPS, TOKENS, read_common, write_common
from llmbook.strict_json import shown

__all__ = ["FAMILY", "PUBLISHED", "SIZES", "config_from_hf", "config_to_hf", "key_table", "tiny"]

FULL, SLIDING = "full_attention", "sliding_attention"
LONG = {"window": 4096, "full_attention_every": 4, "yarn": Yarn(factor=8.0, original_length=8192)}
PUBLISHED = {
    "olmo-3-7b": DecoderConfig(
        vocab_size=TOKENS, width=4096, layers=32, heads=32, kv_heads=32, head_size=128,
        feedforward_width=11_008, max_length=65_536, norm_eps=EPS, rope_base=BASE, **LONG, **ALIKE,
    ),
    "olmo-3-32b": DecoderConfig(
        vocab_size=TOKENS, width=5120, layers=64, heads=40, kv_heads=8, head_size=128,
        feedforward_width=27_648, max_length=65_536, norm_eps=EPS, rope_base=BASE, **LONG, **ALIKE,
    ),
}  # fmt: skip


def tiny(*, kv_heads: int = 4, vocab_size: int = 256, max_length: int = 128, window: int = 8) -> DecoderConfig:
    """A small OLMo 3 with one group of four layers, stretched from 32 positions by the factor 4."""
    return DecoderConfig(
        vocab_size=vocab_size, width=48, layers=4, heads=4, kv_heads=kv_heads, head_size=12,
        feedforward_width=64, max_length=max_length, norm_eps=EPS, rope_base=BASE, window=window,
        full_attention_every=4, yarn=Yarn(factor=4.0, original_length=32), **ALIKE,
    )  # fmt: skip


def config_from_hf(hf: dict) -> DecoderConfig:
    """Read a ``config.json``.

    Raises:
        ValueError: a field is missing or asks for something that this book has not built.
    """
    common = read_common(hf)
    by_kind = _rope_by_kind(hf)
    bases = {as_float(rope["rope_theta"]) for rope in by_kind.values()}
    if len(bases) > 1 or rope_kind(by_kind[SLIDING]) != "default":
        raise ValueError(
            f"rope parameters {shown(by_kind)} are not built in this book: both kinds of layer have one base, and the "
            "layers with a window are not stretched"
        )
    base = one_of("rope_theta", (*by_kind.values(), hf), BASE)
    every = _read_pattern(hf.get("layer_types"), common["layers"])
    window = hf.get("sliding_window", 4096)
    if every == 1:  # no layer has a window, so what the file says of it means nothing
        every, window = 0, None
    elif window is None:
        raise ValueError("layer_types has layers with a window, but sliding_window is null; is the file damaged?")
    yarn = _read_yarn(by_kind[FULL]) if every or window is None else None  # likewise where every layer has one
    return DecoderConfig(**common, rope_base=base, yarn=yarn, window=window, full_attention_every=every)


def _rope_by_kind(hf: dict) -> dict[str, dict]:
    """The rotary parameters of both kinds of layer, from the new place or from the old, which only names the full."""
    new = read_mapping(hf, "rope_parameters")
    if FULL in new:
        return {kind: {"rope_theta": BASE, **read_mapping(new, kind)} for kind in (FULL, SLIDING)}
    base = {"rope_theta": hf.get("rope_theta", BASE)}
    return {FULL: base | (new or read_mapping(hf, "rope_scaling")), SLIDING: base}


def _read_yarn(rope: dict) -> Yarn | None:
    """How the full layers are stretched."""
    kind = rope_kind(rope)
    if kind == "default":
        return None
    if kind != "yarn":
        raise ValueError(f"rope type {shown(kind)} is not built in this book; the published OLMo 3 has 'yarn'")
    missing = [name for name in ("factor", "original_max_position_embeddings") if rope.get(name) is None]
    if missing:
        raise ValueError(f"the rope parameters {shown(rope)} have no {', '.join(missing)}; is the file damaged?")
    yarn = Yarn(
        as_float(rope["factor"]), rope["original_max_position_embeddings"],
        as_float(rope.get("beta_fast") or 32), as_float(rope.get("beta_slow") or 1),
    )  # fmt: skip
    given = rope.get("attention_factor")
    if given is not None and not math.isclose(given, yarn.temperature, rel_tol=1e-6):
        usual = yarn.temperature
        raise ValueError(f"attention_factor is {shown(given)}, but only 0.1 ln(factor) + 1 = {usual} is built here")
    return yarn


def _read_pattern(layer_types: list[str] | None, layers: int) -> int:
    """Every how manyth layer is full, in a list of the layers' kinds; 4 if there is no list."""
    if layer_types is None:
        return 4
    kinds = list(layer_types)
    every = kinds.index(FULL) + 1 if FULL in kinds else 0
    if len(kinds) != layers or kinds != [FULL if every and n % every == 0 else SLIDING for n in range(1, layers + 1)]:
        raise ValueError(f"layer_types {shown(kinds)} has no fixed rhythm; this decoder has every n-th layer full")
    return every


def config_to_hf(config: DecoderConfig) -> dict:
    """The ``config.json`` of an OLMo 3.

    The rotary parameters are written by kind of layer, as transformers 5 does. The older way, ``rope_theta`` beside
    ``rope_scaling``, is read too, but transformers 5 takes its base for the full layers only.
    """
    default = {"rope_type": "default", "rope_theta": config.rope_base}
    full = dict(default)
    if config.yarn is not None:
        full |= {
            "rope_type": "yarn",
            "factor": config.yarn.factor,
            "original_max_position_embeddings": config.yarn.original_length,
            "beta_fast": config.yarn.beta_fast,
            "beta_slow": config.yarn.beta_slow,
            "attention_factor": config.yarn.temperature,
        }
    layer_types = [FULL if window is None else SLIDING for window in config.windows]
    return write_config(
        config, "olmo3", "Olmo3ForCausalLM", **write_common(config), sliding_window=config.window,
        layer_types=layer_types, rope_parameters={FULL: full, SLIDING: default},
    )  # fmt: skip


FAMILY = Family(
    name="olmo3", model_types=("olmo3",), published=PUBLISHED, tiny=tiny, sizes=SIZES, optional=OPTIONAL,
    config_from_hf=config_from_hf, config_to_hf=config_to_hf, key_table=key_table,
)  # fmt: skip
