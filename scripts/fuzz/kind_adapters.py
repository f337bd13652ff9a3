"""Adapter folders in PEFT's format, for models of several families, and what they say."""

import copy
import math
import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from damage import Files, every
from kind_checkpoints import build, tiny_configs
from kinds import Kind, Original
from second_reading import Unsaid, read_object, read_tensors, same
from torch import Tensor, nn

from llmbook.adapters.base import Settings
from llmbook.adapters.files import load_adapter, save_adapter
from llmbook.adapters.injection import adapter_layers, install
from llmbook.checkpoint import CheckpointError
from llmbook.checkpoint.pretrained import family_that_says

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
LINEAR = {"lora_A.weight": "A", "lora_B.weight": "B", "lora_magnitude_vector": "magnitude"}
TABLE = {"lora_embedding_A": "A", "lora_embedding_B": "B"}
PREFIX = "base_model.model."
STARTS = (True, False, None, "eva", "gaussian", "orthogonal")
MORE = ("modules_to_save", "layer_replication", "trainable_token_indices", "alora_invocation_tokens")
EMPTY = (None, False, "", [], 0, 0.0)  # a field with one of these turns nothing on, whatever it is
BASES = (  # a family, and the adapters of its model by the ends of their names
    ("llama", {"q_proj": {"rank": 2, "alpha": 3.0}, "v_proj": {"rank": 2, "alpha": 3.0}}),
    ("llama", {"q_proj": {"rank": 2, "alpha": 4}, "down_proj": {"rank": 3, "alpha": 5, }}),
    ("gemma", {"o_proj": {"kind": "dora", "rank": 2, "alpha": 2}, "up_proj": {"kind": "dora", "rank": 2, "alpha": 2}}),
    ("olmo", {"embed_tokens": {"rank": 2, "alpha": 2}, "lm_head": {"rank": 2, "alpha": 2}}),
    ("gpt2", {"o_proj": {"rank": 2, "alpha": 2, "dropout": 0.25}}),
    ("phi", {"k_proj": {"kind": "dora", "rank": 1, "alpha": 7, "rank_stabilized": True}}),
    ("mixtral", {"router": {"rank": 1, "alpha": 2}}),
    ("flan", {"q_proj": {"rank": 2, "alpha": 1}, "gate_proj": {"rank": 2, "alpha": 1}}),
)  # fmt: skip


class Adapters(Kind):
    """Read by :func:`load_adapter` into a model that has none.

    Just the layers of the file are adapted, with the rank, alpha, dropout and kind that the config says; the merged
    weight of each is W + s B A, or DoRA's of the second reading; all other weights are as they were. After a refusal
    the model is as it was, what can be trained included.
    """

    def make(self) -> list[Original]:
        made = []
        for number, (family, wanted) in enumerate(BASES):
            base = build(replace(tiny_configs()[family], **({"tie_embeddings": False} if family == "olmo" else {})))
            for seed in (0, 1):
                model = adapted(base, wanted, seed)
                with tempfile.TemporaryDirectory() as folder:
                    save_adapter(model, folder, base_model="some/base")
                    made.append(Original(dict(every(Path(folder))), f"{family} {number}", base))
        return made

    def read(self, folder: Path, original: Original) -> nn.Module:
        self.model = copy.deepcopy(original.extra)
        return load_adapter(self.model, folder)

    def changed(self, original: Original) -> str | None:
        before, after = original.extra, self.model
        if adapter_layers(after):
            return "the model has adapters"
        if not same(dict(before.named_parameters()), dict(after.named_parameters())):
            return "the weights are others"
        flags = [[(each.requires_grad, each.dtype) for each in model.parameters()] for model in (before, after)]
        modes = [[each.training for each in model.modules()] for model in (before, after)]
        return None if flags[0] == flags[1] and modes[0] == modes[1] else "what can be trained, or the mode, is another"

    def problem(self, found: nn.Module, files: Files, original: Original) -> str | None:
        config, tensors = read_object(files.get(CONFIG)), read_tensors(files.get(WEIGHTS))
        check_fields(config)
        layers = said_layers(tensors, original.extra)
        base, has = dict(original.extra.named_modules()), adapter_layers(found)
        if has.keys() != {ours for ours, _, _ in layers.values()}:
            return f"adapted are {sorted(has)}, and the file has {sorted(layers)}"
        for theirs, (ours, _, parts) in layers.items():
            wanted = said_settings(config, theirs, parts)
            settings = has[ours].settings
            said = {name: value for name, value in wanted.items() if name != "scale"}
            if any(not same(getattr(settings, name), value) for name, value in said.items()):
                return f"{theirs} has {settings}, and the files say {said}"
            weight = merged(base[ours].weight, parts, wanted)
            if not close(has[ours].merged_weight(), weight):
                return f"the weight of {theirs} is not that of the files"
        return _rest_problem(found, original.extra)


