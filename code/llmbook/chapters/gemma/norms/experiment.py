r"""Where the norm stands: the same small decoder with pre-norm, post-norm or both, at several depths.

Two starts are compared. In the *full* start every matrix is drawn from :math:`\mathcal{N}(0, 1/\text{fan-in})`, so that
a branch gives back about as much as it gets. In the *weak* start it is :math:`\mathcal{N}(0, 0.02^2)`, GPT-2's number:
at width 2048 that is nearly the same, :math:`0.02 \sqrt{2048} = 0.9`; at width 32 it is nine times smaller than full.
The embedding has entries of size one in both, as Gemma's has after its factor.

Source of the question: Xiong et al. 2020 (arXiv 2002.04745), Section 3.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from llmbook.experiments.number_sentences import WORDS, answer_loss, best_loss, draw_sentences
from llmbook.experiments.streams import root_mean_square, stream_states
from llmbook.models.decoder import Decoder, DecoderConfig
from llmbook.training.generators import undrawn
from llmbook.training.loop import next_token_loss, train

PLACES = ("pre", "post", "both")
"""Those compared; OLMo 2's place, the outputs alone, came later and has a page in its chapter."""
WIDTH = 32
BATCH = 32
STARTS: dict[str, float | None] = {"full": None, "weak": 0.02}  # standard deviation; None: 1 / sqrt(fan-in)
FEEDFORWARDS: dict[str, dict] = {  # Gemma's; the same without a gate; the plain layer of Xiong et al.
    "GeGLU": {},
    "GELU": {"gated": False},
    "ReLU": {"gated": False, "activation": "relu"},
}


@dataclass(frozen=True)
class Start:
    """What can be measured before training, one number for each layer."""

    stream: list[float]
    """Root mean square of the residual stream after the embedding (first) and after each block."""
    embedding_share: list[float]
    """Mean cosine between the stream at the same places and the embedding."""
    gradient: list[float]
    """Norm of the loss's gradient for the matrices of each block."""


@dataclass(frozen=True)
class Run:
    """One training run."""

    place: str
    layers: int
    seed: int
    losses: list[float]
    """Of each step's batch: nats a word."""
    excess: float
    """Mean loss of the last ten steps above the smallest possible loss, nats a word."""
    answer_accuracy: float
    """After the last step, expected over every sentence."""


def small_config(place: str, layers: int, *, gated: bool = True, activation: str = "gelu_tanh") -> DecoderConfig:
    """Gemma's ingredients at width 32; the plain feed-forward layer has as many parameters as the gated one."""
    return DecoderConfig(
        vocab_size=len(WORDS), width=WIDTH, layers=layers, heads=2, kv_heads=2, head_size=16, max_length=8,
        feedforward_width=2 * WIDTH if gated else 3 * WIDTH, gated=gated, activation=activation,
        norm="rms_unit", norm_eps=1e-6, norm_place=place,
    )  # fmt: skip


def small_decoder(place: str, layers: int, seed: int, *, start: str = "full", **feedforward) -> Decoder:
    """Build and draw the weights; the same seed gives the same matrices for every place of the norm.

    Args:
        place: of the norm.
        layers: L.
        seed: of the weights.
        start: a key of ``STARTS``.
        **feedforward: what :func:`small_config` takes besides, a value of ``FEEDFORWARDS``.
    """
    generator = torch.Generator().manual_seed(seed)
    model = undrawn(Decoder, small_config(place, layers, **feedforward))
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if tensor.ndim == 2:  # the norms keep their gain of one
                std = STARTS[start] if name.startswith("layers") else None
                fan_in = 1 if name.startswith("embed") else tensor.shape[1]
                tensor.normal_(0.0, fan_in**-0.5 if std is None else std, generator=generator)
    return model


def measure_start(model: Decoder, ids: Tensor) -> Start:
    """Measure an untrained model on word ids ``(B, T + 1)``."""
    states = stream_states(model, ids[:, :-1])
    cosine = [nn.functional.cosine_similarity(states[0], state, dim=-1).mean().item() for state in states]
    model.zero_grad()
    next_token_loss(model, ids).backward()
    return Start([root_mean_square(state) for state in states], cosine, [block_gradient(b) for b in model.layers])


def measure_seeds(place: str, layers: int, *, start: str = "full", gated: bool = True, seeds: int = 5) -> list[Start]:
    """Measure one untrained model for each seed, all on the same 64 sentences."""
    ids = draw_sentences(64, torch.Generator().manual_seed(100))
    return [measure_start(small_decoder(place, layers, seed, start=start, gated=gated), ids) for seed in range(seeds)]


def gradient_ratios(place: str, layers: int, seed: int, feedforward: str) -> dict[str, float]:
    """How much longer the gradient of the first block is than that of the last, in an untrained model.

    Args:
        place: of the norm.
        layers: L.
        seed: of the weights; the sentences are those of :func:`measure_seeds`.
        feedforward: a key of ``FEEDFORWARDS``.

    Returns:
        "matrices": of all matrices of a block, as in ``Start.gradient``; "down": of the second matrix of its
        feed-forward layer alone, which is what Xiong et al. look at.
    """
    ids = draw_sentences(64, torch.Generator().manual_seed(100))
    model = small_decoder(place, layers, seed, **FEEDFORWARDS[feedforward])
    whole = measure_start(model, ids).gradient
    down = [block.mlp.down_proj.weight.grad.norm().item() for block in (model.layers[0], model.layers[-1])]
    return {"matrices": whole[0] / whole[-1], "down": down[0] / down[-1]}


def block_gradient(block: nn.Module) -> float:
    """Euclidean norm of the gradient of a block's matrices."""
    return math.sqrt(sum(float(p.grad.square().sum()) for p in block.parameters() if p.ndim == 2))


def run_place(place: str, layers: int, seed: int, *, steps: int, learning_rate: float, warmup: int = 0,
              start: str = "full", gated: bool = True) -> Run:
    """Train one model: the rate rises linearly over ``warmup`` steps and stays."""
    model = small_decoder(place, layers, 2 * seed, start=start, gated=gated)
    data = torch.Generator().manual_seed(2 * seed + 1)
    batches = (draw_sentences(BATCH, data) for _ in range(steps))
    rate = lambda step: learning_rate * min(1.0, (step + 1) / max(1, warmup))  # noqa: E731
    records = train(model, batches, steps=steps, learning_rate=rate, weight_decay=0.0)
    losses = [record.loss for record in records]
    excess = sum(losses[-10:]) / len(losses[-10:]) - best_loss()
    return Run(place, layers, seed, losses, excess, answer_loss(model)[1])
