"""Deliberate faults in adapters. Each breaks one thing in our code by a monkeypatch, and must break a check.

The letters are those of the list of known pitfalls: D for DoRA, L for LoRA and LoRA+.
"""

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

import adapter_checks as checks
import torch
from adapter_pairs import SCENES, TOLERANCE, Scene
from pytest import MonkeyPatch
from torch import nn
from torch.nn import functional as F

from llmbook.adapters import AdapterLayer, DoRALinear, LoRAEmbedding, LoRALinear, base, dora, injection, lora, lora_plus

# The norm


def norm_of_columns(patch: MonkeyPatch):
    """D1: along the outputs."""
    _norm(patch, lambda weight, a, b, s: (weight + s * b @ a).norm(dim=0))


def norm_of_base_weight(patch: MonkeyPatch):
    """D2: of W for W + s B A."""
    _norm(patch, lambda weight, a, b, s: weight.norm(dim=1))


def norm_without_scaling(patch: MonkeyPatch):
    """D2: of W + B A."""
    _norm(patch, lambda weight, a, b, s: (weight + b @ a).norm(dim=1))


def norm_without_cross_term(patch: MonkeyPatch):
    """D2: as if W and the update were at right angles."""
    _norm(patch, lambda weight, a, b, s: (weight.norm(dim=1) ** 2 + (s * b @ a).norm(dim=1) ** 2).sqrt())


def norm_in_low_precision(patch: MonkeyPatch):
    """D9."""
    low = torch.bfloat16
    _norm(patch, lambda w, a, b, s: (w.to(low) + s * b.to(low) @ a.to(low)).norm(dim=1).float())


def norm_under_autocast(patch: MonkeyPatch):
    """D9: autocast reaches the norm."""
    patch.setattr(dora, "exactly", lambda tensor: nullcontext())


def norm_not_detached(patch: MonkeyPatch):
    """D4."""
    patch.setattr(
        DoRALinear, "norm", lambda self: dora.row_norm(self.base.weight, self.lora_A, self.lora_B, self.scaling)
    )


def zero_over_zero(patch: MonkeyPatch):
    """D7."""
    patch.setattr(DoRALinear, "factor", lambda self: self.magnitude / self.norm())


def _norm(patch: MonkeyPatch, broken: Callable):
    patch.setattr(dora, "row_norm_low_rank", lambda weight, a, b, s, squared=None: broken(weight, a, b, s))


# The magnitude


def magnitude_of_ones(patch: MonkeyPatch):
    """D3: it is not taken from the weight."""
    patch.setattr(DoRALinear, "reset_magnitude_", lambda self: nn.init.ones_(self.magnitude))


def magnitude_before_loading(patch: MonkeyPatch):
    """D3: it is taken from the weight, and then the weight comes."""

    def broken(self):
        noise = nn.Linear(self.base.in_features, self.base.out_features).weight
        nn.init.zeros_(self.magnitude).add_(noise.norm(dim=1))

    patch.setattr(DoRALinear, "reset_magnitude_", torch.no_grad()(broken))


def loading_not_watched(patch: MonkeyPatch):
    """D3: weights go into an adapted model and nothing is said."""
    patch.setattr(base, "_refuse_wrong_weights", lambda *args: None)


# The forward pass


def base_output_reused_under_dropout(patch: MonkeyPatch):
    """D5."""

    def broken(self, x):
        update = self.update(F.dropout(x, self.dropout))
        return self.factor() * (F.linear(x, self.base.weight) + update) + self.base.bias

    patch.setattr(DoRALinear, "_with_dropout", broken)


def two_dropout_masks(patch: MonkeyPatch):
    """D5: the two terms see different inputs."""

    def broken(self, x):
        change = (self.factor() - 1) * F.linear(F.dropout(x, self.dropout), self.base.weight)
        return self.base(x) + change + self.factor() * self.update(F.dropout(x, self.dropout))

    patch.setattr(DoRALinear, "_with_dropout", broken)


def bias_scaled(patch: MonkeyPatch):
    """D6."""

    def broken(self, x):
        return self.factor() * (self.base(x) + self.update(x))

    patch.setattr(DoRALinear, "_without_dropout", broken)


