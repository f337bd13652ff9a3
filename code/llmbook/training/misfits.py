"""Whether a stored state fits a run, told before anything of the run is changed.

An archive may be whole and hold what no run has written: torch's own loading takes moments of another shape, and an
order of rows that leaves some out would be followed without a word.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from types import UnionType
from typing import Any, get_args

import torch
from torch import Tensor

from llmbook.layers.wrapped import plain_names
from llmbook.models.kinds import refuse

Rules = Iterable[tuple[bool, str]]


def refuse_misfit(
    state: Mapping[str, Any], ours: Mapping[str, Any], parameters: Sequence[Tensor], rows: int, point: type
) -> None:
    """Raise an error for a state with which the run could not go on as the one that wrote it.

    Args:
        state: as ``Run.state`` gives it, its config and data compared already.
        ours: the present state of the run.
        parameters: what the optimizer updates, in its order.
        rows: N, rows of the training data.
        point: the class of the points.

    Raises:
        ValueError: the message names the part.
    """
    refuse(_weights(state["model"], ours["model"]))
    refuse(_groups(state["optimizer"], ours["optimizer"]))
    refuse(_moments(state["optimizer"]["state"], parameters))
    refuse(_order(state["batches"], ours["batches"], rows))
    refuse(_points(state["points"], point))


def _weights(stored: Mapping[str, Any], ours: Mapping[str, Tensor]) -> Rules:
    names = plain_names(stored, ours)
    others = sorted(map(str, set(names.values()) ^ ours.keys()))
    yield bool(others), f"its weights have other names, first {others[0] if others else ''}"
    for stored_name, name in names.items():
        yield not _is_like(stored[stored_name], ours[name]), f"{name} is another kind of tensor, or not finite"


def _groups(stored: Mapping[str, Any], ours: Mapping[str, Any]) -> Rules:
    """All settings of the groups but their learning rate, which each step sets: one for all."""

    def settings(optimizer: Mapping[str, Any]) -> list[dict]:
        return [{name: value for name, value in group.items() if name != "lr"} for group in optimizer["param_groups"]]

    yield settings(stored) != settings(ours), "its optimizer has other groups or settings"
    rates = [group.get("lr") for group in stored["param_groups"]]
    yield (
        not all(isinstance(rate, float) and math.isfinite(rate) and rate == rates[0] for rate in rates),
        (f"its groups have the learning rates {rates}"),
    )


def _moments(stored: Mapping[int, Any], parameters: Sequence[Tensor]) -> Rules:
    """Two means for each parameter, or none for any, as before the first step."""
    yield bool(stored) and stored.keys() != set(range(len(parameters))), "its optimizer has other parameters"
    for number, moments in stored.items():
        yield not isinstance(moments, dict) or moments.keys() != {"step", "first", "second"}, "it has other moments"
        yield type(moments["step"]) is not int or moments["step"] < 1, "steps of its optimizer count from 1"
        means = moments["first"], moments["second"]
        yield (
            not all(_is_like(mean, parameters[number]) for mean in means) or bool((means[1] < 0).any()),
            (f"the moments of parameter {number} are another kind of tensor, not finite, or a square below 0"),
        )


def _order(stored: Mapping[str, Any], ours: Mapping[str, Any], rows: int) -> Rules:
    """The generator, an order of all rows or of none yet, and a place in it."""
    yield stored.keys() != ours.keys(), "its source of batches has other parts"
    yield not _is_like(stored["generator"], ours["generator"]), "the state of its generator is none"
    order, position = stored["order"], stored["position"]
    yield not isinstance(order, Tensor) or order.dtype != torch.long or order.ndim != 1, "its order is none of rows"
    yield bool(len(order)) and order.sort().values.tolist() != list(range(rows)), f"its order is not of {rows} rows"
    yield type(position) is not int or not 0 <= position <= len(order), "its place is not in its order"


def _points(stored: Sequence[Any], point: type) -> Rules:
    """The points of all steps from 0 on, with numbers in their fields."""
    kinds = {field.name: get_args(field.type) if isinstance(field.type, UnionType) else (field.type,)
             for field in fields(point)}  # fmt: skip
    for step, each in enumerate(stored):
        yield not isinstance(each, dict) or each.keys() != kinds.keys(), f"point {step} has other fields"
        yield any(type(each[name]) not in kind for name, kind in kinds.items()), f"point {step} has no such numbers"
        yield each["step"] != step, f"its points are not in their order at step {step}"


def _is_like(found: object, ours: Tensor) -> bool:
    """Whether something is a tensor of this shape and dtype, and of finite numbers."""
    is_one = isinstance(found, Tensor) and (found.shape, found.dtype) == (ours.shape, ours.dtype)
    return is_one and bool(found.isfinite().all())
