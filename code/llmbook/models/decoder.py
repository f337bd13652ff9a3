r"""One decoder for all families: the columns of the papers' comparison tables are the fields of its config.

A decoder maps token ids to logits. It embeds the ids, runs ``layers`` blocks that each add an attention and a
feed-forward result to the residual stream, normalizes once more, and multiplies by the output matrix:

.. math::

    x_0 = \text{embed}(\text{ids}), \qquad
    x' = x + \text{attention}(\text{norm}(x)), \qquad
    x'' = x' + \text{feedforward}(\text{norm}(x')), \qquad
    \text{logits} = W_\text{out}\, \text{norm}(x_L).

Sources: the OLMo paper (arXiv 2402.00838, Table 2), the Gemma report (arXiv 2403.08295, Table 1). The families say
in their own modules what is distinctive about them.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmbook.layers.activation import activation
from llmbook.layers.attention import Attention, Cache, causal_mask
from llmbook.layers.embedding import Embedding
from llmbook.layers.feedforward import FeedForward, GatedFeedForward
from llmbook.layers.norm import NORMS, LayerNorm, RMSNorm, build_norm
from llmbook.layers.rope import rope_angles

NORM_PLACES = ("pre", "post", "both")


@dataclass(frozen=True)
class DecoderConfig:
    """What distinguishes one decoder from another. Sizes are counts of numbers, never of bytes."""

    vocab_size: int
    """V, rows of the embedding matrix, padding rows included."""
    width: int
    """D, numbers per position in the residual stream."""
    layers: int
    """Blocks, each an attention and a feed-forward layer."""
    heads: int
    """H, query heads."""
    kv_heads: int
    """K, key and value heads. H: multi-head. 1: multi-query. Between: grouped-query."""
    head_size: int
    """E, numbers per head. A field of its own: Gemma's is not D / H."""
    feedforward_width: int
    """F, the width of one branch of the feed-forward layer."""
    max_length: int
    """The longest sequence the model was trained on, in tokens."""
    activation: str = "silu"
    """A key of ``ACTIVATIONS``."""
    gated: bool = True
    """Three matrices and a gate (GeGLU, SwiGLU), or the plain layer of two."""
    norm: str = "rms"
    """One of ``NORMS``: "layer", "layer_free" (no parameters), "rms", "rms_unit" (gain 1 + w)."""
    norm_eps: float = 1e-5
    """Added under the root of the norm."""
    norm_place: str = "pre"
    """"pre": before each sublayer. "post": after each addition. "both": before and after each sublayer."""
    rope_base: float = 10000.0
    """b of the rotary embedding."""
    bias: bool = False
    """Whether the linear maps of the blocks have a bias."""
    tie_embeddings: bool = False
    """Whether the output matrix is the embedding matrix."""
    scale_embedding: bool = False
    """Whether what is looked up is multiplied by sqrt(D) (Gemma)."""
    clip_qkv: float | None = None
    """Clamp for queries, keys and values, or None (later OLMo 1 releases: 8.0)."""

    def __post_init__(self):
        sizes = ("vocab_size", "width", "layers", "heads", "kv_heads", "head_size", "feedforward_width", "max_length")
        for name in sizes:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.heads % self.kv_heads:
            raise ValueError(f"heads ({self.heads}) must be a multiple of kv_heads ({self.kv_heads})")
        if self.head_size % 2:
            raise ValueError(f"head_size must be even for the rotary embedding, not {self.head_size}")
        if self.norm not in NORMS or self.norm_place not in NORM_PLACES:
            raise ValueError(
                f"norm must be one of {NORMS} and norm_place one of {NORM_PLACES}, "
                f"not {self.norm!r} and {self.norm_place!r}"
            )
        activation(self.activation)  # raises with the list of names


