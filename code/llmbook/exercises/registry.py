"""The checks of an exercise: functions that are marked with its name, and how they are gathered.

A check is a function of one argument, the reader's function ``f``. It calls ``f`` on plain values (numbers, strings,
lists and dicts of them, arrays, tensors), compares what comes back, and raises an ``AssertionError`` whose message
helps. Since nothing but values goes in and out of ``f``, the same check can judge a function that runs in another
process.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, ModuleType

Attempt = Callable[..., object]
MARK = "checks_exercise"
"""The attribute of a check that names its exercise; where the function goes, the mark goes."""


@dataclass(frozen=True)
class Check:
    """One test of an exercise."""

    title: str
    """What it tests, in one line."""
    run: Callable[[Attempt], None]
    """The check itself."""
    points: float
    """What passing it is worth."""


Exercises = Mapping[str, tuple[Check, ...]]
"""The name of each exercise: its checks, in the order of their definition."""


def exercise(name: str, points: float = 1) -> Callable[[Callable[[Attempt], None]], Callable[[Attempt], None]]:
    """Mark a function as a check of an exercise; several may share a name.

    Args:
        name: of the exercise, which is also its label on the page.
        points: what passing this check is worth.

    Returns:
        A decorator. The first line of the decorated function's docstring becomes the title of the check; under
        ``python -OO``, which drops docstrings, its name in words.

    Raises:
        ValueError: the function has no docstring, or points are not positive.
    """

    def mark(run: Callable[[Attempt], None]) -> Callable[[Attempt], None]:
        title = _title(run)
        if not title or not points > 0:
            raise ValueError(f"the check {run.__name__} of {name} needs a docstring for its title and points above 0")
        setattr(run, MARK, (name, Check(title, run, points)))
        return run

    return mark


def _title(run: Callable[[Attempt], None]) -> str:
    """The title of a check; Python drops docstrings from optimization level 2 on."""
    doc = run.__name__.strip("_").replace("_", " ") if sys.flags.optimize >= 2 else run.__doc__ or ""
    return "".join(doc.strip().splitlines()[:1])


def collect(modules: Iterable[ModuleType]) -> Exercises:
    """The checks that some modules define; what they import from elsewhere is not theirs.

    Raises:
        ValueError: two modules have checks of the same exercise.
    """
    found: dict[str, tuple[Check, ...]] = {}
    for module in modules:
        own: dict[str, tuple[Check, ...]] = {}
        for value in vars(module).values():
            name, check = getattr(value, MARK, ("", None))
            if check and value.__module__ == module.__name__:
                own[name] = (*own.get(name, ()), check)
        if shared := found.keys() & own.keys():
            raise ValueError(f"{module.__name__} has checks of {', '.join(sorted(shared))}, and so has another module")
        found |= own
    return MappingProxyType(found)
