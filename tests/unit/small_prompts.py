"""Prompts for small decoders, and decoders with loud weights that read them: what tests of generation share."""

from dataclasses import replace

import torch
from tiny_decoders import seeded

from llmbook.debug import randomize_
from llmbook.models import PUBLISHED, Decoder, DecoderConfig

VOCABULARY = 211
PADS = (0, 5, 9)  # how many positions of each row are padding
SMALL = {"vocab_size": VOCABULARY, "layers": 2, "max_length": 96, "width": 48, "heads": 4, "feedforward_width": 80}
CONFIGS: dict[str, DecoderConfig] = {
    # One key-value head and H * E = D, as the 2B; then multi-head and H * E > D, as the 7B.
    "gemma-2b": replace(PUBLISHED["gemma-2b"], **SMALL, kv_heads=1, head_size=12),
    "gemma-7b": replace(PUBLISHED["gemma-7b"], **SMALL, kv_heads=4, head_size=16),
    "llama": replace(PUBLISHED["llama-2-7b"], **SMALL, kv_heads=2, head_size=12),
    "llama-tied": replace(PUBLISHED["llama-2-7b"], **SMALL, kv_heads=4, head_size=12, tie_embeddings=True),
    "olmo": replace(PUBLISHED["olmo-7b"], **SMALL, kv_heads=4, head_size=12, clip_qkv=8.0),
    "olmo-tied": replace(PUBLISHED["olmo-1b"], **SMALL, kv_heads=4, head_size=12),
}


def loud_decoder(kind: str) -> Decoder:
    """A decoder in which every matrix and every gain is random and large."""
    return randomize_(Decoder(CONFIGS[kind]).eval().requires_grad_(False), 0, vector_std=1.0)


def random_ids(rows: int = 2, length: int = 12, *, seed: int = 1) -> torch.Tensor:
    """Token ids ``(rows, length)`` without the special ones."""
    return torch.randint(4, VOCABULARY, (rows, length), generator=seeded(seed))


def padded_batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Ids ``(3, 14)``, and where they are not padding: the rows begin at 0, 5 and 9."""
    ids = random_ids(len(PADS), 14)
    mask = torch.arange(14) >= torch.tensor(PADS)[:, None]
    return ids.masked_fill(~mask, 0), mask
