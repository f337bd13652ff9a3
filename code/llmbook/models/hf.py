"""Hugging Face's ``config.json``: what the families share of the way from it and back.

Each family has a table ``SIZES`` from Hugging Face's field to ours. Most use the one below; GPT-2 and Falcon are older
than the habit. What a reader hands on is checked by the config, so that a word where a number belongs is refused there.
"""

from collections.abc import Collection, Iterable, Mapping

from llmbook.models.config import DecoderConfig
from llmbook.models.kinds import Activation
from llmbook.strict_json import shown

SIZES = {  # Hugging Face's field: ours
    "vocab_size": "vocab_size",
    "hidden_size": "width",
    "num_hidden_layers": "layers",
    "num_attention_heads": "heads",
    "num_key_value_heads": "kv_heads",
    "head_dim": "head_size",
    "intermediate_size": "feedforward_width",
    "max_position_embeddings": "max_length",
    "tie_word_embeddings": "tie_embeddings",
}
OPTIONAL = ("head_size", "kv_heads", "tie_embeddings")
"""Ours that a ``config.json`` may leave out."""
ACTIVATION_NAMES: dict[str, Activation] = {  # Hugging Face's name: ours
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_new": "gelu_tanh",
    "gelu": "gelu",
    "silu": "silu",
    "swish": "silu",
    "relu": "relu",
}


def read_sizes(hf: dict, sizes: Mapping[str, str] = SIZES, optional: Collection[str] = OPTIONAL) -> dict:
    """The sizes of a ``config.json`` under our names, with Hugging Face's rules for what is left out.

    Args:
        hf: the content of ``config.json``.
        sizes: the family's table.
        optional: ours that may be left out.

    Raises:
        ValueError: a size is missing.
    """
    found = {ours: hf[theirs] for theirs, ours in sizes.items() if hf.get(theirs) is not None}
    missing = [theirs for theirs, ours in sizes.items() if ours not in found and ours not in optional]
    if missing:
        raise ValueError(f"config.json has no {', '.join(missing)}; is it really a {hf.get('model_type')} model?")
    left_out = {
        "kv_heads": found["heads"],
        "head_size": found["width"] // found["heads"],
        "feedforward_width": 4 * found["width"],
    }
    return left_out | found


def read_activation(name: str) -> Activation:
    """Our name of an activation.

    Raises:
        ValueError: the book has no such activation.
    """
    if not isinstance(name, str) or name not in ACTIVATION_NAMES:
        raise ValueError(f"unknown hidden_act {shown(name)}; the book has {', '.join(ACTIVATION_NAMES)}")
    return ACTIVATION_NAMES[name]


def read_rope_base(hf: dict, default: float = 10000.0) -> float:
    """The base of the rotary embedding, from the old place (``rope_theta``) or the new (``rope_parameters``).

    Args:
        hf: the content of ``config.json``.
        default: what it means that neither place has it.

    Raises:
        ValueError: the checkpoint stretches its positions (``rope_scaling``), which these models do not; or it has two
            bases.
    """
    places = [read_mapping(hf, name) for name in ("rope_parameters", "rope_scaling")]
    for kind in map(rope_kind, places):
        if kind != "default":
            raise ValueError(f"rope type {shown(kind)} is not built here; use a checkpoint without rope scaling")
    return one_of("rope_theta", (*places, hf), default)


def one_of(name: str, places: Iterable[Mapping], default: object) -> object:
    """The value of a field that may stand in several places, a whole number as a float; null is a value.

    Raises:
        ValueError: two places have two values.
    """
    said = [as_float(place[name]) for place in places if name in place]
    if any(type(value) is not type(said[0]) or value != said[0] for value in said):
        raise ValueError(f"{name} has several values, {shown(said)}; which one is meant?")
    return said[0] if said else default


def read_mapping(hf: Mapping, name: str) -> dict:
    """The fields under a name, none where it is left out or null.

    Raises:
        ValueError: something else stands there.
    """
    found = hf.get(name)
    if not isinstance(found, dict | None):
        raise ValueError(f"{name} must hold named fields, not {shown(found)}; is the file damaged?")
    return found or {}


def read_flag(hf: Mapping, name: str, default: bool) -> bool:
    """Whether something is so; the default where it is left out or null.

    Raises:
        ValueError: neither true nor false stands there, but a text or a number.
    """
    found = default if hf.get(name) is None else hf[name]
    if not isinstance(found, bool):
        raise ValueError(f"{name} must be true or false, not {shown(found)}; is the file damaged?")
    return found


def as_float(value: object) -> object:
    """A whole number as a float, as JSON writes 10000 for 10000.0; anything else stays, for the config to judge."""
    return float(value) if type(value) is int and abs(value) < 2**53 else value


def rope_kind(rope: Mapping) -> str:
    """The kind that a rotary embedding's parameters name, "default" if they name none."""
    return rope.get("rope_type", rope.get("type", "default"))


def read_bias(hf: dict) -> bool:
    """Whether the linear maps have a bias.

    Raises:
        ValueError: only the attention has, or only the feed-forward layer.
    """
    attention, feed_forward = (read_flag(hf, name, False) for name in ("attention_bias", "mlp_bias"))
    if attention != feed_forward:
        raise ValueError(
            f"attention_bias is {attention}, mlp_bias is {feed_forward}; this decoder has biases everywhere or nowhere"
        )
    return attention


def write_config(
    config: DecoderConfig, model_type: str, architecture: str, sizes: Mapping[str, str] = SIZES, **family: object
) -> dict:
    """The ``config.json`` of a model, in the layout of the released 2024 checkpoints.

    Args:
        config: our config.
        model_type: Hugging Face's family, such as "gemma".
        architecture: its class, such as "GemmaForCausalLM".
        sizes: the family's table.
        family: further fields of that family.

    Returns:
        A dict that ``json`` can write.
    """
    return {
        "architectures": [architecture],
        "model_type": model_type,
        **{theirs: getattr(config, ours) for theirs, ours in sizes.items()},
        **family,
    }
