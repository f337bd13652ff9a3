"""The layout of QMSum, with meetings that were made up for this test, and the table of lengths."""

import csv
import json
import runpy
import sys
from pathlib import Path

import pytest

from llmbook.data import read_table
from llmbook.meetings.json_lines import MeetingFileError
from llmbook.meetings.meeting import Turn
from llmbook.meetings.qmsum import Query, length_row, read_qmsum

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "qmsum_lengths.py"


def made_up(*, speakers=("Project Manager", "Marketing"), **changed):
    """A meeting in the layout of QMSum; nobody has ever said this."""
    queries = [{"query": "Summarize it.", "answer": "They chose the blue lamp."}]
    return {
        "topic_list": [{"topic": "Lamps", "relevant_text_span": [["0", "1"]]}],
        "general_query_list": queries,
        "specific_query_list": [{"query": "Who spoke?", "answer": "Two.", "relevant_text_span": [["0", "1"]]}],
        "meeting_transcripts": [{"speaker": speakers[0], "content": "The blue lamp , okay ?"},
                                {"speaker": speakers[1], "content": ""},
                                {"speaker": speakers[1], "content": "Très bien ."}],
    } | changed  # fmt: skip


def write(path, *rows):
    """Rows as lines; a text is written as it is."""
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_a_meeting_is_read(tmp_path):
    (meeting,) = read_qmsum(write(tmp_path / "q.jsonl", made_up(), ""))
    assert meeting.turns == (Turn("Project Manager", "The blue lamp , okay ?"), Turn("Marketing", "Très bien ."))
    assert meeting.general == (Query("Summarize it.", "They chose the blue lamp."),)
    assert meeting.specific == (Query("Who spoke?", "Two."),)
    assert meeting.transcript == "Project Manager: The blue lamp , okay ?\nMarketing: Très bien ."
    assert length_row(meeting) == {
        "kind": "product", "turns": 2, "speakers": 2, "words": 12, "spoken_words": 9, "bytes": 63,
        "general_queries": 1, "specific_queries": 1, "summary_words": 5, "summary_bytes": 25,
    }  # fmt: skip


@pytest.mark.parametrize("speakers, kind", [
    (("User Interface", "Marketing"), "product"), (("Grad B", "Professor A"), "academic"), (("PhD A", "?"), "academic"),
    (("The Chair (Hon. A. B.)", "Ms. C"), "committee"), (("A Grad", "B"), "committee"),
])  # fmt: skip
def test_the_kind_is_guessed_from_the_speakers(tmp_path, speakers, kind):
    assert read_qmsum(write(tmp_path / "q.jsonl", made_up(speakers=speakers)))[0].kind == kind


def empty_answer():
    return [{"query": "Summarize it.", "answer": "  "}]


WRONG = {
    "another layout": ({"dialogue": "a", "summary": "b"}, "no field 'meeting_transcripts', only dialogue, summary"),
    "an empty transcript": (made_up(meeting_transcripts=[]), "the transcript is empty"),
    "nobody says a word": (made_up(meeting_transcripts=[{"speaker": "A", "content": " "}]), "the transcript is empty"),
    "a turn without speaker": (made_up(meeting_transcripts=[{"content": "x"}]), "turn 0: no field 'speaker'"),
    "a turn that is a text": (made_up(meeting_transcripts=["x"]), "turn 0: expected an object with 'speaker'"),
    "a transcript that is a text": (made_up(meeting_transcripts="x"), "'meeting_transcripts' should be a list"),
    "no summary": (made_up(general_query_list=[]), "'general_query_list' is empty, so no summary"),
    "an empty summary": (made_up(general_query_list=empty_answer()), "general_query_list 0: 'answer' is empty"),
    "a query without answer": (made_up(specific_query_list=[{"query": "x"}]), "query_list 0: no field 'answer'"),
    "a line cut off": (json.dumps(made_up())[:90], "seems to be cut off"),
    "a web page": ("<!doctype html>", "column 1: not JSON"),
    "a pointer": ("version https://git-lfs.github.com/spec/v1", "not JSON"),
}


@pytest.mark.parametrize("row, message", WRONG.values(), ids=WRONG)
def test_a_wrong_meeting_is_named(tmp_path, row, message):
    path = write(tmp_path / "q.jsonl", made_up(), row)
    with pytest.raises(MeetingFileError, match=f"q.jsonl, line 2.*{message}.*; download data/ALL/jsonl/test.jsonl"):
        read_qmsum(path)


# --- the table -----------------------------------------------------------------------------------------------------

def run_script(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", [SCRIPT.name, *map(str, arguments)])
    runpy.run_path(str(SCRIPT), run_name="__main__")


def test_the_script_makes_a_table_without_text(monkeypatch, tmp_path):
    path = write(tmp_path / "q.jsonl", made_up(), made_up(speakers=("Grad A", "Grad B")))
    run_script(monkeypatch, path, "--out", tmp_path / "t.csv", "--source", "made up")
    text = (tmp_path / "t.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    shown = [(row["line"], row["kind"], row["words"]) for row in rows]
    assert shown == [("1", "product", "12"), ("2", "academic", "13")]
    assert [(row["status"], row["source"]) for row in rows] == [("COMPUTED", f"made up, line {n}") for n in (1, 2)]
    assert "lamp" not in text and "bien" not in text
    assert sorted(each.name for each in tmp_path.iterdir()) == ["q.jsonl", "t.csv"]


def test_another_file_does_not_pass_for_the_original(monkeypatch, tmp_path):
    with pytest.raises(SystemExit, match="say with --source"):
        run_script(monkeypatch, write(tmp_path / "q.jsonl", made_up()), "--out", tmp_path / "t.csv")
    with pytest.raises(MeetingFileError, match="line 1"):
        run_script(monkeypatch, write(tmp_path / "q.jsonl", "{"), "--out", tmp_path / "t.csv")
    assert not (tmp_path / "t.csv").exists()


def implausible(rows):
    """Rows of lengths that contradict one another."""
    return [row["line"] for row in rows
            if not (row["speakers"] <= row["turns"] < row["spoken_words"] < row["words"] < row["bytes"]
                    and row["words"] - row["spoken_words"] >= row["turns"]
                    and row["summary_words"] < row["summary_bytes"])]  # fmt: skip


def test_the_stored_table():
    rows = read_table("qmsum_lengths")
    assert [row["line"] for row in rows] == list(range(1, 36))
    assert {kind: sum(row["kind"] == kind for row in rows) for kind in ("product", "academic", "committee")} \
        == {"product": 20, "academic": 9, "committee": 6}
    assert implausible(rows) == []
    assert implausible([rows[0] | {"words": rows[0]["spoken_words"]}, rows[1] | {"turns": 1}]) == [1, 2]
    kinds = {str: {"kind", "status", "source"}}
    assert {name for row in rows for name, value in row.items() if isinstance(value, str)} == kinds[str], "only numbers"