def two_products_with_the_base(patch: MonkeyPatch):
    """D10: as if there were dropout."""
    patch.setattr(DoRALinear, "_without_dropout", lambda self, x: self._with_dropout(x))


def product_through_an_identity(patch: MonkeyPatch):
    """D10: the norm from a whole B A, formed by passing the identity through the adapter."""

    def broken(weight, a, b, s, squared=None):
        return (weight + s * F.linear(F.linear(torch.eye(a.shape[1]), a), b).T).norm(dim=1)

    patch.setattr(dora, "row_norm_low_rank", broken)


def not_cast_back(patch: MonkeyPatch):
    """D9: the dtype of the adapter leaks out."""

    def broken(self, x):
        return self.factor() * (F.linear(x, self.base.weight) + self.update(x))

    patch.setattr(DoRALinear, "_without_dropout", broken)


def dropout_on_the_base(patch: MonkeyPatch):
    """Dropout is for the adapter alone."""

    def broken(self, x):
        dropped = F.dropout(x, self.dropout, self.training)
        return self.base(dropped) + self.update(dropped)

    patch.setattr(LoRALinear, "forward", broken)


# Merging


def unmerged_by_arithmetic(patch: MonkeyPatch):
    """D8: with the norm of the merged weight, which is another one."""

    def broken(self):
        self._original = None
        self.forget()
        self.base.weight.copy_(self.base.weight / self.factor()[:, None] - self.delta())

    patch.setattr(DoRALinear, "unmerge", torch.no_grad()(broken))


def merged_in_low_precision(patch: MonkeyPatch):
    """L3."""
    patch.setattr(
        AdapterLayer,
        "wide_merged_weight",
        lambda self: self.frozen_weight + self.scaling * (self.lora_B.bfloat16() @ self.lora_A.bfloat16()),
    )


def merged_without_magnitude(patch: MonkeyPatch):
    """DoRA merged as if it were LoRA."""
    patch.setattr(DoRALinear, "wide_merged_weight", AdapterLayer.wide_merged_weight)


# LoRA and LoRA+


def start_for_the_other_layout(patch: MonkeyPatch):
    """L1: the rank where the number of inputs belongs."""
    patch.setattr(lora, "_uniform", lambda bound: lambda values, generator: values.uniform_(-(8**-0.5), 8**-0.5))


def alpha_alone(patch: MonkeyPatch):
    """L2."""
    patch.setattr(base, "scaling", lambda alpha, rank, rank_stabilized=False: alpha)


def root_of_the_rank(patch: MonkeyPatch):
    """L2: alpha / sqrt(R) where alpha / R belongs, and the reverse."""
    patch.setattr(
        base,
        "scaling",
        lambda alpha, rank, rank_stabilized=False: alpha / (rank if rank_stabilized else math.sqrt(rank)),
    )


def factor_of_the_embedding_bypassed(patch: MonkeyPatch):
    """L5."""
    patch.setattr(LoRAEmbedding, "_output_scale", lambda self: 1.0)


def tie_not_seen(patch: MonkeyPatch):
    """L4."""
    patch.setattr(injection, "_shares_weight_with", lambda *args: [])


def name_without_match_skipped(patch: MonkeyPatch):
    """L7."""
    patch.setattr(injection, "_no_match", lambda *args: "")
    right = injection._find

    def broken(model, targets):
        names = [name.rpartition(".")[2] for name, _ in model.named_modules()]
        known = [target for target in targets if target in names]
        return right(model, known) if known else {}

    patch.setattr(injection, "_find", broken)


def magnitude_learns_like_b(patch: MonkeyPatch):
    """L6: PEFT's choice, made without asking."""
    right = lora_plus._kind

    def broken(model, name):
        kind = right(model, name)
        return "B" if kind == "magnitude" else kind

    patch.setattr(lora_plus, "_kind", broken)


