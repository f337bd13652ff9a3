r"""Attention: every position reads from the positions before it.

.. math:: \operatorname{softmax}\!\left(\frac{q k^\top}{\sqrt{E}} + \text{mask}\right) v

Source: Vaswani et al. 2017, arXiv 1706.03762, Eq. 1. With K key-value heads for H query heads: H = K is multi-head,
K = 1 is multi-query (Shazeer 2019, arXiv 1911.02150; Gemma 2B), between them is grouped-query attention (Ainslie et
al. 2023, arXiv 2305.13245). ``attend_slow`` shows the arithmetic; ``attend`` gives the same numbers faster.
"""

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmbook.layers.norm import RMSNorm
from llmbook.layers.rope import apply_rope


class LayerCache(Protocol):
    """What attention needs of a cache: a place for the keys and values of its layer."""

    def update(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Store new keys and values, each ``(B, K, T, E)``; give back all there are, ``(B, K, S, E)``."""


class Cache(Protocol):
    """What a decoder needs of a cache. It lives outside the model; ``generation.KVCache`` is one."""

    length: int  # positions stored so far

    def layer(self, index: int) -> LayerCache:
        """What the layer of this index sees of the cache."""

    def advance(self, count: int) -> None:
        """Count ``count`` positions as stored, once all layers have been updated."""


def causal_mask(queries: int, keys: int, device: torch.device | None = None, window: int | None = None) -> Tensor:
    """True where a query may look: at keys up to its own position, the last query aligned with the last key.

    Args:
        queries: T.
        keys: S, at least T; the first S - T keys come from a cache.
        device: where to put it.
        window: how many keys a query may see, its own included; None for all (Mistral 7B: 4,096).

    Returns:
        Boolean ``(T, S)``.
    """
    query_positions = torch.arange(keys - queries, keys, device=device)[:, None]
    distance = query_positions - torch.arange(keys, device=device)[None, :]
    return distance >= 0 if window is None else (distance >= 0) & (distance < window)


def attend_slow(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    """Attention written out. For reading, and as the witness for ``attend``.

    Args:
        query: ``(B, H, T, E)``.
        key: ``(B, K, S, E)`` with H a multiple of K.
        value: ``(B, K, S, E)``.
        mask: Boolean, True where a query may look, of a shape that :func:`check_mask` allows; None means causal.

    Returns:
        ``(B, H, T, E)``.

    Raises:
        ValueError: the mask is not boolean, or has another shape.
    """
    heads_per_group = query.shape[1] // key.shape[1]
    key = key.repeat_interleave(heads_per_group, dim=1)  # (B, H, S, E): query head h reads head h // (H / K)
    value = value.repeat_interleave(heads_per_group, dim=1)
    if mask is None:
        mask = causal_mask(query.shape[2], key.shape[2], query.device)
    check_mask(mask, query, key)
    scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5  # (B, H, T, S)
    weights = scores.masked_fill(~mask, float("-inf")).float().softmax(-1)  # float32: bfloat16 loses small weights
    return weights.to(value.dtype) @ value


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    """The same numbers as ``attend_slow`` from torch's fused kernel; arguments, result and errors alike."""
    queries, keys, is_causal = query.shape[2], key.shape[2], False
    if mask is not None:
        check_mask(mask, query, key)
    elif queries == keys:  # is_causal aligns the first query with the first key, so it is only right when T == S
        is_causal = True
    elif queries > 1:  # a single query, the last, sees all keys
        mask = causal_mask(queries, keys, query.device)
    grouped = query.shape[1] != key.shape[1]
    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=is_causal, enable_gqa=grouped)


