"""Published checkpoints in and out: a Hugging Face folder becomes one of our models, and a model such a folder.

A folder holds ``config.json`` (the sizes), and the weights in ``model.safetensors`` or in several shards that
``model.safetensors.index.json`` lists. Loading is strict both ways: a tensor that the model needs and the files lack
is an error, and so is a tensor in the files that the model has no place for. Nothing is skipped silently. A GGUF file
holds all of this by itself and is loaded in the same way; what opens either is in ``sources.py``.

The model is built on the meta device, where tensors have a shape and no memory. Then each tensor is read straight
into its place, so that the peak of memory is near the size of the weights.
"""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from llmbook.checkpoint.dtypes import asked_dtype, kept_dtype
from llmbook.checkpoint.folder import CONFIG, WEIGHTS, name_some, read_config, read_json
from llmbook.checkpoint.gguf import is_gguf
from llmbook.checkpoint.hub import CheckpointError, find_directory
from llmbook.checkpoint.matching import check_duplicates, check_names, check_shapes
from llmbook.checkpoint.sources import keep_blocks, open_gguf, open_source
from llmbook.checkpoint.special_ids import GENERATION, special_ids_of
from llmbook.checkpoint.writing import replace_files
from llmbook.layers.wrapped import plain_name, unwrapped
from llmbook.models import FAMILIES, Decoder, DecoderConfig, Family, t5_config
from llmbook.models.t5 import T5
from llmbook.models.t5_config import T5Config

MODELS = {DecoderConfig: Decoder, T5Config: T5}


@torch.inference_mode(False)
def load_pretrained(
    path_or_hub_id: str | Path, *, device: str | torch.device = "cpu", dtype: torch.dtype | str | None = None,
    keep_quantized: bool = False,
) -> Decoder | T5:  # fmt: skip
    """Read a published checkpoint. The model can be trained, also one that is loaded under ``torch.inference_mode``.

    Args:
        path_or_hub_id: a folder written by transformers or by :func:`save_pretrained`, a GGUF file, or the name of a
            hub repository such as ``"google/gemma-2b"``.
        device: where the weights go.
        dtype: float32 or bfloat16, as torch's object or by its name; None keeps that of the file. Where a file mixes
            several, None means the one that its config names, else the widest. The blocks of a GGUF file stand for
            float32.
        keep_quantized: of a GGUF file, keep the blocks of linear maps as they are, in layers that read their weight
            while it is used (:class:`llmbook.layers.block_linear.BlockLinear`), and freeze the model. Tables that are
            looked up are read all the same.

    Returns:
        The model, in evaluation mode. Its ``special_ids`` are those of the folder, for :func:`save_pretrained`.

    Raises:
        CheckpointError: the folder, the config or a file of weights is not what it should be, is quantized and no GGUF
            file, or was replaced while it was read. The message says which, and what to do.
    """
    dtype = asked_dtype(dtype)
    source = open_source(path_or_hub_id)
    if keep_quantized and not source.may_be_quantized:
        raise CheckpointError(f"{source.place} is no GGUF file, whose blocks could be kept; leave keep_quantized out")
    with torch.device("meta"):
        model = MODELS[type(source.config)](source.config)
    model.special_ids = source.special_ids
    table, stored, shapes = source.table, source.stored, _shapes(model)
    duplicates = check_names(source.place, table, stored, source.repeated, source.sizes)
    check_shapes(table, shapes, stored, source.sizes)
    check_duplicates(source.config, table, stored, duplicates)
    if dtype is None:
        dtype = kept_dtype({stored[name].dtype: stored[name].path for name in table}, source.hf)
    for name, place in table.items():
        if keep_quantized and keep_blocks(model, place, stored[name], device, dtype):
            continue
        for ours, part in place.split(stored[name].read(), shapes).items():
            _assign(model, ours, part.to(device=device, dtype=dtype))
    if source.changed():
        raise CheckpointError(f"{source.place} was saved anew while it was read; load it again")
    return model.requires_grad_(not keep_quantized).eval()


def read_checkpoint_config(path_or_hub_id: str | Path) -> DecoderConfig | T5Config:
    """Only the config of a checkpoint; arguments and errors as in :func:`load_pretrained`."""
    if is_gguf(path_or_hub_id):
        return open_gguf(path_or_hub_id).config
    path = find_directory(path_or_hub_id, (CONFIG,)) / CONFIG
    return read_config(path, read_json(path))[1]


