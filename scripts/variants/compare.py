"""Two printings of one cell, held against the promise that its page makes."""

import re
from dataclasses import dataclass

from classes import LABEL, MINUS, Clause, LabelError, Place, clauses_of

# Not digits inside a name (bf16, layer_2, 1.5x, 2.13.0), and not the hyphen of a range.
DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d*)?|\.\d+"
NUMBER = re.compile(rf"(?<![\w.])[-+{MINUS}]?(?>(?:{DIGITS})(?:[eE][-+]?\d+)?|nan|inf)(?!\w|\.\d)")


@dataclass(frozen=True)
class Difference:
    """A line that breaks a promise, as it was and as it is in another run."""

    line: int
    expected: str
    got: str

    def __str__(self) -> str:
        broken = f"became {self.got!r}" if self.got != self.expected else "is not what the label says"
        return f"line {self.line}: {self.expected!r} {broken}"


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
        LabelError: the label cannot be read, or names a place that the text does not have.
    """
    clauses = clauses_of(label)
    before, after = expected.rstrip().splitlines(), got.rstrip().splitlines()
    _names_what_is_there(clauses, before)
    pairs = _pairs(before, after, clauses, shifted)
    if pairs is None:
        return Difference(0, f"{len(before)} lines", f"{len(after)} lines")
    for index, (old, new) in pairs.items():
        if not _line_holds(old, new, clauses, (index, len(before)), shifted):
            return Difference(index, old, new)
    return None


def _names_what_is_there(clauses: list[Clause], lines: list[str]) -> None:
    """Refuse a clause about a line or a number that is not printed: the cell has changed, and the label has not."""
    for where in filter(None, (clause.where for clause in clauses)):
        named = [line for position, line in enumerate(lines, start=1) if where.lines.names(position, len(lines))]
        most = max((len(NUMBER.findall(line)) for line in named), default=0)
        if lines and (where.lines.least > len(lines) or where.numbers.least > most):
            raise LabelError(f"the cell does not print what {where.text!r} names")


def _pairs(before: list[str], after: list[str], clauses: list[Clause],
           shifted: bool) -> dict[int, tuple[str, str]] | None:
    """The lines to compare, by number. Where the rest is free there may be more or fewer, save those that are named."""
    if len(before) == len(after):
        return dict(enumerate(zip(before, after, strict=True), start=1))
    spans = [clause.where.lines for clause in clauses if clause.where and not clause.free(shifted)]
    head = max((span.least for span in spans if not span.last), default=0)
    tail = max((span.last for span in spans), default=0)
    everywhere = any(not span.least for span in spans)  # a number of each line
    rest_is_free = any(clause.where is None and clause.free(shifted) for clause in clauses)
    if everywhere or not rest_is_free or head + tail > min(len(before), len(after)):
        return None
    chosen = [*range(head), *range(-tail, 0)]
    return {index % len(before) + 1: (before[index], after[index]) for index in chosen}


def _line_holds(old: str, new: str, clauses: list[Clause], line: tuple[int, int], shifted: bool) -> bool:
    first, second = NUMBER.findall(old), NUMBER.findall(new)
    places = [Place(line[0], position, line[1], len(first)) for position in range(1, len(first) + 1)]
    whole = _binding([clause for clause in clauses if clause.of_lines], Place(line[0], 0, line[1], 0))
    bound = [_binding(clauses, place) for place in places]
    others = [clause for group in bound for clause in group if not clause.of_lines]
    if any(clause.free(shifted) for clause in whole) and all(clause.free(shifted) for clause in others):
        return True
    if all(clause.exact and not clause.free(shifted) for group in (whole, *bound) for clause in group):
        return old.rstrip() == new.rstrip()
    if len(first) != len(second) or _words(old) != _words(new):
        return False
    return all(_number_holds(*pair, group, shifted) for *pair, group in zip(first, second, bound, strict=True))


def _number_holds(old: str, new: str, clauses: list[Clause], shifted: bool) -> bool:
    return any(clause.free(shifted) or clause.accepts(old, new) for clause in clauses)


def _binding(clauses: list[Clause], place: Place) -> list[Clause]:
    """The clauses that name a place; where none does, those about the rest."""
    named = [clause for clause in clauses if clause.where and clause.where.names(place)]
    return named or [clause for clause in clauses if clause.where is None]


def _words(line: str) -> str:
    """A line without its numbers, and with single spaces: columns move with the width of a number."""
    return " ".join(NUMBER.sub("#", line).split())
