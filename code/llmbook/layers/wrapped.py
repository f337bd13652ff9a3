"""Models inside the wrappers of torch: what compiling and parallel training put around a model, and names without it.

``torch.compile`` and the parallel classes keep the model as a part of theirs, so that every name inside gets a part
more, such as ``_orig_mod`` or ``module``. Files and layers are named as in the model itself.
"""

from collections.abc import Iterable

from torch import nn
from torch.optim.swa_utils import AveragedModel

PARALLEL = (nn.DataParallel, nn.parallel.DistributedDataParallel, AveragedModel)
WRAPPED = "module"  # what these, and others that hold nothing else, call the model
TELLING = ("_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
"""What compiling, sharding and recomputing call it. The classes themselves take seconds to import."""


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


def plain_names(stored: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """The names of a stored model without the parts of wrappers, whatever it was wrapped in; by the stored ones.

    Args:
        stored: names as a file has them.
        known: plain names of the model that they are meant for, which are never cut.
    """
    known = set(known)
    return {name: name if name in known else _cut(name) for name in stored}


def _cut(name: str) -> str:
    """A name without what wrappers add: telling parts anywhere, and the others around the whole model."""
    parts = [part for part in name.split(".") if part not in TELLING]
    while parts[:1] == [WRAPPED]:
        parts = parts[1:]
    return ".".join(parts)


def _inner_name(module: nn.Module) -> str | None:
    """Under which name a wrapper keeps what it wraps; None for any other module."""
    telling = next((name for name in TELLING if name in module._modules), None)
    if telling is not None:
        return telling
    holds_nothing_else = list(module._modules) == [WRAPPED] and not module._parameters and not module._buffers
    return WRAPPED if isinstance(module, PARALLEL) or holds_nothing_else else None
