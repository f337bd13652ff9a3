"""Models inside the wrappers of torch: what compiling and parallel training put around a model, and names without it.

``torch.compile`` and the parallel classes keep the model as a part of theirs, so that every name inside gets a part
more, ``_orig_mod`` or ``module``. Files and layers are named as in the model itself.
"""

from torch import nn
from torch.optim.swa_utils import AveragedModel

PARALLEL = (nn.DataParallel, nn.parallel.DistributedDataParallel, AveragedModel)
COMPILED = "_orig_mod"  # the class itself stands in torch's compiler, which takes seconds to import


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside its wrappers; a model without any is that itself."""
    while inner := _inner_name(model):
        model = getattr(model, inner)
    return model


def plain_name(model: nn.Module, name: str) -> str:
    """The name of a parameter or layer without the parts that wrappers add, around the model or inside it.

    Args:
        model: what the name was read from, such as by ``named_parameters``.
        name: the full name there.
    """
    kept, module = [], model
    for part in name.split("."):
        if not isinstance(module, nn.Module) or part != _inner_name(module):
            kept.append(part)
        module = getattr(module, part, None)
    return ".".join(kept)


def named_layers(model: nn.Module) -> dict[str, nn.Module]:
    """Every module by its plain name, in the order of the model; a wrapped one stands for its wrapper."""
    modules = dict(model.named_modules())
    if not any(map(_inner_name, modules.values())):
        return modules
    return {plain_name(model, name): module for name, module in modules.items()}


def _inner_name(module: nn.Module) -> str | None:
    """Under which name a wrapper keeps what it wraps; None for any other module."""
    if COMPILED in module._modules:
        return COMPILED
    return "module" if isinstance(module, PARALLEL) else None
