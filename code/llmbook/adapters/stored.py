"""What a file of adapters holds: the tensors of each layer, and copies of frozen weights that PEFT keeps beside them.

PEFT writes the weight and the bias of an adapted embedding or output matrix too, and on request those that no adapter
touches. They say what the model must say as well; a copy that differs belongs to another model.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from llmbook.adapters.base import AdapterLayer, Settings
from llmbook.adapters.injection import TABLES, is_tied
from llmbook.adapters.names import HEAD, exchangeable, frozen_tensor, layer_names, places
from llmbook.adapters.peft_config import CONFIG
from llmbook.checkpoint import CheckpointError
from llmbook.checkpoint.folder import name_some
from llmbook.checkpoint.tensors import StoredTensor, read_header
from llmbook.checkpoint.writing import current
from llmbook.layers.wrapped import named_layers, unwrapped
from llmbook.models.t5 import T5

PREFIX = "base_model.model."
LINEAR = {"lora_A": "lora_A.weight", "lora_B": "lora_B.weight", "magnitude": "lora_magnitude_vector"}
EMBEDDING = {"lora_A": "lora_embedding_A", "lora_B": "lora_embedding_B"}
ENDINGS = (*LINEAR.values(), *EMBEDDING.values())
Parts = dict[str, StoredTensor]


@dataclass(frozen=True)
class Contents:
    """The tensors of a file."""

    path: Path
    layers: dict[str, Parts] = field(default_factory=dict)
    """Those of each published layer, under the last part of their name."""
    copies: Parts = field(default_factory=dict)
    """Others, by their published name: copies of frozen weights, if the model has such."""


def read_contents(path: Path) -> Contents:
    """What the file of tensors holds.

    Raises:
        CheckpointError: there is no such file, it is broken, or it has no adapter or more than that.
    """
    found = Contents(path)
    for name, tensor in _header(path).items():
        ending = next((ending for ending in ENDINGS if name.endswith(f".{ending}")), None)
        if not name.startswith(PREFIX) or (ending is None and "lora_" in name):
            raise CheckpointError(f"{path}: {name} is not a tensor of LoRA or DoRA; was more than the adapter saved?")
        if ending is None:
            found.copies[name[len(PREFIX) :].replace(".base_layer.", ".")] = tensor
        else:
            found.layers.setdefault(name[len(PREFIX) : -len(ending) - 1], {})[ending] = tensor
    if not found.layers:
        raise CheckpointError(f"{path} holds no tensors of an adapter; save the adapter again")
    return found


def our_names(model: nn.Module, contents: Contents) -> dict[str, str]:
    """Our name of each published layer in the file.

    Raises:
        CheckpointError: this model has no such layer, or not as one.
    """
    names = layer_names(model)
    strangers = contents.layers.keys() - names.keys()
    if strangers:
        raise CheckpointError(f"{contents.path}: {_why_strange(model, strangers)}")
    try:
        everywhere = places(model)
        for name in contents.layers:
            exchangeable(everywhere, names[name])
    except ValueError as error:
        raise CheckpointError(f"{contents.path}: {error}") from error
    return {name: names[name] for name in contents.layers}


def check_copies(model: nn.Module, contents: Contents) -> None:
    """The frozen weights beside an adapter must be the model's.

    Raises:
        CheckpointError: one is not, or is none of the model's.
    """
    for name, stored in contents.copies.items():
        ours = frozen_tensor(model, name)
        if ours is None:
            raise CheckpointError(
                f"{contents.path}: {stored.name} is not a tensor of LoRA or DoRA; was more than the adapter saved?"
            )
        ours = ours.detach().cpu()
        if stored.shape != tuple(ours.shape) or not torch.equal(stored.read().to(ours.dtype), ours):
            raise CheckpointError(
                f"{contents.path}: {stored.name} is not the {name} of this model, so the adapter was trained on "
                "another one, or this was trained with it; load that model first"
            )


def read_layer(model: nn.Module, ours: str, theirs: str, contents: Contents, settings: Settings) -> dict[str, Tensor]:
    """The checked tensors of one layer, by our names.

    Args:
        model: holds the layer, with an adapter or without.
        ours: our name of it.
        theirs: its published name.
        contents: of the file.
        settings: what the config says of it.

    Raises:
        CheckpointError: a tensor is missing, is one too many, or does not fit.
    """
    layer, parts = named_layers(model)[ours], contents.layers[theirs]
    layer = layer.base if isinstance(layer, AdapterLayer) else layer
    table = EMBEDDING if "lora_embedding_A" in parts else LINEAR
    if not isinstance(layer, (nn.Linear, *TABLES)):
        raise CheckpointError(f"{contents.path}: {theirs} is a {type(layer).__name__} here, which takes no adapter")
    shapes = _shapes(layer, settings)
    if {table[name] for name in shapes} != parts.keys() or isinstance(layer, TABLES) != (table is EMBEDDING):
        raise CheckpointError(
            f"{contents.path}: {theirs} should have {', '.join(table[name] for name in shapes)} as a {settings.kind} "
            f"of {type(layer).__name__}, and has {', '.join(sorted(parts))}; does {CONFIG} belong to it?"
        )
    for name, shape in shapes.items():
        found = parts[table[name]]
        if found.shape != shape or not found.dtype.is_floating_point:
            raise CheckpointError(
                f"{contents.path}: {found.name} is {found.dtype} of shape {found.shape}, but the model and {CONFIG} "
                f"imply floating-point numbers of shape {shape}; do they belong together?"
            )
    return {name: parts[table[name]].read() for name in shapes}


def _header(path: Path) -> Parts:
    """The tensors by their names in the file."""
    if current(path).is_file():
        return read_header(current(path))
    old = path.with_suffix(".bin")
    if old.is_file():
        raise CheckpointError(
            f"{path.parent} has its adapter in {old.name} only, a format that can run code when it is opened: "
            "load it with PEFT and call save_pretrained there"
        )
    raise CheckpointError(f"{path.parent} has no {path.name}; pass the folder that PEFT's save_pretrained wrote")


def _why_strange(model: nn.Module, strangers: Iterable[str]) -> str:
    """Why this model has no layers of these names."""
    layers = named_layers(model)
    experts = [name for name in strangers if name.removesuffix(".base_layer").endswith(".mlp.experts")]
    if experts and any(name.endswith(".mlp.experts") for name in layers):
        return (
            f"{name_some(experts)}: transformers 5 has the experts of a layer in two tensors, and PEFT adapts them as "
            "such (target_parameters), not each matrix; that is not built in this book: merge it with PEFT and load "
            "the whole model"
        )
    if HEAD.removesuffix(".weight") in strangers and is_tied(model):
        return (
            "the output matrix of this model (lm_head) is its embedding (tied), and an adapter of one of the two alone "
            "is not built in this book: untie them with PEFT, or leave lm_head out"
        )
    if isinstance(unwrapped(model), T5) and any(name.endswith(".embed_tokens") for name in strangers):
        return (
            f"{name_some(strangers)}: the embedding of this model is in several places (shared, encoder, decoder), and "
            "an adapter of some of them is not built in this book: leave the embedding out"
        )
    return f"this model has no {name_some(strangers)}; was the adapter trained on another model?"


def _shapes(layer: nn.Module, settings: Settings) -> dict[str, tuple[int, ...]]:
    """The shapes of the adapter of a layer, by our names."""
    rows, columns = layer.weight.shape
    if isinstance(layer, TABLES):
        return {"lora_A": (settings.rank, rows), "lora_B": (columns, settings.rank)}
    magnitude = {"magnitude": (rows,)} if settings.kind == "dora" else {}
    return {"lora_A": (settings.rank, columns), "lora_B": (rows, settings.rank), **magnitude}
