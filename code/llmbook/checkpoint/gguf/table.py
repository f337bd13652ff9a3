"""The second part of a GGUF file: which tensors it holds, in which format, and where.

An entry is a name, the sizes, the number of the format and a place, counted from where the numbers begin. The sizes
stand in the opposite order of ours: the first is the length of a row.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from llmbook.checkpoint.gguf.fields import Cursor
from llmbook.checkpoint.hub import CheckpointError
from llmbook.layers.blocks import FORMATS, BlockFormat
from llmbook.strict_json import shown

READ = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 12: "Q4_K", 14: "Q6_K", 30: "BF16"}
"""By its number in a file, a format that :mod:`llmbook.layers.blocks` reads."""
UNREAD = {10: "Q2_K", 11: "Q3_K", 13: "Q5_K", 15: "Q8_K", 20: "IQ4_NL", 23: "IQ4_XS", 28: "F64", 39: "MXFP4"}
"""Some that it does not, for the message."""
MOST_AXES = 4
SHORTEST_ENTRY = 8 + 1 + 4 + 8 + 4 + 8
"""Bytes: a name of one letter and one size."""


@dataclass(frozen=True)
class Entry:
    """A tensor of a file."""

    name: str
    shape: tuple[int, ...]
    """Ours: rows first."""
    format: BlockFormat
    start: int
    """Where its bytes begin, in the file."""

    @property
    def width(self) -> int:
        """Numbers in a row; a vector has rows of one."""
        return self.shape[-1] if len(self.shape) > 1 else 1

    @property
    def rows(self) -> int:
        """All rows of all leading axes."""
        return math.prod(self.shape) // self.width

    @property
    def row_bytes(self) -> int:
        """Of a row, which is whole blocks."""
        return self.width // self.format.weights * self.format.size

    @property
    def end(self) -> int:
        """Where its bytes end."""
        return self.start + self.rows * self.row_bytes


def read_table(cursor: Cursor, count: int, alignment: int) -> dict[str, Entry]:
    """The entries by name, with which the numbers of the file are reached.

    Args:
        cursor: where the table begins.
        count: of entries.
        alignment: the numbers begin at a multiple of it, and so does each tensor.

    Raises:
        CheckpointError: an entry is not whole or impossible, two have one name, or tensors overlap, lie beyond the end,
            or have a format that this book does not read.
    """
    found = [_read_entry(cursor) for _ in range(count)]
    begin = -(-cursor.at // alignment) * alignment
    entries: dict[str, Entry] = {}
    for name, shape, kind, offset in found:
        if name in entries:
            raise CheckpointError(f"{cursor.path} has two tensors called {shown(name)}; it is damaged")
        if offset % alignment:
            raise CheckpointError(
                f"{cursor.path}: {shown(name)} lies at {offset:,}, and not at a multiple of {alignment}; it is damaged"
            )
        entries[name] = Entry(name, shape, _format(cursor.path, name, kind), begin + offset)
    _check_places(cursor.path, entries.values(), cursor.size)
    return entries


def _read_entry(cursor: Cursor) -> tuple[str, tuple[int, ...], int, int]:
    """Name, shape, number of the format, and place."""
    name = cursor.text("the name of a tensor")
    said = f"the entry of {shown(name)}"
    axes = cursor.number("I", said)
    if not 1 <= axes <= MOST_AXES:
        raise CheckpointError(f"{cursor.path}: {said} has {axes:,} axes, not 1 to {MOST_AXES}; the file is damaged")
    sizes = [cursor.number("Q", said) for _ in range(axes)]
    return name, tuple(reversed(sizes)), cursor.number("I", said), cursor.number("Q", said)


def _format(path: Path, name: str, kind: int) -> BlockFormat:
    """The format of a number."""
    if kind not in READ:
        said = f"{UNREAD[kind]} ({kind})" if kind in UNREAD else f"number {kind}"
        raise CheckpointError(
            f"{path}: {shown(name)} has the format {said}, which this book does not read; it reads "
            f"{', '.join(READ.values())}: choose such a file of the model"
        )
    return FORMATS[READ[kind]]


def _check_places(path: Path, entries: Iterable[Entry], size: int) -> None:
    """Refuse tensors without numbers, of broken blocks, over one another, or beyond the end of the file."""
    for entry in entries:
        if 0 in entry.shape or entry.width % entry.format.weights:
            raise CheckpointError(
                f"{path}: {shown(entry.name)} of shape {entry.shape} is not made of blocks of "
                f"{entry.format.weights} ({entry.format.name}); the file is damaged"
            )
        if entry.end > size:
            raise CheckpointError(
                f"{path} is cut short or damaged: {shown(entry.name)} of shape {entry.shape} ends at {entry.end:,}, "
                f"and the file has {size:,} bytes; download it again"
            )
    for first, second in pairwise(sorted(entries, key=lambda entry: entry.start)):
        if first.end > second.start:
            raise CheckpointError(
                f"{path}: {shown(first.name)} and {shown(second.name)} lie over one another; the file is damaged"
            )
