"""Ways to break an adapter, one thing each, by a monkeypatch; adapter_faults.py says which check notices.

The letters are those of the list of known pitfalls: D for DoRA, L for LoRA and LoRA+.
"""

import math
from collections.abc import Callable
from contextlib import nullcontext

import torch
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
        update = self.update(F.dropout(x, self.settings.dropout))
        return self.factor() * (F.linear(x, self.base.weight) + update) + self.base.bias

    patch.setattr(DoRALinear, "_with_dropout", broken)


def two_dropout_masks(patch: MonkeyPatch):
    """D5: the two terms see different inputs."""

    def broken(self, x):
        change = (self.factor() - 1) * F.linear(F.dropout(x, self.settings.dropout), self.base.weight)
        return self.base(x) + change + self.factor() * self.update(F.dropout(x, self.settings.dropout))

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
        dropped = F.dropout(x, self.settings.dropout, self.training)
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
