"""Ways to break positions and attention of our model, by a monkeypatch or in place."""

import math
from collections.abc import Callable

import torch
from pytest import MonkeyPatch
from torch.nn import functional as F

from llmbook.layers import attention, rope
from llmbook.models import Decoder, decoder

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
