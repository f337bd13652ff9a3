"""How closely a printed result must come out again: the line ``*Reproduces: ...*`` under it, read as a rule.

The line is written for the reader, in a small language, and checked as it stands:

    *Reproduces: line 2: to one digit; the rest: rounding, below $10^{-5}$.*

A clause has a kind, and may say where it holds: ``line 3``, ``lines 1 and 3``, ``lines 2 to 4``, ``the last line``,
``number 2`` or ``the last number`` of each line, ``line 3, number 2``, ``the rest``. Kinds, from strict to loose:
``exact``; ``to the printed digits``; ``to 0.02``, ``to 2 %``, ``to two digits``, ``to the power of ten``; ``rounding,
below $10^{-5}$``; ``up to the seed`` (with a tolerance for another processor, if it needs one); ``illustrative``. Words
between numbers are equal, save where a clause allows any text. A result without such a line is exact.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

MINUS = "\N{MINUS SIGN}"
LABEL = re.compile(r"\s*\*Reproduces:\s*(.*?)\*", re.DOTALL)
DIGITS = {"one": 0.5, "two": 0.05, "three": 0.005, "four": 0.0005}
REMARK = re.compile(r"\.(?:\s|$)")  # what follows the first full stop is for the reader
COUNT = r"\d+(?:(?:, \d+)* (?:and|to) \d+)?"
LAST = r"the last(?: \d+)?"
WHERE = re.compile(rf"(?:(?:lines? (?P<lines>{COUNT})|(?P<last_lines>{LAST}) lines?))?(?:, )?"
                   rf"(?:numbers? (?P<numbers>{COUNT})|(?P<last_numbers>{LAST}) numbers?)?$")


class LabelError(ValueError):
    """A line "Reproduces" that the runner cannot read."""


@dataclass(frozen=True)
class Place:
    """A number of a printed text: its line and its position among the numbers of that line, from both ends."""

    line: int
    number: int
    lines: int
    numbers: int


@dataclass(frozen=True)
class Span:
    """Some of a row of things: those at given positions, from 1, or so many at its end; all, where neither is given."""

    given: tuple[int, ...] = ()
    last: int = 0

    def names(self, position: int, count: int) -> bool:
        """Whether it names one position of so many."""
        return position > count - self.last if self.last else not self.given or position in self.given

    @property
    def least(self) -> int:
        """How many things there have to be."""
        return max(self.last, *self.given, 0)


@dataclass(frozen=True)
class Where:
    """The places for which a clause holds."""

    text: str
    lines: Span
    numbers: Span

    def names(self, place: Place) -> bool:
        """Whether the clause names a place."""
        return self.lines.names(place.line, place.lines) and self.numbers.names(place.number, place.numbers)


@dataclass(frozen=True)
class Clause:
    """Where a promise holds, and what it allows."""

    where: Where | None
    """None for "the rest"."""
    accepts: Callable[[str, str], bool]
    """Whether two printed numbers are close enough on two processors."""
    exact: bool = False
    any_text: bool = False
    """Illustrative: the words may differ as well."""
    seeded: bool = False
    """With another seed, anything goes."""

    def free(self, shifted: bool) -> bool:
        """Whether everything is allowed here."""
        return self.any_text or (self.seeded and shifted)

    @property
    def of_lines(self) -> bool:
        """Whether it is about lines as they are, words included, and not about some of their numbers."""
        return self.where is None or not self.where.numbers.least


def clauses_of(label: str) -> list[Clause]:
    """Read a label, without its asterisks and the word "Reproduces:".

    Raises:
        LabelError: it is not in the language above.
    """
    text = REMARK.split(" ".join(label.split()), maxsplit=1)[0]
    clauses = [_clause(part.strip()) for part in text.split(";")]
    if not any(clause.where is None for clause in clauses):
        clauses.append(_clause("exact"))
    return clauses


def _clause(text: str) -> Clause:
    place, colon, kind = text.rpartition(": ")
    kind = re.sub(r",? from .*", "", kind)
    where = _where(place) if colon and place != "the rest" else None
    if kind == "illustrative":
        return Clause(where, _anything, any_text=True)
    if kind.startswith("up to the seed"):
        rest = kind.removeprefix("up to the seed").removeprefix(", ")
        return Clause(where, _kind(rest or "exact"), rest == "", any_text=rest == "illustrative", seeded=True)
    return Clause(where, _kind(kind), kind == "exact")


def _where(text: str) -> Where:
    found = WHERE.fullmatch(text)
    if not text or not found:
        raise LabelError(f"cannot read where {text!r} is; write 'line 2', 'the last line', 'number 3' or 'the rest'")
    return Where(text, _span(found["lines"], found["last_lines"]), _span(found["numbers"], found["last_numbers"]))


def _span(counted: str | None, last: str | None) -> Span:
    """From "2", "1, 3 and 5", "2 to 4" or "the last 2"."""
    if last:
        return Span(last=int(re.sub(r"\D", "", last) or 1))
    given = [int(number) for number in re.findall(r"\d+", counted or "")]
    chosen = range(given[0], given[-1] + 1) if " to " in (counted or "") else given
    if counted and (not chosen or min(chosen) < 1):
        raise LabelError(f"{counted!r} names nothing; positions are counted from 1, upwards")
    return Span(tuple(chosen))


def _kind(text: str) -> Callable[[str, str], bool]:
    bound = re.fullmatch(r"rounding, below (.+)", text)
    if bound:
        most = number(bound[1])
        return lambda a, b: abs(value(a)) <= most and abs(value(b)) <= most
    if text == "exact":
        return lambda a, b: a == b
    if text == "illustrative":
        return _anything
    if text == "to the printed digits":
        return lambda a, b: a == b or abs(value(a) - value(b)) <= 1.001 * min(unit(a), unit(b))
    if text == "to the power of ten":
        return _same_power
    digits = re.fullmatch(r"to (\w+) digits?", text)
    if digits and digits[1] in DIGITS:
        return _relative(DIGITS[digits[1]])
    tolerance = re.fullmatch(r"to (.+?)( %)?", text)
    if tolerance:
        size = number(tolerance[1]) * (1 + 1e-9)
        return _relative(size / 100) if tolerance[2] else lambda a, b: a == b or abs(value(a) - value(b)) <= size
    raise LabelError(f"{text!r} is not a kind of promise; see the kinds at the top of {__name__}.py")


def _anything(a: str, b: str) -> bool:
    return True


def _relative(share: float) -> Callable[[str, str], bool]:
    def accepts(a: str, b: str) -> bool:
        apart = abs(value(a) - value(b))  # infinite or no number at all beside an infinity or a nan
        return a == b or (math.isfinite(apart) and apart <= share * max(abs(value(a)), abs(value(b))))

    return accepts


def _same_power(a: str, b: str) -> bool:
    one, other = value(a), value(b)
    near = abs(one) <= 10 * abs(other) and abs(other) <= 10 * abs(one)
    return a == b or (near and math.copysign(1, one) == math.copysign(1, other))


def number(text: str) -> float:
    """A bound as a page writes it: ``0.02``, ``1e-5``, ``$10^{-5}$``, ``$2 \\times 10^{-4}$``.

    Raises:
        LabelError: it is none of these.
    """
    plain = text.strip("$").replace(r"\times", "*").replace(" ", "").replace("{", "").replace("}", "")
    found = re.fullmatch(r"(?:([\d.]+)\*)?10\^(-?\d+)", plain)
    try:
        return float(found[1] or 1) * 10.0 ** int(found[2]) if found else float(plain)
    except ValueError:
        raise LabelError(f"{text!r} is not a bound such as 0.02 or $10^{{-5}}$") from None


def value(text: str) -> float:
    """A printed number."""
    return float(text.replace(",", "").replace(MINUS, "-"))


def unit(text: str) -> float:
    """One unit of the last printed digit: 0.01 for ``1.25``, 1e-7 for ``3.2e-06``."""
    mantissa, _, power = text.lower().partition("e")
    return 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))
