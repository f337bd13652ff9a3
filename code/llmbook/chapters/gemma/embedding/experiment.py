r"""A small Gemma-like decoder with or without the factor :math:`\sqrt{D}`, its output matrix tied or not.

Every matrix starts from :math:`\mathcal{N}(0, 1/\text{fan-in})`. The embedding is drawn from
:math:`\mathcal{N}(0, s^2)`; with :math:`s = 1/\sqrt{D}` it also fits as an output matrix, which is what tying asks for.
"""

from dataclasses import dataclass, replace

import torch

from llmbook.experiments.number_sentences import WORDS, answer_loss, best_loss, draw_sentences
from llmbook.models.decoder import Decoder, DecoderConfig
from llmbook.training.generators import undrawn
from llmbook.training.loop import train

WIDTH = 64
BATCH = 32
CONFIG = DecoderConfig(
    vocab_size=len(WORDS), width=WIDTH, layers=2, heads=2, kv_heads=1, head_size=32, feedforward_width=2 * WIDTH,
    max_length=8, activation="gelu_tanh", norm="rms_unit", norm_eps=1e-6,
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One training run."""

    seed: int
    losses: list[float]
    """Of each step's batch: nats a word."""
    excess: float
    """Mean loss of the last ten steps above the smallest possible loss, nats a word."""
    answer_accuracy: float
    """After the last step, expected over every sentence."""


def small_decoder(seed: int, *, scaled: bool, tied: bool, embedding_std: float = WIDTH**-0.5, **changes) -> Decoder:
    """Build and draw the weights; the same seed gives the same blocks whatever the factor.

    Args:
        seed: of the weights.
        scaled: multiply embeddings by ``sqrt(D)``.
        tied: use the embedding as the output matrix; otherwise that is drawn from ``N(0, 1/D)``.
        embedding_std: s.
        **changes: other fields of ``DecoderConfig``.
    """
    generator = torch.Generator().manual_seed(seed)
    model = undrawn(Decoder, replace(CONFIG, scale_embedding=scaled, tie_embeddings=tied, **changes))
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if tensor.ndim == 2:  # the norms keep their gain of one
                std = embedding_std if name.startswith("embed") else tensor.shape[1] ** -0.5
                tensor.normal_(0.0, std, generator=generator)
    return model


def run_factor(seed: int, *, steps: int, learning_rate: float, **options) -> Run:
    """Train one model; ``options`` as in :func:`small_decoder`."""
    model = small_decoder(2 * seed, **options)
    data = torch.Generator().manual_seed(2 * seed + 1)
    batches = (draw_sentences(BATCH, data) for _ in range(steps))
    records = train(model, batches, steps=steps, learning_rate=learning_rate, weight_decay=0.0)
    losses = [record.loss for record in records]
    excess = sum(losses[-10:]) / len(losses[-10:]) - best_loss()
    return Run(seed, losses, excess, answer_loss(model)[1])
