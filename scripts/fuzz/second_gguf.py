"""A second reading of GGUF files, and a writer of them: short, strict, and with nothing of the package.

The numbers in blocks are read by the reference package ``gguf``.
"""

import struct
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import gguf
import numpy as np
from second_reading import Unsaid

LETTERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
TEXT, LIST = 8, 9
READABLE = ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q6_K")


@dataclass
class Tensor:
    """An entry of the table, and its bytes."""

    name: str
    sizes: list[int]
    """As in the file: the length of a row first."""
    kind: int
    raw: bytes

    def numbers(self) -> np.ndarray:
        """In float32, rows first."""
        raw = np.frombuffer(self.raw, np.uint8).reshape(prod(self.sizes[1:]) if len(self.sizes) > 1 else 1, -1)
        with np.errstate(all="ignore"):
            return gguf.dequantize(raw, gguf.GGMLQuantizationType(self.kind)).reshape(self.sizes[::-1])


@dataclass
class Said:
    """What a file says."""

    fields: list[tuple[str, int, object]]
    """Name, type, value; of a list the value is (type, values)."""
    tensors: list[Tensor]

    def values(self) -> dict:
        """The fields by name."""
        found = {name: value[1] if kind == LIST else value for name, kind, value in self.fields}
        if len(found) < len(self.fields):
            raise Unsaid("a field twice")
        return found


def write(said: Said, alignment: int = 32) -> bytes:
    """The bytes of a file."""
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(said.tensors), len(said.fields))
    for name, kind, value in said.fields:
        head += _text(name) + struct.pack("<I", kind) + _value(kind, value)
    body = b""
    for tensor in said.tensors:
        sizes = struct.pack(f"<{len(tensor.sizes)}Q", *tensor.sizes)
        head += _text(tensor.name) + struct.pack("<I", len(tensor.sizes)) + sizes
        head += struct.pack("<IQ", tensor.kind, len(body))
        body += tensor.raw + bytes(-len(tensor.raw) % alignment)
    return head + bytes(-len(head) % alignment) + body


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _value(kind: int, value: object) -> bytes:
    if kind == TEXT:
        return _text(value)
    if kind == LIST:
        inner, values = value
        return struct.pack("<IQ", inner, len(values)) + b"".join(_value(inner, each) for each in values)
    return struct.pack(f"<{LETTERS[kind]}", value)


class Reading:
    """Takes one thing after the other from some bytes."""

    def __init__(self, content: bytes):
        self.content, self.at = content, 0

    def take(self, letters: str) -> tuple:
        """Numbers."""
        size = struct.calcsize(f"<{letters}")
        if self.at + size > len(self.content):
            raise Unsaid("it ends too early")
        self.at += size
        return struct.unpack(f"<{letters}", self.content[self.at - size : self.at])

    def text(self) -> str:
        """A text."""
        (length,) = self.take("Q")
        if length > len(self.content) - self.at:
            raise Unsaid("it ends in a text")
        self.at += length
        try:
            return self.content[self.at - length : self.at].decode()
        except UnicodeDecodeError as error:
            raise Unsaid("no text") from error

    def value(self, kind: int) -> object:
        """A value of a type."""
        if kind == TEXT:
            return self.text()
        if kind == LIST:
            inner, count = self.take("IQ")
            if inner == LIST or count > len(self.content):
                raise Unsaid("a list of lists, or of too many")
            return inner, [self.value(inner) for _ in range(count)]
        if kind not in LETTERS:
            raise Unsaid(f"a value of type {kind}")
        if kind == 7:
            (byte,) = self.take("B")
            if byte > 1:
                raise Unsaid("neither true nor false")
            return bool(byte)
        return self.take(LETTERS[kind])[0]


def read(content: bytes | None) -> Said:
    """What a whole file says."""
    reading = Reading(content or b"")
    magic, version, tensors, fields = reading.take("4sIQQ")
    if magic != b"GGUF" or version not in (2, 3) or max(tensors, fields) > len(reading.content):
        raise Unsaid("no GGUF of version 2 or 3, or absurd counts")
    found = []
    for _ in range(fields):
        name, (kind,) = reading.text(), reading.take("I")
        found.append((name, kind, reading.value(kind)))
    said = Said(found, [])
    alignment = said.values().get("general.alignment", 32)
    if type(alignment) is not int or alignment < 1 or alignment & (alignment - 1):
        raise Unsaid("an alignment that is none")
    table = [_entry(reading) for _ in range(tensors)]
    begin = -(-reading.at // alignment) * alignment
    taken = []
    for name, sizes, kind, offset in table:
        length = _length(sizes, kind)
        if offset % alignment or begin + offset + length > len(reading.content):
            raise Unsaid(f"{name} lies where it cannot")
        taken.append((begin + offset, begin + offset + length))
        said.tensors.append(Tensor(name, sizes, kind, reading.content[slice(*taken[-1])]))
    taken.sort()
    if any(first[1] > second[0] for first, second in pairwise(taken)):
        raise Unsaid("tensors over one another")
    if len({tensor.name for tensor in said.tensors}) < len(said.tensors):
        raise Unsaid("a tensor twice")
    return said


def _entry(reading: Reading) -> tuple[str, list[int], int, int]:
    name, (axes,) = reading.text(), reading.take("I")
    if not 1 <= axes <= 4:
        raise Unsaid(f"{name} has {axes} axes")
    return name, list(reading.take(f"{axes}Q")), *reading.take("IQ")


def _length(sizes: list[int], kind: int) -> int:
    """Bytes of a tensor."""
    known = {each.value: gguf.GGML_QUANT_SIZES[each] for each in gguf.GGMLQuantizationType if each.name in READABLE}
    if kind not in known or 0 in sizes:
        raise Unsaid("a format that is not read, or no numbers")
    weights, size = known[kind]
    if sizes[0] % weights or (len(sizes) == 1 and weights > 1):
        raise Unsaid("half a block")
    return prod(sizes) // weights * size
