"""A small decoder, and the same with adapters that have moved, for the tests of adapters."""



import torch
from torch import nn

from llmbook.adapters import DoRALinear, LoRALinear, inject, trainable_parameters
from llmbook.models import Decoder, initialize_, llama

KINDS = {"lora": LoRALinear, "dora": DoRALinear}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small_decoder() -> Decoder:
    return initialize_(Decoder(llama.tiny()), generator()).eval()


def some_ids(model: Decoder) -> torch.Tensor:
    return torch.randint(model.config.vocab_size, (2, 9), generator=generator(1))


def trained(kind: str, targets=("q_proj", "down_proj"), **options) -> Decoder:
    """A small decoder whose adapter has moved."""
    model = inject(small_decoder(), list(targets), kind=kind, rank=3, generator=generator(2), **options)
    move_(model)
    return model


@torch.no_grad()
def move_(model: nn.Module) -> None:
    for parameter in trainable_parameters(model).values():
        parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator(3)))
