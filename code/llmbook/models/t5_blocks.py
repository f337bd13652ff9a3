"""The parts of a T5: attention with a bias and no scale, blocks, and the stack that is an encoder or a decoder."""

from collections.abc import Callable
from typing import Protocol

from torch import Tensor, nn
from torch.nn import functional as F

from llmbook.layers.attention import Cache, LayerCache, causal_mask, check_mask
from llmbook.layers.feedforward import FeedForward, GatedFeedForward
from llmbook.layers.norm import RMSNorm
from llmbook.layers.relative_bias import RelativeBias
from llmbook.models.t5_config import T5Config


class LayerCacheWithMemory(LayerCache, Protocol):
    """What a block of a T5's decoder needs of a cache."""

    def memory(self, compute: Callable[[], tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """Keys and values of the encoder's output in this layer: computed at the first call, kept for the others."""


class CacheWithMemory(Cache, Protocol):
    """What a T5's decoder needs of a cache; ``generation.encoder_decoder.T5Cache`` is one."""

    def layer(self, index: int) -> LayerCacheWithMemory:
        """What the layer of this index sees of the cache."""


class T5Attention(nn.Module):
    """Attention without a scale: ``softmax(q k^T + bias) v``.

    Args:
        width: D.
        heads: H.
        head_size: E; H * E need not equal D.
    """

    def __init__(self, width: int, heads: int, head_size: int):
        super().__init__()
        self.head_size = head_size
        self.q_proj = nn.Linear(width, heads * head_size, bias=False)
        self.k_proj = nn.Linear(width, heads * head_size, bias=False)
        self.v_proj = nn.Linear(width, heads * head_size, bias=False)
        self.o_proj = nn.Linear(heads * head_size, width, bias=False)

    def keys_and_values(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """What can be looked at: two tensors ``(B, H, S, E)`` from ``(B, S, D)``."""
        return self._heads(self.k_proj(source)), self._heads(self.v_proj(source))

    def forward(self, x: Tensor, key: Tensor, value: Tensor, bias: Tensor | None) -> Tensor:
        """Attend.

        Args:
            x: ``(B, T, D)``.
            key: ``(B, H, S, E)``.
            value: ``(B, H, S, E)``.
            bias: added to the scores, minus infinity where nothing may be seen, or boolean, true where it may;
                ``(T, S)`` or ``(B, H, T, S)``, where all but S may be 1. None: everything is seen alike.

        Returns:
            ``(B, T, D)``.

        Raises:
            ValueError: the bias has another shape.
        """
        query = self._heads(self.q_proj(x))
        if bias is not None:
            check_mask(bias, query, key, is_bias=True)
        out = F.scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=1.0)
        return self.o_proj(out.transpose(1, 2).flatten(2))  # (B, T, H * E) -> (B, T, D)

    def _heads(self, x: Tensor) -> Tensor:
        """Split ``(B, T, H * E)`` into ``(B, H, T, E)``."""
        return x.unflatten(-1, (-1, self.head_size)).transpose(1, 2)


class T5Block(nn.Module):
    """Self-attention, in a decoder cross-attention, and feed-forward, each ``x + f(norm(x))``."""

    def __init__(self, config: T5Config, *, has_cross: bool):
        super().__init__()
        c = config
        feed_forward = GatedFeedForward if c.gated else FeedForward
        self.attention_norm = RMSNorm(c.width, eps=c.norm_eps)
        self.self_attn = T5Attention(c.width, c.heads, c.head_size)
        self.cross_attention_norm = RMSNorm(c.width, eps=c.norm_eps) if has_cross else None
        self.cross_attn = T5Attention(c.width, c.heads, c.head_size) if has_cross else None
        self.feedforward_norm = RMSNorm(c.width, eps=c.norm_eps)
        self.mlp = feed_forward(c.width, c.feedforward_width, c.activation)

    def forward(
        self,
        x: Tensor,
        bias: Tensor,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        cache: LayerCacheWithMemory | None = None,
    ) -> Tensor:
        """Map ``(B, T, D)`` to ``(B, T, D)``; the other arguments are those of ``T5Stack.forward``."""
        normed = self.attention_norm(x)
        key, value = self.self_attn.keys_and_values(normed)
        if cache is not None:
            key, value = cache.update(key, value)  # (B, H, S, E)
        x = x + self.self_attn(normed, key, value, bias)
        if self.cross_attn is not None:
            x = x + self._look_at(memory, self.cross_attention_norm(x), memory_mask, cache)
        return x + self.mlp(self.feedforward_norm(x))

    def _look_at(
        self, memory: Tensor, x: Tensor, mask: Tensor | None, cache: LayerCacheWithMemory | None
    ) -> Tensor:
        """Cross-attention: queries from the decoder, keys and values from the encoder's output."""

        def compute() -> tuple[Tensor, Tensor]:
            return self.cross_attn.keys_and_values(memory)

        key, value = compute() if cache is None else cache.memory(compute)
        return self.cross_attn(x, key, value, mask)


class T5Stack(nn.Module):
    """The encoder or the decoder: blocks that share one table of relative positions, and a last norm."""

    def __init__(self, config: T5Config, layers: int, *, is_decoder: bool):
        super().__init__()
        c = config
        self.is_decoder = is_decoder
        self.relative_bias = RelativeBias(
            c.heads, bidirectional=not is_decoder, buckets=c.buckets, max_distance=c.max_distance
        )
        self.layers = nn.ModuleList(T5Block(c, has_cross=is_decoder) for _ in range(layers))
        self.norm = RMSNorm(c.width, eps=c.norm_eps)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        cache: CacheWithMemory | None = None,
    ) -> Tensor:
        """Run the blocks.

        Args:
            x: embedded tokens, ``(B, T, D)``.
            mask: boolean ``(B, 1, 1, T)``, true where the encoder may look; None everywhere. A decoder is causal.
            memory: the encoder's output ``(B, S, D)``, for a decoder.
            memory_mask: boolean ``(B, 1, 1, S)``, true where the decoder may look in it.
            cache: earlier positions of the decoder.

        Returns:
            ``(B, T, D)``.
        """
        new, start = x.shape[1], 0 if cache is None else cache.length
        bias = self.relative_bias(new, start + new)  # (1, H, T, S), for all layers
        if self.is_decoder:
            mask = causal_mask(new, start + new, x.device)
        if mask is not None:
            bias = bias.masked_fill(~mask, float("-inf"))
        for index, block in enumerate(self.layers):
            x = block(x, bias, memory, memory_mask, None if cache is None else cache.layer(index))
        if cache is not None:
            cache.advance(new)
        return self.norm(x)
