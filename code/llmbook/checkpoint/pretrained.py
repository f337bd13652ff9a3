"""Published checkpoints in and out: a Hugging Face folder becomes one of our models, and a model such a folder.

A folder holds ``config.json`` (the sizes), and the weights in ``model.safetensors`` or in several shards that
``model.safetensors.index.json`` lists. Loading is strict both ways: a tensor that the model needs and the files lack
is an error, and so is a tensor in the files that the model has no place for. Nothing is skipped silently.

The model is built on the meta device, where tensors have a shape and no memory. Then each tensor is read straight
into its place, so that the peak of memory is near the size of the weights.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from llmbook.checkpoint.folder import CONFIG, INDEX, WEIGHTS, name_some, read_config, read_json, stored_tensors
from llmbook.checkpoint.hub import CheckpointError, find_directory
from llmbook.checkpoint.special_ids import GENERATION, read_special_ids, special_ids_of
from llmbook.checkpoint.tensors import StoredTensor
from llmbook.checkpoint.writing import fingerprint, replace_files
from llmbook.layers.rope import rope_angles
from llmbook.models import FAMILIES, Decoder, DecoderConfig, Family, t5_config
from llmbook.models.keys import Stored
from llmbook.models.t5 import T5
from llmbook.models.t5_config import T5Config

RUNNING_DTYPES = (torch.float32, torch.bfloat16)
MODELS = {DecoderConfig: Decoder, T5Config: T5}
STORED_DTYPES = (*RUNNING_DTYPES, torch.float16, torch.float64)


def load_pretrained(
    path_or_hub_id: str | Path, *, device: str | torch.device = "cpu", dtype: torch.dtype | None = None
) -> Decoder | T5:
    """Read a published checkpoint.

    Args:
        path_or_hub_id: a folder written by transformers or by :func:`save_pretrained`, or the name of a hub
            repository such as ``"google/gemma-2b"``.
        device: where the weights go.
        dtype: float32 or bfloat16; None keeps that of the file. Where a file mixes several, None means the one that
            its config names, else the widest.

    Returns:
        The model, in evaluation mode. Its ``special_ids`` are those of the folder, for :func:`save_pretrained`.

    Raises:
        CheckpointError: the folder, the config or a file of weights is not what it should be, or was replaced while
            it was read. The message says which, and what to do.
    """
    directory = find_directory(path_or_hub_id, (CONFIG, GENERATION, INDEX, "model*.safetensors"))
    found = fingerprint(directory / CONFIG)
    hf = read_json(directory / CONFIG)
    stored = stored_tensors(directory)
    family, config = read_config(directory / CONFIG, hf, stored)
    with torch.device("meta"):
        model = MODELS[type(config)](config)
    model.special_ids = read_special_ids(directory, hf)
    table, shapes = family.key_table(config), _shapes(model)
    stored = _relevant(stored, family)
    duplicates = _check_names(directory, table, stored, family.repeated)
    _check_shapes(table, shapes, stored)
    _check_duplicates(config, table, stored, duplicates)
    dtype = _choose_dtype([stored[name].dtype for name in table], hf, dtype)
    for name, place in table.items():
        for ours, part in place.split(stored[name].read(), shapes).items():
            _assign(model, ours, part.to(device=device, dtype=dtype))
    if fingerprint(directory / CONFIG) != found:
        raise CheckpointError(f"{directory} was saved anew while it was read; load it again")
    return model.eval()


def read_checkpoint_config(path_or_hub_id: str | Path) -> DecoderConfig | T5Config:
    """Only the config of a checkpoint; arguments and errors as in :func:`load_pretrained`."""
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
        model: a model that one of the families can describe.
        directory: made if it does not exist; other files in it stay.

    Raises:
        CheckpointError: no published config can say what this model is, or it has tensors of its own.
        OSError: the files cannot be written.
    """
    family = family_that_says(model.config)
    table = family.key_table(model.config)
    tensors = {name: tensor.detach() for name, tensor in model.named_parameters()}
    expected = {ours for place in table.values() for ours in place.names}
    if tensors.keys() != expected:
        unknown = name_some(tensors.keys() ^ expected)
        raise CheckpointError(
            f"the model's tensors are not those of its config: {unknown}; if they are adapters, put them into the "
            "weights with remove(merge(model)) first"
        )
    weights = {name: place.join(tensors) for name, place in table.items()}
    dtype = str(model.embed_tokens.weight.dtype).removeprefix("torch.")
    hf, read = family.config_to_hf(model.config) | {"torch_dtype": dtype}, special_ids_of(model)
    files = {WEIGHTS: lambda path: save_file(weights, path, metadata={"format": "pt"})}
    if read is not None:
        hf = read.put_into(hf)
        files |= {GENERATION: _json(read.generation)} if read.generation is not None else {}
    replace_files(Path(directory), files | {CONFIG: _json(hf)})


