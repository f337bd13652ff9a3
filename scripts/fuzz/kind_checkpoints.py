"""Checkpoint folders of every family, in one file and in shards, and what they say."""

import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import torch
from damage import Files, every
from kinds import Kind, Original
from said_configs import said_config
from second_reading import Unsaid, read_object, read_tensors, same
from torch import Tensor, nn

from llmbook.checkpoint import CheckpointError, load_pretrained, save_pretrained
from llmbook.checkpoint.special_ids import SpecialIds, special_ids_of
from llmbook.models import FAMILIES, T5, Decoder, DecoderConfig, Family, T5Config, t5_config

INDEX, WEIGHTS, CONFIG, GENERATION = (
    "model.safetensors.index.json", "model.safetensors", "config.json", "generation_config.json",
)  # fmt: skip
RUNNING = (torch.float32, torch.bfloat16)
IDS = torch.tensor([[1, 5, 2, 7, 3, 4]])


def tiny_configs() -> dict[str, DecoderConfig | T5Config]:
    """A model of each kind, as small as it can be."""
    small = {"vocab_size": 9, "width": 8, "layers": 1, "heads": 2, "kv_heads": 1, "head_size": 4,
             "feedforward_width": 6, "max_length": 16}  # fmt: skip
    many = small | {"kv_heads": 2}
    bases = {name: family.tiny(vocab_size=9) for name, family in FAMILIES.items() if name not in ("mistral", "mixtral")}
    decoders = {
        "llama": replace(bases["llama"], **small), "mistral": replace(bases["llama"], **small, window=3),
        "mixtral": replace(bases["llama"], **small, experts=2, experts_per_token=1, rope_base=1e6),
        "gemma": replace(bases["gemma"], **small), "olmo": replace(bases["olmo"], **many, clip_qkv=8.0),
        "olmo2": replace(bases["olmo2"], **small), "gpt2": replace(bases["gpt2"], **many | {"feedforward_width": 32}),
        "olmo3": replace(bases["olmo3"], **small | {"layers": 2}, full_attention_every=2, window=3),
        "falcon": replace(bases["falcon"], **small),
        "phi": replace(bases["phi"], **many | {"width": 10, "head_size": 5}),
    }  # fmt: skip
    shape = {"vocab_size": 9, "width": 8, "layers": 1, "decoder_layers": 1, "heads": 2, "head_size": 3}
    flan = replace(t5_config.tiny(vocab_size=9), **shape, feedforward_width=6)
    return decoders | {
        "t5": replace(t5_config.tiny(vocab_size=9, flan=False), **shape, feedforward_width=6),
        "flan": flan,
    }


