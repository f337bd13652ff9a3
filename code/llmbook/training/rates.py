"""The learning rate of each group of an optimizer: one number or function for all, and the proportions between groups.

LoRA+ lets one matrix learn faster than the other, and DoRA's magnitudes have a rate of their own. A schedule says how
the rate changes from step to step; it must not make all groups equal.
"""

import math
from collections.abc import Callable

import torch

Rate = float | Callable[[int], float]
"""A number, or a function from the step to a number."""


def rate_at(rate: Rate, step: int) -> float:
    """The rate of one step.

    Raises:
        ValueError: it is not a finite number from 0 up.
    """
    value = rate(step) if callable(rate) else rate
    if not 0 <= value < math.inf:
        raise ValueError(f"a learning rate must be a finite number from 0 up, not {value} at step {step}")
    return value


def keep_proportions(optimizer: torch.optim.Optimizer, learning_rate: Rate) -> None:
    """Write into each group by which factor of the rate it learns, as its ``rate_factor``; what stands there stays.

    Groups that all have one rate learn with ``learning_rate``, whatever theirs is. Groups with different rates reach
    these when ``learning_rate`` is at its highest: a number, or the ``peak`` of a schedule. The factors are part of the
    optimizer's state, so a run that goes on from it has them.

    Args:
        optimizer: changed in place.
        learning_rate: of all groups without a factor.

    Raises:
        ValueError: the rates differ, and ``learning_rate`` is a function without a ``peak``, or its highest value is
            neither the rate of a group nor that of the optimizer.
    """
    groups = optimizer.param_groups
    rates = [float(group["lr"]) for group in groups]
    if len(set(rates)) <= 1 or any("rate_factor" in group for group in groups):
        return
    peak = getattr(learning_rate, "peak", None) if callable(learning_rate) else learning_rate
    known = [rate for rate in (*rates, optimizer.defaults.get("lr")) if rate]
    if peak is None or not any(math.isclose(peak, rate) for rate in known):
        told = "a function without a peak" if peak is None else f"{peak} at its highest"
        raise ValueError(f"the groups of the optimizer have the rates {', '.join(map(str, rates))}, and learning_rate "
                         f'is {told}: say what is meant by a "rate_factor" in each group, by which learning_rate is '
                         "multiplied there")
    for group, rate in zip(groups, rates, strict=True):
        group["rate_factor"] = rate / peak
