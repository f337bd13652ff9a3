r"""AdamW from scratch (Loshchilov and Hutter 2019, arXiv 1711.05101, Algorithm 2).

For each trained number :math:`w` with gradient :math:`g` at step t = 1, 2, ...:

.. math::

    w &\leftarrow w - \eta \lambda w, \\
    m &\leftarrow \beta_1 m + (1 - \beta_1) g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \\
    w &\leftarrow w - \eta\, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}.

The decay does not pass through the division by :math:`\sqrt v`; that is the difference from Adam with an L2 penalty.
"""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor


@torch.no_grad()
def adamw_update(
    parameter: Tensor,
    gradient: Tensor,
    first: Tensor,
    second: Tensor,
    step: int,
    *,
    learning_rate: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
) -> None:
    """One update of one parameter, in place.

    Args:
        parameter: changed in place; any shape.
        gradient: of the parameter's shape.
        first: running mean of the gradient, of the same shape, changed in place; zeros before step 1.
        second: running mean of its square, of the same shape, changed in place; zeros before step 1.
        step: t, counted from 1.
        learning_rate: eta.
        betas: decay rates of the two means.
        eps: added to the root, outside it.
        weight_decay: lambda.

    Raises:
        ValueError: the four shapes differ, or the step is not counted from 1; nothing is changed then.
    """
    shapes = [tuple(each.shape) for each in (parameter, gradient, first, second)]
    if len(set(shapes)) > 1 or step < 1:
        raise ValueError(f"parameter, gradient and its two means need one shape, not {shapes}, "
                         f"and steps count from 1, not {step}")  # fmt: skip
    parameter.mul_(1 - learning_rate * weight_decay)
    first.lerp_(gradient, 1 - betas[0])
    second.mul_(betas[1]).addcmul_(gradient, gradient, value=1 - betas[1])
    # The means start at zero; dividing by 1 - beta^t makes up for it.
    root = second.sqrt().div_(math.sqrt(1 - betas[1] ** step)).add_(eps)
    parameter.addcdiv_(first, root, value=-learning_rate / (1 - betas[0] ** step))


class AdamW(torch.optim.Optimizer):
    """The update above for groups of parameters; groups, state and its saving are torch's.

    Args:
        params: parameters, or groups as dicts, as for any torch optimizer.
        lr: eta.
        betas: decay rates of the two means.
        eps: added to the root.
        weight_decay: lambda.

    Raises:
        ValueError: a setting is outside its range.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ):
        if lr < 0 or eps < 0 or weight_decay < 0 or not all(0 <= beta < 1 for beta in betas):
            raise ValueError(
                f"lr, eps and weight_decay must not be negative and betas must be in [0, 1), "
                f"not {lr}, {eps}, {weight_decay} and {betas}"
            )
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Update every parameter that has a gradient; ``closure`` recomputes the loss first, if given."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group)
        return loss

    def _update(self, parameter: Tensor, group: dict) -> None:
        """Look up the state of one parameter, start it if needed, and update."""
        state = self.state[parameter]
        if not state:
            state.update(step=0, first=torch.zeros_like(parameter), second=torch.zeros_like(parameter))
        state["step"] += 1
        adamw_update(
            parameter, parameter.grad, state["first"], state["second"], state["step"],
            learning_rate=group["lr"], betas=group["betas"], eps=group["eps"], weight_decay=group["weight_decay"],
        )  # fmt: skip
