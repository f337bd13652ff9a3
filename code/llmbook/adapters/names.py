"""Names of adapted layers: ours, and those of the published model that PEFT wraps.

Most layers correspond one to one. GPT-2 stores its matrices the other way round, which PEFT calls ``fan_in_fan_out``;
the adapter's own matrices are not affected. GPT-2 and Falcon keep queries, keys and values in one matrix: PEFT gives
it one adapter, where this book has three, so such adapters cannot be exchanged.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from llmbook.checkpoint import CheckpointError
from llmbook.checkpoint.pretrained import family_that_says
from llmbook.models import Decoder
from llmbook.models.keys import Stored
from llmbook.models.t5 import T5

TASKS = {Decoder: "CAUSAL_LM", T5: "SEQ_2_SEQ_LM"}
"""PEFT's name of what each of our models does."""


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
    own = {name: Place(name) for name, _ in model.named_modules()}
    if type(model) not in TASKS:
        return own
    try:
        table = family_that_says(model.config).key_table(model.config)
    except CheckpointError:
        return own
    return {_layer(ours): _place(theirs, stored) for theirs, stored in table.items() for ours in stored.names}


def layer_names(model: nn.Module) -> dict[str, str]:
    """Our name of each published layer; one of several, where the published model stacks them."""
    return {place.name: ours for ours, place in places(model).items()}


def exchangeable(found: dict[str, Place], name: str) -> Place:
    """The place of a layer whose adapter PEFT can hold too.

    Raises:
        ValueError: the published model stacks this layer with others.
    """
    place = found[name]
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


def _layer(tensor: str) -> str:
    """The layer that holds a tensor."""
    return tensor.rpartition(".")[0]


def _place(theirs: str, stored: Stored) -> Place:
    """The place of the layers of one published tensor."""
    together = tuple(_layer(name) for name in stored.names) if len(stored.names) > 1 else ()
    return Place(_layer(theirs), stored.transposed, together)