def save_pretrained(model: Decoder | T5, directory: str | Path) -> None:
    """Write ``config.json`` and ``model.safetensors`` in the layout of the released checkpoints.

    After an error the folder holds what it held before. After a kill, :func:`load_pretrained` finds all that was there
    before or all that is new, and other programs may find no ``config.json`` until the next save.

    The special ids (``bos_token_id`` and the like) and ``generation_config.json`` of a model that was read are written
    as they were read. Any other model gets the ids of its family's published tokenizer; beside a tokenizer of your own,
    write its ids into ``config.json``.

    Args:
        model: a model that one of the families can describe; compiled or wrapped for parallel training, it is saved
            under the names of the model inside.
        directory: made if it does not exist; other files in it stay.

    Raises:
        CheckpointError: no published config can say what this model is, it has tensors of its own, or it is sharded, so
            that only a part of each is here.
        OSError: the files cannot be written.
    """
    model = unwrapped(model)
    family = family_that_says(model.config)
    table = family.key_table(model.config)
    tensors = {plain_name(model, name): tensor.detach() for name, tensor in model.named_parameters()}
    expected = {ours for place in table.values() for ours in place.names}
    if tensors.keys() != expected:
        unknown = name_some(tensors.keys() ^ expected)
        raise CheckpointError(
            f"the model's tensors are not those of its config: {unknown}; if they are adapters, put them into the "
            "weights with remove(merge(model)) first"
        )
    _refuse_parts(model, tensors)
    weights = {name: place.join(tensors) for name, place in table.items()}
    dtype = str(model.embed_tokens.weight.dtype).removeprefix("torch.")
    hf, read = family.config_to_hf(model.config) | {"torch_dtype": dtype}, special_ids_of(model)
    files = {WEIGHTS: lambda path: save_file(weights, path, metadata={"format": "pt"})}
    if read is not None:
        hf = read.put_into(hf)
        files |= {GENERATION: _json(read.generation)} if read.generation is not None else {}
    replace_files(Path(directory), files | {CONFIG: _json(hf)})


def _refuse_parts(model: Decoder | T5, tensors: dict[str, Tensor]) -> None:
    """Raise a CheckpointError where tensors are not whole, as those of a model that several processes share."""
    with torch.device("meta"):
        whole = _shapes(MODELS[type(model.config)](model.config))
    parts = [name for name in whole if hasattr(tensors[name], "full_tensor") or tensors[name].shape != whole[name]]
    if parts:
        raise CheckpointError(
            f"{name_some(parts)}: only a part is here, or another shape than the config says. If the model is sharded, "
            "load its whole state (full_state_dict in torch.distributed.checkpoint) into one that is not, and save that"
        )


def _json(content: dict) -> str:
    """A JSON object as transformers writes it into a file."""
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def _shapes(model: nn.Module) -> dict[str, tuple[int, ...]]:
    """The shape of each parameter."""
    return {name: tuple(tensor.shape) for name, tensor in model.named_parameters()}


def _assign(model: nn.Module, name: str, tensor: Tensor) -> None:
    """Put a tensor in the place of a meta parameter."""
    parent, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(parent), leaf, nn.Parameter(tensor))


def family_that_says(config: DecoderConfig | T5Config) -> Family:
    """The family whose ``config.json`` can say everything that this config says.

    Raises:
        CheckpointError: there is none.
    """
    families = [t5_config.FAMILY] if isinstance(config, T5Config) else FAMILIES.values()
    differences = [(_lost_in(family, config), family) for family in families]
    lost, nearest = min(differences, key=lambda pair: len(pair[0]))
    if lost:
        raise CheckpointError(
            f"no published config can describe this model; the nearest is {nearest.name}, but {'; '.join(lost)}. Keep "
            "it with torch.save instead"
        )
    return nearest


def _lost_in(family: Family, config: DecoderConfig | T5Config) -> list[str]:
    """What a family's ``config.json`` would not say of a config."""
    ours = asdict(config)
    try:
        back = asdict(family.config_from_hf(family.config_to_hf(config)))
    except ValueError:  # not even a model of this book
        return [f"{field} is {value!r}" for field, value in ours.items()]
    return [f"{field} is {ours[field]!r}, not {back[field]!r}" for field in ours if ours[field] != back[field]]
