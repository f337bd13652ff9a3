"""A training step of a model that does not fit on this machine, rehearsed without its memory.

PyTorch's fake tensors have a shape, a dtype and a device, and no numbers. A forward and a backward pass over them takes
seconds for a model of seven billion parameters, and everything that is a matter of shapes comes out as it would in
earnest: the FLOPs, the bytes kept for the backward pass, the peak. Nothing is estimated; but the code that is
rehearsed is this book's, and another implementation may keep more or less.

Source: ``torch._subclasses.fake_tensor``, described in PyTorch's documentation under "Fake tensor".
"""

import warnings
from collections.abc import Callable
from dataclasses import astuple, dataclass, replace

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from llmbook.accounting.meter import measure_step, storage_bytes
from llmbook.models import Decoder, DecoderConfig
from llmbook.training.loop import next_token_loss

Prepare = Callable[[nn.Module], object]


@dataclass(frozen=True)
class Rehearsal:
    """What one training step needs, before the optimizer."""

    weights: int
    """Bytes of all parameters and buffers."""
    trainable: int
    """How many numbers are trained."""
    gradients: int
    """Bytes of their gradients."""
    kept: int
    """Bytes that are kept between the forward and the backward pass."""
    peak: int
    """Most bytes alive at once beyond the weights, gradients included."""
    flops: int
    """Of all matrix products, forward and backward; the fused attention kernel is not counted."""


def rehearse(
    config: DecoderConfig,
    prepare: Prepare | None = None,
    *,
    tokens: int,
    batch: int = 1,
    dtype: torch.dtype = torch.bfloat16,
) -> Rehearsal:
    """Go through one training step of a decoder without its memory.

    Args:
        config: any decoder's.
        prepare: changes the model in place before the step: freezes, injects adapters, quantizes; None changes nothing.
        tokens: T, of each sequence.
        batch: B.
        dtype: of the weights and the arithmetic; norms compute in float32 as always.
    """
    with FakeTensorMode(allow_non_fake_inputs=True), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # adapters ask a tensor for its address; a fake one warns
        model = cast_(Decoder(config), dtype)
        if prepare is not None:
            prepare(model)
        ids = torch.zeros(batch, tokens + 1, dtype=torch.long)
        owned = [*model.parameters(), *model.buffers()]
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        step = measure_step(lambda: next_token_loss(model, ids), owned)
        numbers = sum(parameter.numel() for parameter in trained)
        return Rehearsal(storage_bytes(owned), numbers, storage_bytes(trained), step.kept, step.peak, step.flops)


def rehearse_deep(config: DecoderConfig, prepare: Prepare | None = None, **options: object) -> Rehearsal:
    """The same for a model of many layers, from one of two and one of three: all layers are alike.

    What each further layer adds is the same number, so the result is that of :func:`rehearse`, sooner. ``prepare`` must
    treat all layers alike.

    Args:
        config: of at least two layers.
        prepare: as in :func:`rehearse`.
        options: as in :func:`rehearse`.
    """
    two, three = (rehearse(replace(config, layers=layers), prepare, **options) for layers in (2, 3))
    pairs = zip(astuple(two), astuple(three), strict=True)
    return Rehearsal(*(first + (config.layers - 2) * (second - first) for first, second in pairs))


def cast_(model: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Replace every parameter by an empty one of another dtype; ``model.to`` does not work on fake tensors."""
    for module in model.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            empty = torch.empty(parameter.shape, dtype=dtype)
            module.register_parameter(name, nn.Parameter(empty, requires_grad=parameter.requires_grad))
    return model
