"""Adapters into a model, by the names of its layers; the model's own code stays as it is.

One layer holds one adapter. To put a second on top of a first, merge the first for good (``remove(merge(model))``)
and inject again: the second then adapts the merged weights, for LoRA and for DoRA alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from llmbook.adapters.base import AdapterLayer, Settings
from llmbook.adapters.dora import DoRALinear
from llmbook.adapters.lora import LoRAEmbedding, LoRALinear
from llmbook.layers.embedding import Embedding
from llmbook.layers.replace import replace_layer
from llmbook.layers.wrapped import named_layers, plain_name, unwrapped

LAYERS = {layer.kind: layer for layer in (LoRALinear, DoRALinear)}
TABLES = (Embedding, nn.Embedding)


def inject(
    model: nn.Module, targets: Sequence[str], *, generator: torch.Generator | None = None, **settings: Any
) -> nn.Module:
    """Put an adapter around every layer that is named, in place, and freeze all other parameters.

    Everything is checked first, so an error leaves the model as it was.

    Args:
        model: any module; its weights are loaded already. It may be compiled already, but not be in a
            ``DistributedDataParallel``, which knows no parameters that come later.
        targets: ends of layer names: "q_proj" means every ``q_proj``, "layers.0.self_attn.q_proj" means one.
        generator: draws the adapters, in the order of the model's layers; None is torch's global one.
        **settings: fields of :class:`Settings`, such as ``kind="dora", rank=4, alpha=8``.

    Returns:
        The model itself.

    Raises:
        ValueError: a name matches nothing, a layer has an adapter already, is of another kind, or shares its weight
            with another layer; a number is out of its range; or the model cannot be trained, because it was made in
            inference mode.
    """
    wanted = Settings(**settings)
    if any(parameter.is_inference() for parameter in model.parameters()):
        raise ValueError(
            "this model was made or loaded under torch.inference_mode, so no adapter can be trained in it; load it "
            "outside of that mode (torch.no_grad does no harm)"
        )
    return install(model, dict.fromkeys(_find(model, targets), wanted), generator)


def install(model: nn.Module, wanted: Mapping[str, Settings], generator: torch.Generator | None = None) -> nn.Module:
    """:func:`inject` with settings of its own for each layer.

    Args:
        model: any module; its weights are loaded already.
        wanted: settings by the full name of a layer.
        generator: draws the adapters, in this order; None is torch's global one.

    Returns:
        The model itself.

    Raises:
        ValueError: as for :func:`inject`, except that a model made in inference mode is taken, to be used there; the
            model is as it was.
    """
    if isinstance(model, DistributedDataParallel):
        raise ValueError("DistributedDataParallel has chosen what it averages; put the adapters in first, then wrap")
    layers = named_layers(model)
    for name, settings in wanted.items():
        _check(model, name, layers[name], settings)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    try:
        made = {name: _adapter(layers[name], settings, generator) for name, settings in wanted.items()}
    except Exception:
        for parameter in trained:  # those who were made before have frozen their layers
            parameter.requires_grad_(True)
        raise
    model.requires_grad_(False)
    for name, adapter in made.items():
        parent, _, leaf = name.rpartition(".")
        replace_layer(layers[parent], leaf, adapter)
    for adapter in adapter_layers(model).values():
        for parameter in adapter.parameters(recurse=False):
            parameter.requires_grad_(True)
    return model


def adapter_layers(model: nn.Module) -> dict[str, AdapterLayer]:
    """The adapters of a model, by the name of the layer that each replaced; wrappers do not count in names."""
    return {name: module for name, module in named_layers(model).items() if isinstance(module, AdapterLayer)}


def trainable_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """What an optimizer would change, by name; wrappers do not count in names."""
    named = model.named_parameters()
    return {plain_name(model, name): parameter for name, parameter in named if parameter.requires_grad}


def _find(model: nn.Module, targets: Sequence[str]) -> dict[str, nn.Module]:
    """The layers that the targets name."""
    if isinstance(targets, str) or not targets:
        raise ValueError(f'targets is a list of names such as ["q_proj", "v_proj"], not {targets!r}')
    modules = {name: module for name, module in named_layers(model).items() if name}
    found = {}
    for target in targets:
        matches = {name: module for name, module in modules.items() if f".{name}".endswith(f".{target}")}
        if not matches:
            raise ValueError(_no_match(model, target))
        found |= matches
    return {name: module for name, module in modules.items() if name in found}


def _no_match(model: nn.Module, target: str) -> str:
    """What to do about a name that nothing has."""
    kinds = (nn.Linear, AdapterLayer, *TABLES)
    layers = [name for name, module in named_layers(model).items() if isinstance(module, kinds)]
    names = [name.rpartition(".")[2] for name in layers if not name.endswith(".base")]
    reason = ", because its embedding is its output matrix (tied)" if is_tied(model) and target == "lm_head" else ""
    return f"no layer is named {target!r}{reason}; this model has {', '.join(dict.fromkeys(names)) or 'none to adapt'}"


def _check(model: nn.Module, name: str, layer: nn.Module, settings: Settings) -> None:
    """Refuse a layer that cannot be adapted."""
    if isinstance(layer, AdapterLayer) or f".{name}".endswith(".base"):
        raise ValueError(f"{name} has an adapter already; merge it for good first: remove(merge(model))")
    if not isinstance(layer, (nn.Linear, *TABLES)):
        raise ValueError(f"{name} is a {type(layer).__name__}; name linear layers or embeddings inside it instead")
    if isinstance(layer, TABLES) and (settings.kind != "lora" or settings.dropout):
        raise ValueError(f'{name} is an embedding, which takes kind="lora" and no dropout; inject it on its own')
    others = _shares_weight_with(model, name, layer)
    if others:
        raise ValueError(
            f"{name} shares its weight with {', '.join(others)} (tied), so an adapter would change one of them and "
            "merging both: untie them with a copy of the weight first, or leave this layer out"
        )


def _shares_weight_with(model: nn.Module, name: str, layer: nn.Module) -> list[str]:
    """What else in a model uses the weight of a layer."""
    named = model.named_parameters(remove_duplicate=False)
    same = [plain_name(model, other) for other, tensor in named if tensor is layer.weight]
    others = [other for other in same if other != f"{name}.weight"]
    return ["the output matrix"] if is_tied(model) and name == "embed_tokens" else others


def is_tied(model: nn.Module) -> bool:
    """Whether this is a model of this book without an output matrix of its own."""
    return getattr(getattr(unwrapped(model), "config", None), "tie_embeddings", False)


def _adapter(layer: nn.Module, settings: Settings, generator: torch.Generator | None) -> AdapterLayer:
    """The adapter for a layer."""
    options = asdict(settings)
    kind = LAYERS[options.pop("kind")]
    return (LoRAEmbedding if isinstance(layer, TABLES) else kind)(layer, generator=generator, **options)
