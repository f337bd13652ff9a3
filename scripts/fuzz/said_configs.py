"""What a ``config.json`` says, read a second time: a line for each field, its type, and what its absence means.

The defaults are those of transformers, which ``tests/parity/test_left_out_fields.py`` compares with the package's.
"""

import math

from said_fields import ACTIVATIONS, Fields
from second_reading import Unsaid


def common(f: Fields, **changed: tuple) -> dict:
    """The sizes that most families write alike; ``changed`` names what an absent field means elsewhere."""
    absent = {"num_key_value_heads": None, "head_dim": None, "tie_word_embeddings": False} | changed
    heads, width = f.size("num_attention_heads"), f.size("hidden_size")
    return {
        "vocab_size": f.size("vocab_size"), "width": width, "layers": f.size("num_hidden_layers"), "heads": heads,
        "kv_heads": f.size("num_key_value_heads", absent["num_key_value_heads"], None) or heads,
        "head_size": f.size("head_dim", absent["head_dim"], None) or (width // heads if heads else 0),
        "feedforward_width": f.size("intermediate_size"), "max_length": f.size("max_position_embeddings"),
        "tie_embeddings": f.flag("tie_word_embeddings", absent["tie_word_embeddings"], absent["tie_word_embeddings"]),
    }  # fmt: skip


def bias(f: Fields) -> bool:
    """Of attention and feed-forward layer alike."""
    attention, feed_forward = (f.flag(name, False, False) for name in ("attention_bias", "mlp_bias"))
    if attention is not feed_forward:
        raise Unsaid("a bias in one of two places")
    return attention


def rope(f: Fields, base: float = 10000.0) -> float:
    """The base of positions that are not stretched, from either place; two places say the same or nothing."""
    places = [f.mapping(name) for name in ("rope_parameters", "rope_scaling")]
    for place in places:
        for name in ("rope_type", "type"):
            if place.value(name, (str,), "default") != "default":
                raise Unsaid("stretched positions")
    said = {found for place in (*places, f) if (found := place.real("rope_theta", None)) is not None}
    if len(said) > 1:
        raise Unsaid(f"two bases, {said}")
    return said.pop() if said else base


def llama(f: Fields) -> dict:
    """Llama, Mistral, Mixtral."""
    kind = f.hf["model_type"]
    said = common(f, **({} if kind == "llama" else {"num_key_value_heads": 8}))
    said |= {"activation": f.activation("hidden_act", "silu"), "bias": bias(f)}
    said["norm_eps"] = f.real("rms_norm_eps", 1e-5 if kind == "mixtral" else 1e-6)
    said["rope_base"] = rope(f, 1e6 if kind == "mixtral" else 1e4)
    if kind != "llama":
        said["window"] = f.size("sliding_window", 4096 if kind == "mistral" else None, None)
    if kind == "mixtral":
        said |= {"experts": f.size("num_local_experts", 8), "experts_per_token": f.size("num_experts_per_tok", 2)}
    return said


def gemma(f: Fields) -> dict:
    """Gemma, whose plain "gelu" is the approximation."""
    said = common(f, num_key_value_heads=16, head_dim=256, tie_word_embeddings=True)
    name = "hidden_act" if f.value("hidden_activation", (str,), None, None) is None else "hidden_activation"
    word = f.value(name, (str,), "gelu_pytorch_tanh")
    activation = "gelu_tanh" if word == "gelu" else f.activation(name, "gelu_pytorch_tanh")
    return said | {"activation": activation, "norm_eps": f.real("rms_norm_eps", 1e-6), "rope_base": rope(f),
                   "bias": bias(f), "norm": "rms_unit", "scale_embedding": True}  # fmt: skip


def olmo(f: Fields) -> dict:
    """OLMo 1."""
    return common(f) | {"activation": f.activation("hidden_act", "silu"), "rope_base": rope(f), "bias": bias(f),
                        "clip_qkv": f.real("clip_qkv", None, None), "norm": "layer_free"}  # fmt: skip


def olmo2(f: Fields) -> dict:
    """OLMo 2."""
    return common(f) | {"activation": f.activation("hidden_act", "silu"), "norm_eps": f.real("rms_norm_eps", 1e-5),
                        "rope_base": rope(f), "bias": bias(f), "norm_place": "output", "qk_norm": True}  # fmt: skip


def gpt2(f: Fields) -> dict:
    """GPT-2."""
    f.is_only("scale_attn_weights", True)
    f.is_only("scale_attn_by_inverse_layer_idx", False)
    heads, width = f.size("n_head"), f.size("n_embd")
    return {
        "vocab_size": f.size("vocab_size"), "width": width, "layers": f.size("n_layer"), "heads": heads,
        "kv_heads": heads, "head_size": width // heads if heads else 0, "max_length": f.size("n_positions"),
        "feedforward_width": f.size("n_inner", None, None) or 4 * width, "norm": "layer", "positions": "learned",
        "tie_embeddings": f.flag("tie_word_embeddings", True, True), "bias": True, "gated": False,
        "activation": f.activation("activation_function", "gelu_new"), "norm_eps": f.real("layer_norm_epsilon", 1e-5),
    }  # fmt: skip


def falcon(f: Fields) -> dict:
    """Falcon 7B."""
    for name, only in (("multi_query", True), ("parallel_attn", True), ("new_decoder_architecture", False),
                       ("alibi", False), ("bias", False)):  # fmt: skip
        f.is_only(name, only)
    heads, width = f.size("num_attention_heads"), f.size("hidden_size")
    return {
        "vocab_size": f.size("vocab_size"), "width": width, "layers": f.size("num_hidden_layers"), "heads": heads,
        "kv_heads": 1, "head_size": width // heads if heads else 0, "norm": "layer", "parallel": True, "gated": False,
        "max_length": f.size("max_position_embeddings", 2048), "norm_eps": f.real("layer_norm_epsilon", 1e-5),
        "feedforward_width": f.size("ffn_hidden_size", None, None) or 4 * width, "rope_base": rope(f),
        "tie_embeddings": f.flag("tie_word_embeddings", True, True), "activation": f.activation("activation", "gelu"),
    }  # fmt: skip


def phi(f: Fields) -> dict:
    """Phi-2."""
    f.is_only("qk_layernorm", False)
    inner = f.mapping("rope_parameters").real("partial_rotary_factor", None)
    outer = f.real("partial_rotary_factor", None)
    if inner is not None and outer is not None and inner != outer:
        raise Unsaid("two shares of the head")
    share = next((each for each in (inner, outer) if each is not None), 0.5)
    return common(f) | {
        "activation": f.activation("hidden_act", "gelu_new"), "norm_eps": f.real("layer_norm_eps", 1e-5),
        "rope_base": rope(f), "rotary_fraction": share, "norm": "layer", "parallel": True, "gated": False,
        "bias": True, "head_bias": True,
    }  # fmt: skip


def olmo3(f: Fields) -> dict:
    """OLMo 3: its layers by kind, and how the positions of those that see everything are stretched."""
    said = common(f) | {"activation": f.activation("hidden_act", "silu"), "norm_eps": f.real("rms_norm_eps", 1e-5),
                        "bias": bias(f), "norm_place": "output", "qk_norm": True}  # fmt: skip
    every, window = _rhythm(f, said["layers"]), f.size("sliding_window", 4096, None)
    if every == 1:
        every, window = 0, None
    elif window is None:
        raise Unsaid("layers with a window, and none is given")
    full, sliding = (f.mapping("rope_parameters").mapping(f"{kind}_attention") for kind in ("full", "sliding"))
    if sliding.value("rope_type", (str,), "default") != "default" or f.hf.get("rope_scaling"):
        raise Unsaid("positions that are stretched elsewhere")
    bases = {each for place in (full, sliding, f) if (each := place.real("rope_theta", None)) is not None}
    if len(bases) > 1:
        raise Unsaid(f"several bases, {bases}")
    stretched = full if every or window is None else Fields({})
    return said | {"window": window, "full_attention_every": every, "yarn": _yarn(stretched),
                   "rope_base": bases.pop() if bases else 500_000.0}  # fmt: skip


def _rhythm(f: Fields, layers: int) -> int:
    """Every how manyth layer is full."""
    kinds = f.value("layer_types", (list,), None, None)
    if kinds is None:
        return 4
    every = kinds.index("full_attention") + 1 if "full_attention" in kinds else 0
    wanted = [f"{'full' if every and n % every == 0 else 'sliding'}_attention" for n in range(1, layers + 1)]
    if kinds != wanted:
        raise Unsaid("layer_types without a rhythm")
    return every


def _yarn(full: Fields) -> dict | None:
    """The four numbers of YaRN."""
    kind = full.value("rope_type", (str,), "default")
    if kind != "yarn":
        if kind != "default":
            raise Unsaid(f"rope_type {kind!r}")
        return None
    factor, given = full.real("factor"), full.real("attention_factor", None, None)
    if given is not None and not math.isclose(given, 0.1 * math.log(factor) + 1, rel_tol=1e-6):
        raise Unsaid("an attention_factor of its own")
    return {"factor": factor, "original_length": full.size("original_max_position_embeddings"),
            "beta_fast": full.real("beta_fast", 32.0, 32.0), "beta_slow": full.real("beta_slow", 1.0, 1.0)}  # fmt: skip


def t5(f: Fields, names: set[str]) -> dict:
    """T5; in transformers 5 the presence of an output matrix says whether the model is tied."""
    f.is_only("is_encoder_decoder", True)
    layers, tied = f.size("num_layers"), f.flag("tie_word_embeddings", True, True)
    word = f.value("feed_forward_proj", (str,), "relu")
    gate, _, name = word.rpartition("-")
    name = "gelu_new" if word == "gated-gelu" else name
    if gate not in ("", "gated") or name not in ACTIVATIONS or f.value("dense_act_fn", (str,), name, name) != name:
        raise Unsaid(f"feed_forward_proj is {word!r}")
    scaled = f.flag("scale_decoder_outputs", tied)
    return {
        "vocab_size": f.size("vocab_size"), "width": f.size("d_model"), "layers": layers,
        "decoder_layers": f.size("num_decoder_layers", layers, layers), "heads": f.size("num_heads"),
        "head_size": f.size("d_kv"), "feedforward_width": f.size("d_ff"), "scale_logits": scaled,
        "buckets": f.size("relative_attention_num_buckets", 32, 32), "norm_eps": f.real("layer_norm_epsilon", 1e-6),
        "max_distance": f.size("relative_attention_max_distance", 128, 128), "gated": bool(gate),
        "tie_embeddings": "lm_head.weight" not in names if "scale_decoder_outputs" in f.hf else tied,
        "activation": ACTIVATIONS[name], "pad_id": f.size("pad_token_id", 0, 0),
        "stop_id": f.size("eos_token_id", 1, 1), "start_id": f.size("decoder_start_token_id", 0, 0),
    }  # fmt: skip


READERS = {"llama": llama, "mistral": llama, "mixtral": llama, "gemma": gemma, "olmo": olmo, "olmo2": olmo2,
           "olmo3": olmo3, "gpt2": gpt2, "falcon": falcon, "phi": phi}  # fmt: skip


def said_config(hf: dict, names: set[str]) -> dict:
    """The fields of our config that a file decides; the others have their defaults.

    Args:
        hf: the content of ``config.json``.
        names: of the tensors beside it.

    Raises:
        Unsaid: it says nothing that could be obeyed.
    """
    kind = hf.get("model_type")
    if kind == "t5":
        return t5(Fields(hf), names)
    if not isinstance(kind, str) or kind not in READERS:
        raise Unsaid(f"model_type is {str(kind)[:80]!r}")
    return READERS[kind](Fields(hf))
