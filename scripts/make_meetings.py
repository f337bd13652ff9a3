"""Write the synthetic meetings of the book into ``data/meetings``, one file for each part.

    python scripts/make_meetings.py             # less than a second

The same meetings come out on every machine. A test compares the files with what the generator makes, so run this
after every change of the generator that is meant to change them.
"""

import argparse
from pathlib import Path

from llmbook.data import data_folder
from llmbook.meetings.files import write_meetings
from llmbook.meetings.stored import SPLITS, make_split


def main() -> None:
    """Make and write every part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=data_folder() / "meetings", help="where the files go")
    folder = parser.parse_args().folder
    for name in SPLITS:
        meetings = make_split(name)
        write_meetings(folder / f"{name}.jsonl", meetings)
        print(f"{folder / name}.jsonl: {len(meetings)} meetings, {sum(meeting.words for meeting in meetings):,} words")


if __name__ == "__main__":
    main()
