"""The layers: functions of tensors first, thin modules that hold their parameters second."""

from llmbook.layers.activation import ACTIVATIONS, DERIVATIVES
from llmbook.layers.attention import Attention, attend, attend_slow, causal_mask
from llmbook.layers.embedding import Embedding, embed, embedding_scale
from llmbook.layers.feedforward import FeedForward, GatedFeedForward, SparseMixture, matched_width
from llmbook.layers.norm import LayerNorm, RMSNorm, build_norm, layer_norm, rms_norm
from llmbook.layers.rope import apply_rope, rope_angles

__all__ = [
    "ACTIVATIONS",
    "DERIVATIVES",
    "Attention",
    "Embedding",
    "FeedForward",
    "GatedFeedForward",
    "LayerNorm",
    "RMSNorm",
    "SparseMixture",
    "apply_rope",
    "attend",
    "attend_slow",
    "build_norm",
    "causal_mask",
    "embed",
    "embedding_scale",
    "layer_norm",
    "matched_width",
    "rms_norm",
    "rope_angles",
]