def check_mask(mask: Tensor, query: Tensor, key: Tensor, *, is_bias: bool = False) -> None:
    """Refuse a mask that PyTorch would stretch to the scores, but that does not say of each key what it means for it.

    Args:
        mask: ``(T, S)`` or ``(B, H, T, S)``, where B, H and T may be 1: the same for all of them. S may not.
        query: ``(B, H, T, E)``.
        key: ``(B, K, S, E)``.
        is_bias: whether numbers that are added to the scores are allowed too; else it must be boolean.

    Raises:
        ValueError: the mask has another shape or type.
    """
    (batch, heads, queries, _), keys, shape = query.shape, key.shape[2], mask.shape
    fits = len(shape) in (2, 4) and shape[-1] == keys and shape[-2] in (1, queries)
    if not fits or (len(shape) == 4 and (shape[0] not in (1, batch) or shape[1] not in (1, heads))):
        raise ValueError(
            f"a mask must have shape (T, S) = {(queries, keys)} or (B, H, T, S) = {(batch, heads, queries, keys)}, "
            f"where all but S may be 1, not {tuple(shape)}"
        )
    if mask.dtype is not torch.bool and not (is_bias and mask.is_floating_point()):
        kinds = "boolean, or numbers to add to the scores" if is_bias else "boolean, true where a query may look"
        raise ValueError(f"a mask must be {kinds}, not {mask.dtype}")


class Attention(nn.Module):
    """Self-attention with rotary positions, grouped key-value heads, and optionally a clamp or norms.

    Args:
        width: D.
        heads: H, query heads.
        kv_heads: K, key and value heads; H must be a multiple of K.
        head_size: E; H * E need not equal D (Gemma 7B: 16 * 256 = 4096 and D = 3072).
        bias: whether the four linear maps have a bias.
        clip_qkv: if given, queries, keys and values are clamped to +-clip_qkv before rotation (later OLMo 1 releases).
        qk_norm_eps: if given, queries and keys pass an RMSNorm with this eps before rotation (OLMo 2): one mean square
            over all heads of a position, not one for each head.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        kv_heads: int,
        head_size: int,
        bias: bool = False,
        clip_qkv: float | None = None,
        qk_norm_eps: float | None = None,
    ):
        super().__init__()
        self.head_size, self.clip_qkv = head_size, clip_qkv
        self.q_proj = nn.Linear(width, heads * head_size, bias=bias)
        self.k_proj = nn.Linear(width, kv_heads * head_size, bias=bias)
        self.v_proj = nn.Linear(width, kv_heads * head_size, bias=bias)
        self.o_proj = nn.Linear(heads * head_size, width, bias=bias)
        self.q_norm, self.k_norm = (
            nn.Identity() if qk_norm_eps is None else RMSNorm(count * head_size, eps=qk_norm_eps)
            for count in (heads, kv_heads)
        )

    def forward(
        self,
        x: Tensor,
        rotation: tuple[Tensor, Tensor] | None,
        mask: Tensor | None = None,
        cache: LayerCache | None = None,
    ) -> Tensor:
        """Attend over ``x`` and what the cache holds.

        Args:
            x: ``(B, T, D)``.
            rotation: cosine and sine, each ``(B or 1, 1, T, E/2)``; None where positions are learned (GPT-2).
            mask: Boolean, ``(T, S)`` or ``(B, H, T, S)`` as in :func:`attend`; None means causal.
            cache: this layer's keys and values of earlier positions, already rotated; the new ones are added to it.

        Returns:
            ``(B, T, D)``.
        """
        query, key, value = self.q_norm(self.q_proj(x)), self.k_norm(self.k_proj(x)), self.v_proj(x)
        query, key, value = (self._heads(each) for each in (query, key, value))
        if rotation is not None:
            query, key = apply_rope(query, *rotation), apply_rope(key, *rotation)
        if cache is not None:
            key, value = cache.update(key, value)  # (B, K, S, E)
        out = attend(query, key, value, mask)  # (B, H, T, E)
        return self.o_proj(out.transpose(1, 2).flatten(2))  # (B, T, H * E) -> (B, T, D)

    def _heads(self, x: Tensor) -> Tensor:
        """Clamp, and split ``(B, T, n * E)`` into ``(B, n, T, E)``."""
        if self.clip_qkv is not None:
            x = x.clamp(-self.clip_qkv, self.clip_qkv)
        return x.unflatten(-1, (-1, self.head_size)).transpose(1, 2)
