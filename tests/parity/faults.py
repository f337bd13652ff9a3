"""Deliberate faults: each flips one thing in our model; where it is tried, and which weights show it."""

from collections.abc import Callable
from dataclasses import dataclass

import attention_breaks as attention
import layer_breaks as layers
import torch
from pytest import MonkeyPatch

from llmbook.models import Decoder

BOTH, LOUD, QUIET = ("loud", "quiet"), ("loud",), ("quiet",)


@dataclass(frozen=True)
class Fault:
    """A fault, where it is tried, and which weights show it."""

    break_: Callable[[Decoder, MonkeyPatch], None]
    case: str
    caught: tuple[str, ...]
    """Initial weights with which the comparison must fail."""
    blind: tuple[str, ...] = ()
    """Initial weights with which it cannot fail: the reason for trying both, and for the other scenes."""
    scene: str = "plain"
    length: int = 24
    dtype: torch.dtype = torch.float32

    def __str__(self) -> str:
        return "-".join((self.break_.__name__, self.case, self.scene, str(self.length), str(self.dtype)[6:]))


LOW = {"dtype": torch.bfloat16}
FAULTS = [
    Fault(layers.exact_gelu, "gemma-2b", LOUD, blind=QUIET),  # below 0.1 the two GELUs are one
    Fault(layers.exact_gelu, "gemma-7b", LOUD, blind=QUIET),
    Fault(layers.gelu_for_silu, "llama-grouped", BOTH),
    Fault(layers.gate_and_up_swapped, "gemma-7b", BOTH),
    Fault(layers.gate_and_up_swapped, "llama-grouped", BOTH),
    Fault(layers.gate_and_up_swapped, "olmo-untied", BOTH),
    Fault(layers.gain_without_one, "gemma-7b", BOTH),
    Fault(layers.gain_one_minus_weight, "gemma-7b", LOUD, blind=QUIET),  # w = 0 in a fresh model
    Fault(layers.gain_one_plus_weight, "llama-grouped", BOTH),
    Fault(layers.gains_never_loaded, "gemma-7b", LOUD, blind=QUIET),
    Fault(layers.gains_never_loaded, "llama-grouped", LOUD, blind=QUIET),
    Fault(layers.norms_swapped, "gemma-2b", LOUD, blind=QUIET),
    Fault(layers.norms_swapped, "llama-grouped", LOUD, blind=QUIET),
    Fault(layers.norms_after_the_sublayers, "gemma-7b", BOTH),
    Fault(layers.norms_after_the_sublayers, "olmo-tied", BOTH),
    Fault(layers.final_norm_missing, "gemma-7b", BOTH),
    Fault(layers.final_norm_missing, "olmo-untied", BOTH),
    Fault(layers.other_eps, "gemma-7b", QUIET),
    Fault(layers.other_eps, "llama-multi-head", QUIET),
    Fault(layers.other_eps, "olmo-untied", QUIET),
    Fault(layers.eps_outside_the_root, "gemma-7b", QUIET),
    Fault(layers.mean_not_removed, "olmo-untied", BOTH),
    Fault(layers.mean_not_removed, "olmo-tied", BOTH),
    Fault(layers.mean_not_removed, "olmo-tied", QUIET, **LOW),
    Fault(layers.cast_before_gain, "gemma-7b", LOUD, blind=QUIET, **LOW),
    Fault(layers.cast_before_gain, "gemma-7b", (), blind=BOTH),
    Fault(layers.cast_after_gain, "llama-grouped", LOUD, blind=QUIET, **LOW),
    Fault(layers.norm_in_low_precision, "gemma-7b", BOTH, **LOW),
    Fault(layers.norm_in_low_precision, "llama-grouped", BOTH, **LOW),
    Fault(layers.embedding_not_scaled, "gemma-7b", BOTH),
    Fault(layers.embedding_divided, "gemma-7b", BOTH),
    Fault(layers.scale_rounded_to_bfloat16, "gemma-7b", BOTH),
    Fault(layers.scale_rounded_to_bfloat16, "gemma-2b", (), blind=BOTH),  # sqrt(64) = 8 needs no rounding
    Fault(layers.scale_not_rounded, "gemma-7b", BOTH, **LOW),
    Fault(layers.scale_not_rounded, "gemma-7b", (), blind=BOTH),
    Fault(layers.output_matrix_untied, "gemma-7b", BOTH),
    Fault(layers.output_matrix_untied, "olmo-tied", BOTH),
    Fault(layers.output_matrix_tied, "olmo-untied", BOTH),
    Fault(layers.output_matrix_tied, "llama-grouped", BOTH),
    Fault(attention.other_rope_base, "gemma-7b", BOTH),
    Fault(attention.other_rope_base, "llama-grouped", BOTH),
    Fault(attention.other_rope_base, "olmo-untied", BOTH),
    Fault(attention.rope_pairs_neighbors, "gemma-7b", BOTH),
    Fault(attention.rope_pairs_neighbors, "olmo-untied", BOTH),
    Fault(attention.queries_turn_backwards, "gemma-7b", BOTH),
    Fault(attention.queries_one_position_late, "gemma-7b", BOTH),
    Fault(attention.queries_one_position_late, "llama-grouped", BOTH),
    Fault(attention.positions_start_at_one, "gemma-7b", (), blind=BOTH),  # scores depend on differences only
    Fault(attention.positions_restart_with_the_cache, "gemma-7b", (), blind=BOTH),
    Fault(attention.positions_restart_with_the_cache, "gemma-7b", BOTH, scene="cached"),
    Fault(attention.positions_restart_with_the_cache, "olmo-untied", BOTH, scene="cached"),
    Fault(attention.positions_in_bfloat16, "gemma-7b", (), blind=BOTH),
    Fault(attention.positions_in_bfloat16, "gemma-7b", BOTH, length=300),
    Fault(attention.angles_in_bfloat16, "gemma-7b", LOUD),
    Fault(attention.angles_in_bfloat16, "gemma-7b", BOTH, length=300),
    Fault(attention.angles_in_bfloat16, "llama-grouped", BOTH, **LOW),
    Fault(attention.queries_and_keys_swapped, "gemma-7b", BOTH),
    Fault(attention.heads_repeated_in_turn, "llama-grouped", BOTH),
    Fault(attention.heads_repeated_in_turn, "gemma-2b", (), blind=BOTH),  # one key head: nothing to confuse
    Fault(attention.causal_mask_missing, "gemma-2b", BOTH),
    Fault(attention.causal_mask_missing, "olmo-untied", BOTH),
    Fault(attention.causal_mask_from_the_top_left, "gemma-2b", (), blind=BOTH),  # right as long as T = S
    Fault(attention.causal_mask_from_the_top_left, "gemma-2b", BOTH, scene="cached"),
    Fault(attention.scale_from_width_over_heads, "gemma-7b", BOTH),
    Fault(attention.scale_from_width_over_heads, "gemma-2b", (), blind=BOTH),  # E is D / H there
    Fault(attention.scale_missing, "olmo-untied", BOTH),
    Fault(attention.clip_missing, "olmo-clipped", LOUD, blind=QUIET),
    Fault(attention.clip_after_rotation, "olmo-clipped", LOUD, blind=QUIET),
    Fault(attention.padding_is_read, "gemma-7b", BOTH, scene="padded"),
    Fault(attention.padding_is_read, "llama-grouped", BOTH, scene="padded and cached"),
    Fault(attention.positions_count_padding, "gemma-7b", (), blind=BOTH, scene="padded"),  # again only differences
    Fault(attention.positions_count_padding, "gemma-7b", BOTH, scene="padded together", **LOW),  # but roundings see it
]
