"""Adapters into a model and out of it again, by the names of its layers; the model's own code stays as it is.

One layer holds one adapter. To put a second on top of a first, merge the first for good (``remove(merge(model))``)
and inject again: the second then adapts the merged weights, for LoRA and for DoRA alike.
"""

from collections.abc import Sequence

import torch
from torch import nn

from llmbook.adapters.base import AdapterLayer
from llmbook.adapters.dora import DoRALinear
from llmbook.adapters.lora import LoRAEmbedding, LoRALinear
from llmbook.layers.embedding import Embedding

KINDS = {"lora": LoRALinear, "dora": DoRALinear}
TABLES = (Embedding, nn.Embedding)


def inject(
    model: nn.Module,
    targets: Sequence[str],
    *,
    kind: str = "lora",
    rank: int = 8,
    alpha: float = 16,
    dropout: float = 0.0,
    rank_stabilized: bool = False,
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Put an adapter around every layer that is named, in place, and freeze all other parameters.

    Everything is checked first, so an error leaves the model as it was.

    Args:
        model: any module; its weights are loaded already.
        targets: ends of layer names: "q_proj" means every ``q_proj``, "layers.0.self_attn.q_proj" means one.
        kind: "lora" or "dora".
        rank: R.
        alpha: see :func:`scaling`.
        dropout: probability of dropping a number of the adapter's input while training.
        rank_stabilized: see :func:`scaling`.
        generator: draws the adapters, in the order of the model's layers; None is torch's global one.

    Returns:
        The model itself.

    Raises:
        ValueError: a name matches nothing, a layer has an adapter already, is of another kind, or shares its weight
            with another layer; or a number is out of its range.
    """
    found = _find(model, targets)
    options = {"rank": rank, "alpha": alpha, "rank_stabilized": rank_stabilized, "generator": generator}
    for name, layer in found.items():
        _check(model, name, layer, kind, dropout)
    made = {name: _adapter(layer, kind, dropout, options) for name, layer in found.items()}
    model.requires_grad_(False)
    for name, adapter in made.items():
        _replace(model, name, adapter)
    for adapter in adapter_layers(model).values():
        for parameter in adapter.parameters(recurse=False):
            parameter.requires_grad_(True)
    return model


def adapter_layers(model: nn.Module) -> dict[str, AdapterLayer]:
    """The adapters of a model, by the name of the layer that each replaced."""
    return {name: module for name, module in model.named_modules() if isinstance(module, AdapterLayer)}


def trainable_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """What an optimizer would change, by name."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def merge(model: nn.Module) -> nn.Module:
    """Write every update into the weight of its layer, in place; see :meth:`AdapterLayer.merge`.

    Returns:
        The model itself.

    Raises:
        RuntimeError: some layers are merged already.
        ValueError: there are no adapters, or a merged weight is not finite.
    """
    layers = _adapters_that_are(model, merged=False)
    for done, layer in enumerate(layers):
        try:
            layer.merge()
        except ValueError:
            for earlier in layers[:done]:
                earlier.unmerge()
            raise
    return model


def unmerge(model: nn.Module) -> nn.Module:
    """Put back every original weight, bit for bit; see :meth:`AdapterLayer.unmerge`.

    Returns:
        The model itself.

    Raises:
        RuntimeError: some layers are not merged.
        ValueError: there are no adapters.
    """
    for layer in _adapters_that_are(model, merged=True):
        layer.unmerge()
    return model


def remove(model: nn.Module) -> nn.Module:
    """Take the adapters out, in place: a merged layer keeps its merged weight, another gets its original layer back.

    The layers stay frozen; ``model.requires_grad_(True)`` thaws them.

    Returns:
        The model itself: a plain model, which can be saved as one and adapted again.

    Raises:
        ValueError: there are no adapters.
    """
    for name, layer in _adapters(model).items():
        _replace(model, name, layer.base)
    return model


def _find(model: nn.Module, targets: Sequence[str]) -> dict[str, nn.Module]:
    """The layers that the targets name."""
    if isinstance(targets, str) or not targets:
        raise ValueError(f'targets is a list of names such as ["q_proj", "v_proj"], not {targets!r}')
    modules = {name: module for name, module in model.named_modules() if name}
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
    layers = [name for name, module in model.named_modules() if isinstance(module, kinds)]
    names = [name.rpartition(".")[2] for name in layers if not name.endswith(".base")]
    reason = ", because its embedding is its output matrix (tied)" if _is_tied(model) and target == "lm_head" else ""
    return f"no layer is named {target!r}{reason}; this model has {', '.join(dict.fromkeys(names)) or 'none to adapt'}"


def _check(model: nn.Module, name: str, layer: nn.Module, kind: str, dropout: float) -> None:
    """Refuse a layer that cannot be adapted."""
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    if isinstance(layer, AdapterLayer) or f".{name}".endswith(".base"):
        raise ValueError(f"{name} has an adapter already; merge it for good first: remove(merge(model))")
    if not isinstance(layer, (nn.Linear, *TABLES)):
        raise ValueError(f"{name} is a {type(layer).__name__}; name linear layers or embeddings inside it instead")
    if isinstance(layer, TABLES) and (kind != "lora" or dropout):
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
    others = [other for other, tensor in named if tensor is layer.weight and other != f"{name}.weight"]
    return ["the output matrix"] if _is_tied(model) and name == "embed_tokens" else others


def _is_tied(model: nn.Module) -> bool:
    """Whether this is a model of this book without an output matrix of its own."""
    return getattr(getattr(model, "config", None), "tie_embeddings", False)


def _adapter(layer: nn.Module, kind: str, dropout: float, options: dict) -> AdapterLayer:
    """The adapter for a layer."""
    if isinstance(layer, TABLES):
        return LoRAEmbedding(layer, **options)
    return KINDS[kind](layer, dropout=dropout, **options)


def _replace(model: nn.Module, name: str, layer: nn.Module) -> None:
    """Put a layer in the place of another."""
    parent, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(parent), leaf, layer)


def _adapters(model: nn.Module) -> dict[str, AdapterLayer]:
    """The adapters of a model that has some."""
    layers = adapter_layers(model)
    if not layers:
        raise ValueError("this model has no adapters; call inject first")
    return layers


def _adapters_that_are(model: nn.Module, *, merged: bool) -> list[AdapterLayer]:
    """All adapters, in one state."""
    layers = _adapters(model)
    wrong = [name for name, layer in layers.items() if layer.merged != merged]
    if wrong:
        raise RuntimeError(
            f"{len(wrong)} of {len(layers)} layers are {'not ' if merged else ''}merged (first: {wrong[0]}); "
            f"call {'merge' if merged else 'unmerge'} first"
        )
    return list(layers.values())
