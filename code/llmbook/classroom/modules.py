"""Modules of PyTorch that a student writes: they stay in the student's process, and checks use them from here.

A check calls the student's class and gets a module, or a stand-in of one. Both can be called, both load and give a
state dict, and :func:`gradients` gives the gradients of either. So one check serves the notebook and the grader.
"""

from typing import Any

WAYS = ("call", "load_state_dict", "state_dict", "train", "eval", "gradients")


def gradients(module: Any, upstream: Any, *inputs: Any) -> dict[str, Any]:
    """Gradients of ``(module(*inputs) * upstream).sum()`` for the parameters of a module.

    Args:
        module: a ``torch.nn.Module``, or the stand-in of one.
        upstream: a tensor of the shape of the output.
        *inputs: what the module is called with.

    Returns:
        A tensor for each parameter that got a gradient, by its name.
    """
    if not is_module(module):
        return module.gradients(upstream, *inputs)
    module.zero_grad()
    (module(*inputs) * upstream).sum().backward()
    return {name: each.grad.clone() for name, each in module.named_parameters() if each.grad is not None}


def is_module(value: object) -> bool:
    """Whether something is a module of PyTorch, asked without loading PyTorch."""
    return any(
        each.__module__ == "torch.nn.modules.module" and each.__name__ == "Module" for each in type(value).__mro__
    )


def way_of(module: Any, way: str) -> Any:
    """A function that uses a module in one of the ``WAYS``.

    Raises:
        KeyError: there is no such way.
    """
    if way not in WAYS:
        raise KeyError(way)
    if way == "gradients":
        return lambda *given: gradients(module, *given)
    return module if way == "call" else getattr(module, way)
