"""Damaged files of meetings: whatever is wrong, there is one kind of error, which names the file and what to do."""

import json

import pytest
from unreadable import forbid

from llmbook.meetings import json_lines
from llmbook.meetings.files import meeting_row, read_meetings, write_meetings
from llmbook.meetings.generator import generate_meeting
from llmbook.meetings.json_lines import MeetingFileError
from llmbook.meetings.qmsum import read_qmsum

MEETINGS = [generate_meeting(seed) for seed in range(2)]
ROW = json.dumps(meeting_row(MEETINGS[0]))
READERS = [(read_meetings, "write the file again"), (read_qmsum, "download .* again")]
DAMAGED = {
    "half of a character": (ROW.replace("{", '{"note": "\\ud800", ', 1), "line 1: half of a character"),
    "half of a key": ('{"\\udfff": 1}', "line 1: half of a character"),
    "half of a character alone": ('"\\ud800"', "line 1: half of a character"),
    "two topics": (ROW.replace("{", '{"topic": "none", ', 1), "line 1: 'topic' stands twice, with two values"),
    "deep": ("[" * 100_000 + "]" * 100_000, "line 1: brackets nested too deeply"),
    "deep in a field": ('{"seed": ' + '{"a":' * 100_000 + "1" + "}" * 100_001, "line 1: brackets nested too deeply"),
    "deep and cut off": ("[" * 100_000, "line 1: brackets nested too deeply"),
    "a long number": ('{"seed": ' + "7" * 5000 + "}", "line 1: a number of thousands of digits"),
    "cut off": (ROW[:-40], r"line 1, column \d+: not JSON, .* \(the line seems to be cut off\)"),
    "cut off before a whole one": (ROW[:-1] + "\n" + ROW, r"line 1, .*the line seems to be cut off"),
    "indented": (json.dumps(json.loads(ROW), indent=1), "line 1, .*the JSON goes on in the next lines.* of its own"),
    "an indented list": (json.dumps([json.loads(ROW)] * 2, indent=2), "line 1, .*the JSON goes on in the next lines"),
    "indented behind a good one": (ROW + "\n" + json.dumps(json.loads(ROW), indent=1), ""),
}


@pytest.mark.parametrize(("read", "again"), READERS)
@pytest.mark.parametrize(("text", "said"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_named(tmp_path, read, again, text, said):
    (tmp_path / "a.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(MeetingFileError, match=f"a.jsonl, {said}.*; {again}"):
        read(tmp_path / "a.jsonl")


def test_the_second_meeting_is_indented(tmp_path):
    (tmp_path / "a.jsonl").write_text(DAMAGED["indented behind a good one"][0], encoding="utf-8")
    with pytest.raises(MeetingFileError, match=r"a.jsonl, line 2, .*the JSON goes on in the next lines"):
        read_meetings(tmp_path / "a.jsonl")


@pytest.mark.parametrize(("read", "again"), READERS)
@pytest.mark.parametrize("name", ["null\0byte", "x" * 5000, "half\ud800", "a.jsonl/within"])
def test_a_path_that_cannot_be_opened(tmp_path, read, again, name):
    (tmp_path / "a.jsonl").write_text(ROW, encoding="utf-8")
    with pytest.raises(MeetingFileError, match=rf"cannot be opened \(.+\); {again}") as caught:
        read(f"{tmp_path}/{name}")
    str(caught.value).encode()
    assert len(str(caught.value)) < 400


def test_a_byte_order_mark_is_read_over(tmp_path):
    path = tmp_path / "a.jsonl"
    write_meetings(path, MEETINGS)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_meetings(path) == MEETINGS
    path.write_bytes(b"\xef\xbb\xbf\n" + b"\xff")
    with pytest.raises(MeetingFileError, match=r"no text in UTF-8 \(byte 4\)"):
        read_meetings(path)


def test_without_its_removal_the_mark_would_be_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lines, "BYTE_ORDER_MARK", "")
    with pytest.raises(MeetingFileError):
        test_a_byte_order_mark_is_read_over(tmp_path)


@pytest.mark.parametrize("speakers", [[1], ["Ben", ""], [None], [["Ben"]]])
def test_speakers_are_names(tmp_path, speakers):
    (tmp_path / "a.jsonl").write_text(json.dumps(json.loads(ROW) | {"speakers": speakers}), encoding="utf-8")
    with pytest.raises(MeetingFileError, match=r"a.jsonl, line 1: 'speakers' should be names only.*; write the"):
        read_meetings(tmp_path / "a.jsonl")


def test_what_the_new_messages_do_not_claim(tmp_path):
    """A whole character in two halves is one, and an object in an object is not deep."""
    odd = ROW.replace("{", '{"note": ["\\ud83d\\ude00", {"a": [{}]}], ', 1)
    (tmp_path / "a.jsonl").write_text(odd, encoding="utf-8")
    assert read_meetings(tmp_path / "a.jsonl") == MEETINGS[:1]


@pytest.mark.parametrize(("read", "again"), READERS)
def test_a_file_that_may_not_be_read(tmp_path, monkeypatch, read, again):
    (tmp_path / "a.jsonl").write_text(ROW, encoding="utf-8")
    forbid(monkeypatch, tmp_path / "a.jsonl")
    with pytest.raises(MeetingFileError, match=rf"a\.jsonl' cannot be opened \(Permission denied\); {again}"):
        read(tmp_path / "a.jsonl")
    with pytest.raises(PermissionError):  # the twin
        (tmp_path / "a.jsonl").read_text(encoding="utf-8")