class Block(nn.Module):
    """One layer: attention and feed-forward, each added to the residual stream.

    ``pre``:  ``x + f(norm(x))``.  ``post``: ``norm(x + f(x))``.  ``both``: ``x + norm(f(norm(x)))``.
    """

    def __init__(self, config: DecoderConfig):
        super().__init__()
        c = config
        self.norm_place = c.norm_place
        self.self_attn = Attention(c.width, c.heads, c.kv_heads, c.head_size, c.bias, c.clip_qkv)
        feed_forward = GatedFeedForward if c.gated else FeedForward
        self.mlp = feed_forward(c.width, c.feedforward_width, c.activation, c.bias)
        before, after = c.norm_place != "post", c.norm_place != "pre"
        self.attention_norm, self.feedforward_norm = _norm_or_nothing(c, before), _norm_or_nothing(c, before)
        self.attention_post_norm, self.feedforward_post_norm = _norm_or_nothing(c, after), _norm_or_nothing(c, after)

    def forward(
        self,
        x: Tensor,
        rotation: tuple[Tensor, Tensor],
        mask: Tensor | None = None,
        cache: Cache | None = None,
        layer: int = 0,
    ) -> Tensor:
        """Map ``(B, T, D)`` to ``(B, T, D)``; the other arguments are those of ``Attention.forward``."""
        attended = self.self_attn(self.attention_norm(x), rotation, mask, cache, layer)
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
        self.layers = nn.ModuleList(Block(config) for _ in range(config.layers))
        # After a post-norm block the stream is normalized already.
        self.norm = _norm_or_nothing(config, config.norm_place != "post")
        self.lm_head = None if config.tie_embeddings else nn.Linear(config.width, config.vocab_size, bias=False)

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
        return self.logits(self.hidden_states(ids, attention_mask=attention_mask, cache=cache))

    def hidden_states(self, ids: Tensor, *, attention_mask: Tensor | None = None, cache: Cache | None = None) -> Tensor:
        """The residual stream after the last norm, ``(B, T, D)``; arguments as in ``forward``."""
        start = 0 if cache is None else cache.length
        self._check(ids, start, attention_mask)
        positions, mask = positions_and_mask(ids.shape[1], start, attention_mask, ids.device)
        cos, sin = rope_angles(positions, self.config.head_size, self.config.rope_base)
        rotation = cos[:, None], sin[:, None]  # (B or 1, 1, T, E/2): the same for every head
        x = self.embed_tokens(ids)
        for index, block in enumerate(self.layers):
            x = block(x, rotation, mask, cache, index)
        if cache is not None:
            cache.advance(ids.shape[1])
        return self.norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """Multiply ``(B, T, D)`` by the output matrix: ``(B, T, V)``. While decoding, pass the last position only."""
        return F.linear(hidden, self.embed_tokens.weight) if self.lm_head is None else self.lm_head(hidden)

    def _check(self, ids: Tensor, start: int, attention_mask: Tensor | None) -> None:
        """Raise a ValueError that says what to do about ids that this model cannot read."""
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
        if ids.numel() and not ids.is_meta and not 0 <= int(ids.min()) <= int(ids.max()) < self.config.vocab_size:
            raise ValueError(
                f"ids must be from 0 to {self.config.vocab_size - 1}, but run from {int(ids.min())} to "
                f"{int(ids.max())}; were they made by another model's tokenizer?"
            )


def positions_and_mask(
    length: int, start: int, attention_mask: Tensor | None, device: torch.device
) -> tuple[Tensor, Tensor | None]:
    """Where each new token stands, and where it may look.

    Args:
        length: T, new tokens.
        start: S - T, tokens in the cache.
        attention_mask: ``(B, S)``, true for real tokens; or None.
        device: where to put the results.

    Returns:
        Positions ``(B or 1, T)`` and a boolean mask ``(B, 1, T, S)``, or None for the plain causal one.
    """
    if attention_mask is None:
        return torch.arange(start, start + length, device=device)[None], None
    real = attention_mask.to(device).bool()
    positions = (real.long().cumsum(-1) - 1).clamp(min=0)[:, start:]
    # A padding query would have nowhere to look, and a softmax over nothing is NaN: let it look at itself.
    itself = F.pad(torch.eye(length, dtype=torch.bool, device=device), (start, 0))
    return positions, (causal_mask(length, start + length, device) & real[:, None, None, :]) | itself


def initialize_(model: nn.Module, generator: torch.Generator, std: float = 0.02) -> nn.Module:
    """Draw every matrix from N(0, std^2), set biases to zero and norms to a gain of one; in place.

    Args:
        model: any model of this book, on the generator's device.
        generator: the source of randomness.
        std: standard deviation, 0.02 in GPT-2 and in the configs of Llama, OLMo and Gemma.

    Returns:
        The model itself.
    """
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if tensor.ndim > 1:
                tensor.normal_(0.0, std, generator=generator)
            else:
                tensor.fill_(_neutral_value(model, name))
    return model


def _neutral_value(model: nn.Module, name: str) -> float:
    """1 for the gain of a norm; 0 for a bias and for the ``w`` of a gain ``1 + w``."""
    module = model.get_submodule(name.rpartition(".")[0])
    is_gain = isinstance(module, (LayerNorm, RMSNorm)) and name.endswith("weight")
    return float(is_gain and not getattr(module, "unit_offset", False))


def _norm_or_nothing(config: DecoderConfig, wanted: bool) -> nn.Module:
    """The config's norm, or the identity."""
    return build_norm(config.norm, config.width, config.norm_eps) if wanted else nn.Identity()
