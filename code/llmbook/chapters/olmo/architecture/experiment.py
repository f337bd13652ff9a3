r"""Four ways to start a deep, narrow OLMo: how its stream grows, and how it trains.

What a standard deviation does depends on the width: a matrix of D inputs multiplies the size of a normed vector by
:math:`\sigma \sqrt D`. The usual 0.02 gives 1.28 at OLMo 7B's 4,096 and 0.16 at our 64. So "0.02" appears twice, as
the number and as what it is at the width of the 7B.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from llmbook.experiments.pretraining import Corpus, meeting_corpus, small_run
from llmbook.models import Decoder, DecoderConfig, initialize_, initialize_mitchell_
from llmbook.models.initialization import WRITERS
from llmbook.training.generators import undrawn
from llmbook.training.run import Run

PUBLISHED_WIDTH = 4096
LAYERS, STEPS, SEEDS = 8, 100, range(5)


def initialize_fan_in_(model: Decoder, generator: torch.Generator) -> Decoder:
    """OLMo 1's rule without its depth: the output matrices are multiplied by what the depth had taken from them."""
    initialize_mitchell_(model, generator)
    with torch.no_grad():
        for index, block in enumerate(model.layers):
            for name in WRITERS:
                matrix = (block.self_attn if name == "o_proj" else block.mlp).get_submodule(name).weight
                matrix.mul_((2 * (index + 1)) ** 0.5)
    return model


def _plain_as_at_width_4096(model: Decoder, generator: torch.Generator) -> Decoder:
    return initialize_(model, generator, std=0.02 * (PUBLISHED_WIDTH / model.config.width) ** 0.5)


STARTS: dict[str, Callable[[Decoder, torch.Generator], Decoder]] = {
    "mitchell": initialize_mitchell_,
    "fan-in, no depth": initialize_fan_in_,
    "0.02, as at width 4,096": _plain_as_at_width_4096,
    "0.02": initialize_,
}
"""By name; the first is OLMo 1's, and the others are compared with it."""


@torch.no_grad()
def stream_sizes(start: str, config: DecoderConfig, ids: Tensor, seed: int) -> list[float]:
    """Root mean square of a fresh model's stream: of the embedding, then after each block."""
    model = STARTS[start](undrawn(Decoder, config), torch.Generator().manual_seed(seed))
    sizes: list[float] = []

    def note(block, inputs, output):
        if not sizes:
            sizes.append(inputs[0].square().mean().sqrt().item())
        sizes.append(output.square().mean().sqrt().item())

    for block in model.layers:
        block.register_forward_hook(note)
    model(ids)
    return sizes


def train_from(
    start: str, seed: int, *, layers: int = LAYERS, steps: int = STEPS, corpus: Corpus | None = None
) -> dict:
    """Train one model from one start, and say what came of it.

    Args:
        start: a key of ``STARTS``.
        seed: of weights and batches, shared by the starts that are compared.
        layers: of the small OLMo.
        steps: of the whole schedule.
        corpus: what to train on; by default that of the page on pretraining, with fewer meetings to measure on.
    """
    corpus = corpus or meeting_corpus(validation=10)
    config = replace(small_run(steps, seed, layers=layers), validate_every=max(1, steps // 2))
    run = Run(config, corpus.training, corpus.validation)
    STARTS[start](run.model, torch.Generator().manual_seed(seed))
    points = list(run.advance())
    validation = [round(point.validation_loss, 5) for point in points if point.validation_loss is not None]
    return {"start": start, "seed": seed, "validation": validation, "first": _mean_of_first([p.loss for p in points])}


def _mean_of_first(losses: Sequence[float], count: int = 20) -> float:
    """Mean of the first losses: how rough the beginning was."""
    return round(sum(losses[:count]) / min(count, len(losses)), 5)
