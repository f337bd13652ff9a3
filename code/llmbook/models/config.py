"""The config of a decoder: the columns of the papers' comparison tables, one field each.

Sources: the OLMo paper (arXiv 2402.00838, Table 2), the Gemma report (arXiv 2403.08295, Table 1).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from llmbook.layers.yarn import Yarn
from llmbook.models.kinds import Activation, Norm, NormPlace, Positions, check_counts, check_kinds, refuse

NORM_PLACES = get_args(NormPlace)
POSITIONS = get_args(Positions)
COUNTS = ("vocab_size", "width", "layers", "heads", "kv_heads", "head_size", "feedforward_width", "max_length")
Rules = Iterator[tuple[bool, str]]


@dataclass(frozen=True)
class DecoderConfig:
    """What distinguishes one decoder from another. Sizes are counts of numbers, never of bytes.

    A config is valid or does not exist: what is impossible is refused with a ``ValueError``, and so is a field that
    would have no effect beside the others, so that none is silently ignored.
    """

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
    """F, the width of one half of the feed-forward layer."""
    max_length: int
    """The longest sequence the model was trained on, in tokens."""
    activation: Activation = "silu"
    """A key of ``ACTIVATIONS``."""
    gated: bool = True
    """Three matrices and a gate (GeGLU, SwiGLU), or the plain layer of two."""
    experts: int = 0
    """How many gated layers a sparse mixture has in place of one (Mixtral: 8), or 0 for no mixture."""
    experts_per_token: int = 0
    """How many of them run for each position (Mixtral: 2); 0 where there is no mixture."""
    norm: Norm = "rms"
    """One of ``NORMS``: "layer", "layer_free" (no parameters), "rms", "rms_unit" (gain 1 + w)."""
    norm_eps: float = 1e-5
    """Added under the root of the norm; above 0."""
    norm_place: NormPlace = "pre"
    """"pre": before each sublayer. "post": after each addition. "both": before and after each sublayer. "output": after
    each sublayer, before the addition (OLMo 2)."""
    qk_norm: bool = False
    """An RMSNorm over all queries of a position together, and one over all its keys, before they turn (OLMo 2)."""
    parallel: bool = False
    """Attention and feed-forward read the same norm and are added together (Falcon, Phi-2), not one after the other."""
    positions: Positions = "rope"
    """"rope": rotary. "learned": a table of max_length vectors, added to the embedding (GPT-2)."""
    rope_base: float = 10000.0
    """b of the rotary embedding, above 1; 10,000 where positions are learned."""
    yarn: Yarn | None = None
    """How the rotary embedding is stretched, in the layers without a window only (OLMo 3); None for not at all."""
    rotary_fraction: float = 1.0
    """The share of each head that is rotated (Phi-2: 0.4), above 0; 1 where positions are learned."""
    window: int | None = None
    """How many positions a query sees, its own included, or None for all (Mistral 7B: 4,096)."""
    full_attention_every: int = 0
    """Every how manyth layer sees all positions in spite of the window (OLMo 3: 4), at least 2, or 0 for none of them
    (Mistral). A model with fewer layers has no such layer yet."""
    bias: bool = False
    """Whether the linear maps of the blocks have a bias."""
    head_bias: bool = False
    """Whether the output matrix has one (Phi-2)."""
    tie_embeddings: bool = False
    """Whether the output matrix is the embedding matrix."""
    scale_embedding: bool = False
    """Whether what is looked up is multiplied by sqrt(D) (Gemma)."""
    clip_qkv: float | None = None
    """Clamp for queries, keys and values, or None (later OLMo 1 releases: 8.0)."""

    def __post_init__(self):
        check_kinds(self)
        if self.yarn is not None:
            check_kinds(self.yarn, within="yarn.")
        check_counts(self, COUNTS)
        for rules in (self._sublayers(), self._rotation(), self._sight()):
            refuse(rules)

    def _sublayers(self) -> Rules:
        """What norms, attention, feed-forward layer and output matrix cannot be."""
        yield self.heads % self.kv_heads != 0, f"heads ({self.heads}) must be a multiple of kv_heads ({self.kv_heads})"
        yield self.norm_eps <= 0, f"norm_eps must be above 0, or a norm could divide by 0, not {self.norm_eps}"
        yield self.parallel and self.norm_place != "pre", (
            "a parallel block has one norm, before both sublayers: set norm_place to 'pre'"
        )
        yield min(self.experts, self.experts_per_token) < 0, "experts and experts_per_token must be at least 0"
        yield bool(self.experts) and (
            not self.gated or self.bias or not 1 <= self.experts_per_token <= self.experts
        ), "a sparse mixture has gated experts without bias, of which experts_per_token (1 to experts) run"
        yield not self.experts and self.experts_per_token > 0, (
            f"there are no experts of which {self.experts_per_token} could run: set experts, or experts_per_token to 0"
        )
        yield self.head_bias and self.tie_embeddings, (
            "a tied output matrix has no bias of its own: set head_bias or tie_embeddings to False"
        )
        yield self.clip_qkv is not None and self.clip_qkv <= 0, (
            f"clip_qkv must be above 0, or None for no clamp, not {self.clip_qkv}"
        )
        yield self.qk_norm and self.clip_qkv is not None, (
            "queries and keys have a norm or a clamp, not both: set qk_norm or clip_qkv to nothing"
        )

    def _rotation(self) -> Rules:
        """What the positions cannot be."""
        if self.positions == "learned":
            yield self.yarn is not None, (
                "only rotary positions can be stretched: set positions to 'rope' or yarn to None"
            )
            base, whole = DecoderConfig.rope_base, DecoderConfig.rotary_fraction
            yield (self.rope_base, self.rotary_fraction) != (base, whole), (
                f"learned positions do not rotate: set rope_base to {base} and rotary_fraction to {whole}, or "
                "positions to 'rope'"
            )
            return
        yield self.rope_base <= 1, f"rope_base must be above 1, so that later pairs turn slower, not {self.rope_base}"
        yield not 0 < self.rotary_fraction <= 1, (
            f"rotary_fraction must be above 0 and at most 1, the whole head, not {self.rotary_fraction}"
        )
        yield self.rotary_size < 2 or self.rotary_size % 2 != 0, (
            f"the rotary embedding pairs numbers: head_size * rotary_fraction must be even, not {self.rotary_size}"
        )

    def _sight(self) -> Rules:
        """What windows, and what depends on them, cannot be."""
        every, window = self.full_attention_every, self.window
        yield window is not None and window < 1, (
            f"window must be at least 1, the position itself, or None, not {window}"
        )
        yield every < 0 or (every > 0 and window is None), (
            "full_attention_every counts layers without the window: set a window, or set it to 0"
        )
        yield every == 1, (
            "with full_attention_every 1 no layer has the window: set window to None and full_attention_every to 0"
        )
        yield self.yarn is not None and window is not None and not every, (
            "only layers without a window are stretched, and here is none: set yarn to None, or full_attention_every"
        )

    @property
    def windows(self) -> tuple[int | None, ...]:
        """The window of each layer, or None where a layer sees all positions."""
        every = self.full_attention_every
        return tuple(None if every and (layer + 1) % every == 0 else self.window for layer in range(self.layers))

    @property
    def rotary_size(self) -> int:
        """How many numbers of each head are rotated."""
        return int(self.head_size * self.rotary_fraction)
