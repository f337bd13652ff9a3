"""A config is valid or does not exist: what is impossible is refused, and so is what would have no effect."""

from dataclasses import dataclass, fields, replace
from typing import get_args

import pytest

from llmbook.layers.activation import ACTIVATIONS
from llmbook.layers.norm import NORMS
from llmbook.layers.yarn import Yarn
from llmbook.models import DecoderConfig, T5Config, gemma, gpt2, llama, olmo2, olmo3, phi, t5_config
from llmbook.models.hf import ACTIVATION_NAMES
from llmbook.models.kinds import Activation, Norm

NAN, INF = float("nan"), float("inf")
MIXTRAL = llama.tiny(experts=3, experts_per_token=2)
BASES = {"gemma": gemma.tiny(), "gpt2": gpt2.tiny(), "llama": llama.tiny(), "mixtral": MIXTRAL, "olmo2": olmo2.tiny(),
         "olmo3": olmo3.tiny(), "phi": phi.tiny(), "t5": t5_config.tiny()}  # fmt: skip
REFUSED = [
    # what no model can be
    ("gemma", {"clip_qkv": -1.0}, "clip_qkv must be above 0, or None for no clamp, not -1.0"),
    ("gemma", {"clip_qkv": 0}, "clip_qkv must be above 0"),
    ("gemma", {"clip_qkv": INF}, "clip_qkv must be a finite number or None, not inf"),
    ("gemma", {"norm_eps": -1}, "norm_eps must be above 0, or a norm could divide by 0, not -1"),
    ("gemma", {"norm_eps": 0.0}, "norm_eps must be above 0"),
    ("gemma", {"norm_eps": NAN}, "norm_eps must be a finite number, not nan"),
    ("gemma", {"rope_base": 0}, "rope_base must be above 1, so that later pairs turn slower, not 0"),
    ("gemma", {"rope_base": 1.0}, "rope_base must be above 1"),
    ("gemma", {"rope_base": -1e4}, "rope_base must be above 1"),
    ("gemma", {"rotary_fraction": 1.5}, "rotary_fraction must be above 0 and at most 1, the whole head, not 1.5"),
    ("gemma", {"rotary_fraction": 0.0}, "rotary_fraction must be above 0"),
    ("gemma", {"rotary_fraction": -0.5}, "rotary_fraction must be above 0"),
    ("gemma", {"rotary_fraction": 0.1}, "head_size \\* rotary_fraction must be even, not 1"),
    ("gemma", {"window": 0}, "window must be at least 1, the position itself, or None, not 0"),
    ("gemma", {"experts": -1}, "experts and experts_per_token must be at least 0"),
    ("mixtral", {"experts_per_token": -1}, "experts and experts_per_token must be at least 0"),
    ("mixtral", {"experts_per_token": 4}, r"of which experts_per_token \(1 to experts\) run"),
    ("mixtral", {"experts_per_token": 0}, r"of which experts_per_token \(1 to experts\) run"),
    ("olmo3", {"yarn": Yarn(True, 32)}, "yarn.factor must be a finite number, not True"),
    ("olmo3", {"yarn": Yarn(4.0, 32.5)}, "yarn.original_length must be a whole number, not 32.5"),
    ("olmo3", {"yarn": {"factor": 4.0}}, "yarn must be Yarn or None"),
    # what no model of this book does
    ("llama", {"experts": 2, "experts_per_token": 1, "bias": True}, "gated experts without bias"),
    ("mixtral", {"gated": False}, "gated experts without bias"),
    ("gemma", {"parallel": True, "norm_place": "both"}, "set norm_place to 'pre'"),
    ("gemma", {"head_bias": True}, "set head_bias or tie_embeddings to False"),
    ("olmo2", {"clip_qkv": 8.0}, "a norm or a clamp, not both"),
    # what would have no effect
    ("gemma", {"experts_per_token": 2}, "no experts of which 2 could run: set experts, or experts_per_token to 0"),
    ("mixtral", {"experts": 0}, "no experts of which 2 could run"),
    ("gpt2", {"rope_base": 5e5}, "set rope_base to 10000.0 and rotary_fraction to 1.0, or positions to 'rope'"),
    ("gpt2", {"rotary_fraction": 0.5}, "learned positions do not rotate"),
    ("phi", {"positions": "learned"}, "learned positions do not rotate"),
    ("gpt2", {"yarn": Yarn(4.0, 32)}, "only rotary positions can be stretched"),
    ("gemma", {"full_attention_every": 2}, "set a window, or set it to 0"),
    ("olmo3", {"window": None}, "set a window, or set it to 0"),
    ("gemma", {"window": 5, "full_attention_every": 1}, "set window to None and full_attention_every to 0"),
    ("olmo3", {"full_attention_every": 0}, "set yarn to None, or full_attention_every"),
    # T5
    ("t5", {"norm_eps": 0.0}, "norm_eps must be above 0"),
    ("t5", {"norm_eps": INF}, "norm_eps must be a finite number"),
    ("t5", {"width": 48.0}, "width must be a whole number, not 48.0"),
    ("t5", {"buckets": 8.0}, "buckets must be a whole number"),
    ("t5", {"max_distance": NAN}, "max_distance must be a whole number"),
    ("t5", {"stop_id": True}, "stop_id must be one token id below 256, not True"),
    ("t5", {"start_id": -1}, "start_id must be one token id below 256, not -1"),
    ("t5", {"scale_logits": None}, "scale_logits must be True or False, not None"),
]  # fmt: skip
WRONG_KINDS = {  # of an annotation: what is not of its kind
    "counts": (None, True, 4.0, NAN, "4", [4]),
    "flags": (None, 0, 1, "yes", []),
    "numbers": (None, True, NAN, INF, -INF, "1e-5", [1.0], 2**63, -(2.0**63), 10**400),
    "words": (None, True, "", "batch", ["rms"]),
}
COUNTS = ("vocab_size", "width", "layers", "decoder_layers", "heads", "kv_heads", "head_size", "feedforward_width",
          "max_length", "experts", "experts_per_token", "window", "full_attention_every", "buckets", "max_distance",
          "pad_id", "stop_id", "start_id")  # fmt: skip
