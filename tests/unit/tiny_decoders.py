"""Tiny decoders with random weights, and how far two results are apart."""

import torch

from llmbook.models import Decoder, DecoderConfig, gemma, initialize_, llama, olmo

TINY = {"gemma": gemma.tiny(), "llama": llama.tiny(), "olmo": olmo.tiny()}
IDS = torch.tensor([[5, 0, 255, 17, 3], [1, 2, 3, 4, 5]])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make(config: DecoderConfig, std: float = 0.2) -> Decoder:
    return initialize_(Decoder(config).eval().requires_grad_(False), seeded(), std)


def far(a: torch.Tensor, b: torch.Tensor) -> float:
    assert a.shape == b.shape
    return float((a - b).abs().max() / b.abs().max())
