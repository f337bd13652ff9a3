"""Questions of QMSum are read with the turns of their spans, and the stored ones are those of the authors' files."""

import json

import pytest

from llmbook.meetings import qmsum_spans
from llmbook.meetings.json_lines import MeetingFileError
from llmbook.meetings.meeting import Turn
from llmbook.meetings.qmsum_spans import SpanQuery, packed, span_queries, spoken, stored_span_queries

SAID = [("Ann", "Good { vocalsound } morning ."), ("Bob", "{disfmarker}"), ("Ann", "Eight or nine ?"),
        ("Bob", "Nine .")]  # fmt: skip


def line(spans, **changed):
    """A meeting of the authors' file."""
    queries = [{"query": "When?", "answer": "At nine.", "relevant_text_span": spans}]
    turns = [{"speaker": speaker, "content": text} for speaker, text in SAID]
    return json.dumps({"meeting_transcripts": turns, "specific_query_list": queries} | changed)


def test_a_span_has_its_turns_from_the_first_to_the_last():
    [found] = span_queries([line([["2", "3"]])], "test")
    turns = (Turn("Ann", "Eight or nine ?"), Turn("Bob", "Nine ."))
    assert found == SpanQuery("test", 1, 0, "When?", "At nine.", turns)
    assert found.span == "Ann: Eight or nine ?\nBob: Nine ."


def test_passages_that_overlap_give_each_turn_once_and_silent_turns_are_left_out():
    [found] = span_queries([line([["2", "3"], ["0", "2"]])], "train")
    assert [turn.text for turn in found.turns] == ["Good morning .", "Eight or nine ?", "Nine ."]
    [other] = span_queries([line([["0", "1"]])], "train")
    assert [turn.text for turn in other.turns] == ["Good morning ."], "numbers count silent turns all the same"


@pytest.mark.parametrize("spans", [[], [["3", "4"]], [["2", "1"]], [["-1", "1"]]])
def test_a_span_outside_of_the_meeting_is_refused(spans):
    with pytest.raises(MeetingFileError, match=r"test, line 1, query 0: the spans .* not inside of 4 turns"):
        list(span_queries([line(spans)], "test"))


def test_a_field_that_is_missing_is_named():
    with pytest.raises(MeetingFileError, match="meeting_transcripts"):
        list(span_queries([line([["2", "3"]], meeting_transcripts=5)], "test"))


def test_marks_of_the_transcribers_are_no_words():
    assert spoken("{vocalsound} Yes . { gap } No {disfmarker}") == "Yes . No"
    assert spoken("set {1, 2} and {Big}") == "set {1, 2} and {Big}"


def test_stored_queries_come_back_and_the_file_is_the_same_each_time(tmp_path):
    queries = list(span_queries([line([["2", "3"]]), line([["0", "3"]])], "test"))
    path = tmp_path / "queries.jsonl.gz"
    path.write_bytes(packed(queries))
    assert stored_span_queries(path) == queries
    assert packed(queries) == packed(list(queries)) != packed(queries[::-1])


@pytest.mark.parametrize("content", [b"", b"no archive", packed([])[:10], None])
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "queries.jsonl.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MeetingFileError, match=r"queries\.jsonl\.gz .*; take the file again"):
        stored_span_queries(path)


def test_the_books_questions_are_whole_and_of_both_parts():
    queries = stored_span_queries()
    counts = {split: [query for query in queries if query.split == split] for split in ("train", "test")}
    assert {split: len(found) for split, found in counts.items()} == {"train": 273, "test": 68}
    assert len({query.meeting for query in counts["test"]}) == 28
    assert all(query.turns and query.answer.strip() and query.query.strip() for query in queries)
    assert not any(qmsum_spans.MARK.search(query.span) for query in queries)
    keys = [(query.split, query.meeting, query.number) for query in queries]
    assert len(set(keys)) == len(keys), "no question stands twice"
    assert not {query.span for query in counts["train"]} & {query.span for query in counts["test"]}
