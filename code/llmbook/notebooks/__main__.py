"""Make the reader's notebooks of a checkout, or tell whether they are current.

python -m llmbook.notebooks write      write book/notebooks/ anew where it has changed
python -m llmbook.notebooks check      exit with 1 if it is not what the pages make
"""

import argparse
import sys
from pathlib import Path

from llmbook.notebooks.contents import BookError
from llmbook.notebooks.make import make_notebooks, stale, write_notebooks

CHECKOUT = Path(__file__).resolve().parents[3]


def main(given: list[str] | None = None) -> int:
    """Do what the command line asks for; 0 if all went well."""
    parser = argparse.ArgumentParser("python -m llmbook.notebooks", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("command", choices=("write", "check"))
    parser.add_argument("--root", type=Path, default=CHECKOUT, help="the checkout of the book; default: this one")
    asked = parser.parse_args(given)
    try:
        if asked.command == "write":
            print(*(f"wrote {place}" for place in write_notebooks(asked.root)), sep="\n")
            return 0
        old = stale(asked.root, make_notebooks(asked.root))
    except BookError as error:
        print(error, file=sys.stderr)
        return 2
    if old:
        print(*(f"not current: {place}" for place in old), "run: python -m llmbook.notebooks write", sep="\n")
    return int(bool(old))


if __name__ == "__main__":
    sys.exit(main())
