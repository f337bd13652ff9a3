"""One tensor of a GGUF file at a time: its blocks, or the numbers that they stand for, its rows in our order.

Rows are read some at a time, so that beside the result only a little is held.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from llmbook.checkpoint.gguf.table import Entry
from llmbook.checkpoint.hub import CheckpointError
from llmbook.layers.blocks import Blocks, dequantize

AT_ONCE = 2**18
"""About so many numbers are read at once."""


@dataclass(frozen=True)
class GGUFTensor:
    """Where a tensor lies, what it is, and how it differs from ours; what :class:`StoredTensor` is for safetensors."""

    path: Path
    entry: Entry
    heads: int | None = None
    """Of so many heads the rows were put into the order of neighbors; None where they are as ours."""
    shift: float = 0.0
    """What was added to every number before it was stored."""

    @property
    def name(self) -> str:
        """In the file."""
        return self.entry.name

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows first."""
        return self.entry.shape

    @property
    def dtype(self) -> torch.dtype:
        """Of what is read: bfloat16 where that is stored, else float32, which holds float16 and all blocks exactly."""
        return torch.bfloat16 if self.entry.format.name == "BF16" and not self.shift else torch.float32

    def read(self) -> Tensor:
        """The numbers, on the CPU.

        Raises:
            CheckpointError: the file is not what it was when its table was read.
        """
        entry = self.entry
        found = torch.empty(entry.rows, entry.width, dtype=self.dtype)
        return self._filled(found, lambda rows: dequantize(rows, entry.format) - self.shift).view(self.shape)

    def blocks(self) -> Blocks:
        """The blocks, their rows in our order.

        Raises:
            CheckpointError: the file is not what it was when its table was read.
        """
        found = torch.empty(self.entry.rows, self.entry.row_bytes, dtype=torch.uint8)
        return Blocks(self._filled(found, lambda rows: rows), self.entry.format)

    def order(self) -> Tensor | None:
        """The place in our tensor of each stored row, ``(rows,)``; None where each is in its own.

        The rotary embedding turns pairs of numbers of a head. Ours, like Hugging Face's, pairs number i with number
        i + E/2. llama.cpp pairs neighbors in models of Llama's kind, so its converter has put row i of a head's first
        half before row i of the second. If that is not undone, every number is there, and every score is wrong; a short
        text may hide it.
        """
        if self.heads is None:
            return None
        return torch.arange(self.entry.rows).view(self.heads, 2, -1).transpose(1, 2).flatten()

    def _filled(self, found: Tensor, convert: Callable[[Tensor], Tensor]) -> Tensor:
        """Put what becomes of each row into its place in ``found``, whose rows are as many."""
        order = self.order()
        for first, rows in self._pieces():
            last = first + len(rows)
            found[slice(first, last) if order is None else order[first:last]] = convert(rows).to(found.dtype)
        return found

    def _pieces(self) -> Iterator[tuple[int, Tensor]]:
        """The bytes of some rows at a time, ``(some, bytes of a row)``, with the number of the first."""
        entry = self.entry
        some = max(1, AT_ONCE // entry.width)
        try:
            with open(self.path, "rb") as file:
                file.seek(entry.start)
                for first in range(0, entry.rows, some):
                    rows = min(some, entry.rows - first)
                    raw = torch.frombuffer(bytearray(file.read(rows * entry.row_bytes)), dtype=torch.uint8)
                    yield first, raw.view(rows, entry.row_bytes)
        except (OSError, RuntimeError, ValueError) as error:
            raise CheckpointError(f"{self.path} changed while {self.name} was read ({error}); try again") from error