def _json(content: dict) -> str:
    """A JSON object as transformers writes it into a file."""
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def _shapes(model: nn.Module) -> dict[str, tuple[int, ...]]:
    """The shape of each parameter."""
    return {name: tuple(tensor.shape) for name, tensor in model.named_parameters()}


def _relevant(stored: dict[str, StoredTensor], family: Family) -> dict[str, StoredTensor]:
    """The tensors under their full names, without those that a family's old files keep beside the weights."""
    prefix, ignored = family.prefix, family.ignored
    bare = prefix and not any(name.startswith(prefix) for name in stored)  # the released GPT-2 leaves its prefix out
    named = {prefix + name if bare and not name.startswith("lm_head") else name: stored[name] for name in stored}
    return {name: tensor for name, tensor in named.items() if not name.endswith(ignored)} if ignored else named


def _check_names(
    directory: Path, table: dict[str, Stored], stored: dict[str, StoredTensor], repeated: tuple[str, ...]
) -> list[str]:
    """Refuse missing and unknown tensors; known duplicates are returned, to be checked."""
    known = [name for name in stored if name.endswith(repeated)]
    extra = stored.keys() - table.keys() - set(known)
    missing = table.keys() - stored.keys()
    problems = [
        f"{len(names)} {kind} ({name_some(names)})"
        for names, kind in ((missing, "missing"), (extra, "that this model has no place for"))
        if names
    ]
    if problems:
        raise CheckpointError(
            f"{directory}: of {len(table)} expected tensors, {' and '.join(problems)}; do config.json and the weights "
            "belong together, and is this a whole language model?"
        )
    return [name for name in known if name not in table]


def _check_shapes(
    table: dict[str, Stored], shapes: dict[str, tuple[int, ...]], stored: dict[str, StoredTensor]
) -> None:
    """Refuse a tensor whose shape is not the one that the config implies, or that is not a floating-point matrix."""
    for name, place in table.items():
        wanted = place.shape(shapes)
        if stored[name].shape != wanted:
            raise CheckpointError(
                f"{stored[name].path}: {name} has shape {stored[name].shape}, but config.json implies {wanted}; "
                "do they belong together?"
            )
        if stored[name].dtype not in STORED_DTYPES:
            raise CheckpointError(
                f"{stored[name].path}: {name} is stored as {stored[name].dtype}, so the weights are quantized; "
                "use the checkpoint in bfloat16 or float32"
            )


def _choose_dtype(found: Iterable[torch.dtype], hf: dict, asked: torch.dtype | None) -> torch.dtype:
    """The dtype of the model in memory."""
    found = set(found)
    named = f"torch.{hf.get('dtype') or hf.get('torch_dtype')}"
    kept = max(found, key=lambda dtype: (str(dtype) == named, dtype.itemsize, dtype == torch.bfloat16))
    dtype = kept if asked is None else asked
    if dtype not in RUNNING_DTYPES:
        source = "the checkpoint is in" if asked is None else "dtype is"
        raise CheckpointError(
            f"{source} {dtype}, in which these models are not run (float16 overflows above 65,504, and Gemma's "
            "activations go there); pass dtype=torch.float32 or dtype=torch.bfloat16"
        )
    return dtype


def _assign(model: nn.Module, name: str, tensor: Tensor) -> None:
    """Put a tensor in the place of a meta parameter."""
    parent, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(parent), leaf, nn.Parameter(tensor))


def _check_duplicates(
    config: DecoderConfig | T5Config, table: dict[str, Stored], stored: dict[str, StoredTensor], names: list[str]
) -> None:
    """Tensors that say again what the model knows already must say the same."""
    for name in names:
        if not name.endswith("rotary_emb.inv_freq"):
            embedding = next(theirs for theirs, place in table.items() if place.names == ("embed_tokens.weight",))
            same = torch.equal(stored[name].read(), stored[embedding].read())
            complaint = "config.json ties it to the embedding, but they differ; set tie_word_embeddings to false"
            if name != "lm_head.weight":
                complaint = "it repeats the shared embedding, but they differ; is the file damaged?"
        else:  # old files keep the rotation speeds: the angles of position 1
            _, sin = rope_angles(torch.tensor([1]), config.rotary_size, config.rope_base)
            found = stored[name].read().float().sin()
            same = found.shape == sin[0].shape and torch.allclose(found, sin[0], rtol=1e-2, atol=0)  # some are bfloat16
            complaint = "these rotation speeds are not those of rope_theta in config.json; do they belong together?"
        if not same:
            raise CheckpointError(f"{stored[name].path}: {name}: {complaint}")


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
