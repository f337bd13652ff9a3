"""Meetings on the disk: what is written comes back, and every way a file can be wrong is named with its line."""

import dataclasses
import json

import pytest

from llmbook.meetings.files import meeting_row, read_meetings, write_meetings
from llmbook.meetings.generator import generate_meeting
from llmbook.meetings.json_lines import MeetingFileError, write_json_lines
from llmbook.meetings.meeting import FACT_KINDS

MEETINGS = [generate_meeting(seed, domain="theater", kinds=FACT_KINDS, jargon=0.5, repairs=0.5) for seed in range(5)]


def test_what_is_written_comes_back(tmp_path):
    write_meetings(tmp_path / "new folder" / "a.jsonl", MEETINGS)
    assert read_meetings(tmp_path / "new folder" / "a.jsonl") == MEETINGS
    assert [each.name for each in (tmp_path / "new folder").iterdir()] == ["a.jsonl"]


def test_what_a_kill_has_left_is_cleared_away_by_the_next_write_of_that_file(tmp_path):
    lefts = {name: tmp_path / name for name in (".a[1].jsonl.7.unfinished", ".a1.jsonl.7.unfinished")}
    for left in lefts.values():
        left.write_text("half")
    write_meetings(tmp_path / "a[1].jsonl", MEETINGS)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a1.jsonl.7.unfinished", "a[1].jsonl"]


def test_a_changed_word_does_not_come_back_equal(tmp_path):
    write_meetings(tmp_path / "a.jsonl", MEETINGS)
    text = (tmp_path / "a.jsonl").read_text(encoding="utf-8")
    (tmp_path / "a.jsonl").write_text(text.replace(MEETINGS[0].turns[-1].text, "Bye."), encoding="utf-8")
    assert read_meetings(tmp_path / "a.jsonl") != MEETINGS


def test_letters_beyond_ascii_and_line_separators_survive(tmp_path):
    odd = dataclasses.replace(MEETINGS[0], topic="the café\u2028 and\x85 \"quotes\"\nand lines")
    write_meetings(tmp_path / "a.jsonl", [odd, MEETINGS[1]])
    assert read_meetings(tmp_path / "a.jsonl") == [odd, MEETINGS[1]]


def spoiled(change):
    """A row of a good meeting after ``change``."""
    row = meeting_row(MEETINGS[0])
    change(row)
    return json.dumps(row)


WRONG = {
    "a missing field": (spoiled(lambda row: row.pop("facts")), "no field 'facts', only date, domain"),
    "a text for a number": (spoiled(lambda row: row.update(seed="7")), "'seed' should be a int"),
    "an empty topic": (spoiled(lambda row: row.update(topic=" ")), "'topic' is empty"),
    "no turns": (spoiled(lambda row: row.update(turns=[])), "'turns' is empty, and there is nothing to summarize"),
    "no facts": (spoiled(lambda row: row.update(facts=[])), "'facts' is empty"),
    "a turn without text": (spoiled(lambda row: row["turns"].append(["Ben", ""])), "turn .*a speaker and a text"),
    "a turn of three": (spoiled(lambda row: row["turns"].append(["a", "b", "c"])), "turn .*a speaker and a text"),
    "an unknown kind": (spoiled(lambda row: row["facts"][0].update(kind="gossip")), "fact 0: unknown kind 'gossip'"),
    "no keys": (spoiled(lambda row: row["facts"][0].update(keys=[])), "fact 0: 'keys' needs at least one"),
    "a turn that is not there": (spoiled(lambda row: row["facts"][1].update(turn=999)), "fact 1: said in turn 999"),
    "a fact without its keys": (spoiled(lambda row: row["facts"][0].update(text="Nothing.")), "lacks one of its own"),
    "a fact that is a text": (spoiled(lambda row: row.update(facts=["Nothing."])), "fact 0: expected an object"),
    "keys without an end": (
        spoiled(lambda row: row["facts"][0].update(keys=["x" * 9000])), r"lacks one of its own keys \['x{98}\.\.\."),
    "a line cut off": (spoiled(lambda row: None)[:-30], "not JSON, .*seems to be cut off"),
    "a list": ("[1, 2]", r"expected one object in braces, found \[1, 2\]"),
    "no JSON": ("Hello", "column 1: not JSON"),
}


@pytest.mark.parametrize("line, message", WRONG.values(), ids=WRONG)
def test_a_wrong_line_is_named(tmp_path, line, message):
    path = tmp_path / "a.jsonl"
    path.write_text(spoiled(lambda row: None) + "\n\n" + line + "\n", encoding="utf-8")
    with pytest.raises(MeetingFileError, match=f"a.jsonl, line 3.*{message}.*; write the file again"):
        read_meetings(path)


def test_a_wrong_file_is_named(tmp_path):
    with pytest.raises(MeetingFileError, match=r"there is no file .*nothing\.jsonl; write the file again"):
        read_meetings(tmp_path / "nothing.jsonl")
    with pytest.raises(MeetingFileError, match="is a folder; name the file in it"):
        read_meetings(tmp_path)
    (tmp_path / "a.jsonl").write_text("\n \n")
    with pytest.raises(MeetingFileError, match="holds no meeting at all"):
        read_meetings(tmp_path / "a.jsonl")
    (tmp_path / "a.jsonl").write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(MeetingFileError, match=r"no text in UTF-8 \(byte 4\)"):
        read_meetings(tmp_path / "a.jsonl")


def survives_a_failure(write, folder):
    """Whether a writer that fails in the middle leaves the old file, no new one, and nothing else."""
    def rows():
        yield meeting_row(MEETINGS[1])
        raise RuntimeError("the power is gone")

    path = folder / "a.jsonl"
    write_meetings(path, MEETINGS[:1])
    for each in (path, folder / "b.jsonl"):
        with pytest.raises(RuntimeError):
            write(each, rows())
    return [each.name for each in folder.iterdir()] == ["a.jsonl"] and read_meetings(path) == MEETINGS[:1]


def write_directly(path, rows):
    """The twin: what everybody writes first."""
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")


def test_nothing_half_written(tmp_path):
    assert survives_a_failure(write_json_lines, tmp_path)
    assert not survives_a_failure(write_directly, tmp_path)
