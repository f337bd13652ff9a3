"""Fine-tuning under a bound: all numbers of the target matrices, a rank, or a random subspace; and what it reaches.

Everything but the targets of ``experiments/fine_tuning.py`` stays frozen, so the ways differ only in which updates of
these matrices they can reach. The random subspace is that of Aghajanyan et al. (2021, arXiv 2012.13255) with a simpler
map: each weight listens, with a random sign, to one random number of a few, so the columns of the map are orthogonal.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from llmbook.experiments.fine_tuning import TARGETS, new_corpus, prepare, tuning_steps
from llmbook.experiments.pretraining import Corpus
from llmbook.models.decoder import Decoder
from llmbook.training.run import mean_loss
from llmbook.training.schedule import Schedule


def validation_loss(model: nn.Module) -> float:
    """Nats a token on the new workplace."""
    return mean_loss(model.eval(), corpus().validation)


def corpus() -> Corpus:
    """What is learned: 40 meetings of the new workplace, and 12 to measure on."""
    return new_corpus(training=40, validation=12)


def tune_all(*, learning_rate: float, seed: int = 0, steps: int = 120, optimizer: str = "adamw") -> Decoder:
    """Tune every number of the target matrices, and nothing else.

    Args:
        learning_rate: the peak, after a tenth of the steps; then linear to zero.
        seed: of the batches.
        steps: how many.
        optimizer: "adamw", or "sgd" with momentum 0.9.
    """
    model = _only_targets(prepare("full"))
    return _run(model, list(_trained(model)), learning_rate, seed, steps, optimizer)


def tune_rank(rank: int, *, learning_rate: float, seed: int = 0, steps: int = 120) -> Decoder:
    """LoRA of a rank on the target matrices, with scale 2; arguments as in :func:`tune_all`."""
    model = prepare("lora", rank=rank, seed=seed)
    return _run(model, list(_trained(model)), learning_rate, seed, steps)


def tune_subspace(dimension: int, *, learning_rate: float, seed: int = 0, steps: int = 120) -> Decoder:
    """Tune a few numbers that a fixed random map spreads over the target matrices.

    Args:
        dimension: how many.
        learning_rate, seed, steps: as in :func:`tune_all`; the seed also draws the map.
    """
    model = prepare("full").requires_grad_(False)
    numbers = nn.Parameter(torch.zeros(dimension))
    generator = torch.Generator().manual_seed(2 * seed)
    for name, layer in model.named_modules():
        if name.rpartition(".")[2] in TARGETS:
            parametrize.register_parametrization(layer, "weight", Spread(numbers, layer.weight.shape, generator))
    model = _run(model, [numbers], learning_rate, seed, steps)
    for _, layer in list(model.named_modules()):
        if parametrize.is_parametrized(layer):
            parametrize.remove_parametrizations(layer, "weight")
    return model


class Spread(nn.Module):
    """A weight plus a random signed copy of few numbers.

    Args:
        numbers: ``(dimension,)``, shared by all matrices.
        shape: of the weight.
        generator: draws which number each weight listens to, and the sign.
    """

    def __init__(self, numbers: nn.Parameter, shape: Sequence[int], generator: torch.Generator) -> None:
        super().__init__()
        self.numbers = numbers
        self.index = torch.randint(len(numbers), tuple(shape), generator=generator)
        self.sign = 2.0 * torch.randint(2, tuple(shape), generator=generator) - 1

    def forward(self, weight: Tensor) -> Tensor:
        """``weight`` with the update added."""
        return weight + self.sign * self.numbers[self.index]


def _only_targets(model: Decoder) -> Decoder:
    """Freeze all but the target matrices."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.removesuffix(".weight").rpartition(".")[2] in TARGETS)
    return model


def _trained(model: nn.Module):
    return (parameter for parameter in model.parameters() if parameter.requires_grad)


def _run(model: Decoder, parameters: list, learning_rate: float, seed: int, steps: int, optimizer="adamw") -> Decoder:
    if optimizer == "sgd":
        updater = torch.optim.SGD(parameters, lr=learning_rate, momentum=0.9)
    else:
        updater = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=0.0)
    schedule = Schedule(learning_rate, steps, max(1, steps // 10))
    for _ in tuning_steps(model, updater, schedule, corpus().training, seed):
        pass
    return model.eval()
