"""Two printings of one cell, held against the promise that its page makes."""

import re
from dataclasses import dataclass

from classes import LABEL, Clause, Place, clauses_of

# Not digits inside a name (bf16, layer_2), and not the hyphen of a range.
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?!\w)|(?<![\w.])[-+]?(?:nan|inf)(?!\w)")


@dataclass(frozen=True)
class Difference:
    """What two runs of a cell disagree about."""

    line: int
    expected: str
    got: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.expected!r} became {self.got!r}"


def label_after(cells: list, index: int) -> str:
    """The promise about a cell's output: the first line of the Markdown cell behind it; exact where there is none."""
    following = cells[index + 1] if index + 1 < len(cells) else None
    found = LABEL.match(following.source) if following and following.cell_type == "markdown" else None
    return found[1] if found else "exact"


def difference(expected: str, got: str, label: str, *, shifted: bool = False) -> Difference | None:
    """The first place where two printed texts differ by more than the label allows; None where there is none.

    Args:
        expected: what the built page shows.
        got: what another run has printed.
        label: the promise, as :func:`label_after` gives it.
        shifted: whether the other run had other seeds.

    Raises:
        LabelError: the label cannot be read.
    """
    clauses = clauses_of(label)
    if expected == got:
        return None
    before, after = expected.rstrip().splitlines(), got.rstrip().splitlines()
    if len(before) != len(after):
        free = any(clause.names is None and clause.free(shifted) for clause in clauses)
        return None if free else Difference(0, f"{len(before)} lines", f"{len(after)} lines")
    for index, (old, new) in enumerate(zip(before, after, strict=True), start=1):
        if not _line_holds(old, new, clauses, (index, len(before)), shifted):
            return Difference(index, old, new)
    return None


def _line_holds(old: str, new: str, clauses: list[Clause], line: tuple[int, int], shifted: bool) -> bool:
    if old == new or any(clause.free(shifted) for clause in _binding(clauses, Place(line[0], 1, line[1], 1))):
        return True
    first, second = NUMBER.findall(old), NUMBER.findall(new)
    if len(first) != len(second) or _words(old) != _words(new):
        return False
    places = [Place(line[0], position, line[1], len(first)) for position in range(1, len(first) + 1)]
    return all(_number_holds(*pair, _binding(clauses, place), shifted)
               for *pair, place in zip(first, second, places, strict=True))


def _number_holds(old: str, new: str, clauses: list[Clause], shifted: bool) -> bool:
    return any(clause.free(shifted) or clause.accepts(old, new) for clause in clauses)


def _binding(clauses: list[Clause], place: Place) -> list[Clause]:
    """The clauses that name a place; where none does, those about the rest."""
    named = [clause for clause in clauses if clause.names is not None and clause.names(place)]
    return named or [clause for clause in clauses if clause.names is None]


def _words(line: str) -> str:
    """A line without its numbers, and with single spaces: columns move with the width of a number."""
    return " ".join(NUMBER.sub("#", line).split())
