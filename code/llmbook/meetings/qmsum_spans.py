"""Questions of QMSum with the turns that answer them, which its authors call gold spans.

In the files of https://github.com/Yale-LILY/QMSum each specific query names the first and the last turn of one or
several passages, counted from 0. The book stores those questions of which a small model can read every word that
matters; ``scripts/qmsum_queries.py`` makes the file.
"""

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llmbook.data import data_folder
from llmbook.meetings.json_lines import MeetingFileError, field, words
from llmbook.meetings.meeting import Turn
from llmbook.strict_json import parse_json

AGAIN = "take the file again from its repository"
MARK = re.compile(r"\{ *[a-z]+ *\} *")  # {vocalsound}, {disfmarker}: what the transcribers heard and nobody said
STORED = "qmsum/queries.jsonl.gz"


@dataclass(frozen=True)
class SpanQuery:
    """A question about one matter of a meeting, the turns that hold the answer, and an answer that somebody wrote."""

    split: str
    """``train`` or ``test``, as the authors divided their meetings."""
    meeting: int
    """Line of the authors' file, from 1."""
    number: int
    """Place among the meeting's specific queries, from 0."""
    query: str
    answer: str
    turns: tuple[Turn, ...]

    @property
    def span(self) -> str:
        """One line for each turn, ``Speaker: text``."""
        return "\n".join(turn.line for turn in self.turns)


def span_queries(lines: Iterable[str], split: str) -> Iterator[SpanQuery]:
    """The specific queries of a file of the authors.

    Args:
        lines: one meeting each, in JSON.
        split: what the file is called.

    Raises:
        MeetingFileError: a field is missing or of another kind, or a span lies outside of its meeting.
    """
    for line, text in enumerate(lines, start=1):
        where = f"{split}, line {line}"
        row = parse_json(text)
        said = [Turn(words(turn, "speaker", where, AGAIN), spoken(field(turn, "content", str, where, AGAIN)))
                for turn in field(row, "meeting_transcripts", list, where, AGAIN)]  # fmt: skip
        for number, query in enumerate(field(row, "specific_query_list", list, where, AGAIN)):
            turns = _inside(said, field(query, "relevant_text_span", list, where, AGAIN), f"{where}, query {number}")
            asked, answer = (words(query, name, where, AGAIN) for name in ("query", "answer"))
            yield SpanQuery(split, line, number, asked, answer, turns)


def spoken(text: str) -> str:
    """What was said, without the transcribers' marks in braces."""
    return MARK.sub("", text).strip()


def packed(queries: Iterable[SpanQuery]) -> bytes:
    """Queries as a compressed file has them, one a line; equal queries give equal bytes."""
    text = "".join(json.dumps(asdict(query), ensure_ascii=False) + "\n" for query in queries)
    return gzip.compress(text.encode(), mtime=0)


def stored_span_queries(path: Path | None = None) -> list[SpanQuery]:
    """The questions that come with the book, or those of another file.

    Raises:
        MeetingFileError: the file is missing, is damaged, or has other fields.
    """
    path = path or data_folder() / STORED
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            found = [_query(parse_json(line)) for line in file]
    except (OSError, EOFError, ValueError, TypeError, KeyError) as error:
        raise MeetingFileError(f"{path} cannot be read ({error}); {AGAIN}") from error
    if not found:
        raise MeetingFileError(f"{path} holds no question; {AGAIN}")
    return found


def _inside(said: list[Turn], spans: list, where: str) -> tuple[Turn, ...]:
    """The turns of some passages in their order, each once, without those in which nothing is said."""
    ends = [(int(first), int(last)) for first, last in spans]
    if not ends or any(not 0 <= first <= last < len(said) for first, last in ends):
        raise MeetingFileError(f"{where}: the spans {spans} are not inside of {len(said)} turns; {AGAIN}")
    places = sorted({place for first, last in ends for place in range(first, last + 1)})
    return tuple(said[place] for place in places if said[place].text)


def _query(row: dict[str, Any]) -> SpanQuery:
    """A line of the stored file."""
    return SpanQuery(**row | {"turns": tuple(Turn(**turn) for turn in row["turns"])})
