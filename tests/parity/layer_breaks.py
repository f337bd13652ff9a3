"""Ways to break activations, norms and the embedding of our model, by a monkeypatch or in place."""

from collections.abc import Callable

import torch
from pytest import MonkeyPatch
from torch import nn

from llmbook.layers import activation, embedding, norm
from llmbook.models import Decoder


def norms(ours: Decoder) -> list[nn.Module]:
    return [module for module in ours.modules() if isinstance(module, norm.RMSNorm)]


# Activations and the gate


def exact_gelu(ours: Decoder, patch: MonkeyPatch):
    for block in ours.layers:
        block.mlp.activation = activation.gelu


def gelu_for_silu(ours: Decoder, patch: MonkeyPatch):
    for block in ours.layers:
        block.mlp.activation = activation.gelu_tanh


def gate_and_up_swapped(ours: Decoder, patch: MonkeyPatch):
    for block in ours.layers:
        block.mlp.gate_proj, block.mlp.up_proj = block.mlp.up_proj, block.mlp.gate_proj


# Norms


def _rms(gain: Callable) -> Callable:
    """``rms_norm`` with another gain."""

    def broken(x, weight=None, *, eps, unit_offset=False):
        wide = x.float()
        return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + eps) * gain(weight.float())).to(x.dtype)

    return broken


def gain_without_one(ours: Decoder, patch: MonkeyPatch):
    patch.setattr(norm, "rms_norm", _rms(lambda weight: weight))


def gain_one_minus_weight(ours: Decoder, patch: MonkeyPatch):
    patch.setattr(norm, "rms_norm", _rms(lambda weight: 1 - weight))


def gain_one_plus_weight(ours: Decoder, patch: MonkeyPatch):
    patch.setattr(norm, "rms_norm", _rms(lambda weight: 1 + weight))


def gains_never_loaded(ours: Decoder, patch: MonkeyPatch):
    for module in norms(ours):
        module.weight.fill_(0.0 if module.unit_offset else 1.0)


def norms_swapped(ours: Decoder, patch: MonkeyPatch):
    for block in ours.layers:
        block.attention_norm, block.feedforward_norm = block.feedforward_norm, block.attention_norm


def norms_after_the_sublayers(ours: Decoder, patch: MonkeyPatch):
    """x + norm(f(x)) for x + f(norm(x))."""
    for block in ours.layers:
        block.attention_norm, block.attention_post_norm = block.attention_post_norm, block.attention_norm
        block.feedforward_norm, block.feedforward_post_norm = block.feedforward_post_norm, block.feedforward_norm


def final_norm_missing(ours: Decoder, patch: MonkeyPatch):
    ours.norm = nn.Identity()


def other_eps(ours: Decoder, patch: MonkeyPatch):
    """1e-5 for 1e-6, and the reverse."""
    for module in ours.modules():
        if hasattr(module, "eps"):
            module.eps = 1e-5 if module.eps == 1e-6 else 1e-6


def eps_outside_the_root(ours: Decoder, patch: MonkeyPatch):
    def broken(x, weight=None, *, eps, unit_offset=False):
        wide = x.float()
        out = wide / (wide.square().mean(-1, keepdim=True).sqrt() + eps)
        return (out * (weight.float() + unit_offset)).to(x.dtype)

    patch.setattr(norm, "rms_norm", broken)


def mean_not_removed(ours: Decoder, patch: MonkeyPatch):
    """RMSNorm where LayerNorm belongs."""

    def broken(x, weight=None, bias=None, *, eps):
        wide = x.float()
        return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + eps)).to(x.dtype)

    patch.setattr(norm, "layer_norm", broken)


def cast_before_gain(ours: Decoder, patch: MonkeyPatch):
    """Llama's order in Gemma: cast first, then multiply by 1 + w in the low precision."""

    def broken(x, weight=None, *, eps, unit_offset=False):
        wide = x.float()
        return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + eps)).to(x.dtype) * (1 + weight)

    patch.setattr(norm, "rms_norm", broken)


def cast_after_gain(ours: Decoder, patch: MonkeyPatch):
    """Gemma's order in Llama: multiply in float32, then cast."""
    patch.setattr(norm, "rms_norm", _rms(lambda weight: weight))


def norm_in_low_precision(ours: Decoder, patch: MonkeyPatch):
    def broken(x, weight=None, *, eps, unit_offset=False):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * (weight + unit_offset)

    patch.setattr(norm, "rms_norm", broken)


# Embedding


def embedding_not_scaled(ours: Decoder, patch: MonkeyPatch):
    ours.embed_tokens.scaled = False


def embedding_divided(ours: Decoder, patch: MonkeyPatch):
    patch.setattr(embedding, "embedding_scale", lambda width, dtype: torch.tensor(width**-0.5, dtype=dtype))


def scale_rounded_to_bfloat16(ours: Decoder, patch: MonkeyPatch):
    patch.setattr(embedding, "embedding_scale", lambda width, dtype: torch.tensor(width**0.5).bfloat16().to(dtype))


def scale_not_rounded(ours: Decoder, patch: MonkeyPatch):
    """A float32 scalar tensor does not round in a bfloat16 product, and does not promote it either."""
    patch.setattr(embedding, "embedding_scale", lambda width, dtype: torch.tensor(width**0.5))


def output_matrix_untied(ours: Decoder, patch: MonkeyPatch):
    ours.lm_head = nn.Linear(ours.config.width, ours.config.vocab_size, bias=False)
    generator = torch.Generator().manual_seed(99)
    ours.lm_head.weight.data.normal_(0, float(ours.embed_tokens.weight.std()), generator=generator)


def output_matrix_tied(ours: Decoder, patch: MonkeyPatch):
    ours.lm_head = None
