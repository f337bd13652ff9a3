"""Measure how long the meetings of QMSum are, for ``data/qmsum_lengths.csv``: numbers only, no text.

    python scripts/qmsum_lengths.py data/ALL/jsonl/test.jsonl      # of https://github.com/Yale-LILY/QMSum

The stored table is of the file at commit 83d7768. Another file is refused unless its origin is named with --source.
"""

import argparse
import csv
import hashlib
import io
from pathlib import Path

from llmbook.checkpoint.writing import replace_file
from llmbook.data import data_folder
from llmbook.meetings.qmsum import length_row, read_qmsum

SOURCE = "https://github.com/Yale-LILY/QMSum at 83d7768, data/ALL/jsonl/test.jsonl, MIT License"
DIGEST = "6bcd428211260ad2efae3af76cbaf6a7f5ae4bb5e1e59c45a4b8e89539cb9208"  # SHA-256 of that file


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path, help="a file in the layout of QMSum")
    parser.add_argument("--out", type=Path, default=data_folder() / "qmsum_lengths.csv", help="the table")
    parser.add_argument("--source", help="where the file is from, if it is not the test file at that commit")
    return parser.parse_args()


def find_source(path: Path, named: str | None) -> str:
    """What to write into the column ``source``."""
    if named or (path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == DIGEST):
        return named or SOURCE
    raise SystemExit(f"{path} is not {SOURCE}; say with --source where it is from")


def main() -> None:
    """Read everything, then replace the table by a whole new one."""
    options = read_options()
    meetings = read_qmsum(options.path)
    source = find_source(options.path, options.source)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["line", *length_row(meetings[0]), "status", "source"])
    for line, meeting in enumerate(meetings, start=1):
        writer.writerow([line, *length_row(meeting).values(), "COMPUTED", f"{source}, line {line}"])
    replace_file(options.out, table.getvalue())
    print(f"{options.out}: {len(meetings)} meetings")


if __name__ == "__main__":
    main()
