r"""Regular expressions of an adapter's config, matched in a time that they cannot stretch.

``rank_pattern`` is a downloaded text, and Python's own matching tries one way after the other: ``(a|a)*b`` takes twice
as long for each letter more. Here all ways are followed at once, as the set of places in the name that are reached,
and the steps are counted. The answer is that of ``re.match``. What cannot be matched in this way (looking ahead or
back, repeating what a group has matched) is refused; names of layers need none of it.
"""

import re
from collections.abc import Mapping
from re import _constants as kinds
from re import _parser

LONGEST, MOST, STEPS = 1000, 10_000, 5_000_000
"""Letters of a pattern, patterns of a field, and steps of their matching: a few seconds."""
BRANCHING = re.compile(r"[*+?{|(]")  # without these, Python's matching has one way to try
CATEGORIES = {
    kinds.CATEGORY_DIGIT: str.isdecimal,
    kinds.CATEGORY_NOT_DIGIT: lambda letter: not letter.isdecimal(),
    kinds.CATEGORY_SPACE: str.isspace,
    kinds.CATEGORY_NOT_SPACE: lambda letter: not letter.isspace(),
    kinds.CATEGORY_WORD: lambda letter: letter.isalnum() or letter == "_",
    kinds.CATEGORY_NOT_WORD: lambda letter: not (letter.isalnum() or letter == "_"),
}
REPEATS = (kinds.MAX_REPEAT, kinds.MIN_REPEAT)  # greedy or not: only whether there is a match counts
SIMPLE = (kinds.ANY, kinds.LITERAL, kinds.NOT_LITERAL, kinds.IN, kinds.AT)


class Patterns:
    """Values for layers, by patterns for the end of their names; the first that matches counts, as in PEFT.

    Args:
        values: by pattern.

    Raises:
        ValueError: one is no regular expression, or cannot be matched in a bounded time; or there are too many.
    """

    def __init__(self, values: Mapping[str, float]):
        if len(values) > MOST:
            raise ValueError(f"has {len(values)} patterns, and {MOST} are read")
        self.values = [(_parse(pattern), value) for pattern, value in values.items()]
        self.steps = 0

    def value(self, name: str, default: float | None) -> float | None:
        """The value for a layer.

        Raises:
            ValueError: the patterns of all names so far have taken too many steps, or one is nested too deep.
        """
        try:
            return next((value for pattern, value in self.values if self._matches(pattern, name)), default)
        except RecursionError as error:
            raise ValueError("has a pattern that is nested too deep") from error

    def _matches(self, pattern: re.Pattern | list, name: str) -> bool:
        """Whether a name ends so."""
        if isinstance(pattern, re.Pattern):
            return bool(pattern.match(name))
        ways = _Ways(name, STEPS - self.steps)
        found = bool(ways.follow(pattern, frozenset([0])))
        self.steps += ways.steps
        return found


class _Ways:
    """Which places of one name can be reached through the parts of a pattern."""

    def __init__(self, name: str, most: int):
        self.name, self.most, self.steps = name, most, 0
        self.known: dict[tuple[int, frozenset[int]], frozenset[int]] = {}

    def follow(self, parts: list, places: frozenset[int]) -> frozenset[int]:
        """From these places, through parts that follow each other."""
        for part in parts:
            key = id(part), places
            if key not in self.known:
                self.steps += 1 + len(places)
                if self.steps > self.most:
                    raise ValueError("has patterns that take too long to match")
                self.known[key] = self._through(*part, places)
            places = self.known[key]
        return places

    def _through(self, kind: object, what: object, places: frozenset[int]) -> frozenset[int]:
        """Through one part."""
        if kind is kinds.AT:
            return frozenset(place for place in places if _is_at(what, self.name, place))
        if kind is kinds.SUBPATTERN:
            return self.follow(what[-1], places)
        if kind is kinds.BRANCH:
            return frozenset().union(*(self.follow(way, places) for way in what[1]))
        if kind in REPEATS:
            return self._repeat(*what, places)
        letters = ((place, self.name[place]) for place in places if place < len(self.name))
        return frozenset(place + 1 for place, letter in letters if _allows(kind, what, letter))

    def _repeat(self, least: int, most: int, parts: list, places: frozenset[int]) -> frozenset[int]:
        """Through parts that repeat. Each round goes on or stays, so what is reached soon stops to change."""
        turn, found = 0, places if least == 0 else frozenset()
        while turn < most and places:
            after = self.follow(parts, places)
            turn = least if after == places and turn < least else turn + 1
            if turn >= least and after <= found:
                break
            found = found | after if turn >= least else found
            places = after
        return found


def _parse(pattern: str) -> re.Pattern | list:
    """A pattern for the end of a name, from its start or from after a dot."""
    if len(pattern) > LONGEST:
        raise ValueError(f"has a pattern of {len(pattern)} letters, and {LONGEST} are read")
    whole = rf"(.*\.)?({pattern})$"
    try:
        if not BRANCHING.search(pattern):
            return re.compile(whole)
        parts = _parser.parse(whole)
        _refuse(parts, pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"has {pattern[:50]!r}, which is no regular expression ({error})") from error
    return parts


def _refuse(parts: list, pattern: str) -> None:
    """Refuse what :class:`_Ways` does not follow."""
    for kind, what in parts:
        inside = []
        if kind is kinds.BRANCH:
            inside = what[1]
        elif kind in REPEATS or (kind is kinds.SUBPATTERN and not (what[1] or what[2])):  # a group without flags
            inside = [what[-1]]
        elif kind not in SIMPLE:
            raise ValueError(f"has {pattern[:50]!r}, and patterns with a {str(kind).lower()} are not read")
        for each in inside:
            _refuse(each, pattern)


def _allows(kind: object, what: object, letter: str) -> bool:
    """Whether a part stands for this letter."""
    if kind is kinds.ANY:
        return letter != "\n"
    if kind in (kinds.LITERAL, kinds.NOT_LITERAL):
        return (ord(letter) == what) == (kind is kinds.LITERAL)
    if kind is kinds.RANGE:
        return what[0] <= ord(letter) <= what[1]
    if kind is kinds.CATEGORY:
        return CATEGORIES[what](letter)
    negated = what[0][0] is kinds.NEGATE  # a set of letters
    return negated != any(_allows(*each, letter) for each in what[negated:])


def _is_at(where: object, name: str, place: int) -> bool:
    """Whether a place is the start or the end of a name, or of a word in it."""
    is_word = CATEGORIES[kinds.CATEGORY_WORD]
    sides = [0 <= side < len(name) and is_word(name[side]) for side in (place - 1, place)]
    return {
        kinds.AT_BEGINNING: place == 0,
        kinds.AT_BEGINNING_STRING: place == 0,
        kinds.AT_END: name[place:] in ("", "\n"),
        kinds.AT_END_STRING: place == len(name),
        kinds.AT_BOUNDARY: sides[0] != sides[1],
        kinds.AT_NON_BOUNDARY: sides[0] == sides[1],
    }[where]
