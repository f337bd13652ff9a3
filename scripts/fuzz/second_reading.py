"""A second reading of JSON and safetensors, written for this purpose and strict: what a damaged file says, if anything.

It uses nothing of the package. What it cannot read raises :class:`Unsaid`, and then the package must refuse the file.
"""

import json
import math
import struct
from collections.abc import Mapping

import torch
from torch import Tensor

DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64,
    "I32": torch.int32, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip


class Unsaid(Exception):
    """The file says nothing that could be obeyed; the message says why."""


def same(first: object, second: object) -> bool:
    """Whether two values are equal, type by type; NaN equals itself, and tensors are compared bit by bit."""
    if isinstance(first, Tensor) or isinstance(second, Tensor):
        return _same_tensors(first, second)
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return first.keys() == second.keys() and all(same(first[name], second[name]) for name in first)
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, float) and isinstance(second, float) and math.isnan(first):
        return math.isnan(second)
    return type(first) is type(second) and first == second


def _same_tensors(first: object, second: object) -> bool:
    """Whether both are tensors of one dtype and shape with the same bits."""
    if not (isinstance(first, Tensor) and isinstance(second, Tensor)):
        return False
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    first, second = (each.detach().cpu().contiguous().flatten().view(torch.uint8) for each in (first, second))
    return torch.equal(first, second)


def read_json(content: bytes) -> object:
    """The value of a JSON text in which no object says two things under one name."""
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise Unsaid(f"no JSON: {str(error)[:200]}") from error


def read_object(content: bytes | None) -> dict:
    """A JSON object."""
    found = None if content is None else read_json(content)
    if not isinstance(found, dict):
        raise Unsaid("no JSON object")
    return found


def _object(pairs: list[tuple[str, object]]) -> dict:
    found = {}
    for name, value in pairs:
        if name in found and not same(found[name], value):
            raise Unsaid(f"{name!r} twice, with two values")
        found[name] = value
    return found


def read_tensors(content: bytes | None) -> dict[str, Tensor]:
    """The tensors of a safetensors file that is valid from its first byte to its last."""
    if content is None or len(content) < 8:
        raise Unsaid("no safetensors file")
    (length,) = struct.unpack("<Q", content[:8])
    if length > len(content) - 8:
        raise Unsaid("a header longer than the file")
    entries, numbers = read_object(content[8 : 8 + length]), content[8 + length :]
    entries.pop("__metadata__", None)
    found, at = {}, 0
    try:
        for name, entry in sorted(entries.items(), key=lambda item: item[1]["data_offsets"]):
            begin, end = entry["data_offsets"]
            if begin != at:
                raise Unsaid(f"{name} begins at {begin}, not at {at}")
            found[name] = _tensor(name, entry, numbers[begin:end])
            at = end
    except (TypeError, KeyError, ValueError) as error:
        raise Unsaid(f"a header that describes no tensors: {error!r}") from error
    if at != len(numbers):
        raise Unsaid(f"{len(numbers) - at} bytes that belong to no tensor")
    return found


def _tensor(name: str, entry: dict, part: bytes) -> Tensor:
    """One tensor."""
    shape, dtype = entry["shape"], DTYPES.get(entry["dtype"])
    if dtype is None or any(type(size) is not int or size < 0 for size in shape):
        raise Unsaid(f"{name} is of no dtype or shape that can be read")
    if math.prod(shape) * dtype.itemsize != len(part):
        raise Unsaid(f"{name} has {len(part)} bytes for {shape} numbers")
    values = torch.frombuffer(bytearray(part), dtype=torch.uint8) if part else torch.empty(0, dtype=torch.uint8)
    return values.view(dtype).reshape(shape)
