"""Deliberate faults. Each flips one thing in our model, by a monkeypatch or in place."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from pytest import MonkeyPatch
from torch import nn
from torch.nn import functional as F

from llmbook.layers import activation, attention, embedding, norm, rope
from llmbook.models import Decoder, decoder


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


# Positions


def _positions(change: Callable) -> Callable:
    """``rope_angles`` of other positions."""
    return lambda positions, *rest: rope.rope_angles(change(positions), *rest)


def other_rope_base(ours: Decoder, patch: MonkeyPatch):
    right = rope.rope_angles
    patch.setattr(decoder, "rope_angles", lambda positions, head_size, *rest: right(positions, head_size, 500_000.0))


def rope_pairs_neighbors(ours: Decoder, patch: MonkeyPatch):
    """The interleaved layout: (x[2i], x[2i + 1]) turn together."""

    def broken(x, cos, sin):
        cos, sin, even, odd = cos.to(x.dtype), sin.to(x.dtype), x[..., ::2], x[..., 1::2]
        return torch.stack((even * cos - odd * sin, odd * cos + even * sin), dim=-1).flatten(-2)

    patch.setattr(attention, "apply_rope", broken)


def queries_turn_backwards(ours: Decoder, patch: MonkeyPatch):
    """Only the queries: where queries and keys turn backwards together, scores hardly tell."""
    patch.setattr(attention, "apply_rope", _only_queries(lambda x, cos, sin: rope.apply_rope(x, cos, -sin)))


def queries_one_position_late(ours: Decoder, patch: MonkeyPatch):
    head_size, base = ours.config.head_size, ours.config.rope_base
    step_cos, step_sin = rope.rope_angles(torch.tensor([1]), head_size, base)
    late = _only_queries(lambda x, cos, sin: rope.apply_rope(rope.apply_rope(x, cos, sin), step_cos, step_sin))
    patch.setattr(attention, "apply_rope", late)


def _only_queries(broken: Callable) -> Callable:
    """Break every second call of ``apply_rope``: an attention layer makes one for queries and then one for keys."""
    calls = []

    def alternating(x, cos, sin):
        calls.append(None)
        return (broken if len(calls) % 2 else rope.apply_rope)(x, cos, sin)

    return alternating


def positions_start_at_one(ours: Decoder, patch: MonkeyPatch):
    patch.setattr(decoder, "rope_angles", _positions(lambda positions: positions + 1))


def positions_restart_with_the_cache(ours: Decoder, patch: MonkeyPatch):
    patch.setattr(decoder, "rope_angles", _positions(lambda positions: torch.arange(positions.shape[-1])[None]))


def positions_count_padding(ours: Decoder, patch: MonkeyPatch):
    right = decoder.positions_and_mask

    def broken(length, start, *rest):
        return torch.arange(start, start + length)[None], right(length, start, *rest)[1]

    patch.setattr(decoder, "positions_and_mask", broken)


def positions_in_bfloat16(ours: Decoder, patch: MonkeyPatch):
    """Whole numbers above 256 merge."""
    patch.setattr(decoder, "rope_angles", _positions(lambda positions: positions.bfloat16()))


def angles_in_bfloat16(ours: Decoder, patch: MonkeyPatch):
    def broken(positions, head_size, base, yarn):
        speeds = 1.0 / base ** (torch.arange(0, head_size, 2) / head_size)
        angles = positions[..., None].bfloat16() * speeds.bfloat16()
        return angles.cos().float(), angles.sin().float()

    patch.setattr(decoder, "rope_angles", broken)


# Attention


def queries_and_keys_swapped(ours: Decoder, patch: MonkeyPatch):
    for block in ours.layers:
        block.self_attn.q_proj, block.self_attn.k_proj = block.self_attn.k_proj, block.self_attn.q_proj


def _attend(patch: MonkeyPatch, **change):
    """SDPA with some of its arguments changed."""

    def broken(query, key, value, mask=None):
        if mask is None:
            mask = attention.causal_mask(query.shape[2], key.shape[2])
        arguments = {"attn_mask": mask, "enable_gqa": True, **change}
        return F.scaled_dot_product_attention(query, key, value, **arguments)

    patch.setattr(attention, "attend", broken)


def heads_repeated_in_turn(ours: Decoder, patch: MonkeyPatch):
    """``repeat`` for ``repeat_interleave``: query head h reads key head h modulo K."""

    def broken(query, key, value, mask=None):
        times = query.shape[1] // key.shape[1]
        return attention.attend_slow(query, key.repeat(1, times, 1, 1), value.repeat(1, times, 1, 1), mask)

    patch.setattr(attention, "attend", broken)


def causal_mask_missing(ours: Decoder, patch: MonkeyPatch):
    _attend(patch, attn_mask=None)


def causal_mask_from_the_top_left(ours: Decoder, patch: MonkeyPatch):
    _attend(patch, attn_mask=None, is_causal=True)


def scale_from_width_over_heads(ours: Decoder, patch: MonkeyPatch):
    _attend(patch, scale=math.sqrt(ours.config.heads / ours.config.width))


def scale_missing(ours: Decoder, patch: MonkeyPatch):
    _attend(patch, scale=1.0)


def clip_missing(ours: Decoder, patch: MonkeyPatch):
    for block in ours.layers:
        block.self_attn.clip_qkv = None


def clip_after_rotation(ours: Decoder, patch: MonkeyPatch):
    clip = ours.config.clip_qkv
    clip_missing(ours, patch)
    patch.setattr(attention, "apply_rope", lambda *args: rope.apply_rope(*args).clamp(-clip, clip))
    right = attention.attend
    patch.setattr(attention, "attend", lambda q, k, v, mask=None: right(q, k, v.clamp(-clip, clip), mask))


def padding_is_read(ours: Decoder, patch: MonkeyPatch):
    right = decoder.positions_and_mask
    patch.setattr(decoder, "positions_and_mask", lambda *args: (right(*args)[0], None))


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
    Fault(exact_gelu, "gemma-2b", LOUD, blind=QUIET),  # below 0.1 the two GELUs are one
    Fault(exact_gelu, "gemma-7b", LOUD, blind=QUIET),
    Fault(gelu_for_silu, "llama-grouped", BOTH),
    Fault(gate_and_up_swapped, "gemma-7b", BOTH),
    Fault(gate_and_up_swapped, "llama-grouped", BOTH),
    Fault(gate_and_up_swapped, "olmo-untied", BOTH),
    Fault(gain_without_one, "gemma-7b", BOTH),
    Fault(gain_one_minus_weight, "gemma-7b", LOUD, blind=QUIET),  # w = 0 in a fresh model
    Fault(gain_one_plus_weight, "llama-grouped", BOTH),
    Fault(gains_never_loaded, "gemma-7b", LOUD, blind=QUIET),
    Fault(gains_never_loaded, "llama-grouped", LOUD, blind=QUIET),
    Fault(norms_swapped, "gemma-2b", LOUD, blind=QUIET),
    Fault(norms_swapped, "llama-grouped", LOUD, blind=QUIET),
    Fault(norms_after_the_sublayers, "gemma-7b", BOTH),
    Fault(norms_after_the_sublayers, "olmo-tied", BOTH),
    Fault(final_norm_missing, "gemma-7b", BOTH),
    Fault(final_norm_missing, "olmo-untied", BOTH),
    Fault(other_eps, "gemma-7b", QUIET),
    Fault(other_eps, "llama-multi-head", QUIET),
    Fault(other_eps, "olmo-untied", QUIET),
    Fault(eps_outside_the_root, "gemma-7b", QUIET),
    Fault(mean_not_removed, "olmo-untied", BOTH),
    Fault(mean_not_removed, "olmo-tied", BOTH),
    Fault(mean_not_removed, "olmo-tied", QUIET, **LOW),
    Fault(cast_before_gain, "gemma-7b", LOUD, blind=QUIET, **LOW),
    Fault(cast_before_gain, "gemma-7b", (), blind=BOTH),
    Fault(cast_after_gain, "llama-grouped", LOUD, blind=QUIET, **LOW),
    Fault(norm_in_low_precision, "gemma-7b", BOTH, **LOW),
    Fault(norm_in_low_precision, "llama-grouped", BOTH, **LOW),
    Fault(embedding_not_scaled, "gemma-7b", BOTH),
    Fault(embedding_divided, "gemma-7b", BOTH),
    Fault(scale_rounded_to_bfloat16, "gemma-7b", BOTH),
    Fault(scale_rounded_to_bfloat16, "gemma-2b", (), blind=BOTH),  # sqrt(64) = 8 needs no rounding
    Fault(scale_not_rounded, "gemma-7b", BOTH, **LOW),
    Fault(scale_not_rounded, "gemma-7b", (), blind=BOTH),
    Fault(output_matrix_untied, "gemma-7b", BOTH),
    Fault(output_matrix_untied, "olmo-tied", BOTH),
    Fault(output_matrix_tied, "olmo-untied", BOTH),
    Fault(output_matrix_tied, "llama-grouped", BOTH),
    Fault(other_rope_base, "gemma-7b", BOTH),
    Fault(other_rope_base, "llama-grouped", BOTH),
    Fault(other_rope_base, "olmo-untied", BOTH),
    Fault(rope_pairs_neighbors, "gemma-7b", BOTH),
    Fault(rope_pairs_neighbors, "olmo-untied", BOTH),
    Fault(queries_turn_backwards, "gemma-7b", BOTH),
    Fault(queries_one_position_late, "gemma-7b", BOTH),
    Fault(queries_one_position_late, "llama-grouped", BOTH),
    Fault(positions_start_at_one, "gemma-7b", (), blind=BOTH),  # scores depend on differences of positions only
    Fault(positions_restart_with_the_cache, "gemma-7b", (), blind=BOTH),
    Fault(positions_restart_with_the_cache, "gemma-7b", BOTH, scene="cached"),
    Fault(positions_restart_with_the_cache, "olmo-untied", BOTH, scene="cached"),
    Fault(positions_in_bfloat16, "gemma-7b", (), blind=BOTH),
    Fault(positions_in_bfloat16, "gemma-7b", BOTH, length=300),
    Fault(angles_in_bfloat16, "gemma-7b", LOUD),
    Fault(angles_in_bfloat16, "gemma-7b", BOTH, length=300),
    Fault(angles_in_bfloat16, "llama-grouped", BOTH, **LOW),
    Fault(queries_and_keys_swapped, "gemma-7b", BOTH),
    Fault(heads_repeated_in_turn, "llama-grouped", BOTH),
    Fault(heads_repeated_in_turn, "gemma-2b", (), blind=BOTH),  # one key head: nothing to confuse
    Fault(causal_mask_missing, "gemma-2b", BOTH),
    Fault(causal_mask_missing, "olmo-untied", BOTH),
    Fault(causal_mask_from_the_top_left, "gemma-2b", (), blind=BOTH),  # right as long as T = S
    Fault(causal_mask_from_the_top_left, "gemma-2b", BOTH, scene="cached"),
    Fault(scale_from_width_over_heads, "gemma-7b", BOTH),
    Fault(scale_from_width_over_heads, "gemma-2b", (), blind=BOTH),  # E is D / H there
    Fault(scale_missing, "olmo-untied", BOTH),
    Fault(clip_missing, "olmo-clipped", LOUD, blind=QUIET),
    Fault(clip_after_rotation, "olmo-clipped", LOUD, blind=QUIET),
    Fault(padding_is_read, "gemma-7b", BOTH, scene="padded"),
    Fault(padding_is_read, "llama-grouped", BOTH, scene="padded and cached"),
    Fault(positions_count_padding, "gemma-7b", (), blind=BOTH, scene="padded"),  # again only differences matter
    Fault(positions_count_padding, "gemma-7b", BOTH, scene="padded together", **LOW),  # but roundings see it
]