def b_learns_like_a(patch: MonkeyPatch):
    """L6."""
    patch.setattr(lora_plus, "_kind", lambda model, name: "A")


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
    Fault(norm_of_columns, checks.forward, crashes=True),
    Fault(norm_of_columns, checks.forward, "dora square"),
    Fault(norm_of_columns, checks.first_magnitude, "dora square"),
    Fault(norm_of_columns, checks.starts_unchanged, "dora fresh", crashes=True),
    Fault(norm_of_base_weight, checks.forward),
    Fault(norm_of_base_weight, checks.forward, "dora quiet"),
    Fault(norm_of_base_weight, checks.forward, "dora fresh", blind=True),  # B is zero
    Fault(norm_of_base_weight, checks.rows_have_their_magnitude),
    Fault(norm_without_scaling, checks.forward),
    Fault(norm_without_cross_term, checks.forward),
    Fault(norm_without_cross_term, checks.rows_have_their_magnitude),
    Fault(norm_in_low_precision, checks.forward),
    Fault(norm_in_low_precision, checks.norm_is_float32, LOW),
    Fault(norm_under_autocast, checks.norm_is_float32, LOW),
    Fault(norm_not_detached, checks.gradients),
    Fault(norm_not_detached, checks.constant_norm),
    Fault(norm_not_detached, checks.trajectory),
    Fault(norm_not_detached, checks.forward, blind=True),
    Fault(zero_over_zero, checks.zero_rows_stay_finite),
    Fault(zero_over_zero, checks.forward, blind=True),
    Fault(magnitude_of_ones, checks.starts_unchanged, "dora fresh"),
    Fault(magnitude_of_ones, checks.first_magnitude),
    Fault(magnitude_before_loading, checks.starts_unchanged, "dora fresh"),
    Fault(magnitude_before_loading, checks.first_magnitude),
    Fault(loading_not_watched, checks.late_loading_is_refused),
    Fault(base_output_reused_under_dropout, checks.forward, "dora dropout"),
    Fault(base_output_reused_under_dropout, checks.trajectory, "dora dropout"),
    Fault(base_output_reused_under_dropout, checks.forward, "dora dropout off", blind=True),
    Fault(base_output_reused_under_dropout, checks.forward, blind=True),
    Fault(two_dropout_masks, checks.forward, "dora dropout"),
    Fault(bias_scaled, checks.forward, "dora biased"),
    Fault(bias_scaled, checks.merged_forward, "dora biased"),
    Fault(bias_scaled, checks.forward, blind=True),  # no bias
    Fault(bias_scaled, checks.forward, "dora fresh", blind=True),  # g is 1
    Fault(two_products_with_the_base, checks.work_over_lora),
    Fault(two_products_with_the_base, checks.forward, blind=True),
    Fault(product_through_an_identity, checks.temporaries_as_large_as_the_weight),
    Fault(product_through_an_identity, checks.forward, blind=True),
    Fault(not_cast_back, checks.keeps_the_dtype, LOW),
    Fault(dropout_on_the_base, checks.forward, "lora dropout"),
    Fault(dropout_on_the_base, checks.forward, "lora biased", blind=True),
    Fault(unmerged_by_arithmetic, checks.unmerged_weight),
    Fault(unmerged_by_arithmetic, checks.unmerged_weight, "dora fresh", blind=True),
    Fault(merged_in_low_precision, checks.share_rounded_wrong, "lora bfloat16", limit=1e-3),
    Fault(merged_in_low_precision, checks.merged_weight, "lora"),
    Fault(merged_without_magnitude, checks.merged_weight),
    Fault(merged_without_magnitude, checks.merged_forward),
    Fault(start_for_the_other_layout, checks.spread_of_a),
    Fault(alpha_alone, checks.forward, "lora"),
    Fault(alpha_alone, checks.forward, "lora rank 1", blind=True),
    Fault(alpha_alone, checks.twice_the_rank_is_half_the_update, "lora"),
    Fault(root_of_the_rank, checks.forward, "lora"),
    Fault(root_of_the_rank, checks.forward, "dora"),
    Fault(root_of_the_rank, checks.forward, "lora rank-stabilized"),
    Fault(root_of_the_rank, checks.twice_the_rank_is_half_the_update, "lora"),
    Fault(factor_of_the_embedding_bypassed, checks.scaled_embedding),
    Fault(factor_of_the_embedding_bypassed, checks.scaled_embedding, "plain embedding", blind=True),
    Fault(tie_not_seen, checks.tied_is_refused),
    Fault(name_without_match_skipped, checks.no_match_is_refused),
    Fault(magnitude_learns_like_b, checks.rates),
    Fault(b_learns_like_a, checks.rates),
]
