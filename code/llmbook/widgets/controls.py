"""The controls of an explorer: a slider over ordered values, a choice among named options, a text to be edited.

All are an ordered list of values and a default; they differ in how they are shown. A control may list more values
than the printed page can draw frames for: ``frames`` names the ones that the page gets, a live notebook has them all.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_FRAMES = 200


@dataclass(frozen=True)
class Control:
    """An ordered list of values with a default.

    Attributes:
        label: What the reader sees, for example ``"Head size"``.
        values: Every value a live notebook offers, in order.
        default: The value shown first; one of ``values``.
        format: How a value is written: a function, or a format string such as ``"{:.1f}"``.
        frames: The values that the built page offers, in order, the default among them; all when left out.

    Raises:
        ValueError: If the default is not among the values and the frames, or a frame is not among the values.
    """

    label: str
    values: Sequence[Any]
    default: Any
    format: Callable[[Any], str] | str = "{}"
    frames: Sequence[Any] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        _require(place(self.values, self.default) is not None, f"{self.label}: the default {self.default!r} is not "
                 f"among the values {list(self.values)}; add it or choose another")
        strangers = [value for value in self.drawn if place(self.values, value) is None]
        _require(not strangers, f"{self.label}: frames {strangers} are not among the values")
        _require(place(self.drawn, self.default) is not None, f"{self.label}: add the default {self.default!r} to "
                 "frames, because it is what the page shows first")

    @property
    def drawn(self) -> Sequence[Any]:
        """The values that the built page offers."""
        return self.values if self.frames is None else self.frames

    @property
    def start(self) -> int:
        """The place of the default among the values."""
        return place(self.values, self.default)

    @property
    def drawn_start(self) -> int:
        """The place of the default among the values that the built page offers."""
        return place(self.drawn, self.default)

    def text(self, value: Any) -> str:
        """A value as the reader sees it."""
        return self.format.format(value) if isinstance(self.format, str) else self.format(value)


class Slider(Control):
    """A control for values with an order, such as sizes: ``Slider("Head size", [64, 128, 256], 128)``."""


class Choice(Control):
    """A control for named options: ``Choice("Activation", ["relu", "gelu"], "gelu")``."""


class Text(Control):
    """A text that a live notebook lets the reader edit; the built page shows its default: ``Text("Notes", "We")``.

    Args:
        label: What the reader sees above the text.
        default: The text shown first.
    """

    def __init__(self, label: str, default: str) -> None:
        super().__init__(label, (default,), default, str)


def place(values: Sequence[Any], value: Any) -> int | None:
    """Where a value stands in a list, or None: the object itself, else one of its type, else any that is equal.

    ``list.index`` would take ``1`` for ``True``, and fail at an array, whose ``==`` is no answer.
    """
    for same in (lambda other: other is value, lambda other: type(other) is type(value) and _equal(other, value),
                 lambda other: _equal(other, value)):
        found = next((index for index, other in enumerate(values) if same(other)), None)
        if found is not None:
            return found
    return None


def _equal(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except (TypeError, ValueError, RuntimeError):  # an array or a tensor has no single answer
        return False


def grid(controls: Mapping[str, Control]) -> list[dict[str, Any]]:
    """Every combination of the controls' frames, the last control changing fastest.

    Raises:
        ValueError: If there are more than :data:`MOST_FRAMES`.
    """
    combinations = list(itertools.product(*(control.drawn for control in controls.values())))
    sizes = " x ".join(str(len(control.drawn)) for control in controls.values())
    _require(len(combinations) <= MOST_FRAMES, f"{sizes} = {len(combinations)} frames are too many for a page, "
             f"{MOST_FRAMES} at most; give a slider fewer frames=[...] (a live notebook keeps every value)")
    return [dict(zip(controls, values, strict=True)) for values in combinations]


def start_frame(controls: Mapping[str, Control]) -> int:
    """Where the combination of all defaults stands in :func:`grid`; found by places, since values may not compare."""
    frame = 0
    for control in controls.values():
        frame = frame * len(control.drawn) + control.drawn_start
    return frame


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
