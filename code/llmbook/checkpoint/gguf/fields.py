"""The first part of a GGUF file: numbers, texts and lists under names, which the format calls metadata.

Everything is little-endian. A text is its length in bytes (8 bytes) and then UTF-8. A field is its name, the number of
its type (4 bytes) and its value; a list is the type of its values, their count and the values. Every length and count
is held against what is left of the file before anything of that size is asked for, so that a damaged one is told from
a long one.
"""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from llmbook.checkpoint.hub import CheckpointError
from llmbook.strict_json import shown

TEXT, LIST, TRUTH = 8, 9, 7
NUMBERS = {
    0: "<u1", 1: "<i1", 2: "<u2", 3: "<i2", 4: "<u4", 5: "<i4", 6: "<f4", 7: "<u1", 10: "<u8", 11: "<i8", 12: "<f8",
}  # fmt: skip
"""By the number of its type, how numpy reads a number; 7 is a truth value."""
SHORTEST_FIELD = 8 + 1 + 4 + 1
"""Bytes: the length of a name, a name of one letter, a type, and a value of one byte."""

Value = int | float | bool | str | list


class Cursor:
    """A place in a file, which moves on as things are read.

    Args:
        file: open, at its beginning.
        path: for messages.
        size: of the file in bytes.
    """

    def __init__(self, file: BinaryIO, path: Path, size: int):
        self.file, self.path, self.size, self.at = file, path, size, 0

    @property
    def left(self) -> int:
        """Bytes up to the end of the file."""
        return self.size - self.at

    def take(self, count: int, what: str) -> bytes:
        """The next bytes.

        Raises:
            CheckpointError: the file has not so many.
        """
        found = self.file.read(count) if 0 <= count <= self.left else b""
        if len(found) < count:
            raise CheckpointError(
                f"{self.path} is cut short or damaged: {what} asks for {count:,} bytes at {self.at:,}, and the file "
                f"has {self.size:,} in all; download it again"
            )
        self.at += count
        return found

    def number(self, kind: str, what: str) -> int:
        """The next number; ``kind`` is a letter of :mod:`struct`."""
        return struct.unpack(f"<{kind}", self.take(struct.calcsize(f"<{kind}"), what))[0]

    def count(self, kind: str, smallest: int, what: str) -> int:
        """The next number, which counts things of at least ``smallest`` bytes that follow.

        Raises:
            CheckpointError: so many do not fit into the rest of the file.
        """
        found = self.number(kind, what)
        if found * smallest > self.left:
            raise CheckpointError(
                f"{self.path}: it says {found:,} for {what}, which do not fit into its {self.size:,} bytes; the file "
                "is cut short or damaged, download it again"
            )
        return found

    def text(self, what: str) -> str:
        """The next text.

        Raises:
            CheckpointError: it is no UTF-8, or not whole.
        """
        raw = self.take(self.count("Q", 1, f"the length of {what}"), what)
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise CheckpointError(
                f"{self.path}: {what} is no UTF-8 text ({shown(raw[:40])}); the file is damaged, download it again"
            ) from error


def read_fields(cursor: Cursor, count: int) -> dict[str, Value]:
    """So many fields by name.

    Raises:
        CheckpointError: one is not whole, has a type that the format does not know, or a name that another one has.
    """
    found: dict[str, Value] = {}
    for number in range(count):
        name = cursor.text(f"the name of field {number}")
        if name in found:
            raise CheckpointError(f"{cursor.path} has two values for {shown(name)}; it is damaged, download it again")
        kind = cursor.number("I", f"the type of {shown(name)}")
        found[name] = _read_value(cursor, kind, shown(name))
    return found


def _read_value(cursor: Cursor, kind: int, name: str) -> Value:
    """A value of a type."""
    if kind == TEXT:
        return cursor.text(name)
    if kind == LIST:
        return _read_list(cursor, name)
    return _read_numbers(cursor, kind, 1, name)[0]


def _read_list(cursor: Cursor, name: str) -> list:
    """Values of one type; the format forbids no lists of lists, and nobody writes them."""
    kind = cursor.number("I", f"the type of the values of {name}")
    if kind == TEXT:
        texts = cursor.count("Q", 8, f"the number of texts of {name}")
        return [cursor.text(name) for _ in range(texts)]
    size = np.dtype(NUMBERS[kind]).itemsize if kind in NUMBERS else 1
    return _read_numbers(cursor, kind, cursor.count("Q", size, f"the number of values of {name}"), name)


def _read_numbers(cursor: Cursor, kind: int, count: int, name: str) -> list:
    """Numbers of one type, as Python has them."""
    if kind not in NUMBERS:
        raise CheckpointError(
            f"{cursor.path}: {name} has values of type {kind}, which this reader does not know; the file is damaged, "
            "or newer than the format's version 3"
        )
    dtype = np.dtype(NUMBERS[kind])
    values = np.frombuffer(cursor.take(count * dtype.itemsize, name), dtype)
    return _truths(values, cursor.path, name) if kind == TRUTH else _to_python(dtype)(values)


def _truths(values: np.ndarray, path: Path, name: str) -> list[bool]:
    """Truth values, for which a byte is 0 or 1."""
    if (values > 1).any():
        raise CheckpointError(f"{path}: {name} is neither true nor false but {values.max()}; the file is damaged")
    return values.astype(bool).tolist()


def _to_python(dtype: np.dtype) -> Callable[[np.ndarray], list]:
    """How numbers become Python's; a float32 becomes the shortest decimal that rounds to it, as 1e-05."""
    if dtype == np.float32:
        return lambda values: [float(str(value)) for value in values]
    return lambda values: values.tolist()
