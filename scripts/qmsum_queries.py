"""Store the questions of QMSum of which a small model can read every word that matters, for chapter 1's last page.

    python scripts/qmsum_queries.py FOLDER      # with train.jsonl and test.jsonl of QMSum's data/ALL/jsonl

The files are those of https://github.com/Yale-LILY/QMSum (MIT); compressed ones (.jsonl.gz) are read as well. Kept are
the specific queries whose gold spans have at most 384 tokens of SmolLM2, whose tokenizer is read from its weights:
`python -m llmbook.real_weights smollm2`. Writes one compressed file into data/qmsum/.
"""

import argparse
import gzip
import sys
from collections import Counter
from pathlib import Path

from llmbook.chapters.tiny_titans.real_meetings.settings import MODEL, SPAN_TOKENS
from llmbook.checkpoint.tokenizer import load_tokenizer
from llmbook.checkpoint.writing import replace_file
from llmbook.data import data_folder
from llmbook.meetings.qmsum_spans import STORED, packed, span_queries
from llmbook.real_weights import find_weights

SPLITS = ("train", "test")


def lines(folder: Path, split: str) -> list[str]:
    """The meetings of a split, in JSON."""
    plain = folder / f"{split}.jsonl"
    path = plain if plain.is_file() else plain.with_suffix(".jsonl.gz")
    with (open if path == plain else gzip.open)(path, "rt", encoding="utf-8") as file:
        return list(file)


def main(given=None):
    """Write the file and say how many of how many were kept; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the two files are")
    parser.add_argument("--output", type=Path, default=data_folder() / STORED)
    asked = parser.parse_args(given)
    weights = find_weights(MODEL)
    if weights is None:
        print(f"The tokenizer is not here yet. Fetch it first: python -m llmbook.real_weights {MODEL}", file=sys.stderr)
        return 1
    tokenizer = load_tokenizer(weights)
    every = [query for split in SPLITS for query in span_queries(lines(asked.folder, split), split)]
    kept = [query for query in every if len(tokenizer.encode(query.span).ids) <= SPAN_TOKENS]
    replace_file(asked.output, lambda path: path.write_bytes(packed(kept)))
    counts = (Counter(query.split for query in queries) for queries in (kept, every))
    print(f"{asked.output}: {' of '.join(str(dict(count)) for count in counts)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
