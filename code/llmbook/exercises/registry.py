"""The exercises of the book by name, each a list of checks.

A check is a function of one argument, the reader's function ``f``. It calls ``f`` on plain values (numbers, strings,
lists and dicts of them, arrays, tensors), compares what comes back, and raises an ``AssertionError`` whose message
helps. Since nothing but values goes in and out of ``f``, the same check can judge a function that runs in another
process.
"""

from collections.abc import Callable
from dataclasses import dataclass

Attempt = Callable[..., object]


@dataclass(frozen=True)
class Check:
    """One test of an exercise."""

    title: str
    """What it tests, in one line."""
    run: Callable[[Attempt], None]
    """The check itself."""
    points: float
    """What passing it is worth."""


REGISTRY: dict[str, list[Check]] = {}
"""Name of an exercise: its checks, in the order of their definition."""


def exercise(name: str, points: float = 1) -> Callable[[Callable[[Attempt], None]], Callable[[Attempt], None]]:
    """Register a check for an exercise; several checks may share a name.

    Args:
        name: of the exercise, which is also its label on the page.
        points: what passing this check is worth.

    Returns:
        A decorator. The first line of the decorated function's docstring becomes the title of the check.

    Raises:
        ValueError: the function has no docstring, or points are not positive.
    """

    def register(run: Callable[[Attempt], None]) -> Callable[[Attempt], None]:
        if not run.__doc__ or points <= 0:
            raise ValueError(f"the check {run.__name__} of {name} needs a docstring for its title and points above 0")
        REGISTRY.setdefault(name, []).append(Check(run.__doc__.strip().splitlines()[0], run, points))
        return run

    return register
