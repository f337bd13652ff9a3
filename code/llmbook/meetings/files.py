"""Meetings as a file: one meeting per line, with its turns, its facts and where each was said.

A line is a JSON object with ``seed``, ``domain``, ``topic``, ``date``, ``speakers``, ``turns`` (pairs of speaker and
text) and ``facts`` (the fields of :class:`Fact`). The references are not stored: they follow from the facts.
"""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from llmbook.meetings.json_lines import MeetingFileError, field, read_json_lines, words, write_json_lines
from llmbook.meetings.meeting import FACT_KINDS, Fact, Meeting, Turn
from llmbook.strict_json import shown

AGAIN = "write the file again with write_meetings, or run scripts/make_meetings.py for the book's own"


def write_meetings(path: str | Path, meetings: Iterable[Meeting]) -> None:
    """Store meetings; a file that is there is replaced in one step, and only by a whole one."""
    write_json_lines(path, (meeting_row(meeting) for meeting in meetings))


def read_meetings(path: str | Path) -> list[Meeting]:
    """Read what :func:`write_meetings` wrote.

    Raises:
        MeetingFileError: the file is missing, empty, cut off or of another layout, or a fact contradicts its meeting.
    """
    return [_meeting(row, f"{path}, line {number}") for number, row in read_json_lines(path, again=AGAIN)]


def meeting_row(meeting: Meeting) -> dict[str, Any]:
    """A meeting as a JSON object."""
    return {
        "seed": meeting.seed, "domain": meeting.domain, "topic": meeting.topic, "date": meeting.date,
        "speakers": list(meeting.speakers),
        "turns": [[turn.speaker, turn.text] for turn in meeting.turns],
        "facts": [asdict(fact) | {"keys": list(fact.keys)} for fact in meeting.facts],
    }  # fmt: skip


def _meeting(row: dict[str, Any], where: str) -> Meeting:
    seed = field(row, "seed", int, where, AGAIN)
    named = {name: words(row, name, where, AGAIN) for name in ("domain", "topic", "date")}
    speakers = tuple(field(row, "speakers", list, where, AGAIN))
    if not all(isinstance(name, str) and name.strip() for name in speakers):
        raise MeetingFileError(f"{where}: 'speakers' should be names only, none of them empty; {AGAIN}")
    turns = tuple(_turn(pair, f"{where}, turn {number}") for number, pair in enumerate(_some(row, "turns", where)))
    facts = tuple(_fact(each, f"{where}, fact {number}", len(turns))
                  for number, each in enumerate(_some(row, "facts", where)))  # fmt: skip
    return Meeting(seed=seed, **named, speakers=speakers, turns=turns, facts=facts)


def _some(row: dict[str, Any], name: str, where: str) -> list:
    """A list that is not empty."""
    items = field(row, name, list, where, AGAIN)
    if not items:
        raise MeetingFileError(f"{where}: {name!r} is empty, and there is nothing to summarize; {AGAIN}")
    return items


def _turn(pair: object, where: str) -> Turn:
    if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) and part.strip() for part in pair)):
        raise MeetingFileError(f"{where}: expected a speaker and a text, neither of them empty; {AGAIN}")
    return Turn(*pair)


def _fact(row: dict[str, Any], where: str, turns: int) -> Fact:
    kind, text = words(row, "kind", where, AGAIN), words(row, "text", where, AGAIN)
    keys, turn = field(row, "keys", list, where, AGAIN), field(row, "turn", int, where, AGAIN)
    if kind not in FACT_KINDS:
        raise MeetingFileError(f"{where}: unknown kind {shown(kind)}, not one of {', '.join(FACT_KINDS)}; {AGAIN}")
    if not keys or not all(isinstance(key, str) and key for key in keys):
        raise MeetingFileError(f"{where}: 'keys' needs at least one word, and only words; {AGAIN}")
    if not 0 <= turn < turns:
        there = f"but the meeting has turns 0 to {turns - 1}"
        raise MeetingFileError(f"{where}: said in turn {shown(turn)}, {there}; {AGAIN}")
    fact = Fact(kind, text, tuple(keys), turn, field(row, "code_name", str, where, AGAIN))
    if not fact.is_in(text):
        raise MeetingFileError(f"{where}: its sentence {shown(text)} lacks one of its own keys {shown(keys)}; {AGAIN}")
    return fact
