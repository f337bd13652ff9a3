"""A small classifier whose task changes in a way that we choose, adapted by every method.

The base network *is* the old task: its answers are the labels, so it knows them perfectly. The new task is the same
network with both hidden matrices changed: by an update of low rank, by other lengths of their rows, or by noise in
every entry. All three changes have the same size (Frobenius norm), and each is easy for another method.
"""

from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmbook.adapters import inject
from llmbook.training.generators import undrawn
from llmbook.training.loop import train
from llmbook.training.schedule import Schedule

INPUTS, HIDDEN, CLASSES = 32, 64, 8
ADAPTED = ("first", "second")
SHIFTS = ("low rank", "lengths", "dense")
SIZE = 0.5  # Frobenius norm of the change over that of the matrix
EXAMPLES, TESTED, BATCH = 2000, 4000, 64


@dataclass(frozen=True)
class Task:
    """Old network, and labeled examples of the new task."""

    base: nn.Sequential
    """Answers the old task; a fresh copy for each :func:`new_task`."""
    inputs: Tensor
    """``(EXAMPLES, INPUTS)``."""
    labels: Tensor
    """``(EXAMPLES,)``."""
    test_inputs: Tensor
    """``(TESTED, INPUTS)``."""
    test_labels: Tensor
    """``(TESTED,)``."""


def build_network(generator: torch.Generator) -> nn.Sequential:
    """Two hidden layers with ReLU, weights from N(0, 2/in), so that signals keep their size (He et al. 2015)."""
    sizes = {"first": (INPUTS, HIDDEN), "second": (HIDDEN, HIDDEN), "last": (HIDDEN, CLASSES)}
    parts = OrderedDict()
    for name, (inputs, outputs) in sizes.items():
        parts[name] = undrawn(nn.Linear, inputs, outputs, bias=False)
        nn.init.normal_(parts[name].weight, std=(2 / inputs) ** 0.5, generator=generator)
        parts[f"{name}_relu"] = nn.ReLU()
    del parts["last_relu"]
    return nn.Sequential(parts)


@torch.no_grad()
def shifted(weight: Tensor, shift: str, generator: torch.Generator) -> Tensor:
    """A changed copy of a matrix ``(out, in)``; the change has ``SIZE`` times its Frobenius norm.

    Args:
        weight: of the old task.
        shift: one of ``SHIFTS``: rank 2; every row times a number of its own; every entry plus noise.
        generator: draws the change.

    Raises:
        ValueError: there is no such shift.
    """
    outputs, inputs = weight.shape
    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)
    if shift == "low rank":
        change = draw(outputs, 2) @ draw(2, inputs)
    elif shift == "lengths":
        change = draw(outputs, 1).clamp(-1.8, 1.8) * weight  # at this size no row changes its sign
    elif shift == "dense":
        change = draw(outputs, inputs)
    else:
        raise ValueError(f"unknown shift {shift!r}; choose one of {', '.join(SHIFTS)}")
    return weight + change * (SIZE * weight.norm() / change.norm())


@torch.no_grad()
def new_task(shift: str, seed: int) -> Task:
    """Base, change and examples that follow from a seed."""
    generator = torch.Generator().manual_seed(1000 + seed)
    base, new = (build_network(torch.Generator().manual_seed(seed)) for _ in range(2))
    for name in ADAPTED:
        layer = new.get_submodule(name)
        layer.weight.copy_(shifted(layer.weight, shift, generator))
    inputs = torch.randn(EXAMPLES + TESTED, INPUTS, generator=generator)
    labels = new(inputs).argmax(-1)
    return Task(base, inputs[:EXAMPLES], labels[:EXAMPLES], inputs[EXAMPLES:], labels[EXAMPLES:])


@torch.no_grad()
def accuracy(network: nn.Module, task: Task) -> float:
    """Share of the test examples that a network labels as the new task does."""
    return (network(task.test_inputs).argmax(-1) == task.test_labels).double().mean().item()


def adapt(
    shift: str, method: str, *, rank: int = 4, learning_rate: float, seed: int, steps: int = 200,
    magnitude_learning_rate: float | None = None,
) -> dict:
    """Adapt the hidden layers of the base to the new task; the last layer stays.

    Args:
        shift: one of ``SHIFTS``.
        method: ``"full"``, ``"lora"`` or ``"dora"``.
        rank: of the adapters, whose alpha is twice the rank.
        learning_rate: the peak; linear to zero after a tenth of the steps.
        seed: of the task, the adapters and the batches.
        steps: with ``BATCH`` examples each.
        magnitude_learning_rate: the peak for DoRA's magnitudes; by default ``learning_rate``.

    Returns:
        A row that can be stored: the settings, the test accuracy before and after, and what was trained.
    """
    task, network = (made := new_task(shift, seed)), made.base
    before = accuracy(network, task)
    network.last.requires_grad_(False)
    if method != "full":
        inject(network, list(ADAPTED), kind=method, rank=rank, alpha=2 * rank,
               generator=torch.Generator().manual_seed(2000 + seed))  # fmt: skip
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups = _groups(network, learning_rate, magnitude_learning_rate)
    optimizer = torch.optim.AdamW(groups, weight_decay=0.0, fused=True)
    order = torch.randint(EXAMPLES, (steps, BATCH), generator=torch.Generator().manual_seed(3000 + seed))
    schedule = Schedule(learning_rate, steps, steps // 10)
    for _ in train(network, order, steps=steps, learning_rate=schedule, optimizer=optimizer,
                   loss=lambda model, rows: F.cross_entropy(model(task.inputs[rows]), task.labels[rows])):  # fmt: skip
        pass
    return {"shift": shift, "method": method, "rank": None if method == "full" else rank,
            "learning_rate": learning_rate, "seed": seed, "before": round(before, 5),
            "accuracy": round(accuracy(network, task), 5),
            "parameters": sum(parameter.numel() for parameter in trained)}  # fmt: skip


def _groups(network: nn.Module, learning_rate: float, magnitude_learning_rate: float | None) -> list[dict]:
    """Everything in one group, or the magnitudes in another with their own rate."""
    named = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
    factors = {name: 1.0 if magnitude_learning_rate is None or not name.endswith("magnitude")
               else magnitude_learning_rate / learning_rate for name in named}  # fmt: skip
    return [{"params": [named[name] for name in named if factors[name] == factor], "rate_factor": factor}
            for factor in sorted(set(factors.values()))]  # fmt: skip
