"""Deliberate faults in adapters: each break of adapter_breaks.py, the check that must notice, and where."""

from collections.abc import Callable
from dataclasses import dataclass

import adapter_breaks as breaks
import adapter_checks as checks
import torch
from adapter_pairs import SCENES, TOLERANCE, Scene
from pytest import MonkeyPatch


@dataclass(frozen=True)
class Fault:
    """A fault, the check that must fail, and where."""

    break_: Callable[[MonkeyPatch], None]
    check: Callable[[Scene, int], float]
    scene: str = "dora"
    blind: bool = False
    """Whether this check cannot see the fault in this scene: the reason for having other scenes."""
    limit: float = TOLERANCE
    crashes: bool = False
    """Whether the fault does not even run here."""

    def __str__(self) -> str:
        return "-".join((self.break_.__name__, self.check.__name__, self.scene.replace(" ", "_")))


LOW = "dora bfloat16"
ALL_SCENES = {
    **SCENES,
    LOW: Scene(dtype=torch.bfloat16),
    "lora bfloat16": Scene("lora", dtype=torch.bfloat16, loud=False),
    "plain embedding": Scene(loud=False),
}
FAULTS = [
    Fault(breaks.norm_of_columns, checks.forward, crashes=True),
    Fault(breaks.norm_of_columns, checks.forward, "dora square"),
    Fault(breaks.norm_of_columns, checks.first_magnitude, "dora square"),
    Fault(breaks.norm_of_columns, checks.starts_unchanged, "dora fresh", crashes=True),
    Fault(breaks.norm_of_base_weight, checks.forward),
    Fault(breaks.norm_of_base_weight, checks.forward, "dora quiet"),
    Fault(breaks.norm_of_base_weight, checks.forward, "dora fresh", blind=True),  # B is zero
    Fault(breaks.norm_of_base_weight, checks.rows_have_their_magnitude),
    Fault(breaks.norm_without_scaling, checks.forward),
    Fault(breaks.norm_without_cross_term, checks.forward),
    Fault(breaks.norm_without_cross_term, checks.rows_have_their_magnitude),
    Fault(breaks.norm_in_low_precision, checks.forward),
    Fault(breaks.norm_in_low_precision, checks.norm_is_float32, LOW),
    Fault(breaks.norm_under_autocast, checks.norm_is_float32, LOW),
    Fault(breaks.norm_not_detached, checks.gradients),
    Fault(breaks.norm_not_detached, checks.constant_norm),
    Fault(breaks.norm_not_detached, checks.trajectory),
    Fault(breaks.norm_not_detached, checks.forward, blind=True),
    Fault(breaks.zero_over_zero, checks.zero_rows_stay_finite),
    Fault(breaks.zero_over_zero, checks.forward, blind=True),
    Fault(breaks.magnitude_of_ones, checks.starts_unchanged, "dora fresh"),
    Fault(breaks.magnitude_of_ones, checks.first_magnitude),
    Fault(breaks.magnitude_before_loading, checks.starts_unchanged, "dora fresh"),
    Fault(breaks.magnitude_before_loading, checks.first_magnitude),
    Fault(breaks.loading_not_watched, checks.late_loading_is_refused),
    Fault(breaks.base_output_reused_under_dropout, checks.forward, "dora dropout"),
    Fault(breaks.base_output_reused_under_dropout, checks.trajectory, "dora dropout"),
    Fault(breaks.base_output_reused_under_dropout, checks.forward, "dora dropout off", blind=True),
    Fault(breaks.base_output_reused_under_dropout, checks.forward, blind=True),
    Fault(breaks.two_dropout_masks, checks.forward, "dora dropout"),
    Fault(breaks.bias_scaled, checks.forward, "dora biased"),
    Fault(breaks.bias_scaled, checks.merged_forward, "dora biased"),
    Fault(breaks.bias_scaled, checks.forward, blind=True),  # no bias
    Fault(breaks.bias_scaled, checks.forward, "dora fresh", blind=True),  # g is 1
    Fault(breaks.two_products_with_the_base, checks.work_over_lora),
    Fault(breaks.two_products_with_the_base, checks.forward, blind=True),
    Fault(breaks.product_through_an_identity, checks.temporaries_as_large_as_the_weight),
    Fault(breaks.product_through_an_identity, checks.forward, blind=True),
    Fault(breaks.not_cast_back, checks.keeps_the_dtype, LOW),
    Fault(breaks.dropout_on_the_base, checks.forward, "lora dropout"),
    Fault(breaks.dropout_on_the_base, checks.forward, "lora biased", blind=True),
    Fault(breaks.unmerged_by_arithmetic, checks.unmerged_weight),
    Fault(breaks.unmerged_by_arithmetic, checks.unmerged_weight, "dora fresh", blind=True),
    Fault(breaks.merged_in_low_precision, checks.share_rounded_wrong, "lora bfloat16", limit=1e-3),
    Fault(breaks.merged_in_low_precision, checks.merged_weight, "lora"),
    Fault(breaks.merged_without_magnitude, checks.merged_weight),
    Fault(breaks.merged_without_magnitude, checks.merged_forward),
    Fault(breaks.start_for_the_other_layout, checks.spread_of_a),
    Fault(breaks.alpha_alone, checks.forward, "lora"),
    Fault(breaks.alpha_alone, checks.forward, "lora rank 1", blind=True),
    Fault(breaks.alpha_alone, checks.twice_the_rank_is_half_the_update, "lora"),
    Fault(breaks.root_of_the_rank, checks.forward, "lora"),
    Fault(breaks.root_of_the_rank, checks.forward, "dora"),
    Fault(breaks.root_of_the_rank, checks.forward, "lora rank-stabilized"),
    Fault(breaks.root_of_the_rank, checks.twice_the_rank_is_half_the_update, "lora"),
    Fault(breaks.factor_of_the_embedding_bypassed, checks.scaled_embedding),
    Fault(breaks.factor_of_the_embedding_bypassed, checks.scaled_embedding, "plain embedding", blind=True),
    Fault(breaks.tie_not_seen, checks.tied_is_refused),
    Fault(breaks.name_without_match_skipped, checks.no_match_is_refused),
    Fault(breaks.magnitude_learns_like_b, checks.rates),
    Fault(breaks.b_learns_like_a, checks.rates),
]