NUMBERS = ("norm_eps", "rope_base", "rotary_fraction", "clip_qkv", "yarn")
WORDS = ("activation", "norm", "norm_place", "positions")
OPTIONAL = ("window", "clip_qkv", "yarn")


@pytest.mark.parametrize(("base", "change", "said"), REFUSED)
def test_refused(base, change, said):
    with pytest.raises(ValueError, match=said):
        replace(BASES[base], **change)


@pytest.mark.parametrize(
    ("base", "change"),
    [
        ("llama", {"window": 10_000}),  # above max_length: a published window in a model cut short
        ("olmo3", {"layers": 1}),  # published rhythms too
        ("olmo3", {"window": None, "full_attention_every": 0}),  # stretched everywhere
        ("gemma", {"rope_base": 10_000, "clip_qkv": 8}),  # whole numbers, as JSON writes them
        ("mixtral", {"experts_per_token": 3}),
        ("gpt2", {"head_size": 11, "width": 44}),  # nothing is paired
        ("gpt2", {"window": 4, "full_attention_every": 2}),
        ("t5", {"pad_id": 1}),  # pads that also end a text
    ],
)  # fmt: skip
def test_not_refused(base, change):
    assert all(getattr(replace(BASES[base], **change), field) == value for field, value in change.items())


def taken_of_a_wrong_kind(config: object) -> list[str]:
    """Fields that take a value of a kind that is not theirs, without a word that names them."""
    taken = []
    for field in fields(config):
        group = "counts" if field.name in COUNTS else "numbers" if field.name in NUMBERS else "flags"
        for value in WRONG_KINDS["words" if field.name in WORDS else group]:
            if value is None and field.name in OPTIONAL:
                continue
            try:
                replace(config, **{field.name: value})
            except ValueError as error:
                if str(error).startswith(f"{field.name} must be "):
                    continue
            taken.append(f"{field.name} = {value!r}")
    return taken


@pytest.mark.parametrize("base", BASES)
def test_every_field_holds_to_its_kind(base):
    assert taken_of_a_wrong_kind(BASES[base]) == []


def test_a_field_that_nobody_looks_at_is_seen():
    """The twin: a config that trusts its annotations, as dataclasses do."""

    @dataclass(frozen=True)
    class Trusting:
        bias: bool = False
        norm: Norm = "rms"

    assert taken_of_a_wrong_kind(Trusting()) == [
        f"{name} = {value!r}" for name, group in (("bias", "flags"), ("norm", "words")) for value in WRONG_KINDS[group]
    ]


def test_the_words_are_those_of_the_layers():
    assert get_args(Activation) == tuple(ACTIVATIONS) and get_args(Norm) == NORMS
    assert set(ACTIVATION_NAMES.values()) <= set(get_args(Activation))
    said = {kind: {field.name: field.type for field in fields(kind)} for kind in (DecoderConfig, T5Config)}
    assert said[DecoderConfig]["activation"] is said[T5Config]["activation"] is Activation
    assert {name for name, kind in said[DecoderConfig].items() if get_args(kind) and isinstance(get_args(kind)[0], str)
            } == set(WORDS)  # fmt: skip
