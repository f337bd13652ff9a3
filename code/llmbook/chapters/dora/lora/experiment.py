r"""What the choices of LoRA do: how the two matrices start, where they stand, their rank, alpha and dropout.

The model and the text are those of ``experiments/fine_tuning.py``. A seed decides the batches and the random numbers
of the start, so that settings which share it are compared as a pair.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from llmbook.adapters import adapter_layers, inject
from llmbook.experiments.fine_tuning import TARGETS, new_corpus, tuning_steps
from llmbook.experiments.meetings_olmo import load_base
from llmbook.experiments.results import read_result, select
from llmbook.training.generators import DropoutFrom
from llmbook.training.run import mean_loss
from llmbook.training.schedule import Schedule

STARTS = ("B zero", "A zero", "A turned", "both random", "both zero")
SEEDS = (0, 1, 2, 3, 4)
FRESH_SEEDS = tuple(range(10, 18))
"""To compare what was chosen on ``SEEDS``."""
RATES = (0.003, 0.01, 0.03, 0.1)
STEPS = 60
MEETINGS = (40, 12)
"""How many are trained on, and how many others are measured on."""


def uniform(shape: Sequence[int], fan_in: int, generator: torch.Generator) -> Tensor:
    """What ``kaiming_uniform_(a=sqrt(5))`` draws when it takes ``fan_in`` numbers for the input."""
    return torch.empty(shape).uniform_(-1, 1, generator=generator) / math.sqrt(fan_in)


@torch.no_grad()
def restart_(model: nn.Module, start: str, generator: torch.Generator) -> nn.Module:
    """Start all LoRA layers of a model anew, in place.

    Args:
        model: with LoRA layers.
        start: one of ``STARTS``. "B zero" is LoRA's own, "A zero" its mirror image, "A turned" has B at zero and A
            drawn as if its shape were (inputs, R), which makes it sqrt(inputs / R) times too large.
        generator: the source of randomness.

    Raises:
        ValueError: there is no such start.
    """
    if start not in STARTS:
        raise ValueError(f"unknown start {start!r}; choose one of {', '.join(STARTS)}")
    for layer in adapter_layers(model).values():
        (rank, inputs), outputs = layer.lora_A.shape, len(layer.lora_B)
        layer.lora_A.copy_(uniform((rank, inputs), rank if start == "A turned" else inputs, generator))
        layer.lora_B.copy_(uniform((outputs, rank), rank, generator))
        if start in ("A zero", "both zero"):
            layer.lora_A.zero_()
        if start in ("B zero", "A turned", "both zero"):
            layer.lora_B.zero_()
    return model


def run_choice(
    seed: int, *, start: str = "B zero", learning_rate: float = 0.01, steps: int = STEPS,
    targets: Sequence[str] = TARGETS, rank: int = 8, alpha: float = 16, dropout: float = 0.0,
) -> dict:
    """Fine-tune the small model once.

    Args:
        seed: of the batches, the start and the dropout.
        start: one of ``STARTS``.
        learning_rate: the peak, reached after a tenth of the steps, then linear to zero.
        steps: how many.
        targets: the adapted matrices.
        rank: R.
        alpha: numerator of the scale.
        dropout: of the adapters' input.

    Returns:
        The losses before and after, on meetings of the new workplace that were not trained on, in nats a token, and how
        many numbers were trained.
    """
    corpus, generator = new_corpus(*MEETINGS), torch.Generator().manual_seed(2 * seed)
    model = inject(load_base().train(), list(targets), rank=rank, alpha=alpha, dropout=dropout, generator=generator)
    restart_(model, start, generator)
    before = mean_loss(model.eval(), corpus.validation)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, weight_decay=0.0, fused=True)
    schedule = Schedule(learning_rate, steps, max(1, steps // 10))
    with DropoutFrom(torch.Generator().manual_seed(seed)):
        list(tuning_steps(model.train(), optimizer, schedule, corpus.training, seed))
    after = mean_loss(model.eval(), corpus.validation)
    return {"before": before, "after": after, "parameters": sum(parameter.numel() for parameter in trained)}


def stored_choices(key: str = "after", *, fresh: bool = False, **wanted: object) -> np.ndarray:
    """One column of ``data/results/lora_choices.json``, which ``scripts/lora_choices.py`` made.

    Args:
        key: what to read: "before" or "after".
        fresh: whether on the seeds that did not choose the rates.
        **wanted: fields that a row must have; None asks for rows without the field.

    Returns:
        A value for each seed, in the order of the seeds.

    Raises:
        ValueError: no row has such a field, or there is not exactly one row for each seed.
    """
    stored = read_result("lora_choices")
    seeds = stored["settings"]["fresh_seeds" if fresh else "seeds"]
    rows = [row for row in select(stored["rows"], **wanted) if row["seed"] in seeds]
    if [row["seed"] for row in rows] != seeds:
        raise ValueError(f"{wanted} describes {len(rows)} rows, not one for each seed; say more, or less")
    return np.array([row[key] for row in rows])
