"""Files of meetings: our own with their facts, and those in the layout of QMSum."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from damage import Files
from kinds import Kind, Original
from second_reading import Unsaid, read_object, same

from llmbook.meetings.files import read_meetings, write_meetings
from llmbook.meetings.generator import generate_meeting
from llmbook.meetings.json_lines import MeetingFileError
from llmbook.meetings.qmsum import read_qmsum

FILE = "meetings.jsonl"


def said_rows(files: Files) -> list[dict]:
    """The object of each line that holds anything."""
    if files.get(FILE) is None:
        raise Unsaid("there is no file")
    lines = files[FILE].removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    rows = [read_object(line) for line in lines if line.decode("utf-8", "replace").strip()]
    if not rows:
        raise Unsaid("no line holds anything")
    return rows


def of(row: object, name: str, kind: type) -> Any:
    """A field of an object, which must be there and of this very type."""
    if not isinstance(row, dict) or type(row.get(name)) is not kind:
        raise Unsaid(f"{name} is no {kind.__name__}")
    return row[name]


class OurMeetings(Kind):
    """Read by :func:`read_meetings`: every field of every meeting, turn and fact as it stands in its line."""

    def make(self) -> list[Original]:
        made = []
        for seed in range(3):
            meetings = [generate_meeting(seed + n, facts=2, chatter=0.2, jargon=0.5) for n in range(1 + seed % 2)]
            with tempfile.TemporaryDirectory() as folder:
                write_meetings(Path(folder) / FILE, meetings)
                made.append(Original({FILE: (Path(folder) / FILE).read_bytes()}))
        return made

    def read(self, folder: Path, original: Original) -> Any:
        return read_meetings(folder / FILE)

    def problem(self, found: Any, files: Files, original: Original) -> str | None:
        wanted = [self.said(row) for row in said_rows(files)]
        read = [asdict(meeting) for meeting in found]
        return None if same(read, wanted) else f"read as {str(read)[:300]}, and the file says {str(wanted)[:300]}"

    @staticmethod
    def said(row: dict) -> dict:
        """A meeting."""
        named = {name: of(row, name, str) for name in ("domain", "topic", "date")}
        turns = [dict(zip(("speaker", "text"), pair, strict=True)) for pair in of(row, "turns", list)]
        kinds = {"kind": str, "text": str, "keys": list, "turn": int, "code_name": str}
        facts = [{name: of(fact, name, kind) for name, kind in kinds.items()} for fact in of(row, "facts", list)]
        return {"seed": of(row, "seed", int), **named, "speakers": of(row, "speakers", list), "turns": turns,
                "facts": facts}  # fmt: skip


class RealMeetings(Kind):
    """Read by :func:`read_qmsum`: every turn that says something, and every query with its answer."""

    def make(self) -> list[Original]:
        def row(n: int) -> dict:
            return {
                "topic_list": [{"topic": "budget", "relevant_text_span": [["0", "2"]]}],
                "general_query_list": [{"query": "Summarize the meeting.", "answer": f"They met {n} times."}],
                "specific_query_list": [{"query": "What about é?", "answer": "Nothing.", "relevant_text_span": []}],
                "meeting_transcripts": [{"speaker": "Project Manager", "content": "Good morning."},
                                        {"speaker": "Industrial Designer", "content": " "},
                                        {"speaker": "Marketing", "content": f"{n} {{vocalsound}} euros, “fine”."}],
            }  # fmt: skip

        lines = [json.dumps(row(n), ensure_ascii=n % 2 == 0).encode() + b"\n" for n in range(6)]
        return [Original({FILE: b"".join(some)}) for some in (lines[:1], lines[1:3], lines[3:])]

    def read(self, folder: Path, original: Original) -> Any:
        return read_qmsum(folder / FILE)

    def problem(self, found: Any, files: Files, original: Original) -> str | None:
        wanted = []
        for row in said_rows(files):
            turns = [{name: of(turn, name, str) for name in ("speaker", "content")}
                     for turn in of(row, "meeting_transcripts", list)]  # fmt: skip
            spoken = [
                {"speaker": turn["speaker"], "text": turn["content"]} for turn in turns if turn["content"].strip()
            ]
            wanted.append({"turns": spoken, "general": self.queries(row, "general"),
                           "specific": self.queries(row, "specific")})  # fmt: skip
        read = [asdict(meeting) for meeting in found]
        return None if same(read, wanted) else f"read as {str(read)[:300]}, and the file says {str(wanted)[:300]}"

    @staticmethod
    def queries(row: dict, kind: str) -> list[dict]:
        """What was asked, and answered."""
        return [
            {name: of(each, name, str) for name in ("query", "answer")} for each in of(row, f"{kind}_query_list", list)
        ]


KINDS = [OurMeetings("meeting", 0.07, (MeetingFileError,)), RealMeetings("qmsum", 0.05, (MeetingFileError,))]
