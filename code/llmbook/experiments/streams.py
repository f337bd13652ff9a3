"""The residual stream, read while a decoder runs."""

import torch
from torch import Tensor

from llmbook.models import Decoder


@torch.no_grad()
def stream_states(model: Decoder, ids: Tensor) -> list[Tensor]:
    """The residual stream after the embedding and after each block, each ``(B, T, D)``, before the last norm."""
    states: list[Tensor] = []
    hooks = [layer.register_forward_hook(lambda _, __, out: states.append(out))
             for layer in (model.embed_tokens, *model.layers)]
    model(ids)
    for hook in hooks:
        hook.remove()
    return states


def root_mean_square(x: Tensor) -> float:
    """Of all entries."""
    return x.square().mean().sqrt().item()
