"""List the numbers of pages that nothing supports: `python scripts/prose_numbers.py PAGE...`

The manual is the text at the top of tests/book/prose_numbers.py. A page whose code no build has run is run here; the
exit status is 1 if a number is found nowhere.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "book"))

from prose_anchors import hints, proposals, write  # noqa: E402
from prose_check import ADVICE, book_pages, examine, problems, read_page, report  # noqa: E402


def main():
    """Check the pages that are named; return the exit status."""
    asked = options().parse_args()
    if asked.outputs:
        asked.outputs.mkdir(parents=True, exist_ok=True)
    found = sum(check(path, asked) for path in (book_pages() if asked.all else asked.pages))
    print(ADVICE if found else "Every number is found.")
    return int(found > 0)


def options():
    """The options of the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--all", action="store_true", help="every page of the book")
    parser.add_argument("--propose", action="store_true", help="show anchors: the sure ones, then guesses")
    parser.add_argument("--write", action="store_true", help="add the sure ones to the metadata of the notebook")
    parser.add_argument(
        "--outputs", type=Path, help="a folder where runs are kept, and read while the code is the same"
    )
    return parser


def check(path, asked):
    """Check one page, and add its anchors if asked; print what is wrong and return how much."""
    page = read_page(path, asked.outputs)
    verdicts = examine(page)
    if asked.write or asked.propose:
        proposed = proposals(page, verdicts)
        for cell, places in proposed.items():
            for key, place in places.items():
                print(f"{page.name}, {page.cells[cell]['id']}: {key} <- {place}")
            page.cells[cell]["metadata"].setdefault("numbers", {}).update(places)
        if asked.write and path.suffix == ".ipynb":
            write(path, proposed)
        verdicts = examine(page)
        print(*hints(page, verdicts), sep="\n")
    lines = problems(page, verdicts)
    print(*lines, report(page, verdicts), sep="\n")
    return len(lines)


if __name__ == "__main__":
    sys.exit(main())
