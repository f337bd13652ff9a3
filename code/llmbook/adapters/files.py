"""Adapters in PEFT's files: what PEFT wrote can be loaded here, and PEFT loads what is written here.

A folder holds ``adapter_config.json`` (kind, rank, alpha, which layers) and ``adapter_model.safetensors`` with, for
each layer, ``base_model.model.<published name>.lora_A.weight`` (R, in), ``.lora_B.weight`` (out, R) and for DoRA
``.lora_magnitude_vector`` (out,). An embedding has ``.lora_embedding_A`` (R, V) and ``.lora_embedding_B`` (D, R).

Loading checks everything before it changes anything.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from llmbook.adapters.base import AdapterLayer, Settings
from llmbook.adapters.injection import TABLES, adapter_layers, install
from llmbook.adapters.lora import LoRAEmbedding
from llmbook.adapters.names import TASKS, exchangeable, layer_names, places, short_names
from llmbook.adapters.peft_config import CONFIG, WEIGHTS, read_settings, write_config
from llmbook.checkpoint import CheckpointError
from llmbook.checkpoint.folder import name_some, read_json
from llmbook.checkpoint.hub import find_directory
from llmbook.checkpoint.tensors import StoredTensor, read_header
from llmbook.checkpoint.writing import current, fingerprint, replace_files

PREFIX = "base_model.model."
LINEAR = {"lora_A": "lora_A.weight", "lora_B": "lora_B.weight", "magnitude": "lora_magnitude_vector"}
EMBEDDING = {"lora_A": "lora_embedding_A", "lora_B": "lora_embedding_B"}
COPY_OF_BASE = "base_layer.weight"  # PEFT keeps the frozen table beside the adapter of an embedding
Parts = dict[str, StoredTensor]


def save_adapter(model: nn.Module, directory: str | Path) -> None:
    """Write the adapters of a model, without its weights, in PEFT's format.

    After an error the folder holds what it held before. After a kill, :func:`load_adapter` finds all that was there
    before or all that is new, and PEFT may find no ``adapter_config.json`` until the next save. It does not matter
    whether the model is merged.

    Args:
        model: a model with adapters.
        directory: made if it does not exist; other files in it stay.

    Raises:
        ValueError: there are no adapters, or PEFT's format cannot hold them together.
        OSError: the files cannot be written.
    """
    layers = adapter_layers(model)
    if not layers:
        raise ValueError("this model has no adapters to save; call inject first")
    everywhere = places(model)
    where = {name: exchangeable(everywhere, name) for name in layers}
    tensors = {
        f"{PREFIX}{where[name].name}.{theirs}": getattr(layer, ours).detach().contiguous()
        for name, layer in layers.items()
        for ours, theirs in (EMBEDDING if isinstance(layer, LoRAEmbedding) else LINEAR).items()
        if hasattr(layer, ours)
    }
    config = write_config(
        {where[name].name: layer.settings for name, layer in layers.items()},
        {where[name].name for name, layer in layers.items() if isinstance(layer, LoRAEmbedding)},
        short_names({place.name for place in where.values()}, {place.name for place in everywhere.values()}),
        transposed=any(place.transposed for place in where.values()),
        task=TASKS.get(type(model)),
    )
    text = json.dumps(config, indent=2, sort_keys=True) + "\n"
    files = {WEIGHTS: lambda path: save_file(tensors, path, metadata={"format": "pt"}), CONFIG: text}
    replace_files(Path(directory), files)


def load_adapter(model: nn.Module, path_or_hub_id: str | Path) -> nn.Module:
    """Read adapters in PEFT's format into a model.

    A plain model gets the adapters injected, with all its other parameters frozen. An adapted one must have the same
    layers adapted in the same way, and gets the new numbers; its dropout stays.

    Args:
        model: the model that the adapters were trained on, not merged.
        path_or_hub_id: a folder written by PEFT or by :func:`save_adapter`, or the name of a hub repository.

    Returns:
        The model itself.

    Raises:
        CheckpointError: the files are broken, ask for something that is not built here, do not fit the model, or were
            replaced while they were read. The model is as it was.
        RuntimeError: the model is merged.
    """
    if any(layer.merged for layer in adapter_layers(model).values()):
        raise RuntimeError("this model is merged, so a new adapter would not be seen; call unmerge(model) first")
    directory = find_directory(path_or_hub_id, (CONFIG, WEIGHTS))
    found = fingerprint(directory / CONFIG)
    config, path = read_json(directory / CONFIG), directory / WEIGHTS
    stored = _by_layer(_header(path), path)
    names = _our_names(model, stored, path)
    wanted = read_settings(directory / CONFIG, config, {name: "lora_embedding_A" in stored[name] for name in stored})
    tensors = {
        names[name]: _read(_plain_layer(model, names[name]), name, parts, wanted[name], path)
        for name, parts in stored.items()
    }
    if fingerprint(directory / CONFIG) != found:
        raise CheckpointError(f"{directory} was saved anew while it was read; load it again")
    _prepare(model, {names[name]: settings for name, settings in wanted.items()}, path)
    with torch.no_grad():
        for name, layer in adapter_layers(model).items():
            for part, tensor in tensors[name].items():
                getattr(layer, part).copy_(tensor)
    return model


def _header(path: Path) -> Parts:
    """What the file of tensors holds."""
    if current(path).is_file():
        return read_header(current(path))
    old = path.with_suffix(".bin")
    if old.is_file():
        raise CheckpointError(
            f"{path.parent} has its adapter in {old.name} only, a format that can run code when it is opened: "
            "load it with PEFT and call save_pretrained there"
        )
    raise CheckpointError(f"{path.parent} has no {path.name}; pass the folder that PEFT's save_pretrained wrote")


def _by_layer(header: Parts, path: Path) -> dict[str, Parts]:
    """The tensors of each published layer, under the last part of their name."""
    endings = (*LINEAR.values(), *EMBEDDING.values(), COPY_OF_BASE)
    stored: dict[str, Parts] = {}
    for name, tensor in header.items():
        ending = next((ending for ending in endings if name.endswith(f".{ending}")), None)
        if ending is None or not name.startswith(PREFIX):
            raise CheckpointError(f"{path}: {name} is not a tensor of LoRA or DoRA; was more than the adapter saved?")
        stored.setdefault(name[len(PREFIX) : -len(ending) - 1], {})[ending] = tensor
    if not stored:
        raise CheckpointError(f"{path} holds no tensors; save the adapter again")
    return stored


def _our_names(model: nn.Module, stored: Mapping[str, Parts], path: Path) -> dict[str, str]:
    """Our name of each published layer in the file."""
    names = layer_names(model)
    strangers = stored.keys() - names.keys()
    if strangers:
        raise CheckpointError(
            f"{path}: this model has no {name_some(strangers)}; was the adapter trained on another model?"
        )
    try:
        everywhere = places(model)
        for name in stored:
            exchangeable(everywhere, names[name])
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from error
    return {name: names[name] for name in stored}


def _plain_layer(model: nn.Module, name: str) -> nn.Module:
    """A layer without its adapter."""
    layer = model.get_submodule(name)
    return layer.base if isinstance(layer, AdapterLayer) else layer


def _read(layer: nn.Module, name: str, parts: Parts, settings: Settings, path: Path) -> dict[str, Tensor]:
    """The checked tensors of one layer, by our names."""
    table = EMBEDDING if "lora_embedding_A" in parts else LINEAR
    shapes = _shapes(layer, settings)
    if table is EMBEDDING and COPY_OF_BASE in parts:
        _check_copy(layer, parts.pop(COPY_OF_BASE), path)
    missing_or_extra = {table[ours] for ours in shapes} ^ parts.keys()
    if missing_or_extra or isinstance(layer, TABLES) != (table is EMBEDDING):
        raise CheckpointError(
            f"{path}: {name} should have {', '.join(table[ours] for ours in shapes)} as a {settings.kind} of "
            f"{type(layer).__name__}, and has {', '.join(sorted(parts))}; does {CONFIG} belong to it?"
        )
    for ours, shape in shapes.items():
        found = parts[table[ours]]
        if found.shape != shape or not found.dtype.is_floating_point:
            raise CheckpointError(
                f"{path}: {found.name} is {found.dtype} of shape {found.shape}, but the model and {CONFIG} imply "
                f"floating-point numbers of shape {shape}; do they belong together?"
            )
    return {ours: parts[table[ours]].read() for ours in shapes}


def _shapes(layer: nn.Module, settings: Settings) -> dict[str, tuple[int, ...]]:
    """The shapes of the adapter of a layer, by our names."""
    rows, columns = getattr(layer, "weight", torch.empty(0, 0)).shape
    if isinstance(layer, TABLES):
        return {"lora_A": (settings.rank, rows), "lora_B": (columns, settings.rank)}
    magnitude = {"magnitude": (rows,)} if settings.kind == "dora" else {}
    return {"lora_A": (settings.rank, columns), "lora_B": (rows, settings.rank), **magnitude}


def _check_copy(layer: nn.Module, stored: StoredTensor, path: Path) -> None:
    """The table that PEFT keeps beside the adapter must be the model's."""
    weight = layer.weight.detach().cpu()
    if stored.shape != tuple(weight.shape) or not torch.equal(stored.read().to(weight.dtype), weight):
        raise CheckpointError(
            f"{path}: {stored.name} is not the embedding of this model, so the adapter was trained on another one; "
            "load that model first"
        )


def _prepare(model: nn.Module, wanted: Mapping[str, Settings], path: Path) -> None:
    """See that the model has adapters for just these layers, with these settings."""
    layers = adapter_layers(model)
    try:
        if not layers:
            install(model, wanted)
            return
    except ValueError as error:
        raise CheckpointError(f"{path} does not fit this model: {error}") from error
    has = {name: layer.settings for name, layer in layers.items()}
    same = {name: replace(settings, dropout=has[name].dropout) for name, settings in wanted.items() if name in has}
    if has != same or has.keys() != wanted.keys():
        differing = [name for name in has.keys() | wanted.keys() if has.get(name) != same.get(name)]
        raise CheckpointError(
            f"{path} and the adapters in this model differ in {name_some(differing)}: in which layers are adapted, "
            "or in kind, rank or alpha; call remove(model) first to get the file's adapters"
        )
