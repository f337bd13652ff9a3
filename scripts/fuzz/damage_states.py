"""Break what a checkpoint of a training run says, in an archive that is whole."""

import io
import math
import random

import torch
from torch import Tensor

VALUES = (None, 0, -1, 1, 10**30, 0.5, math.nan, math.inf, "", "false", True, [], {}, (1, 2), "x" * 3)


def state(rng: random.Random, content: bytes) -> bytes:
    """One place of the nested state: missing, of another type, another number, or a tensor of another kind."""
    found = torch.load(io.BytesIO(content), weights_only=True)
    holder, key = _pick(rng, found)
    way, value = rng.randrange(4), holder[key]
    if way == 0:
        del holder[key]
    elif way == 1:
        holder[key] = rng.choice(VALUES)
    elif isinstance(value, Tensor):
        holder[key] = _other_tensor(rng, value)
    elif isinstance(value, bool):
        holder[key] = not value
    elif isinstance(value, int | float):
        holder[key] = rng.choice((value + 1, -value, value * 2, float(value)))
    elif isinstance(holder, dict):
        holder[f"{key}x"] = holder.pop(key)
    else:
        holder.insert(key, value)
    return _bytes(found)


def top(rng: random.Random, content: bytes) -> bytes:
    """Something else than a state."""
    found = torch.load(io.BytesIO(content), weights_only=True)
    return _bytes(rng.choice((*VALUES, torch.zeros(2), found["model"], [found], {"model": found["model"]})))


def _bytes(found: object) -> bytes:
    """As torch writes it."""
    file = io.BytesIO()
    torch.save(found, file)
    return file.getvalue()


def _pick(rng: random.Random, tree: object) -> tuple[dict | list, object]:
    """A dict or a list, and a place in it."""
    found = None
    while isinstance(tree, dict | list) and tree:
        key = rng.choice(list(tree)) if isinstance(tree, dict) else rng.randrange(len(tree))
        found, tree = (tree, key), tree[key]
        if rng.random() < 0.3:
            break
    if found is None:
        raise LookupError("the state is empty")
    return found


def _other_tensor(rng: random.Random, tensor: Tensor) -> Tensor:
    """Another shape, another dtype, another number."""
    ways = [lambda: tensor[None], lambda: tensor.double(), lambda: tensor.flatten()[:-1], lambda: tensor.long(),
            lambda: torch.zeros_like(tensor), lambda: tensor.reshape(tensor.shape[::-1]),
            lambda: tensor + 1]  # fmt: skip
    if tensor.is_floating_point():
        ways.append(lambda: torch.full_like(tensor, math.nan))
    return rng.choice(ways)().clone()


RULES = (state, state, state, top)
