"""Values as bytes and back: the only thing that passes between the grader and a student's process.

A frame is two lengths, a JSON text, and the raw numbers of all arrays one after another. Nothing in it names code, and
whoever reads it allocates nothing before a length has been checked against what has arrived.
"""

import json
import math
import struct
from fractions import Fraction
from typing import Any

import numpy as np

HEAD = struct.Struct("<IQ")
"""Bytes of the JSON text, bytes of the arrays."""
MOST_TEXT, MOST_NUMBERS = 2**20, 2**25
DEEPEST, MOST_AXES, LONGEST_AXIS, MOST_BITS, MOST_KEYS = 24, 16, 2**31, 8192, 2000
SIZES = {
    "bool": 1, "uint8": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8, "float16": 2, "bfloat16": 2, "float32": 4,
    "float64": 8, "complex64": 8, "complex128": 16,
}  # fmt: skip
"""Bytes of a number, by the names of its dtype."""


class WireError(ValueError):
    """A value that cannot be sent, or bytes that are no value."""


class HashedText(str):
    """A text that hashes as another process says: a check may send texts whose sets have another order."""

    def __new__(cls, text: str, hashed: int = 0) -> "HashedText":
        made = super().__new__(cls, text)
        made.hashed = hashed
        return made

    def __hash__(self) -> int:
        return self.hashed

    __eq__ = str.__eq__


class Opaque:
    """What stood where no value was: an object of some type, of which the name is all that is known."""

    def __init__(self, kind: str) -> None:
        self.kind = kind


class Handle:
    """A module that stays in the student's process, by its number there."""

    def __init__(self, number: int) -> None:
        self.number = number


def pack(value: object) -> bytes:
    """A value as a frame.

    Raises:
        WireError: it is too large or too deep.
    """
    blobs: list[bytes] = []
    text = json.dumps(_tagged(value, blobs, DEEPEST)).encode()
    size = sum(map(len, blobs))
    check_lengths(len(text), size)
    return b"".join([HEAD.pack(len(text), size), text, *blobs])


def check_lengths(text: int, numbers: int) -> None:
    """Refuse a frame by its two lengths.

    Raises:
        WireError: one is larger than any that is sent.
    """
    if text > MOST_TEXT or numbers > MOST_NUMBERS:
        raise WireError(f"a result of {text + numbers:,} bytes is larger than a result may be")


def unpack(text: bytes, numbers: bytes, *, hashes: bool = False) -> Any:
    """The value of a frame.

    Args:
        text: its JSON.
        numbers: those of all its arrays.
        hashes: whether texts may say how they hash. To let a stranger say so would make dictionaries slow.

    Raises:
        WireError: the bytes are no value.
    """
    reader = _Reader(numbers, hashes)
    try:
        value = reader.value(json.loads(text), DEEPEST)
    except WireError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, ArithmeticError, RuntimeError) as error:
        raise WireError(f"these bytes are no value ({type(error).__name__})") from None
    if reader.place != len(numbers):
        raise WireError("these bytes are no value (numbers are left over)")
    return value


def _tagged(value: object, blobs: list[bytes], depth: int) -> object:
    """JSON of a value; every list in it begins with what it stands for."""
    if depth == 0:
        raise WireError("a result is nested more deeply than a result may be")
    if value is None or type(value) in (bool, float):
        return value
    if _is_tensor(value):
        return _tensor(value, blobs)
    if isinstance(value, np.ndarray | np.generic):
        return _array(value, blobs)
    if isinstance(value, str):
        return str.__str__(value) if type(value) is str else ["text", str.__str__(value), hash(value)]
    if isinstance(value, int):
        if value.bit_length() > MOST_BITS:
            raise WireError("a whole number is longer than a result may be")
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Fraction):
        return ["fraction", value.numerator, value.denominator]
    if isinstance(value, list | tuple | range):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return [kind, *(_tagged(each, blobs, depth - 1) for each in value)]
    if isinstance(value, Handle):
        return ["handle", value.number]
    if isinstance(value, dict):
        return ["dict", *([_tagged(part, blobs, depth - 1) for part in pair] for pair in value.items())]
    return ["object", type(value).__name__[:80]]