def build(config: DecoderConfig | T5Config, seed: int = 0) -> Decoder | T5:
    """A model with random numbers."""
    model = (T5 if isinstance(config, T5Config) else Decoder)(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return model.eval()


def saved(model: Decoder | T5) -> Files:
    """What our writer makes of a model."""
    with tempfile.TemporaryDirectory() as folder:
        save_pretrained(model, folder)
        return dict(every(Path(folder)))


def sharded(files: Files) -> Files:
    """The same in two shards and an index, as large models are published, and with the config of transformers 5."""
    from safetensors.torch import save

    tensors = read_tensors(files[WEIGHTS])
    names = sorted(tensors)
    shards = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    index = {
        "metadata": {"total_size": 1},
        "weight_map": {name: file for file, part in shards.items() for name in part},
    }
    written = {file: save({name: tensors[name] for name in part}) for file, part in shards.items()}
    hf = json.loads(files[CONFIG])
    if "rope_theta" in hf:
        hf["rope_parameters"] = {"rope_theta": hf.pop("rope_theta"), "rope_type": "default"}
    return {CONFIG: json.dumps(hf, indent=2).encode(), INDEX: json.dumps(index, indent=2).encode(), **written}


class Checkpoints(Kind):
    """Read by :func:`load_pretrained`.

    The config of the model must be what ``config.json`` says, its special ids too; each parameter must have the bits
    of the tensor in the file that the index names; and the logits must be those of a model that is built from this
    second reading. What no format protects, a number among the weights, must be seen in the model.
    """

    def make(self) -> list[Original]:
        made = []
        for label, config in tiny_configs().items():
            for seed in (0, 1):
                model = build(config, seed)
                model = model.bfloat16() if (label, seed) == ("olmo", 1) else model
                if seed:
                    model.special_ids = SpecialIds(
                        {"eos_token_id": [1, 2], "pad_token_id": 0}, {"eos_token_id": [1, 2]}
                    )
                made.append(Original(saved(model), f"{label} {seed}"))
            made.append(Original(sharded(made[-1].files), f"{label} in shards"))
        return made

    def read(self, folder: Path, original: Original) -> Decoder | T5:
        return load_pretrained(folder)

    def problem(self, found: Decoder | T5, files: Files, original: Original) -> str | None:
        hf, stored = read_object(files.get(CONFIG)), stored_tensors(files)
        said = asdict(found.config)
        wanted = said_config(hf, set(stored))
        for name, value in wanted.items():
            if not _equal(said[name], value):
                return f"{name} is {said[name]!r}, and config.json says {str(value)[:80]}"
        ids = special_ids_of(found)
        if not same(ids.in_config, {name: value for name, value in hf.items() if name.endswith("_token_id")}):
            return f"the special ids are {ids.in_config}"
        if not same(ids.generation, read_object(files[GENERATION]) if files.get(GENERATION) is not None else None):
            return f"{GENERATION} is kept as {ids.generation}"
        return _weights_problem(found, hf, stored)


def _equal(ours: object, said: object) -> bool:
    """Whether a field holds what was said; 10000 may stand for 10000.0, and true for nothing but itself."""
    if isinstance(ours, dict) and isinstance(said, dict):
        return all(_equal(ours[name], value) for name, value in said.items())
    if isinstance(ours, bool) or isinstance(said, bool) or not isinstance(said, int | float):
        return same(ours, said)
    return ours == said


def stored_tensors(files: Files) -> dict[str, Tensor]:
    """The tensors of a folder: of its one file, or each from the shard that the index names, and from no other."""
    if files.get(WEIGHTS) is not None:
        return read_tensors(files[WEIGHTS])
    index = read_object(files.get(INDEX)).get("weight_map")
    if not isinstance(index, dict):
        raise Unsaid("the index has no weight_map")
    if not all(isinstance(shard, str) and "/" not in shard for shard in index.values()):
        raise Unsaid("the index names no files")
    shards = {name: read_tensors(files.get(name)) for name in sorted(set(index.values()))}
    for name, shard in index.items():
        if name not in shards[shard]:
            raise Unsaid(f"{shard} lacks {name}")
    strangers = {name for shard in shards.values() for name in shard} - index.keys()
    if strangers:
        raise Unsaid(f"the index does not list {strangers}")
    return {name: shards[shard][name] for name, shard in index.items()}


def family_of(hf: dict) -> Family:
    """The family of a file."""
    return t5_config.FAMILY if hf["model_type"] == "t5" else FAMILIES[hf["model_type"]]


def _weights_problem(found: Decoder | T5, hf: dict, stored: dict[str, Tensor]) -> str | None:
    """Compare parameters and logits with a model that is built from the files."""
    family = family_of(hf)
    table = family.key_table(found.config)
    bare = family.prefix and not any(name.startswith(family.prefix) for name in stored)
    stored = {
        family.prefix + name if bare and not name.startswith("lm_head") else name: each for name, each in stored.items()
    }
    for name in stored.keys() - table.keys():
        if not name.endswith((*family.ignored, *family.repeated)):
            return f"the tensor {name} is ignored"
    dtype = _dtype({stored[name].dtype for name in table if name in stored}, hf)
    model = type(found)(found.config).eval()
    shapes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    for name, place in table.items():
        if name not in stored:
            raise Unsaid(f"there is no {name}")
        for ours, part in place.split(stored[name], shapes).items():
            layer, _, leaf = ours.rpartition(".")
            setattr(model.get_submodule(layer), leaf, nn.Parameter(part.to(dtype)))
    wanted, has = dict(model.named_parameters()), dict(found.named_parameters())
    differing = [name for name in wanted.keys() | has.keys() if not same(wanted.get(name), has.get(name))]
    if differing:
        return f"parameters are not those of the files: {sorted(differing)[:3]}"
    if any(buffer.is_meta for buffer in found.buffers()) or found.training:
        return "the model is not ready"
    return None if same(logits(model), logits(found)) else "the logits are others than those of a model made by hand"


def _dtype(found: set[torch.dtype], hf: dict) -> torch.dtype:
    """That of the files; where they mix several, the one that the config names, else the widest."""
    named = {str(each): each for each in found}.get(f"torch.{hf.get('dtype') or hf.get('torch_dtype')}")
    dtype = named or max(found, key=lambda each: (each.itemsize, each is torch.bfloat16))
    if dtype not in RUNNING:
        raise Unsaid(f"weights in {dtype}")
    return dtype


@torch.no_grad()
def logits(model: Decoder | T5) -> Tensor | str:
    """The logits for some ids, or why there are none."""
    ids = IDS % model.config.vocab_size
    try:
        return model(ids, ids[:, :3]) if isinstance(model, T5) else model(ids)
    except (ValueError, RuntimeError) as error:
        return f"{type(error).__name__}: {error}"


KINDS = [Checkpoints("checkpoint", 0.3, (CheckpointError,))]
