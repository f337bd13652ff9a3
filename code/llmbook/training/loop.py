r"""The training loop of every experiment: it yields a record for each step, and whoever wants to print or draw listens.

Each step computes the loss :math:`\ell` of a batch, its gradient :math:`g`, shortens :math:`g` to at most ``clip_norm``
and lets AdamW take the step (Loshchilov and Hutter 2019, arXiv 1711.05101). What its weight decay acts on is said in
``decay.py``.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from llmbook.training.decay import Decayed, decay_groups
from llmbook.training.modes import switched
from llmbook.training.rates import keep_proportions, rate_at
from llmbook.training.token_loss import token_loss

Limit = float | Callable[[int], float]
"""Longest gradient that passes unchanged: a number, or a function from the step to a number."""


@dataclass(frozen=True)
class Record:
    """What one training step leaves behind."""

    step: int
    """0, 1, 2, ..."""
    loss: float
    """Of this step's batch, before the update."""
    gradient_norm: float
    """Euclidean norm over all parameters, before clipping."""
    learning_rate: float
    """The rate of this step."""


def next_token_loss(model: nn.Module, ids: Tensor) -> Tensor:
    """Mean cross-entropy, in nats, of each token given those before it; in float32 at least, see :func:`token_loss`.

    Args:
        model: from ids ``(B, T)`` to logits ``(B, T, V)``.
        ids: ``(B, T + 1)``: the model reads all but the last, and is asked for all but the first.

    Raises:
        ValueError: an id is no token of the model.
    """
    logits = model(ids[:, :-1])  # (B, T, V)
    return token_loss(logits.flatten(0, 1), ids[:, 1:].flatten())


def train(
    model: nn.Module,
    batches: Iterable[Any],
    *,
    steps: int,
    learning_rate: float | Callable[[int], float],
    weight_decay: float = 0.1,
    decayed: Decayed = "matrices",
    betas: tuple[float, float] = (0.9, 0.95),
    clip_norm: Limit = 1.0,
    loss: Callable[[nn.Module, Any], Tensor] = next_token_loss,
    optimizer: torch.optim.Optimizer | None = None,
    first_step: int = 0,
) -> Iterator[Record]:
    """Train in place, one step for each record that is asked for.

    A step is taken in training mode, so that dropout runs. Between two steps, at the end and after an error every
    module has the mode that it had before.

    Args:
        model: its parameters that require a gradient are trained.
        batches: one for each step; what one is, only ``loss`` needs to know.
        steps: how many steps there are in all.
        learning_rate: a number, or a function from the step to a number.
        weight_decay: AdamW's.
        decayed: what it acts on, one of the rules of :func:`decay_groups`.
        betas: AdamW's decay rates.
        clip_norm: longest gradient that passes unchanged, a number or a function from the step to a number;
            ``math.inf`` for no clipping.
        loss: from the model and a batch to a scalar.
        optimizer: one of your own, in place of ``weight_decay``, ``decayed`` and ``betas``; to save its state, or to
            go on with it. Groups with rates of their own keep their proportions: see :func:`keep_proportions`.
        first_step: how many of the steps were taken before, by a run that this one goes on with.

    Yields:
        A :class:`Record` after each update.

    Raises:
        ValueError: the batches end before the steps do, a rate or a limit is not a number from 0 up, or the rates of
            the optimizer's groups and ``learning_rate`` say different things.
        FloatingPointError: the loss or the gradient is not finite. The step is not taken then: weights and optimizer
            are as before it.
    """
    optimizer = optimizer or build_optimizer(model, weight_decay=weight_decay, betas=betas, decayed=decayed)
    keep_proportions(optimizer, learning_rate)
    source = iter(batches)
    for step in range(first_step, steps):
        batch = _next_batch(source, step - first_step, steps - first_step)
        rate = rate_at(learning_rate, step)
        for group in optimizer.param_groups:
            group["lr"] = rate * group.get("rate_factor", 1.0)
        with switched(model, training=True):  # not while the caller has the model
            measured = _update(model, batch, optimizer, limit_at(clip_norm, step), loss, step)
        yield Record(step, *measured, rate)


def build_optimizer(
    model: nn.Module, *, weight_decay: float, betas: tuple[float, float], decayed: Decayed = "matrices"
) -> torch.optim.AdamW:
    """AdamW, one kernel for all tensors; the loop sets the rate at each step. Arguments as in :func:`train`."""
    return torch.optim.AdamW(decay_groups(model, weight_decay, decayed=decayed), betas=betas, fused=True)


def limit_at(limit: Limit, step: int) -> float:
    """The limit of one step.

    Raises:
        ValueError: it is not a number from 0 up; NaN would make all weights NaN.
    """
    value = limit(step) if callable(limit) else limit
    if value is None or not value >= 0:
        raise ValueError(f"clip_norm must be a number from 0 up, math.inf for no clipping, not {value} at step {step}")
    return value


def _next_batch(source: Iterator[Any], step: int, steps: int) -> Any:
    try:
        return next(source)
    except StopIteration:
        raise ValueError(f"{steps} steps need {steps} batches, but there were only {step}; "
                         "give an endless generator, or ask for fewer steps") from None


def _update(model, batch, optimizer, clip_norm, loss, step) -> tuple[float, float]:
    """One forward, backward and step; the loss and the gradient's norm before clipping."""
    value = loss(model, batch)
    if not torch.isfinite(value):
        raise FloatingPointError(f"the loss is {value.item()} at step {step}; try a smaller learning rate, "
                                 "and look whether this batch is all right. Nothing was changed in this step")
    optimizer.zero_grad(set_to_none=True)
    value.backward()
    trained = [parameter for parameter in model.parameters() if parameter.grad is not None]
    total = nn.utils.get_total_norm([parameter.grad for parameter in trained])
    norm = total.item()
    if not math.isfinite(norm):
        raise _not_finite(model, norm, step)
    nn.utils.clip_grads_with_norm_(trained, clip_norm, total)
    optimizer.step()
    return value.item(), norm


def _not_finite(model: nn.Module, norm: float, step: int) -> FloatingPointError:
    """The error for a gradient that must not be used."""
    bad = [name for name, parameter in model.named_parameters()
           if parameter.grad is not None and not parameter.grad.isfinite().all()]
    where = f"not finite in {bad[0]}" + " and others" * (len(bad) > 1) if bad else "its square overflows"
    return FloatingPointError(f"the gradient's norm is {norm} at step {step} ({where}). The step was not taken: "
                              "weights and optimizer are as before it. Go on with a smaller learning rate or another "
                              "batch")
