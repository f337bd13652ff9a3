"""Files with one JSON object per line: errors say where and what to do, and writing never leaves half of a file."""

import glob
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from llmbook.strict_json import parse_json

BYTE_ORDER_MARK = "\ufeff"  # some editors begin a file with it


class MeetingFileError(ValueError):
    """A file of meetings that cannot be used; the message names the file, the line and what to do next."""


def read_json_lines(path: str | Path, *, again: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file with their line numbers, which start at 1; empty lines are passed over.

    Args:
        path: of the file, in UTF-8, with or without a byte-order mark.
        again: how to get a good copy, the end of every message.

    Raises:
        MeetingFileError: there is no such file, it cannot be opened, it is no text, a line is no JSON object, or one
            that :func:`parse_json` refuses, such as one with two values under a name, or no line holds anything.
    """
    path = Path(path)
    lines, count = _text(path, again).split("\n"), 0
    for number, line in enumerate(lines, start=1):
        if line.strip():
            count += 1
            yield number, _object(line, lines[number:], f"{path}, line {number}", again)
    if not count:
        raise MeetingFileError(f"{path} holds no meeting at all; {again}")


def write_json_lines(path: str | Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write one object per line, first into a file beside ``path``, which then takes its place in one step.

    Whatever goes wrong, ``path`` holds what it held before, or nothing. What a killed write has left is cleared
    away; one process at a time may write a file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.unfinished"):
        left.unlink(missing_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def field(row: dict[str, Any], name: str, kind: type | tuple[type, ...], where: str, again: str) -> Any:
    """A field of an object, which must be there and be of this kind.

    Raises:
        MeetingFileError: it is missing, or something else.
    """
    if not isinstance(row, dict):
        raise MeetingFileError(f"{where}: expected an object with {name!r}, found {_short(row)}; {again}")
    if name not in row:
        known = ", ".join(sorted(row)[:8]) or "nothing"
        raise MeetingFileError(f"{where}: no field {name!r}, only {known[:200]}; {again}")
    value = row[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        wanted = getattr(kind, "__name__", "value")
        raise MeetingFileError(f"{where}: {name!r} should be a {wanted}, not {_short(value)}; {again}")
    return value


def words(row: dict[str, Any], name: str, where: str, again: str) -> str:
    """A field that is text with at least one character that is no space.

    Raises:
        MeetingFileError: it is missing, no text, or empty.
    """
    text = field(row, name, str, where, again)
    if not text.strip():
        raise MeetingFileError(f"{where}: {name!r} is empty; {again}")
    return text


def _text(path: Path, again: str) -> str:
    try:
        return path.read_text(encoding="utf-8").removeprefix(BYTE_ORDER_MARK)
    except FileNotFoundError:
        raise MeetingFileError(f"there is no file {path}; {again}") from None
    except IsADirectoryError:
        raise MeetingFileError(f"{path} is a folder; name the file in it") from None
    except UnicodeDecodeError as error:
        raise MeetingFileError(f"{path} is no text in UTF-8 (byte {error.start}); {again}") from None
    except (OSError, ValueError) as error:  # too long a name, no permission; a null byte is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise MeetingFileError(f"{str(path)[:80]!r} cannot be opened ({reason}); {again}") from None


def _object(line: str, following: list[str], where: str, again: str) -> dict[str, Any]:
    try:
        row = parse_json(line)
    except json.JSONDecodeError as error:
        why = _why_no_json(error, line, following)
        raise MeetingFileError(f"{where}, column {error.colno}: not JSON, {error.msg}{why}; {again}") from None
    except ValueError as error:
        raise MeetingFileError(f"{where}: {error}; {again}") from None
    if not isinstance(row, dict):
        raise MeetingFileError(f"{where}: expected one object in braces, found {_short(row)}; {again}")
    return row


def _why_no_json(error: json.JSONDecodeError, line: str, following: list[str]) -> str:
    """What probably happened: an object over several lines is whole, a line that was cut off is not."""
    try:
        json.JSONDecoder().raw_decode("\n".join([line.lstrip(), *following]))
        return " (the JSON goes on in the next lines, as with indent=...: write each meeting on a line of its own)"
    except (ValueError, RecursionError):
        ends_early = error.pos >= len(line.rstrip()) - 1 or "Unterminated" in error.msg
        return " (the line seems to be cut off)" if ends_early else ""


def _short(value: object) -> str:
    """A value in a few words."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:40]}..."
