"""One slide, and how long lists are dealt to several."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sentences import text_length

MOST_LETTERS = 780
"""What a slide of text holds at a size that the last row can read."""


@dataclass(frozen=True)
class Slide:
    """One slide of a deck."""

    kind: str
    """What it is, such as "figure"; slides.css has a class for each kind."""
    head: str
    """The headline, HTML within a line."""
    body: str
    """What stands below it, HTML."""
    above: str = ""
    """The small line above the headline: of what it speaks."""
    page: str = ""
    """The page it is from, as "04-norms.html#four-numbers"."""
    place: str = ""
    """That page's title."""


def dealt(items: Iterable[str], most: int = MOST_LETTERS) -> list[list[str]]:
    """HTML items in groups that fill a slide each, about evenly. An item longer than a slide stands alone."""
    items = list(items)
    total = sum(map(text_length, items))
    slides = max(1, -(-total // most))
    groups, filled = [[]], 0
    for item in items:
        size = text_length(item)
        if groups[-1] and len(groups) < len(items) and filled + size / 2 > total / slides * len(groups):
            groups.append([])
        groups[-1].append(item)
        filled += size
    return groups


def in_parts(groups: list, make: Callable[[object, str], Slide]) -> list[Slide]:
    """A slide for each group; where there are several, each says which it is."""
    many = len(groups) > 1
    return [make(group, f" ({number} of {len(groups)})" if many else "") for number, group in enumerate(groups, 1)]


def bullets(items: Iterable[str]) -> str:
    """A list of HTML items."""
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"