def adapted(base: nn.Module, wanted: Mapping[str, dict], seed: int) -> nn.Module:
    """A model with adapters that do something."""
    model = copy.deepcopy(base)
    names = {name: Settings(**options) for name, _ in model.named_modules() for end, options in wanted.items()
             if name.rpartition(".")[2] == end}  # fmt: skip
    generator = torch.Generator().manual_seed(seed)
    install(model, names, generator)
    with torch.no_grad():
        for layer in adapter_layers(model).values():
            layer.lora_B.copy_(torch.randn(layer.lora_B.shape, generator=generator))
            layer.lora_A.copy_(torch.randn(layer.lora_A.shape, generator=generator))
    return model


def check_fields(config: dict) -> None:
    """Refuse what is more than LoRA and DoRA, and fields of another type, where they decide something."""
    kinds = {"r": (int,), "lora_alpha": (int, float), "lora_dropout": (int, float), "use_rslora": (bool, type(None)),
             "use_dora": (bool, type(None)), "rank_pattern": (dict, type(None)), "alpha_pattern": (dict, type(None)),
             "target_parameters": (list, type(None))}  # fmt: skip
    for name, allowed in kinds.items():
        if name in config and type(config[name]) not in allowed:
            raise Unsaid(f"{name} is {str(config[name])[:80]}")
    starts = config.get("init_lora_weights", True)
    if (
        config.get("peft_type") != "LORA"
        or config.get("bias", "none") != "none"
        or not any(same(starts, each) for each in STARTS)
    ):
        raise Unsaid("more than LoRA")
    if any(name in config and not any(same(config[name], each) for each in EMPTY) for name in MORE):
        raise Unsaid("more than adapters")


def said_layers(tensors: Mapping[str, Tensor], base: nn.Module) -> dict[str, tuple[str, bool, dict[str, Tensor]]]:
    """The tensors of each published layer, and our name of it; copies of frozen weights must be those of the model."""
    family = family_that_says(base.config)
    table = {theirs: place for theirs, place in family.key_table(base.config).items() if len(place.names) == 1}
    found: dict[str, tuple[str, bool, dict[str, Tensor]]] = {}
    for name, tensor in tensors.items():
        if not name.startswith(PREFIX):
            raise Unsaid(f"{name} is no tensor of an adapter")
        end = next((end for end in (*LINEAR, *TABLE) if name.endswith(f".{end}")), None)
        if end is None:
            _check_copy(name, tensor, table, base)
            continue
        theirs = name.removeprefix(PREFIX).removesuffix(f".{end}")
        published = (
            theirs.replace(".mlp.gate", ".block_sparse_moe.gate") if base.config.__dict__.get("experts") else theirs
        )
        place = table.get(f"{published}.weight")
        if place is None:
            raise Unsaid(f"there is no {theirs}")
        ours = place.names[0].removesuffix(".weight")
        found.setdefault(theirs, (ours, place.transposed, {}))[2][end] = tensor
    if not found or len({ours for ours, _, _ in found.values()}) < len(found):
        raise Unsaid("no adapter, or one twice")
    return found


def _check_copy(name: str, tensor: Tensor, table: Mapping, base: nn.Module) -> None:
    place = table.get(name.removeprefix(PREFIX).replace(".base_layer.", "."))
    weight = dict(base.named_parameters()).get(place.names[0]) if place else None
    if weight is None or "lora_" in name:
        raise Unsaid(f"{name} is no tensor of an adapter")
    if not torch.equal(tensor, weight.T if place.transposed and weight.ndim == 2 else weight):
        raise Unsaid(f"{name} is not that of the model")


