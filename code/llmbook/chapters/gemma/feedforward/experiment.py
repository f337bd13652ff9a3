"""Eight feed-forward layers in the same small decoder, at the same number of parameters, on the same sentences.

What a seed decides is shared by all eight: the start of the embedding and of the attention, and every batch. Only the
feed-forward layer differs, so the kinds are compared seed by seed.
"""

from dataclasses import dataclass

import torch

from llmbook.experiments.number_sentences import WORDS, answer_loss, draw_sentences
from llmbook.layers.feedforward import matched_width
from llmbook.models import Decoder, DecoderConfig, initialize_
from llmbook.training.generators import undrawn
from llmbook.training.loop import train

KINDS: dict[str, tuple[str, bool]] = {  # name: activation, gated
    "ReLU": ("relu", False),
    "GELU": ("gelu_tanh", False),
    "SiLU": ("silu", False),
    "GLU": ("sigmoid", True),
    "bilinear": ("identity", True),
    "ReGLU": ("relu", True),
    "GeGLU": ("gelu_tanh", True),
    "SwiGLU": ("silu", True),
}
WIDTH = 32
PLAIN_HIDDEN = 3 * WIDTH  # 96, so that 2/3 of it is a whole number
BATCH = 32


@dataclass(frozen=True)
class Run:
    """One training run."""

    kind: str
    seed: int
    losses: list[float]
    """Of each step's batch: nats a word."""
    answer_loss: float
    """After the last step, expected over every sentence."""
    answer_accuracy: float
    """Likewise."""


def small_config(kind: str) -> DecoderConfig:
    """One block of width 32 with the feed-forward layer of that kind."""
    activation, gated = KINDS[kind]
    return DecoderConfig(
        vocab_size=len(WORDS), width=WIDTH, layers=1, heads=4, kv_heads=4, head_size=8, max_length=8,
        feedforward_width=matched_width(PLAIN_HIDDEN) if gated else PLAIN_HIDDEN,
        activation=activation, gated=gated, tie_embeddings=True,
    )  # fmt: skip


def run_kind(kind: str, seed: int, *, steps: int, learning_rate: float) -> Run:
    """Train one model from one seed."""
    start, data = (torch.Generator().manual_seed(2 * seed + offset) for offset in (0, 1))
    model = initialize_(undrawn(Decoder, small_config(kind)), start, std=WIDTH**-0.5)
    batches = (draw_sentences(BATCH, data) for _ in range(steps))
    records = train(model, batches, steps=steps, learning_rate=learning_rate, weight_decay=0.0)
    losses = [record.loss for record in records]
    return Run(kind, seed, losses, *answer_loss(model))
