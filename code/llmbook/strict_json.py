"""JSON that says one thing: what Python's own reader would pass over in silence is refused, in one kind of error."""

import json
import re
from typing import Any

HALF = re.compile(r"\\u[dD][89a-fA-F]")  # how a text may spell half of a character, or the first half of a whole one


def parse_json(text: str) -> Any:
    """The value of a JSON text.

    A name that stands twice in one object is no error of the grammar, and Python's reader takes the last value. Two
    values are the trace of a bad edit or of a merge of two files, and nobody knows which one was meant. The same value
    twice does no harm.

    Args:
        text: in which NaN and Infinity are numbers, as Python writes them.

    Raises:
        ValueError: it is not JSON (a ``json.JSONDecodeError``, which knows the place), a name has two values, brackets
            are nested too deeply, a whole number has thousands of digits, or a text holds half of a character.
    """
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_int=_whole_number)
        if HALF.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("brackets nested too deeply") from error
    except UnicodeEncodeError as error:
        raise ValueError("half of a character (a lone surrogate)") from error
    return value


def shown(value: object, most: int = 100) -> str:
    """A value for an error message, cut short.

    Args:
        value: of a file, where it may be of any kind.
        most: characters.
    """
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested almost as deep as Python can follow, or thousands of digits
        return "something too deep or too long to show"
    return text if len(text) < most else f"{text[:most]}..."


def _whole_number(digits: str) -> int:
    """A whole number of any length that Python reads."""
    try:
        return int(digits)
    except ValueError as error:
        raise ValueError("a number of thousands of digits") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object from its pairs."""
    found = dict(pairs)
    if len(found) < len(pairs):
        for name, value in pairs:
            if json.dumps(value) != json.dumps(found[name]):  # true is not 1
                raise ValueError(f"{name[:40]!r} stands twice, with two values")
    return found
