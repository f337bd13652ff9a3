"""What llama.cpp calls the tensors of a model, and how its converter changes some of Hugging Face's."""

from llmbook.checkpoint.gguf.file import GGUF
from llmbook.checkpoint.gguf.sizes import Architecture, architecture_of
from llmbook.checkpoint.gguf.tensors import GGUFTensor
from llmbook.models import DecoderConfig, Family
from llmbook.models.keys import Stored

WHOLE = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
}
"""Hugging Face's name of a part of the model: llama.cpp's."""
IN_BLOCK = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",  # which is before the feed-forward layer
}
AFTER = {"post_attention_layernorm": "post_attention_norm", "post_feedforward_layernorm": "post_ffw_norm"}
"""Where norms follow the sublayers."""


def gguf_name(theirs: str, norms_after: bool) -> str:
    """llama.cpp's name of a tensor, from Hugging Face's.

    Args:
        theirs: such as ``"model.layers.0.self_attn.q_proj.weight"``, which becomes ``"blk.0.attn_q.weight"``.
        norms_after: whether norms follow the sublayers, as in OLMo 2.
    """
    part, _, leaf = theirs.rpartition(".")
    if part in WHOLE:
        return f"{WHOLE[part]}.{leaf}"
    _, _, layer, inside = part.split(".", 3)
    return f"blk.{layer}.{(IN_BLOCK | AFTER if norms_after else IN_BLOCK)[inside]}.{leaf}"


def gguf_table(gguf: GGUF, family: Family, config: DecoderConfig) -> dict[str, Stored]:
    """The family's key table under the names of a GGUF file."""
    after = architecture_of(gguf).norms_after
    return {gguf_name(theirs, after): place for theirs, place in family.key_table(config).items()}


def gguf_tensors(gguf: GGUF, config: DecoderConfig) -> dict[str, GGUFTensor]:
    """The tensors of a file, each with what its converter did to it."""
    kind = architecture_of(gguf)
    return {
        name: GGUFTensor(gguf.path, entry, _heads(kind, name, config), _shift(kind, name))
        for name, entry in gguf.entries.items()
    }


def _heads(kind: Architecture, name: str, config: DecoderConfig) -> int | None:
    """Of how many heads the rows of a tensor were reordered; None if they were not."""
    counts = {"attn_q": config.heads, "attn_k": config.kv_heads}
    part = name.rpartition(".")[0].rpartition(".")[2]  # of "blk.0.attn_q.weight", "attn_q"
    return counts.get(part) if kind.permuted else None


def _shift(kind: Architecture, name: str) -> float:
    """What the converter added to the numbers of a tensor."""
    return kind.norm_shift if name.endswith("norm.weight") else 0.0
