"""Deliberate faults in a T5. Each flips one thing in our model, by a monkeypatch or in place."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from pytest import MonkeyPatch
from torch import nn
from torch.nn import functional as F

from llmbook.chapters.tiny_titans.t5 import experiment as t5_mistakes
from llmbook.generation.encoder_decoder import T5Cache
from llmbook.layers import activation, norm, relative_bias
from llmbook.models import t5_blocks
from llmbook.models.t5 import T5


def _in_place(mistake: Callable[[T5], None]) -> Callable:
    """A mistake of the package, which patches nothing."""

    def fault(ours: T5, patch: MonkeyPatch):
        mistake(ours)

    fault.__name__ = mistake.__name__
    return fault


tied_output = _in_place(t5_mistakes.tied_output)
gate_and_up = _in_place(t5_mistakes.gate_and_up)
larger_eps = _in_place(t5_mistakes.larger_eps)
no_gains = _in_place(t5_mistakes.no_gains)


# Attention (T1, T2)


def scaled_scores(ours: T5, patch: MonkeyPatch):
    """softmax(q k / sqrt(E)), as everywhere else."""

    class Functional:
        @staticmethod
        def scaled_dot_product_attention(query, key, value, attn_mask, scale):
            return F.scaled_dot_product_attention(query, key, value, attn_mask=attn_mask)

    patch.setattr(t5_blocks, "F", Functional)


def bias_in_the_first_layer_only(ours: T5, patch: MonkeyPatch):
    for stack in (ours.encoder, ours.decoder):
        for block in stack.layers[1:]:
            attention = block.self_attn
            attention.forward = without_finite_bias(attention.forward)


def without_finite_bias(forward: Callable) -> Callable:
    """The mask stays, the numbers go."""
    return lambda x, key, value, bias: forward(x, key, value, bias.clamp(max=0).where(bias.isinf(), 0.0))


def bias_in_cross_attention_too(ours: T5, patch: MonkeyPatch):
    for block in ours.decoder.layers:
        attention = block.cross_attn
        attention.forward = with_bias(attention.forward, ours.decoder.relative_bias)


def with_bias(forward: Callable, table: nn.Module) -> Callable:
    def biased(x, key, value, mask):
        steps = torch.arange(key.shape[2])[None, :] - torch.arange(x.shape[1])[:, None]
        found = relative_bias.relative_buckets(steps, bidirectional=False, buckets=len(table.weight))
        bias = F.embedding(found, table.weight).permute(2, 0, 1)[None]
        return forward(x, key, value, bias if mask is None else bias.masked_fill(~mask, float("-inf")))

    return biased


def encoder_table_for_the_decoder(ours: T5, patch: MonkeyPatch):
    ours.decoder.relative_bias.weight = ours.encoder.relative_bias.weight


def decoder_sees_the_future(ours: T5, patch: MonkeyPatch):
    patch.setattr(t5_blocks, "causal_mask", lambda new, total, device: torch.ones(new, total, dtype=torch.bool))


def encoder_is_causal(ours: T5, patch: MonkeyPatch):
    sound = ours.encoder.forward
    ours.encoder.forward = lambda x, mask: sound(x, torch.ones(x.shape[1], x.shape[1]).tril().bool())


def padding_read_by_the_encoder(ours: T5, patch: MonkeyPatch):
    sound = ours.encoder.forward
    ours.encoder.forward = lambda x, mask: sound(x, None)


def padding_read_by_the_decoder(ours: T5, patch: MonkeyPatch):
    sound = ours.decoder.forward
    ours.decoder.forward = lambda x, mask, memory, memory_mask, cache: sound(x, mask, memory, None, cache)


def memory_of_the_first_layer(ours: T5, patch: MonkeyPatch):
    """All layers use the keys and values that the first one cached."""
    sound = T5Cache.memory
    patch.setattr(T5Cache, "memory", lambda self, layer, compute: sound(self, 0, compute))


# Buckets (T3)


def _buckets(change: Callable) -> Callable:
    """``relative_buckets`` with other arguments."""

    def fault(ours: T5, patch: MonkeyPatch):
        sound = relative_bias.relative_buckets
        patch.setattr(relative_bias, "relative_buckets", lambda steps, **options: sound(**change(steps, options)))

    return fault


query_minus_key = _buckets(lambda steps, options: {"relative_position": -steps} | options)
one_position_late = _buckets(lambda steps, options: {"relative_position": steps - 1} | options)
everything_bidirectional = _buckets(lambda steps, o: {"relative_position": steps} | o | {"bidirectional": True})
nothing_bidirectional = _buckets(lambda steps, o: {"relative_position": steps} | o | {"bidirectional": False})
half_the_distance = _buckets(
    lambda steps, o: {"relative_position": steps} | o | {"max_distance": o["max_distance"] // 2}
)
linear_clamp = _buckets(lambda steps, o: {"relative_position": steps.clamp(-o["buckets"] // 4, o["buckets"] // 4)} | o)


def positions_start_anew(ours: T5, patch: MonkeyPatch):
    """Cached positions are forgotten: the first new query stands at position 0."""
    patch.setattr(
        relative_bias,
        "relative_positions",
        lambda new, total, device: torch.arange(total)[None, :] - torch.arange(new)[:, None],
    )


# Output (T4) and feed-forward (T5)


def scale_flipped(ours: T5, patch: MonkeyPatch):
    ours.config = replace(ours.config, scale_logits=not ours.config.scale_logits)


def embedding_scaled(ours: T5, patch: MonkeyPatch):
    ours.embed_tokens.scaled = True


def exact_gelu(ours: T5, patch: MonkeyPatch):
    for stack in (ours.encoder, ours.decoder):
        for block in stack.layers:
            block.mlp.activation = activation.gelu


def relu_for_gelu(ours: T5, patch: MonkeyPatch):
    for stack in (ours.encoder, ours.decoder):
        for block in stack.layers:
            block.mlp.activation = torch.relu


# Norms (T9)


def eps_of_float32(ours: T5, patch: MonkeyPatch):
    for module in t5_mistakes.parts(ours, norm.RMSNorm):
        module.eps = torch.finfo(torch.float32).eps


def gain_one_plus_weight(ours: T5, patch: MonkeyPatch):
    for module in t5_mistakes.parts(ours, norm.RMSNorm):
        module.unit_offset = True


def mean_subtracted(ours: T5, patch: MonkeyPatch):
    patch.setattr(norm, "rms_norm", lambda x, weight, *, eps, unit_offset: norm.layer_norm(x, weight, eps=eps))


def last_norm_of_the_encoder_missing(ours: T5, patch: MonkeyPatch):
    ours.encoder.norm = nn.Identity()


def norms_of_the_decoder_swapped(ours: T5, patch: MonkeyPatch):
    for block in ours.decoder.layers:
        block.cross_attention_norm, block.feedforward_norm = block.feedforward_norm, block.cross_attention_norm


@dataclass(frozen=True)
class Fault:
    """A fault, and with which weights it must be seen."""

    break_: Callable[[T5, MonkeyPatch], None]
    case: str = "flan"
    scene: str = "plain"
    caught: tuple[str, ...] = ("quiet", "loud")
    blind: tuple[str, ...] = ()
    """Weights that hide the fault; the test says so too."""

    def __str__(self) -> str:
        return f"{self.break_.__name__}-{self.case}-{self.scene}"


for name in ("query_minus_key", "one_position_late", "everything_bidirectional", "nothing_bidirectional",
             "half_the_distance", "linear_clamp"):  # fmt: skip
    globals()[name].__name__ = name
FAULTS = [
    *(Fault(scaled_scores, case) for case in ("t5-1.0", "t5-1.1", "flan")),
    Fault(bias_in_the_first_layer_only, "t5-1.0"), Fault(bias_in_the_first_layer_only),
    Fault(bias_in_cross_attention_too), Fault(encoder_table_for_the_decoder), Fault(decoder_sees_the_future),
    Fault(encoder_is_causal), Fault(padding_read_by_the_encoder, scene="padded"),
    Fault(padding_read_by_the_decoder, scene="padded"), Fault(padding_read_by_the_decoder, scene="padded and cached"),
    Fault(memory_of_the_first_layer, scene="cached"),
    *(Fault(fault, case) for case in ("t5-1.0", "flan") for fault in (
        query_minus_key, one_position_late, everything_bidirectional, nothing_bidirectional, half_the_distance,
        linear_clamp)),
    Fault(positions_start_anew, scene="cached"),
    *(Fault(scale_flipped, case) for case in ("t5-1.0", "t5-1.1", "flan")), Fault(tied_output, "t5-1.1"),
    Fault(embedding_scaled), Fault(exact_gelu), Fault(exact_gelu, "t5-1.1"), Fault(exact_gelu, "t5-1.0"),
    Fault(relu_for_gelu), Fault(gate_and_up),
    Fault(larger_eps, caught=("loud",)), Fault(larger_eps, "t5-1.0", caught=("loud",), blind=("quiet",)),
    Fault(eps_of_float32, caught=("loud",), blind=("quiet",)),
    Fault(no_gains, caught=("loud",), blind=("quiet",)),
    Fault(gain_one_plus_weight), Fault(mean_subtracted), Fault(last_norm_of_the_encoder_missing),
    Fault(norms_of_the_decoder_swapped, caught=("loud",), blind=("quiet",)),
]  # fmt: skip
