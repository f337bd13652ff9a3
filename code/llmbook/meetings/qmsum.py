"""Real meetings: the layout of QMSum (Zhong et al. 2021, https://arxiv.org/abs/2104.05938).

One meeting per line of ``data/ALL/jsonl/*.jsonl`` in https://github.com/Yale-LILY/QMSum, a JSON object with
``meeting_transcripts`` (speaker and content of each turn), ``general_query_list`` (the whole meeting) and
``specific_query_list`` (one matter), each with queries and the answers that people wrote. The book does not contain
QMSum; whoever has the file can read it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmbook.meetings.json_lines import MeetingFileError, field, read_json_lines, words
from llmbook.meetings.meeting import Turn

AGAIN = "download data/ALL/jsonl/test.jsonl from https://github.com/Yale-LILY/QMSum again, and leave out no line"
PRODUCT_ROLES = ("Project Manager", "Marketing", "User Interface", "Industrial Designer")
ACADEMIC_ROLES = ("Professor", "PhD", "Postdoc", "Grad")


@dataclass(frozen=True)
class Query:
    """A request for a summary, and the summary that somebody wrote."""

    query: str
    answer: str


@dataclass(frozen=True)
class RealMeeting:
    """A transcript of QMSum with its summaries. Nobody knows its facts."""

    turns: tuple[Turn, ...]
    general: tuple[Query, ...]
    """About the whole meeting."""
    specific: tuple[Query, ...]
    """About one matter."""

    @property
    def transcript(self) -> str:
        """One line for each turn, ``Speaker: text``, as for the synthetic meetings."""
        return "\n".join(turn.line for turn in self.turns)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Everybody who says something, in the order in which they begin."""
        return tuple(dict.fromkeys(turn.speaker for turn in self.turns))

    @property
    def words(self) -> int:
        """Length of the transcript in words, speakers' names included."""
        return len(self.transcript.split())

    @property
    def kind(self) -> str:
        """``product``, ``academic`` or ``committee``, by how the speakers are called: by a role or by their names.

        The file does not say it. For all 35 meetings of the test file this agrees with the folders of the repository.
        """
        for kind, roles in (("product", PRODUCT_ROLES), ("academic", ACADEMIC_ROLES)):
            if any(speaker.startswith(roles) for speaker in self.speakers):
                return kind
        return "committee"


def read_qmsum(path: str | Path) -> list[RealMeeting]:
    """Read a file of QMSum.

    Args:
        path: of a ``.jsonl`` file.

    Returns:
        One meeting per line. Turns without a word are left out, as transcripts have them where nothing was understood.

    Raises:
        MeetingFileError: the file is missing, cut off or something else, or a meeting lacks a transcript, a general
            query or a summary.
    """
    return [_meeting(row, f"{path}, line {number}") for number, row in read_json_lines(path, again=AGAIN)]


def length_row(meeting: RealMeeting) -> dict[str, str | int]:
    """What can be said about a meeting without a word of it; words are what stands between spaces."""
    return {
        "kind": meeting.kind,
        "turns": len(meeting.turns),
        "speakers": len(meeting.speakers),
        "words": meeting.words,
        "spoken_words": sum(len(turn.text.split()) for turn in meeting.turns),
        "bytes": len(meeting.transcript.encode()),
        "general_queries": len(meeting.general),
        "specific_queries": len(meeting.specific),
        "summary_words": len(meeting.general[0].answer.split()),
        "summary_bytes": len(meeting.general[0].answer.encode()),
    }


def _meeting(row: dict[str, Any], where: str) -> RealMeeting:
    said = [_turn(each, f"{where}, turn {number}")
            for number, each in enumerate(field(row, "meeting_transcripts", list, where, AGAIN))]  # fmt: skip
    turns = tuple(turn for turn in said if turn.text.strip())
    if not turns:
        raise MeetingFileError(f"{where}: the transcript is empty, and there is nothing to summarize; {AGAIN}")
    general, specific = (_queries(row, name, where) for name in ("general_query_list", "specific_query_list"))
    if not general:
        raise MeetingFileError(f"{where}: 'general_query_list' is empty, so no summary of the meeting; {AGAIN}")
    return RealMeeting(turns, general, specific)


def _turn(row: dict[str, Any], where: str) -> Turn:
    return Turn(words(row, "speaker", where, AGAIN), field(row, "content", str, where, AGAIN))


def _queries(row: dict[str, Any], name: str, where: str) -> tuple[Query, ...]:
    places = enumerate(field(row, name, list, where, AGAIN))
    return tuple(Query(*(words(each, part, f"{where}, {name} {number}", AGAIN) for part in ("query", "answer")))
                 for number, each in places)  # fmt: skip
