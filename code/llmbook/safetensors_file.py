r"""The safetensors format, read with nothing but ``open``: one tensor at a time, straight into its memory.

A file is eight bytes, a header and the numbers::

    N (unsigned 64-bit, little endian) | N bytes of JSON: {name: {dtype, shape, data_offsets}} | the tensors' bytes

The library's ``safe_open`` maps the whole file into memory, so that a loader which copies out of it holds the weights
twice. Reading each tensor into the memory that it keeps needs them once. The header also tells a stopped download, a
web page or a git-lfs pointer from a checkpoint before a single number is read.

Source: https://github.com/huggingface/safetensors, README, "Format".
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from llmbook.hub import CheckpointError

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
LONGEST_HEADER = 100_000_000  # bytes, the format's own limit


@dataclass(frozen=True)
class StoredTensor:
    """Where a tensor lies in a file, and what it is."""

    path: Path
    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int
    """Bytes from the start of the file."""

    @property
    def size(self) -> int:
        """Bytes."""
        return math.prod(self.shape) * self.dtype.itemsize

    def read(self) -> Tensor:
        """The tensor, on the CPU in its stored dtype. Needs no memory besides its own."""
        tensor = torch.empty(self.shape, dtype=self.dtype)
        if self.size:
            room = memoryview(tensor.reshape(-1).view(torch.uint8).numpy())
            with open(self.path, "rb", buffering=0) as file:
                file.seek(self.start)
                while room:
                    count = file.readinto(room)
                    if not count:
                        raise CheckpointError(f"{self.path} ended while {self.name} was read; was it changed?")
                    room = room[count:]
        return tensor


def read_header(path: str | Path) -> dict[str, StoredTensor]:
    """What a safetensors file holds, without its numbers.

    Args:
        path: the file.

    Returns:
        The tensors by name.

    Raises:
        CheckpointError: the file is cut short or is something else under that name.
    """
    path = Path(path)
    with open(path, "rb") as file:
        first = file.read(8)
        length = int.from_bytes(first, "little")
        if len(first) < 8 or not 2 <= length <= LONGEST_HEADER:
            raise CheckpointError(_what_it_is(path, first + file.read(512)))
        text = file.read(length)
    if len(text) < length:
        raise CheckpointError(_cut_short(path, 8 + length))
    try:
        tensors = {
            name: _entry(path, name, 8 + length, **fields)
            for name, fields in json.loads(text).items()
            if name != "__metadata__"
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} has a header that is not safetensors ({error}); download it again") from error
    _check_size(path, 8 + length, tensors)
    return tensors


def _entry(path: Path, name: str, base: int, *, dtype: str, shape: list, data_offsets: list) -> StoredTensor:
    """One line of the header."""
    if dtype not in DTYPES:
        raise ValueError(f"{name} has dtype {dtype}, which this book cannot read: are the weights quantized?")
    start, stop = data_offsets
    tensor = StoredTensor(path, name, DTYPES[dtype], tuple(shape), base + start)
    if start < 0 or any(size < 0 for size in shape) or tensor.size != stop - start:
        raise ValueError(f"{name} of shape {tuple(shape)} and dtype {dtype} cannot be {stop - start} bytes long")
    return tensor


def _check_size(path: Path, base: int, tensors: dict[str, StoredTensor]) -> None:
    """Whether the numbers that the header promises are all there."""
    wanted = max((tensor.start + tensor.size for tensor in tensors.values()), default=base)
    if path.stat().st_size < wanted:
        raise CheckpointError(_cut_short(path, wanted))
    if path.stat().st_size > wanted:
        raise CheckpointError(f"{path} has {path.stat().st_size - wanted:,} bytes too many; download it again")


def _cut_short(path: Path, wanted: int) -> str:
    return (
        f"{path} is cut short: it has {path.stat().st_size:,} of at least {wanted:,} bytes; the download or copy "
        "stopped, so fetch it again"
    )


def _what_it_is(path: Path, start: bytes) -> str:
    """The likely story of a file that is not safetensors."""
    text = start.lstrip().lower()
    if text.startswith(b"version https://git-lfs"):
        return f"{path} is a git-lfs pointer, not the weights: run `git lfs pull` in its folder, or download the file"
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return f"{path} is a web page saved under that name: download the file itself (`hf download` does)"
    if not start:
        return f"{path} is empty: download it again"
    return f"{path} is not a safetensors file, although it is named like one: download it again, or convert the weights"
