"""What the fields of a config may hold: the few words of some, and for the others the kind that their annotation names.

A dataclass does not look at its annotations. Here they are the one source of what a field may be, so that no field is
forgotten: ``True`` is no whole number, "8" is none either, and NaN is no number at all.
"""

from collections.abc import Collection, Iterable
from dataclasses import fields
from types import NoneType, UnionType
from typing import Literal, get_args, get_origin

Activation = Literal["relu", "gelu", "gelu_tanh", "silu", "sigmoid", "identity"]
"""The keys of ``layers.activation.ACTIVATIONS``."""
Norm = Literal["layer", "layer_free", "rms", "rms_unit"]
"""The kinds that ``layers.norm.build_norm`` makes."""
NormPlace = Literal["pre", "post", "both", "output"]
Positions = Literal["rope", "learned"]

LARGEST = 2.0**63  # torch computes with no whole number above, and no field of a real model comes near
WORDS = {int: "a whole number", float: "a finite number", bool: "True or False", NoneType: "None"}


def fits(value: object, kind: object) -> bool:
    """Whether a value is what an annotation says: a class, words, or several of these.

    A whole number may stand for a ``float``, as JSON writes 10000 for 10000.0; a bool may stand for neither.
    """
    if isinstance(kind, UnionType):
        return any(fits(value, each) for each in get_args(kind))
    if get_origin(kind) is Literal:
        return isinstance(value, str) and value in get_args(kind)
    if kind is float:  # NaN is not below anything
        return (fits(value, int) or isinstance(value, float)) and abs(value) < LARGEST
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def described(kind: object) -> str:
    """What an annotation asks for, in words."""
    if isinstance(kind, UnionType):
        return " or ".join(map(described, get_args(kind)))
    if get_origin(kind) is Literal:
        return f"one of {', '.join(get_args(kind))}"
    return WORDS.get(kind, getattr(kind, "__name__", str(kind)))


def check_kinds(config: object, besides: Collection[str] = (), within: str = "") -> None:
    """Hold the fields of a dataclass to their annotations.

    Args:
        config: an instance.
        besides: fields that are not looked at.
        within: what stands before their names in the message.

    Raises:
        ValueError: a field holds something else.
    """
    for field in fields(config):
        value = getattr(config, field.name)
        if field.name not in besides and not fits(value, field.type):
            raise ValueError(f"{within}{field.name} must be {described(field.type)}, not {value!r:.80}")


def check_counts(config: object, names: Iterable[str]) -> None:
    """Hold whole numbers that count something to at least one.

    Raises:
        ValueError: one is below.
    """
    for name in names:
        if getattr(config, name) < 1:
            raise ValueError(f"{name} must be at least 1, not {getattr(config, name)}")


def refuse(rules: Iterable[tuple[bool, str]]) -> None:
    """Raise the sentence of the first rule that is broken.

    Args:
        rules: whether it is broken, and what to say then.

    Raises:
        ValueError: one is broken.
    """
    for broken, sentence in rules:
        if broken:
            raise ValueError(sentence)
