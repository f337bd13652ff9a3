"""What a safetensors file holds, and one tensor of it at a time, through the ``safetensors`` library.

The library maps the file into memory, and a tensor that is neither cast nor moved stays such a map: the system reads
its pages when they are first used, and nothing is held twice. The library's own errors are short; here a stopped
download, a web page and a git-lfs pointer are told apart.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from llmbook.checkpoint.hub import CheckpointError
from llmbook.strict_json import parse_json

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


@dataclass(frozen=True)
class StoredTensor:
    """Where a tensor lies, and what it is."""

    path: Path
    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]

    def read(self) -> Tensor:
        """The tensor, on the CPU in its stored dtype.

        Raises:
            CheckpointError: the file is not what it was when its header was read.
        """
        try:
            with safe_open(self.path, "pt") as file:
                return file.get_tensor(self.name)
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f"{self.path} changed while {self.name} was read ({error}); try again") from error


def read_header(path: str | Path) -> dict[str, StoredTensor]:
    """What a safetensors file holds, without its numbers.

    Args:
        path: the file.

    Returns:
        The tensors by name.

    Raises:
        CheckpointError: the file is cut short, is something else under that name, describes a tensor twice in two ways,
            or cannot be opened.
    """
    path = Path(path)
    try:
        with safe_open(path, "pt") as file:
            _refuse_two_values(path)
            return {name: _entry(path, name, file.get_slice(name)) for name in file.keys()}  # noqa: SIM118
    except CheckpointError:
        raise
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(_what_it_is(path, str(error)[:300])) from error


def _refuse_two_values(path: Path) -> None:
    """Refuse a header in which a tensor is described twice, in two ways; the library takes the last one."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length)
    try:
        parse_json(header.decode())
    except ValueError as error:
        raise CheckpointError(f"{path}: in its header {error}; download it again") from error


def _entry(path: Path, name: str, stored: object) -> StoredTensor:
    """One tensor of the header."""
    if stored.get_dtype() not in DTYPES:
        raise CheckpointError(
            f"{path}: {name} has dtype {stored.get_dtype()}, which this book cannot read: are the weights quantized?"
        )
    return StoredTensor(path, name, DTYPES[stored.get_dtype()], tuple(stored.get_shape()))


def _what_it_is(path: Path, complaint: str) -> str:
    """The likely story of a file that the library refuses."""
    try:
        with open(path, "rb") as file:
            start = file.read(512)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return f"{str(path)[:200]} cannot be opened ({reason}); is it the file of the weights, and may you read it?"
    text = start.lstrip().lower()
    if text.startswith(b"version https://git-lfs"):
        return f"{path} is a git-lfs pointer, not the weights: run `git lfs pull` in its folder, or download the file"
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return f"{path} is a web page saved under that name: download the file itself (`hf download` does)"
    if not start:
        return f"{path} is empty: download it again"
    if any(sign in complaint for sign in ("not fully covered", "invalid header length", "too small")):
        return (
            f"{path} is cut short, or has bytes too many ({complaint}): its {path.stat().st_size:,} bytes are not what "
            "its header promises; the download or copy stopped, so fetch it again"
        )
    return f"{path} is not a safetensors file, although it is named like one ({complaint}): download it again"
