"""Which parameters an optimizer makes smaller at each step; there are two rules in use, and a run names its own.

"matrices": every tensor of two dimensions and more, as in nanoGPT's ``configure_optimizers``; the embedding is one.

"linear layers": the weights of linear layers alone, as in OLMo (``olmo/optim.py`` at commit 15af668). The embedding is
left out, and with it the output matrix of a model that ties the two.

Neither makes a gain or a bias smaller.
"""

from typing import Literal

from torch import nn

Decayed = Literal["matrices", "linear layers"]
"""The name of a rule."""


def decay_groups(model: nn.Module, weight_decay: float, *, decayed: Decayed) -> list[dict]:
    """Two groups for an optimizer: parameters with decay, then those without; a group without parameters is left out.

    Args:
        model: those of its parameters that require a gradient are in the groups.
        weight_decay: of the first group.
        decayed: the rule.

    Raises:
        ValueError: there is no such rule.
    """
    if decayed not in ("matrices", "linear layers"):
        raise ValueError(f'unknown rule {decayed!r}; choose "matrices" or "linear layers"')
    linear = {id(module.weight) for module in model.modules() if isinstance(module, nn.Linear)}
    groups = [{"params": [], "weight_decay": weight_decay}, {"params": [], "weight_decay": 0.0}]
    for parameter in model.parameters():
        shrinks = parameter.ndim >= 2 if decayed == "matrices" else id(parameter) in linear
        if parameter.requires_grad:
            groups[not shrinks]["params"].append(parameter)
    return [group for group in groups if group["params"]]