def _is_tensor(value: object) -> bool:
    """Whether a value is a tensor, asked without PyTorch: a process that needs none starts ten times as fast."""
    return any(each.__module__ == "torch" and each.__name__ == "Tensor" for each in type(value).__mro__)


def _tensor(value: Any, blobs: list[bytes]) -> list:
    """The dtype and shape of a tensor, whose numbers go into ``blobs``."""
    import torch

    tensor = value.detach().cpu()
    dtype = str(tensor.dtype).removeprefix("torch.")
    if dtype not in SIZES or tensor.layout != torch.strided:
        return ["object", f"tensor of {dtype}"]
    check_lengths(0, tensor.numel() * tensor.element_size())
    flat = tensor.resolve_conj().resolve_neg().contiguous().flatten()
    blobs.append(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"")
    return ["tensor", dtype, list(tensor.shape)]


def _array(value: np.ndarray | np.generic, blobs: list[bytes]) -> list:
    """The dtype and shape of an array or of a number of numpy's, which go into ``blobs``."""
    if value.dtype.name not in SIZES:
        return ["object", f"array of {value.dtype.name}"[:80]]
    check_lengths(0, value.nbytes)
    blobs.append(np.asarray(value, value.dtype.newbyteorder("=")).tobytes())
    return ["array" if isinstance(value, np.ndarray) else "scalar", value.dtype.name, list(value.shape)]


class _Reader:
    """Rebuilds values, taking numbers from the bytes in their order."""

    def __init__(self, numbers: bytes, hashes: bool) -> None:
        self.numbers, self.hashes, self.place = numbers, hashes, 0

    def value(self, told: object, depth: int) -> object:
        if depth == 0:
            raise WireError("a result is nested more deeply than a result may be")
        if not isinstance(told, list):
            if isinstance(told, dict):
                raise WireError("these bytes are no value (an object of JSON)")
            return told
        kind, *rest = told
        if kind in ("list", "tuple"):
            items = [self.value(each, depth - 1) for each in rest]
            return tuple(items) if kind == "tuple" else items
        if kind == "dict":
            if len(rest) > MOST_KEYS:
                raise WireError(f"a dictionary of {len(rest):,} keys is larger than a result may be")
            return {self.value(key, depth - 1): self.value(each, depth - 1) for key, each in rest}
        if kind in ("tensor", "array", "scalar"):
            return self.array(kind, *rest)
        if kind == "text" and type(rest[0]) is str and type(rest[1]) is int:
            return HashedText(*rest) if self.hashes else rest[0]
        return _small(kind, *rest)

    def array(self, kind: str, dtype: str, shape: list[int]) -> object:
        if len(shape) > MOST_AXES or not all(type(axis) is int and 0 <= axis <= LONGEST_AXIS for axis in shape):
            raise WireError("these bytes are no value (a shape)")
        size = math.prod(shape) * SIZES[dtype]
        if size > len(self.numbers) - self.place:
            raise WireError("these bytes are no value (an array claims more numbers than there are)")
        part = bytearray(self.numbers[self.place : self.place + size])
        self.place += size
        as_sent = "uint8" if dtype == "bool" else dtype  # a byte of 2 would be a truth that equals none
        if kind == "tensor":
            import torch

            tensor = torch.frombuffer(part or bytearray(16), dtype=getattr(torch, as_sent))
            tensor = (tensor if part else tensor[:0]).reshape(shape)
            return tensor != 0 if dtype == "bool" else tensor
        array = np.frombuffer(part, np.dtype(as_sent)).reshape(shape)
        array = array != 0 if dtype == "bool" else array
        return array if kind == "array" else array[()]


def _small(kind: str, *rest: object) -> object:
    """A fraction, a handle, or the name of what cannot be sent."""
    if kind == "fraction":
        return Fraction(*rest)
    if kind == "handle" and type(rest[0]) is int:
        return Handle(rest[0])
    if kind == "object" and type(rest[0]) is str:
        return Opaque(rest[0][:80])
    raise WireError("these bytes are no value (an unknown kind)")