def said_settings(config: dict, name: str, parts: Mapping[str, Tensor]) -> dict:
    """What the adapter of a layer is, by the config and the shapes of its tensors."""
    embedding = parts.keys() <= TABLE.keys()
    dora = bool(config.get("use_dora"))
    if set(parts) != (set(TABLE) if embedding else set(LINEAR) - (set() if dora else {"lora_magnitude_vector"})) or (
        embedding and dora
    ):
        raise Unsaid(f"{name} has {sorted(parts)}")
    targeted = (
        f"{name}.weight"
        if any(f".{name}.weight".endswith(f".{each}") for each in config.get("target_parameters") or ())
        else name
    )
    rank = _by_pattern(config.get("rank_pattern"), targeted, config.get("r", 8), (int,))
    alpha = _by_pattern(config.get("alpha_pattern"), targeted, config.get("lora_alpha", 8), (int, float))
    first, second = parts.values() if embedding else (parts["lora_A.weight"], parts["lora_B.weight"])
    if embedding:
        first, second = parts["lora_embedding_A"], parts["lora_embedding_B"]
    if first.shape[0] != rank or second.shape[-1] != rank or not 0 < alpha < math.inf:
        raise Unsaid(f"{name} has a rank of {first.shape[0]}, said to be {rank}, and an alpha of {alpha}")
    stable = bool(config.get("use_rslora"))
    dropout = 0.0 if embedding else config.get("lora_dropout", 0.0)
    if not 0 <= dropout < 1:
        raise Unsaid(f"a dropout of {dropout}")
    return {"kind": "dora" if dora else "lora", "rank": rank, "alpha": alpha, "dropout": dropout,
            "rank_stabilized": stable, "scale": alpha / (math.sqrt(rank) if stable else rank)}  # fmt: skip


def _by_pattern(patterns: dict | None, name: str, default: Any, kinds: tuple[type, ...]) -> Any:
    """The value of the first pattern that matches; those that end in "!" match no name, and are not tried."""
    values = patterns or {}
    if any(type(value) not in kinds or not value > 0 for value in values.values()):
        raise Unsaid("a pattern for a value of another type")
    for pattern, value in values.items():
        if not pattern.endswith("!") and re.match(rf"(.*\.)?({pattern})$", name):
            return value
    return default


@torch.no_grad()
def merged(weight: Tensor, parts: Mapping[str, Tensor], said: Mapping[str, Any]) -> Tensor:
    """The weight that the files make of a frozen one, in float64."""
    wide = {name: part.double() for name, part in parts.items()}
    if "lora_embedding_A" in wide:
        return weight.double() + said["scale"] * (wide["lora_embedding_B"] @ wide["lora_embedding_A"]).T
    changed = weight.double() + said["scale"] * (wide["lora_B.weight"] @ wide["lora_A.weight"])
    if said["kind"] == "lora":
        return changed
    norm = changed.norm(dim=1)
    return torch.where(norm == 0, 1.0, wide["lora_magnitude_vector"] / norm)[:, None] * changed


def close(ours: Tensor, wanted: Tensor) -> bool:
    """Whether two matrices agree, as far as float32 goes; where it overflows nothing is asked."""
    if ours.shape != wanted.shape:
        return False
    large = wanted.abs().nan_to_num(math.inf, math.inf).max() > 1e18  # squares of it are infinite in float32
    return bool(large) or torch.allclose(
        ours.double(), wanted, rtol=1e-4, atol=1e-5 * (1 + float(wanted.abs().nan_to_num(0).max())), equal_nan=True
    )


def _rest_problem(found: nn.Module, base: nn.Module) -> str | None:
    """Whether all weights that were there are there, and frozen."""
    frozen = {name.replace(".base.", "."): each for name, each in found.named_parameters()
              if not re.search(r"\.(lora_A|lora_B|magnitude)$", name)}  # fmt: skip
    if not same(frozen, dict(base.named_parameters())):
        return "frozen weights are others"
    trained = [
        name
        for name, each in found.named_parameters()
        if each.requires_grad != bool(re.search("lora_|magnitude", name))
    ]
    return f"frozen or not: {trained[:3]}" if trained else None


KINDS = [Adapters("adapter", 0.25, (CheckpointError,))]
