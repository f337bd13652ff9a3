"""List the numbers of pages that nothing supports: `python scripts/prose_numbers.py PAGE...` (the manual: its module).

A page whose code no build has run is run here. `--twin` adds how many changed digits the check would notice, `--all`
takes every page of the book. The exit status is 1 if a number is found nowhere.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "book"))

from prose_check import ADVICE, problems, read_page, report  # noqa: E402


def main():
    """Check the pages that are named; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--twin", action="store_true")
    parser.add_argument(
        "--outputs", type=Path, help="a folder where runs are kept, and read while the code is the same"
    )
    asked = parser.parse_args()
    if asked.outputs:
        asked.outputs.mkdir(parents=True, exist_ok=True)
    found = 0
    for path in sorted(ROOT.glob("chapters/*/*.ipynb")) if asked.all else asked.pages:
        page = read_page(path, asked.outputs)
        lines = problems(page)
        found += len(lines)
        print(*lines, sep="\n", end="\n" if lines else "")
        print(report(page) if asked.twin else f"{page.name}: {len(page.statements())} numbers, {len(lines)} problems")
    print(ADVICE if found else "Every number is found.")
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
