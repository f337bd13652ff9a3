"""What the Llama-shaped families share: Hugging Face's names, and the way from its ``config.json`` and back.

Gemma, Llama and OLMo store the same tensors under the same names; they differ in the fields of the config. The
name ``post_attention_layernorm`` is a trap: it is the norm *before* the feed-forward layer.
"""

from llmbook.models.decoder import DecoderConfig

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
OPTIONAL = ("head_dim", "num_key_value_heads", "tie_word_embeddings")
ACTIVATION_NAMES = {  # Hugging Face's name: ours
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_new": "gelu_tanh",
    "gelu": "gelu",
    "silu": "silu",
    "swish": "silu",
    "relu": "relu",
}


def read_sizes(hf: dict) -> dict:
    """The sizes of a ``config.json`` under our names, with Hugging Face's rules for what is left out.

    Raises:
        ValueError: a size is missing.
    """
    missing = [key for key in SIZES if key not in hf and key not in OPTIONAL]
    if missing:
        raise ValueError(f"config.json has no {', '.join(missing)}; is it really a {hf.get('model_type')} model?")
    filled = {
        "num_key_value_heads": hf["num_attention_heads"],
        "head_dim": hf["hidden_size"] // hf["num_attention_heads"],
        **{key: value for key, value in hf.items() if value is not None},
    }
    return {ours: filled[theirs] for theirs, ours in SIZES.items() if theirs in filled}


def read_activation(name: str) -> str:
    """Our name of an activation.

    Raises:
        ValueError: the book has no such activation.
    """
    if name not in ACTIVATION_NAMES:
        raise ValueError(f"unknown hidden_act {name!r}; the book has {', '.join(ACTIVATION_NAMES)}")
    return ACTIVATION_NAMES[name]


def read_rope_base(hf: dict) -> float:
    """The base of the rotary embedding, from the old place (``rope_theta``) or the new (``rope_parameters``).

    Raises:
        ValueError: the checkpoint stretches its positions (``rope_scaling``), which these models do not.
    """
    rope = hf.get("rope_parameters") or hf.get("rope_scaling") or {}
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind != "default":
        raise ValueError(f"rope type {kind!r} is not built in this book; use a checkpoint without rope scaling")
    return float(rope.get("rope_theta", hf.get("rope_theta", 10000.0)))


def read_bias(hf: dict) -> bool:
    """Whether the linear maps have a bias.

    Raises:
        ValueError: only the attention has, or only the feed-forward layer.
    """
    attention, feed_forward = hf.get("attention_bias", False), hf.get("mlp_bias", False)
    if attention != feed_forward:
        raise ValueError(
            f"attention_bias is {attention}, mlp_bias is {feed_forward}; this decoder has biases everywhere or nowhere"
        )
    return attention


def write_config(config: DecoderConfig, model_type: str, architecture: str, hidden_act: str, **family: object) -> dict:
    """The ``config.json`` of a model, in the layout of the released 2024 checkpoints.

    Args:
        config: our config.
        model_type: Hugging Face's family, such as "gemma".
        architecture: its class, such as "GemmaForCausalLM".
        hidden_act: its name of the activation.
        family: further fields of that family.

    Returns:
        A dict that ``json`` can write.
    """
    return {
        "architectures": [architecture],
        "model_type": model_type,
        "hidden_act": hidden_act,
        "rope_theta": config.rope_base,
        **{theirs: getattr(config, ours) for theirs, ours in SIZES.items()},
        **family,
    }


def key_table(config: DecoderConfig) -> dict[str, str]:
    """Hugging Face's name of each tensor, and ours.

    Args:
        config: a pre-norm config; its flags decide which tensors exist.

    Returns:
        ``{"model.layers.0.self_attn.q_proj.weight": "layers.0.self_attn.q_proj.weight", ...}``.
    """
    table = {"model.embed_tokens.weight": "embed_tokens.weight"}
    for layer in range(config.layers):
        table |= {f"model.layers.{layer}.{theirs}": f"layers.{layer}.{ours}" for theirs, ours in _block_keys(config)}
    if config.norm != "layer_free":
        table["model.norm.weight"] = "norm.weight"
    if not config.tie_embeddings:
        table["lm_head.weight"] = "lm_head.weight"
    return table


def _block_keys(config: DecoderConfig) -> list[tuple[str, str]]:
    """Names inside one block."""
    gate = ["gate_proj"] if config.gated else []
    maps = [f"self_attn.{name}_proj" for name in "qkvo"] + [f"mlp.{name}" for name in (*gate, "up_proj", "down_proj")]
    kinds = ("weight", "bias") if config.bias else ("weight",)
    same = [(f"{name}.{kind}", f"{name}.{kind}") for name in maps for kind in kinds]
    if config.norm == "layer_free":
        return same
    return [
        *same,
        ("input_layernorm.weight", "attention_norm.weight"),
        ("post_attention_layernorm.weight", "feedforward_norm.weight"),
    ]
