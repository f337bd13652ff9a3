"""What a checkpoint folder says about itself: its config and the names, shapes and places of its tensors.

A folder holds ``config.json`` (the sizes), and the weights in ``model.safetensors`` or in several shards that
``model.safetensors.index.json`` lists. Nothing here reads a weight.
"""

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from llmbook.checkpoint.formats import listed, unread_format
from llmbook.checkpoint.hub import PASS, CheckpointError, local_folder
from llmbook.checkpoint.tensors import StoredTensor, read_header
from llmbook.checkpoint.writing import current
from llmbook.models import FAMILIES, DecoderConfig, Family, t5_config
from llmbook.models.family import by_model_type
from llmbook.models.t5_config import T5Config
from llmbook.strict_json import parse_json, shown

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
LARGEST = 2**31  # no size of a real model is near it, and above it even a meta tensor is impossible
READABLE = FAMILIES | by_model_type([t5_config.FAMILY])  # the decoders, and the encoder-decoder
KINDS = {int: "a whole number from 1 to 2**31", bool: "true or false"}


def stored_tensors(directory: str | Path) -> dict[str, StoredTensor]:
    """Every tensor of a checkpoint folder, in one file or in shards, by its published name; no numbers are read.

    Raises:
        CheckpointError: there is no such folder, it has no safetensors weights, or a shard is missing, broken or not as
            the index says.
    """
    directory = _entered(directory)
    weights = current(directory / WEIGHTS)
    if weights.is_file():
        return read_header(weights)
    if not (directory / INDEX).is_file():
        raise CheckpointError(_no_weights(directory))
    index = read_json(directory / INDEX).get("weight_map")
    if not isinstance(index, dict) or not all(isinstance(shard, str) for shard in index.values()):
        raise CheckpointError(f"{directory / INDEX} has no weight_map; download it again")
    shards = sorted(set(index.values()))
    missing = [shard for shard in shards if Path(shard).name != shard or not os.path.isfile(directory / shard)]
    if missing:
        named = name_some(shard[:100] for shard in missing)  # a name may be longer than any file can have
        raise CheckpointError(f"{directory} lacks {named}, which {INDEX} lists; download the rest")
    headers = {shard: read_header(directory / shard) for shard in shards}
    found = {(name, shard) for shard, header in headers.items() for name in header}
    if found != index.items():
        strangers = name_some({name for name, _ in found ^ index.items()})
        raise CheckpointError(f"{directory / INDEX} and the shards disagree about {strangers}; download them again")
    return {name: tensor for header in headers.values() for name, tensor in header.items()}


def read_json(path: Path) -> dict:
    """A JSON object from a file.

    Raises:
        CheckpointError: there is no such file, or it cannot be opened, is not JSON, or not an object; or it has two
            values under one name.
    """
    try:
        content = parse_json(current(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError) as error:
        raise CheckpointError(
            f"{path.parent} has no {path.name}; pass the folder that transformers or the hub wrote"
        ) from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be opened ({error.strerror}); may you read it?") from error
    except ValueError as error:
        raise CheckpointError(f"{path} is not JSON ({error}); download it again") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} is not a JSON object; download it again")
    return content


def read_config(path: Path, hf: dict, names: Collection[str] | None = None) -> tuple[Family, DecoderConfig | T5Config]:
    """The family and our config of a ``config.json``.

    Args:
        path: where it was, for the messages.
        hf: its content.
        names: the names of the checkpoint's tensors, where known.

    Raises:
        CheckpointError: no family of the book reads it, a field is missing or damaged or asks for what is not built, or
            it counts more layers than the checkpoint has tensors.
    """
    model_type = hf.get("model_type")
    if not isinstance(model_type, str) or model_type not in READABLE:
        raise CheckpointError(f"{path}: this book reads model_type {', '.join(READABLE)}, not {shown(model_type)}")
    family = READABLE[model_type]
    for name, ours in family.sizes.items():
        kind = bool if ours.startswith("tie_") else int
        if not _is_possible(hf.get(name), kind, ours in family.optional):
            said = shown(hf.get(name))
            raise CheckpointError(f"{path}: {name} must be {KINDS[kind]}, not {said}; is the file damaged?")
    for name in family.counted:
        if names is not None and type(hf.get(name)) is int and hf[name] > len(names):
            raise CheckpointError(
                f"{path} says {name} = {hf[name]}, but the checkpoint holds {len(names)} tensors in all: they do not "
                "belong together"
            )
    try:
        return family, family.read(hf, names)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: {error}") from error


def _entered(directory: str | Path) -> Path:
    """A folder that is there."""
    found = local_folder(directory)
    if found is None:
        raise CheckpointError(f"there is no folder {directory}; {PASS}")
    return found


def _is_possible(value: object, kind: type, optional: bool) -> bool:
    """Whether a config may say this about a size; ``type`` and not ``isinstance``, because True is an int too."""
    if value is None:
        return optional
    return type(value) is kind and (kind is bool or 1 <= value <= LARGEST)


def _no_weights(directory: Path) -> str:
    """What to do about a folder without safetensors."""
    names = listed(directory)
    unread = unread_format(WEIGHTS, names)
    if unread is not None:
        return f"{directory} {unread}"
    others = [name for name in names if name.endswith(".safetensors")]
    found = f" (it has {name_some(others)})" if others else ""
    return f"{directory} has neither {WEIGHTS} nor {INDEX}{found}; download the weights into it"


def name_some(names: Iterable[str], most: int = 3) -> str:
    """The first few of some names."""
    names = sorted(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
