"""Where a checkpoint comes from: a Hugging Face folder or a GGUF file, opened so that both are loaded in one way.

Opening reads what the files say about themselves, and no weight.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from llmbook.checkpoint.folder import CONFIG, INDEX, read_config, read_json, stored_tensors
from llmbook.checkpoint.gguf import GGUFTensor, is_gguf, read_gguf
from llmbook.checkpoint.gguf.naming import gguf_table, gguf_tensors
from llmbook.checkpoint.gguf.sizes import as_config_json
from llmbook.checkpoint.gguf.special_ids import special_ids
from llmbook.checkpoint.hub import find_directory
from llmbook.checkpoint.matching import relevant
from llmbook.checkpoint.quantized import refuse_codes, refuse_quantized
from llmbook.checkpoint.special_ids import GENERATION, SpecialIds, read_special_ids
from llmbook.checkpoint.tensors import StoredTensor
from llmbook.checkpoint.writing import fingerprint
from llmbook.layers.block_linear import BlockLinear
from llmbook.layers.blocks import Blocks
from llmbook.layers.replace import replace_layer
from llmbook.models import DecoderConfig
from llmbook.models.keys import Stored
from llmbook.models.t5_config import T5Config


@dataclass(frozen=True)
class Source:
    """A checkpoint whose weights are still in its files."""

    place: Path
    """The folder or the file, for messages."""
    watched: Path
    """The file that changes where the checkpoint is replaced."""
    seen: tuple[int, ...] | None
    """Its fingerprint before anything was read."""
    sizes: str
    """What says the sizes of the model, for messages."""
    hf: Mapping
    """The content of ``config.json``, or of what would be one."""
    config: DecoderConfig | T5Config
    table: dict[str, Stored]
    """Each tensor's name in the files, and where it goes."""
    stored: Mapping[str, StoredTensor | GGUFTensor]
    """What the files hold, by name."""
    repeated: tuple[str, ...]
    """Ends of names that may say again what the model knows already."""
    special_ids: SpecialIds
    may_be_quantized: bool = False

    def changed(self) -> bool:
        """Whether the checkpoint was replaced since it was opened."""
        return fingerprint(self.watched) != self.seen


def open_source(path_or_hub_id: str | Path) -> Source:
    """Open a checkpoint.

    Args:
        path_or_hub_id: a folder, a GGUF file, or the name of a hub repository.

    Raises:
        CheckpointError: it is not what it should be.
    """
    return open_gguf(path_or_hub_id) if is_gguf(path_or_hub_id) else open_folder(path_or_hub_id)


def open_folder(path_or_hub_id: str | Path) -> Source:
    """Open a folder, or a hub repository that is downloaded into one; errors as in :func:`open_source`."""
    directory = find_directory(path_or_hub_id, (CONFIG, GENERATION, INDEX, "model*.safetensors"))
    path = directory / CONFIG
    seen = fingerprint(path)
    hf = read_json(path)
    refuse_quantized(path, hf)
    stored = stored_tensors(directory)
    refuse_codes(directory, stored)
    family, config = read_config(path, hf, stored)
    return Source(
        place=directory, watched=path, seen=seen, sizes=CONFIG, hf=hf, config=config,
        table=family.key_table(config), stored=relevant(stored, family), repeated=family.repeated,
        special_ids=read_special_ids(directory, hf),
    )  # fmt: skip


def open_gguf(path: str | Path) -> Source:
    """Open a GGUF file; errors as in :func:`open_source`."""
    path = os.path.expanduser(path)
    seen = fingerprint(Path(path)) if os.path.exists(path) else None  # which, unlike a Path, takes any text
    gguf = read_gguf(path)
    hf = as_config_json(gguf)
    family, config = read_config(gguf.path, hf, gguf.entries)
    return Source(
        place=gguf.path, watched=gguf.path, seen=seen, sizes="its metadata", hf=hf, config=config,
        table=gguf_table(gguf, family, config), stored=gguf_tensors(gguf, config), repeated=(),
        special_ids=special_ids(gguf), may_be_quantized=True,
    )  # fmt: skip


def keep_blocks(
    model: nn.Module, place: Stored, tensor: GGUFTensor, device: str | torch.device, dtype: torch.dtype
) -> bool:
    """Put the blocks of a tensor into the model as they are, if they are those of a linear map.

    Args:
        model: in which a layer is replaced.
        place: where the tensor goes.
        tensor: of a GGUF file.
        device: where the blocks go.
        dtype: in which the layer is to read its weight.

    Returns:
        Whether that was done; if not, the model is as it was.
    """
    name, _, leaf = place.names[0].rpartition(".")
    layer = model.get_submodule(name)
    if leaf != "weight" or not isinstance(layer, nn.Linear) or not tensor.entry.format.is_quantized:
        return False
    blocks = tensor.blocks()
    moved = Blocks(blocks.codes.to(device), blocks.format)
    replace_layer(model, name, BlockLinear(moved, layer.bias, dtype=dtype))
    return True
