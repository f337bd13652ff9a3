"""Names of adapted layers: ours, and those of the published model that PEFT wraps.

Most layers correspond one to one. GPT-2 stores its matrices the other way round, which PEFT calls ``fan_in_fan_out``;
the adapter's own matrices are not affected. GPT-2 and Falcon keep queries, keys and values in one matrix: PEFT gives
it one adapter, where this book has three, so such adapters cannot be exchanged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from llmbook.adapters.base import AdapterLayer
from llmbook.adapters.injection import is_tied
from llmbook.checkpoint import CheckpointError
from llmbook.checkpoint.pretrained import family_that_says
from llmbook.layers.wrapped import named_layers, unwrapped
from llmbook.models import Decoder
from llmbook.models.keys import Stored, later_name
from llmbook.models.t5 import T5

TASKS = {Decoder: "CAUSAL_LM", T5: "SEQ_2_SEQ_LM"}
"""PEFT's name of what each of our models does."""
HEAD = "lm_head.weight"


@dataclass(frozen=True)
class Place:
    """Where a layer of ours is in the published model."""

    name: str
    """The published name of the layer."""
    transposed: bool = False
    """Whether its weight is stored as (inputs, outputs)."""
    together_with: tuple[str, ...] = ()
    """Our layers that are stacked into it, if there are several."""


def places(model: nn.Module) -> dict[str, Place]:
    """The published place of each layer, by our name.

    A model of this book has the names of the family that can describe it. One that no family describes, and any other
    module, keeps its own names.
    """
    table = _table(model)
    if table is None:
        return {name: Place(name) for name in named_layers(model)}
    matrices = {theirs: stored for theirs, stored in table.items() if not theirs.endswith(".bias")}  # never transposed
    return {_layer(ours): _place(theirs, stored) for theirs, stored in matrices.items() for ours in stored.names}


def layer_names(model: nn.Module) -> dict[str, str]:
    """Our name of each published layer, by all its names; one of several, where the published model stacks them."""
    names = {place.name: ours for ours, place in places(model).items()}
    return {later_name(theirs): ours for theirs, ours in names.items()} | names


def frozen_tensor(model: nn.Module, theirs: str) -> Tensor | None:
    """A tensor of the published model, from ours without its adapters; None if there is no such tensor."""
    table = _table(model)
    stored = Stored((theirs,)) if table is None else table.get(theirs)
    if stored is None and is_tied(model) and theirs == HEAD:
        stored = Stored(("embed_tokens.weight",))
    layers = named_layers(model)
    found = {name: _tensor(layers, name) for name in (stored.names if stored else ())}
    return stored.join(found) if found and all(isinstance(each, Tensor) for each in found.values()) else None


def exchangeable(found: dict[str, Place], name: str) -> Place:
    """The place of a layer whose adapter PEFT can hold too.

    Raises:
        ValueError: the published model stacks this layer with others, or does not use it as one.
    """
    place = found[name]
    if (name, place.name) == ("embed_tokens", "shared"):  # T5's
        raise ValueError(
            "shared of the published model is looked up as encoder.embed_tokens and decoder.embed_tokens, where PEFT's "
            "adapter of shared does nothing: leave the embedding out"
        )
    if place.together_with:
        raise ValueError(
            f"{place.name} of the published model is one matrix, and here it is {len(place.together_with)} layers "
            f"({', '.join(place.together_with)}): one adapter there is not the same as one for each; leave them out"
        )
    return place


def short_names(chosen: Iterable[str], everything: Iterable[str]) -> list[str]:
    """The last parts of some names, if they select just these out of everything; else the whole names."""
    chosen = set(chosen)
    short = {name.rpartition(".")[2] for name in chosen}
    selected = {name for name in everything if name.rpartition(".")[2] in short}
    return sorted(short if selected == chosen else chosen)


def _table(model: nn.Module) -> dict[str, Stored] | None:
    """Where each published tensor goes; None for a model that keeps its own names."""
    model = unwrapped(model)
    if type(model) not in TASKS:
        return None
    try:
        return family_that_says(model.config).key_table(model.config)
    except CheckpointError:
        return None


def _tensor(layers: Mapping[str, nn.Module], name: str) -> Tensor | None:
    """A frozen tensor by its name in the plain model."""
    layer, _, leaf = name.rpartition(".")
    module = layers.get(layer)
    return getattr(module.base if isinstance(module, AdapterLayer) else module, leaf, None)


def _layer(tensor: str) -> str:
    """The layer that holds a tensor."""
    return tensor.rpartition(".")[0]


def _place(theirs: str, stored: Stored) -> Place:
    """The place of the layers of one published tensor."""
    together = tuple(_layer(name) for name in stored.names) if len(stored.names) > 1 else ()
    return Place(_layer(theirs), stored.transposed, together)
