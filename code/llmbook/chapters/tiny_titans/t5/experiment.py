"""Mistakes that a T5 can be built with. Each is made in a copy of a sound model, and must show in its logits.

A mistake changes one thing in every part that has it. They are easily made from a description of T5 (Raffel et al.
2020, arXiv 1910.10683); the layers are those of ``models/t5.py``.
"""

import copy
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmbook.layers.feedforward import GatedFeedForward
from llmbook.layers.norm import RMSNorm
from llmbook.layers.relative_bias import RelativeBias
from llmbook.models.t5 import T5
from llmbook.models.t5_blocks import T5Attention


def parts(model: T5, kind: type[nn.Module]) -> list[nn.Module]:
    """Every module of a kind."""
    return [module for module in model.modules() if isinstance(module, kind)]


def scaled_scores(model: T5) -> None:
    """Scores divided by sqrt(E)."""
    for attention in parts(model, T5Attention):
        attention.q_proj.weight.data *= attention.head_size**-0.5


def first_block_only(model: T5) -> None:
    """The bias in the first block only."""
    for tower in (model.encoder, model.decoder):
        for block in tower.layers[1:]:
            block.forward = _without_bias(block.forward)


def _without_bias(forward: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The mask stays, the numbers go."""
    return lambda x, bias, *rest: forward(x, torch.where(bias.isinf(), bias, 0.0), *rest)


def both_ways_everywhere(model: T5) -> None:
    """The decoder's buckets are for both directions."""
    model.decoder.relative_bias.bidirectional = True


def half_the_distance(model: T5) -> None:
    """Max distance 64 in the place of 128."""
    for table in parts(model, RelativeBias):
        table.max_distance //= 2


def causal_encoder(model: T5) -> None:
    """The encoder looks back only."""
    model.encoder.is_decoder = True


def sees_the_future(model: T5) -> None:
    """The decoder sees what comes later."""
    model.decoder.is_decoder = False


def exact_gelu(model: T5) -> None:
    """The exact GELU in the place of the tanh form."""
    for layer in parts(model, GatedFeedForward):
        layer.activation = F.gelu


def gate_and_up(model: T5) -> None:
    """The gate and the other branch exchanged."""
    for layer in parts(model, GatedFeedForward):
        layer.gate_proj, layer.up_proj = layer.up_proj, layer.gate_proj


def larger_eps(model: T5) -> None:
    """An epsilon of 1e-5 in the norms."""
    for norm in parts(model, RMSNorm):
        norm.eps = 1e-5


def no_gains(model: T5) -> None:
    """The gains of the norms were never loaded."""
    for norm in parts(model, RMSNorm):
        norm.weight.data.fill_(1.0)


def scaled_logits(model: T5) -> None:
    """Logits scaled as in T5 1.0."""
    model.config = replace(model.config, scale_logits=True)


def tied_output(model: T5) -> None:
    """The embedding as the output matrix, as in T5 1.0."""
    model.lm_head = None


MISTAKES = (
    scaled_scores, first_block_only, both_ways_everywhere, half_the_distance, causal_encoder, sees_the_future,
    exact_gelu, gate_and_up, larger_eps, no_gains, scaled_logits, tied_output,
)  # fmt: skip
"""What can go wrong in a FLAN-T5 whose encoder has at least two blocks; the docstring of each says what it is."""


def with_mistake(model: T5, mistake: Callable[[T5], None]) -> T5:
    """A copy of the model that has the mistake; the model stays as it is."""
    broken = copy.deepcopy(model)
    mistake(broken)
    return broken
