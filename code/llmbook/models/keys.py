"""Names of tensors: Hugging Face's, and ours.

A family's ``key_table(config)`` maps each published name to a :class:`Stored`, which says where it goes. Most go to
one place as they are. GPT-2 and Falcon stack queries, keys and values into one matrix, and GPT-2 stores its matrices
transposed, (inputs, outputs), because its code multiplied from the other side.

Gemma, Llama, Mistral and OLMo share one table. Its name ``post_attention_layernorm`` is a trap: it is the norm
*before* the feed-forward layer. Only in OLMo 2 and 3 it is what it says, the norm of the attention's output.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from llmbook.models.config import DecoderConfig


@dataclass(frozen=True)
class Stored:
    """Which of our tensors one published tensor holds."""

    names: tuple[str, ...]
    """Ours, stacked in this order along the first axis."""
    transposed: bool = False
    """Whether the published matrix is (inputs, outputs)."""

    def shape(self, shapes: Mapping[str, Sequence[int]]) -> tuple[int, ...]:
        """The published shape, from the shapes of ours by name; those of several differ in their first axis only."""
        rows = sum(shapes[name][0] for name in self.names)
        whole = (rows, *shapes[self.names[0]][1:])
        return whole[::-1] if self.transposed else whole

    def split(self, tensor: Tensor, shapes: Mapping[str, Sequence[int]]) -> dict[str, Tensor]:
        """Our tensors, from the published one.

        Args:
            tensor: of :meth:`shape`: ``(N, ...)``, or ``(M, N)`` where it is transposed; N is the sum of our rows.
            shapes: those of ours by name, ``(N_i, ...)``.

        Returns:
            ``(N_i, ...)`` each, by name.

        Raises:
            ValueError: the tensor has another shape.
        """
        if tuple(tensor.shape) != self.shape(shapes):
            raise ValueError(f"{', '.join(self.names)} are together {self.shape(shapes)}, not {tuple(tensor.shape)}")
        whole = tensor.T if self.transposed and tensor.ndim == 2 else tensor
        parts = whole.split([shapes[name][0] for name in self.names])
        return {name: part.contiguous() for name, part in zip(self.names, parts, strict=True)}

    def join(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """The published tensor, from ours.

        Args:
            tensors: ours by name, ``(N_i, ...)`` each; others may be among them.

        Returns:
            ``(N, ...)`` with the sum of the rows, or ``(M, N)`` where it is transposed.

        Raises:
            KeyError: one of ours is missing.
        """
        whole = torch.cat([tensors[name] for name in self.names])
        return (whole.T if self.transposed and whole.ndim == 2 else whole).contiguous()


def later_name(theirs: str) -> str:
    """What transformers 5 calls a layer of a published checkpoint: it has Mixtral's router under another name.

    Its experts are one layer there, which corresponds to none in the checkpoint.
    """
    return theirs.replace(".block_sparse_moe.gate", ".mlp.gate")


def rename(pairs: Mapping[str, str]) -> dict[str, Stored]:
    """A table of tensors that go to one place as they are."""
    return {theirs: Stored((ours,)) for theirs, ours in pairs.items()}


def key_table(config: DecoderConfig) -> dict[str, Stored]:
    """The table that Gemma, Llama, Mistral and the OLMos share.

    Args:
        config: its flags decide which tensors exist.

    Returns:
        ``{"model.layers.0.self_attn.q_proj.weight": Stored(("layers.0.self_attn.q_proj.weight",)), ...}``.
    """
    table = {"model.embed_tokens.weight": "embed_tokens.weight"}
    for layer in range(config.layers):
        table |= {f"model.layers.{layer}.{theirs}": f"layers.{layer}.{ours}" for theirs, ours in _block_keys(config)}
    if config.norm != "layer_free":
        table["model.norm.weight"] = "norm.weight"
    if not config.tie_embeddings:
        table["lm_head.weight"] = "lm_head.weight"
    return rename(table)


def _block_keys(config: DecoderConfig) -> list[tuple[str, str]]:
    """Names inside one block."""
    maps = [f"self_attn.{name}_proj" for name in "qkvo"]
    if not config.experts:
        maps += [f"mlp.{name}" for name in ("gate_proj", "up_proj", "down_proj") if config.gated or name != "gate_proj"]
    kinds = ("weight", "bias") if config.bias else ("weight",)
    keys = [(f"{name}.{kind}", f"{name}.{kind}") for name in maps for kind in kinds]
    keys += [(f"{theirs}.weight", f"{ours}.weight") for theirs, ours in _norm_keys(config)]
    return keys + _expert_keys(config)


def _norm_keys(config: DecoderConfig) -> list[tuple[str, str]]:
    """Names of the norms inside one block, none if they have no parameters."""
    if config.norm == "layer_free":
        return []
    if config.norm_place == "output":
        names = {"post_attention_layernorm": "attention_post_norm"}
        names["post_feedforward_layernorm"] = "feedforward_post_norm"
    else:
        names = {"input_layernorm": "attention_norm", "post_attention_layernorm": "feedforward_norm"}
    if config.qk_norm:
        names |= {f"self_attn.{letter}_norm": f"self_attn.{letter}_norm" for letter in "qk"}
    return list(names.items())


def _expert_keys(config: DecoderConfig) -> list[tuple[str, str]]:
    """Mixtral's names of its router and experts; w1 is the gate and w3 the other half."""
    if not config.experts:
        return []
    letters = {"w1": "gate_proj", "w2": "down_proj", "w3": "up_proj"}
    return [("block_sparse_moe.gate.weight", "mlp.router.weight")] + [
        (f"block_sparse_moe.experts.{expert}.{theirs}.weight", f"mlp.experts.{expert}.{ours}.weight")
        for expert in range(config.experts)
        for theirs, ours in letters.items()
    ]
