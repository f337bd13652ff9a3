"""PEFT's ``adapter_config.json``: from it to the settings of each layer, and back.

The numbers hold for all layers, except those that ``rank_pattern`` and ``alpha_pattern`` name. A pattern is a regular
expression for the end of a layer's name, and the first that matches counts.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from llmbook.adapters.base import Settings
from llmbook.adapters.patterns import Patterns
from llmbook.adapters.peft_fields import not_built, wrong_field
from llmbook.checkpoint import CheckpointError
from llmbook.strict_json import shown

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
FIELDS = {  # PEFT's name of a setting, and its value where the file leaves it out
    "rank": ("r", 8), "alpha": ("lora_alpha", 8), "dropout": ("lora_dropout", 0.0),
    "rank_stabilized": ("use_rslora", False),
}  # fmt: skip
PATTERNS = {"rank": "rank_pattern", "alpha": "alpha_pattern"}  # what may differ from layer to layer
KEEP_THE_BASE = (True, False, None, "eva", "gaussian", "orthogonal")  # others start from changed base weights


def check_config(path: Path, config: Mapping) -> None:
    """Refuse adapters that are more than LoRA and DoRA or of unknown making, and fields of another type.

    Args:
        path: the file, for error messages.
        config: its content.

    Raises:
        CheckpointError: with the name of the file and of the field.
    """
    if config.get("peft_type") != "LORA":
        raise CheckpointError(f"{path}: peft_type is {shown(config.get('peft_type'))}; this book reads LORA, with DoRA")
    wrong = wrong_field(config)
    if wrong:
        raise CheckpointError(f"{path}: {wrong}")
    strange = not_built(config)
    strange += ["bias"] if config.get("bias", "none") != "none" else []
    strange += ["init_lora_weights"] if config.get("init_lora_weights", True) not in KEEP_THE_BASE else []
    if strange:
        said = ", ".join(f"{name} = {shown(config[name])}" for name in strange)
        raise CheckpointError(f"{path}: {said}: not built in this book; merge it with PEFT and load the whole model")


def read_settings(path: Path, config: Mapping, layers: Mapping[str, bool]) -> dict[str, Settings]:
    """What each layer's adapter is.

    Args:
        path: the file, for error messages.
        config: its content, checked.
        layers: published names, and whether each is an embedding.

    Returns:
        Settings by published name.

    Raises:
        CheckpointError: the config asks for what is not built here, or its patterns cannot be matched.
    """
    special = {field: _by_name(path, config, theirs, layers) for field, theirs in PATTERNS.items()}
    try:
        return {
            name: _settings(config, {field: found[name] for field, found in special.items()}, name, is_embedding)
            for name, is_embedding in layers.items()
        }
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}; is the file damaged?") from error


def targeted_name(config: Mapping, name: str) -> str:
    """What PEFT matches the patterns with: a layer, or its weight where ``target_parameters`` names that."""
    targets, weight = config.get("target_parameters") or (), f"{name}.weight"
    return weight if any(f".{weight}".endswith(f".{target}") for target in targets) else name


def write_config(
    settings: Mapping[str, Settings],
    embeddings: set[str],
    targets: list[str],
    *,
    fused: set[str],
    transposed: bool,
    task: str | None,
    base_model: str | None,
) -> dict:
    """The ``adapter_config.json`` of some adapters.

    Args:
        settings: what each layer's adapter is, by published name.
        embeddings: which of them are embeddings.
        targets: names that select just these layers.
        fused: those for which PEFT reads no patterns, all with one rank and one alpha.
        transposed: whether the published matrices are (inputs, outputs).
        task: PEFT's name of the task, such as "CAUSAL_LM".
        base_model: the name of the weights that they belong to.

    Returns:
        A dict that ``json`` can write.

    Raises:
        ValueError: the adapters differ in what PEFT has only one field for.
    """
    linear = {name: one for name, one in settings.items() if name not in embeddings}
    deciding = {name: one for name, one in settings.items() if name in fused} or settings
    usual = {field: _most_common(_values(field, deciding)) for field in PATTERNS}
    common = {"dropout": _the_same("dropout", linear) if linear else 0.0}
    common["rank_stabilized"] = _the_same("rank_stabilized", settings)
    return {
        "peft_type": "LORA",
        "task_type": task,
        "target_modules": targets,
        "use_dora": _the_same("kind", settings) == "dora",
        **{FIELDS[field][0]: value for field, value in (usual | common).items()},
        **{theirs: _others(field, settings, usual[field]) for field, theirs in PATTERNS.items()},
        "fan_in_fan_out": transposed,
        "bias": "none",
        "init_lora_weights": True,
        "inference_mode": True,
        "modules_to_save": None,
        "base_model_name_or_path": base_model,
    }


def _by_name(path: Path, config: Mapping, theirs: str, layers: Iterable[str]) -> dict[str, float | None]:
    """The value of the first pattern of each layer, or None."""
    try:
        patterns = Patterns(config.get(theirs) or {})
        return {name: patterns.value(targeted_name(config, name), None) for name in layers}
    except ValueError as error:
        raise CheckpointError(f"{path}: {theirs} {error}; is the file damaged?") from error


def _settings(config: Mapping, special: Mapping[str, float | None], name: str, is_embedding: bool) -> Settings:
    """What the adapter of one layer is."""
    if is_embedding and config.get("use_dora"):
        raise ValueError(f"DoRA of an embedding ({name}) is not built in this book")
    values = {field: config.get(theirs, default) for field, (theirs, default) in FIELDS.items()}
    values |= {field: value for field, value in special.items() if value is not None}
    values |= {"dropout": 0.0} if is_embedding else {}
    values["rank_stabilized"] = bool(values["rank_stabilized"])  # PEFT takes null for no
    return Settings(kind="dora" if config.get("use_dora") else "lora", **values)


def _values(field: str, settings: Mapping[str, Settings]) -> list:
    """A field of all settings."""
    return [getattr(one, field) for one in settings.values()]


def _most_common(values: list) -> float:
    """The value that most have."""
    return Counter(values).most_common(1)[0][0]


def _others(field: str, settings: Mapping[str, Settings], usual: float) -> dict[str, float]:
    """PEFT's pattern: the layers that differ from the usual value."""
    return {re.escape(name): getattr(one, field) for name, one in settings.items() if getattr(one, field) != usual}


def _the_same(field: str, settings: Mapping[str, Settings]) -> object:
    """The value that all have."""
    values = set(_values(field, settings))
    if len(values) > 1:
        raise ValueError(
            f"PEFT's format has one {field} for all layers, and these have {sorted(values)}; "
            "save the model's state_dict instead"
        )
    return values.pop()
