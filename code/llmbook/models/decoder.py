r"""One decoder for all families: the columns of the papers' comparison tables are the fields of its config.

A decoder maps token ids to logits. It embeds the ids, runs ``layers`` blocks that each add an attention and a
feed-forward result to the residual stream, normalizes once more, and multiplies by the output matrix:

.. math::

    x_0 = \text{embed}(\text{ids}), \qquad
    x' = x + \text{attention}(\text{norm}(x)), \qquad
    x'' = x' + \text{feedforward}(\text{norm}(x')), \qquad
    \text{logits} = W_\text{out}\, \text{norm}(x_L).

The config (``config.py``) says which norm, which feed-forward layer, and so on; the families say in their own modules
what is distinctive about them.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmbook.layers.attention import Attention, Cache, LayerCache, causal_mask
from llmbook.layers.embedding import Embedding
from llmbook.layers.feedforward import FeedForward, GatedFeedForward, SparseMixture
from llmbook.layers.norm import build_norm
from llmbook.layers.rope import rope_angles
from llmbook.models.config import DecoderConfig
from llmbook.models.ids import check_range, look_up

HINT = "were they made by another model's tokenizer?"


class Block(nn.Module):
    """One layer: attention and feed-forward, each added to the residual stream.

    ``pre``:  ``x + f(norm(x))``.  ``post``: ``norm(x + f(x))``.  ``both``: ``x + norm(f(norm(x)))``.  ``output``:
    ``x + norm(f(x))``.
    A parallel block is ``y = norm(x)``, then ``x + attention(y) + feedforward(y)``.
    """

    def __init__(self, config: DecoderConfig):
        super().__init__()
        c = config
        self.norm_place, self.parallel = c.norm_place, c.parallel
        qk_norm_eps = c.norm_eps if c.qk_norm else None
        self.self_attn = Attention(c.width, c.heads, c.kv_heads, c.head_size, c.bias, c.clip_qkv, qk_norm_eps)
        self.mlp = build_feedforward(c)
        before, after = c.norm_place in ("pre", "both"), c.norm_place != "pre"
        self.attention_norm = _norm_or_nothing(c, before)
        self.feedforward_norm = _norm_or_nothing(c, before and not c.parallel)
        self.attention_post_norm, self.feedforward_post_norm = _norm_or_nothing(c, after), _norm_or_nothing(c, after)

    def forward(
        self,
        x: Tensor,
        rotation: tuple[Tensor, Tensor] | None,
        mask: Tensor | None = None,
        cache: LayerCache | None = None,
    ) -> Tensor:
        """Map ``(B, T, D)`` to ``(B, T, D)``; the other arguments are those of ``Attention.forward``."""
        normed = self.attention_norm(x)
        attended = self.self_attn(normed, rotation, mask, cache)
        if self.parallel:
            return x + (attended + self.mlp(normed))
        x = self._add(x, attended, self.attention_post_norm)
        return self._add(x, self.mlp(self.feedforward_norm(x)), self.feedforward_post_norm)

    def _add(self, x: Tensor, update: Tensor, norm: nn.Module) -> Tensor:
        """Add to the residual stream, with the norm after the sum ("post") or on the update alone."""
        return norm(x + update) if self.norm_place == "post" else x + norm(update)


class Decoder(nn.Module):
    """A decoder-only language model: ids ``(B, T)`` to logits ``(B, T, V)``.

    Tied models have no ``lm_head``: the embedding matrix is one tensor, so no copy, save or load can untie it.
    """

    def __init__(self, config: DecoderConfig):
        super().__init__()
        self.config = config
        self.embed_tokens = Embedding(config.vocab_size, config.width, scaled=config.scale_embedding)
        learned = config.positions == "learned"
        self.embed_positions = Embedding(config.max_length, config.width) if learned else None
        self.layers = nn.ModuleList(Block(config) for _ in range(config.layers))
        # After a post-norm block the stream is normalized already.
        self.norm = _norm_or_nothing(config, config.norm_place != "post")
        head = None if config.tie_embeddings else nn.Linear(config.width, config.vocab_size, bias=config.head_bias)
        self.lm_head = head

    def forward(self, ids: Tensor, *, attention_mask: Tensor | None = None, cache: Cache | None = None) -> Tensor:
        """Logits for the token after each position.

        Args:
            ids: Integer token ids, ``(B, T)``.
            attention_mask: ``(B, S)``, true (or 1) for real tokens, false for padding; S counts what the cache holds
                too. None: no padding. Positions count real tokens only, so left padding does not shift them.
            cache: keys and values of earlier positions; the new ones are added to it.

        Returns:
            ``(B, T, V)`` in the dtype of the weights.

        Raises:
            ValueError: ids are not ``(B, T)`` integers below V, the mask has another shape, or the sequence is longer
                than ``max_length``.
        """
        check_range(ids, self.config.vocab_size, "ids", HINT)
        return self.logits(self.hidden_states(ids, attention_mask=attention_mask, cache=cache))

    def hidden_states(self, ids: Tensor, *, attention_mask: Tensor | None = None, cache: Cache | None = None) -> Tensor:
        """The residual stream after the last norm, ``(B, T, D)``; arguments and errors as in ``forward``.

        On a GPU ids outside the vocabulary are not looked for here: generation comes through here at each step.
        """
        start = 0 if cache is None else cache.length
        self._check(ids, start, attention_mask)
        x = look_up(self.embed_tokens, ids, self.config.vocab_size, "ids", HINT)
        windows, views = self.config.windows, {}
        for window in set(windows):  # layers of one kind share their mask and their rotation
            positions, mask = positions_and_mask(ids.shape[1], start, attention_mask, ids.device, window)
            views[window] = self._rotation(positions, window), mask
        if self.embed_positions is not None:
            x = x + self.embed_positions(positions)
        for index, (block, window) in enumerate(zip(self.layers, windows, strict=True)):
            x = block(x, *views[window], None if cache is None else cache.layer(index))
        if cache is not None:
            cache.advance(ids.shape[1])
        return self.norm(x)

    def _rotation(self, positions: Tensor, window: int | None) -> tuple[Tensor, Tensor] | None:
        """Cosine and sine ``(B or 1, 1, T, E/2)``, the same for every head; only layers without a window stretch."""
        if self.embed_positions is not None:
            return None
        yarn = self.config.yarn if window is None else None
        cos, sin = rope_angles(positions, self.config.rotary_size, self.config.rope_base, yarn)
        return cos[:, None], sin[:, None]

    def logits(self, hidden: Tensor) -> Tensor:
        """Multiply ``(B, T, D)`` by the output matrix: ``(B, T, V)``. While decoding, pass the last position only."""
        return F.linear(hidden, self.embed_tokens.weight) if self.lm_head is None else self.lm_head(hidden)

    def _check(self, ids: Tensor, start: int, attention_mask: Tensor | None) -> None:
        """Raise a ValueError about shapes and types that this model cannot read; no values are read."""
        if ids.ndim != 2 or ids.dtype not in (torch.int32, torch.int64):
            raise ValueError(f"ids must be integers of shape (B, T), not {ids.dtype} of shape {tuple(ids.shape)}")
        total = start + ids.shape[1]
        if total > self.config.max_length:
            raise ValueError(
                f"{total} tokens are too many: this model reads at most {self.config.max_length}; cut the input"
            )
        if attention_mask is not None and attention_mask.shape != (len(ids), total):
            raise ValueError(
                f"attention_mask must have shape {(len(ids), total)}, cached positions included, "
                f"not {tuple(attention_mask.shape)}"
            )


def positions_and_mask(
    length: int, start: int, attention_mask: Tensor | None, device: torch.device, window: int | None = None
) -> tuple[Tensor, Tensor | None]:
    """Where each new token stands, and where it may look.

    Args:
        length: T, new tokens.
        start: S - T, tokens in the cache.
        attention_mask: ``(B, S)``, true for real tokens; or None.
        device: where to put the results.
        window: how many positions a query sees, its own included, or None for all.

    Returns:
        Positions ``(B or 1, T)`` and a boolean mask ``(B, 1, T, S)``, or None for the plain causal one.
    """
    if attention_mask is None:
        positions = torch.arange(start, start + length, device=device)[None]
        plain = window is None or start + length <= window
        return positions, None if plain else causal_mask(length, start + length, device, window)
    real = attention_mask.to(device).bool()
    positions = (real.long().cumsum(-1) - 1).clamp(min=0)[:, start:]
    # A padding query would have nowhere to look, and a softmax over nothing is NaN: let it look at itself.
    itself = F.pad(torch.eye(length, dtype=torch.bool, device=device), (start, 0))
    return positions, (causal_mask(length, start + length, device, window) & real[:, None, None, :]) | itself


def build_feedforward(config: DecoderConfig) -> nn.Module:
    """The feed-forward layer that a config asks for: plain, gated, or a sparse mixture of gated ones."""
    c = config
    if c.experts:
        return SparseMixture(c.width, c.feedforward_width, c.activation, c.experts, c.experts_per_token)
    kind = GatedFeedForward if c.gated else FeedForward
    return kind(c.width, c.feedforward_width, c.activation, c.bias)


def _norm_or_nothing(config: DecoderConfig, wanted: bool) -> nn.Module:
    """The config's norm, or the identity."""
    return build_norm(config.norm, config.width, config.norm_eps) if wanted else nn.Identity()
