"""The small corpus that comes with the book: which meetings it holds, and how they are divided.

``train``, ``validation`` and ``test`` are about the same four workplaces, with other seeds; ``new`` is about two
workplaces that none of the others mentions. A meeting is in exactly one of them. ``scripts/make_meetings.py`` writes
the files, and a test makes them again and compares.
"""

from pathlib import Path
from typing import NamedTuple

from llmbook.data import data_folder
from llmbook.meetings.files import read_meetings
from llmbook.meetings.generator import generate_meeting
from llmbook.meetings.meeting import FACT_KINDS, Meeting

SEEN_WORKPLACES = ("hotel", "library", "school", "theater")
NEW_WORKPLACES = ("farm", "museum")
MANNER = {"kinds": FACT_KINDS, "jargon": 0.5, "repairs": 0.4}
LENGTHS = {
    "brief": {"facts": 4, "chatter": 1.0},
    "usual": {"facts": 6, "chatter": 3.0},
    "long": {"facts": 8, "chatter": 6.0},
}
"""Three lengths of a meeting, as settings of ``generate_meeting``."""


class Split(NamedTuple):
    """One part of the corpus."""

    workplaces: tuple[str, ...]
    each: int
    """How many meetings of each workplace and length."""
    first_seed: int


SPLITS = {
    "train": Split(SEEN_WORKPLACES, 3, 10_000),
    "validation": Split(SEEN_WORKPLACES, 1, 20_000),
    "test": Split(SEEN_WORKPLACES, 2, 30_000),
    "new": Split(NEW_WORKPLACES, 3, 40_000),
}


def make_split(name: str) -> list[Meeting]:
    """Generate a part of the corpus: lengths in turn within a workplace, workplaces one after the other.

    Raises:
        ValueError: there is no such part.
    """
    split = _known(name)
    settings = [(place, length) for place in split.workplaces for length in LENGTHS for _ in range(split.each)]
    return [generate_meeting(split.first_seed + number, domain=place, **LENGTHS[length], **MANNER)
            for number, (place, length) in enumerate(settings)]  # fmt: skip


def stored_path(name: str) -> Path:
    """Where the file of a part is, in a checkout or in an installed wheel.

    Raises:
        ValueError: there is no such part.
    """
    _known(name)
    return data_folder() / "meetings" / f"{name}.jsonl"


def stored_meetings(name: str) -> list[Meeting]:
    """Read a part of the corpus: ``train``, ``validation``, ``test``, or ``new`` for the unseen workplaces.

    Raises:
        ValueError: there is no such part.
        MeetingFileError: its file is missing or damaged.
    """
    return read_meetings(stored_path(name))


def length_name(meeting: Meeting) -> str:
    """Which of ``LENGTHS`` a meeting of this corpus was made with, from its number of facts.

    Raises:
        ValueError: none of them.
    """
    for name, settings in LENGTHS.items():
        if len(meeting.facts) == settings["facts"]:
            return name
    raise ValueError(f"a meeting with {len(meeting.facts)} facts is none of {', '.join(LENGTHS)}")


def _known(name: str) -> Split:
    if name not in SPLITS:
        raise ValueError(f"no part {name!r} of the meetings; choose one of {', '.join(SPLITS)}")
    return SPLITS[name]
