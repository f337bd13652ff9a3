"""The config of a decoder: the columns of the papers' comparison tables, one field each.

Sources: the OLMo paper (arXiv 2402.00838, Table 2), the Gemma report (arXiv 2403.08295, Table 1).
"""

from dataclasses import dataclass

from llmbook.layers.activation import activation
from llmbook.layers.norm import NORMS
from llmbook.layers.yarn import Yarn

NORM_PLACES = ("pre", "post", "both", "output")
POSITIONS = ("rope", "learned")


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
    experts: int = 0
    """How many gated layers a sparse mixture has in place of one (Mixtral: 8), or 0 for no mixture."""
    experts_per_token: int = 0
    """How many of them run for each position (Mixtral: 2)."""
    norm: str = "rms"
    """One of ``NORMS``: "layer", "layer_free" (no parameters), "rms", "rms_unit" (gain 1 + w)."""
    norm_eps: float = 1e-5
    """Added under the root of the norm."""
    norm_place: str = "pre"
    """"pre": before each sublayer. "post": after each addition. "both": before and after each sublayer. "output": after
    each sublayer, before the addition (OLMo 2)."""
    qk_norm: bool = False
    """An RMSNorm over all queries of a position together, and one over all its keys, before they turn (OLMo 2)."""
    parallel: bool = False
    """Attention and feed-forward read the same norm and are added together (Falcon, Phi-2), not one after the other."""
    positions: str = "rope"
    """"rope": rotary. "learned": a table of max_length vectors, added to the embedding (GPT-2)."""
    rope_base: float = 10000.0
    """b of the rotary embedding."""
    yarn: Yarn | None = None
    """How the rotary embedding is stretched, in the layers without a window only (OLMo 3); None for not at all."""
    rotary_fraction: float = 1.0
    """The share of each head that is rotated (Phi-2: 0.4)."""
    window: int | None = None
    """How many positions a query sees, its own included, or None for all (Mistral 7B: 4,096)."""
    full_attention_every: int = 0
    """Every how manyth layer sees all positions in spite of the window (OLMo 3: 4), or 0 for none of them (Mistral)."""
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
        sizes = ("vocab_size", "width", "layers", "heads", "kv_heads", "head_size", "feedforward_width", "max_length")
        for name in sizes:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.heads % self.kv_heads:
            raise ValueError(f"heads ({self.heads}) must be a multiple of kv_heads ({self.kv_heads})")
        if self.positions == "rope" and (self.rotary_size < 2 or self.rotary_size % 2):
            raise ValueError(
                f"the rotary embedding pairs numbers: head_size * rotary_fraction must be even, not {self.rotary_size}"
            )
        for name, allowed in (("norm", NORMS), ("norm_place", NORM_PLACES), ("positions", POSITIONS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {allowed}, not {getattr(self, name)!r}")
        activation(self.activation)  # raises with the list of names
        self._check_combinations()

    def _check_combinations(self) -> None:
        """Refuse what no model of the book does, so that no field is silently ignored."""
        if self.parallel and self.norm_place != "pre":
            raise ValueError("a parallel block has one norm, before both sublayers: set norm_place to 'pre'")
        if self.experts and not (self.gated and not self.bias and 1 <= self.experts_per_token <= self.experts):
            raise ValueError(
                "a sparse mixture has gated experts without bias, of which experts_per_token (1 to experts) run"
            )
        if self.head_bias and self.tie_embeddings:
            raise ValueError("a tied output matrix has no bias of its own: set head_bias or tie_embeddings to False")
        if self.qk_norm and self.clip_qkv is not None:
            raise ValueError("queries and keys have a norm or a clamp, not both: set qk_norm or clip_qkv to nothing")
        if self.yarn is not None and self.positions != "rope":
            raise ValueError("only rotary positions can be stretched: set positions to 'rope' or yarn to None")
        if self.window is not None and self.window < 1:
            raise ValueError(f"window must be at least 1, the position itself, or None, not {self.window}")
        if self.full_attention_every < 0 or (self.full_attention_every and self.window is None):
            raise ValueError("full_attention_every counts layers without the window: set a window, or set it to 0")

    @property
    def windows(self) -> tuple[int | None, ...]:
        """The window of each layer, or None where a layer sees all positions."""
        every = self.full_attention_every
        return tuple(None if every and (layer + 1) % every == 0 else self.window for layer in range(self.layers))

    @property
    def rotary_size(self) -> int:
        """How many numbers of each head are rotated."""
        return int(self.head_size * self.rotary_fraction)
