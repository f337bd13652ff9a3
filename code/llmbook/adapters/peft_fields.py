"""The fields of ``adapter_config.json``, each with what it may hold; one with another value is refused by its name.

A field that is not listed here turns on what is not built in this book, unless it is empty.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real

from llmbook.adapters.base import LARGEST_ALPHA, LARGEST_RANK
from llmbook.strict_json import shown


@dataclass(frozen=True)
class Field:
    """What a field may hold."""

    words: str
    """For error messages."""
    allows: Callable[[object], bool]
    """Whether it may hold a value."""


def or_null(field: Field) -> Field:
    """The same, or null."""
    return Field(f"{field.words} or null", lambda value: value is None or field.allows(value))


def by_pattern(field: Field) -> Field:
    """Such values by patterns, or null."""
    return or_null(Field(
        f"{field.words} for each pattern",
        lambda value: isinstance(value, dict) and all(field.allows(each) for each in value.values()),
    ))  # fmt: skip


def _is_rank(value: object) -> bool:
    """Whether a value is a whole number that can be a rank."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LARGEST_RANK


def _is_number(value: object) -> bool:
    """Whether a value is a number, and not true or false."""
    return isinstance(value, Real) and not isinstance(value, bool)


def _are_texts(value: object) -> bool:
    """Whether a value is a list of texts."""
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


RANK = Field("a whole number from 1 to 2**31 (the rank)", _is_rank)
ALPHA = Field("a positive number (alpha)", lambda value: _is_number(value) and 0 < value <= LARGEST_ALPHA)
SHARE = Field(
    "a number from 0 up to, not including, 1 (the dropout)", lambda value: _is_number(value) and 0 <= value < 1
)
FLAG = or_null(Field("true, false", lambda value: isinstance(value, bool)))
TEXT = or_null(Field("a text", lambda value: isinstance(value, str)))
NAMES = or_null(Field("a text, a list of texts", lambda value: isinstance(value, str) or _are_texts(value)))
TEXTS = or_null(Field("a list of texts", _are_texts))
PLACES = or_null(Field(
    "whole numbers", lambda value: all(type(each) is int for each in (value if isinstance(value, list) else [value]))
))  # fmt: skip
FIELDS = or_null(Field("named fields", lambda value: isinstance(value, dict)))
START = or_null(Field("true, false, a text", lambda value: isinstance(value, (bool, str))))
NUMBER = or_null(Field("a whole number", lambda value: type(value) is int))

DECIDE = {  # what the adapter computes
    "r": RANK, "lora_alpha": ALPHA, "lora_dropout": SHARE, "use_rslora": FLAG, "use_dora": FLAG,
    "rank_pattern": by_pattern(RANK), "alpha_pattern": by_pattern(ALPHA), "target_parameters": TEXTS,
    "peft_type": TEXT, "bias": TEXT, "init_lora_weights": START,
}  # fmt: skip
DESCRIBE = {  # they name things, or speak of how the adapter came to be; what it is stands in the tensors
    "auto_mapping": FIELDS, "base_model_name_or_path": TEXT, "corda_config": FIELDS, "ensure_weight_tying": FLAG,
    "eva_config": FIELDS, "exclude_modules": NAMES, "fan_in_fan_out": FLAG, "inference_mode": FLAG,
    "layers_pattern": NAMES, "layers_to_transform": PLACES, "loftq_config": FIELDS, "lora_ga_config": FIELDS,
    "megatron_config": FIELDS, "megatron_core": TEXT, "peft_version": TEXT, "qalora_group_size": NUMBER,
    "revision": TEXT, "runtime_config": FIELDS, "target_modules": NAMES, "task_type": TEXT,
}  # fmt: skip
ALL = DECIDE | DESCRIBE


def wrong_field(config: Mapping[str, object]) -> str | None:
    """What is wrong with a field of a config, as a sentence that begins with its name; None if nothing is."""
    for name, field in ALL.items():
        if name in config and not field.allows(config[name]):
            return f"{name} must be {field.words}, not {shown(config[name])}; is the file damaged?"
    return None


def not_built(config: Mapping[str, object]) -> list[str]:
    """The fields that turn on more than is listed. PEFT turns some on by an empty object already."""
    return [name for name, value in config.items() if name not in ALL and (value or isinstance(value, dict))]
