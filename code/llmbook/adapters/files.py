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
from torch import nn

from llmbook.adapters.base import Settings
from llmbook.adapters.experts import check_experts
from llmbook.adapters.injection import adapter_layers, install
from llmbook.adapters.lora import LoRAEmbedding
from llmbook.adapters.names import TASKS, exchangeable, places, short_names
from llmbook.adapters.peft_config import CONFIG, WEIGHTS, check_config, read_settings, targeted_name, write_config
from llmbook.adapters.stored import (
    EMBEDDING,
    LINEAR,
    PREFIX,
    check_copies,
    our_names,
    read_contents,
    read_layer,
)
from llmbook.checkpoint import CheckpointError
from llmbook.checkpoint.folder import name_some, read_json
from llmbook.checkpoint.hub import find_directory
from llmbook.checkpoint.writing import fingerprint, replace_files
from llmbook.layers.wrapped import unwrapped


def save_adapter(model: nn.Module, directory: str | Path, *, base_model: str | None = None) -> None:
    """Write the adapters of a model, without its weights, in PEFT's format.

    After an error the folder holds what it held before. After a kill, :func:`load_adapter` finds all that was there
    before or all that is new, and PEFT may find no ``adapter_config.json`` until the next save. It does not matter
    whether the model is merged, compiled or wrapped for parallel training.

    Args:
        model: a model with adapters.
        directory: made if it does not exist; other files in it stay.
        base_model: the folder or the hub name of the weights that the adapters belong to, for
            ``base_model_name_or_path``, by which other programs find them; None leaves that open.

    Raises:
        ValueError: there are no adapters, or PEFT's format cannot hold them together, or PEFT could not read them.
        OSError: the files cannot be written.
    """
    layers = adapter_layers(model)
    if not layers:
        raise ValueError("this model has no adapters to save; call inject first")
    if not isinstance(base_model, str | None):
        raise ValueError(f"base_model is a text or None, not {base_model!r}")
    everywhere = places(model)
    where = {name: exchangeable(everywhere, name) for name in layers}
    tensors = {
        f"{PREFIX}{where[name].name}.{theirs}": getattr(layer, ours).detach().contiguous()
        for name, layer in layers.items()
        for ours, theirs in (EMBEDDING if isinstance(layer, LoRAEmbedding) else LINEAR).items()
        if hasattr(layer, ours)
    }
    all_names = {place.name for place in everywhere.values()}
    settings = {where[name].name: layer.settings for name, layer in layers.items()}
    config = write_config(
        settings,
        {where[name].name for name, layer in layers.items() if isinstance(layer, LoRAEmbedding)},
        short_names({place.name for place in where.values()}, all_names),
        fused=check_experts(settings, all_names),
        transposed=any(place.transposed for place in where.values()),
        task=TASKS.get(type(unwrapped(model))),
        base_model=base_model,
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
    found, path = fingerprint(directory / CONFIG), directory / WEIGHTS
    config = read_json(directory / CONFIG)
    check_config(directory / CONFIG, config)
    contents = read_contents(path)
    names = our_names(model, contents)
    _refuse_turned(model, config, names, path)
    check_copies(model, contents)
    layers = {name: "lora_embedding_A" in parts for name, parts in contents.layers.items()}
    wanted = read_settings(directory / CONFIG, config, layers)
    tensors = {ours: read_layer(model, ours, name, contents, wanted[name]) for name, ours in names.items()}
    if fingerprint(directory / CONFIG) != found:
        raise CheckpointError(f"{directory} was saved anew while it was read; load it again")
    _prepare(model, {names[name]: settings for name, settings in wanted.items()}, path)
    with torch.no_grad():
        for name, layer in adapter_layers(model).items():
            for part, tensor in tensors[name].items():
                getattr(layer, part).copy_(tensor)
    return model


def _refuse_turned(model: nn.Module, config: Mapping, names: Mapping[str, str], path: Path) -> None:
    """PEFT takes a matrix that ``target_parameters`` names as (outputs, inputs), also where it is stored turned."""
    everywhere = places(model)
    stored = [name for name, ours in names.items() if everywhere[ours].transposed]
    turned = [name for name in stored if targeted_name(config, name) != name]
    if turned:
        raise CheckpointError(
            f"{path}: target_parameters names {name_some(turned)}, whose matrix is stored as (inputs, outputs): PEFT "
            "adapts it as if it were turned, which is not built in this book; train with target_modules"
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
