"""Nested states, of models, optimizers and runs, compared to the bit."""

import torch


def equal(first, second):
    """Whether dictionaries, lists and tuples of tensors and other values are the same."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(equal(first[name], second[name]) for name in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(equal, first, second))
    return torch.equal(first, second) if isinstance(first, torch.Tensor) else first == second
