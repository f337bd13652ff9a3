"""The samples of the hand check are drawn as the protocol says, and its marks are counted rightly."""

from collections import Counter

import pytest

from llmbook.chapters.tiny_titans.real_meetings.hand_check import (
    MARKS,
    draw_samples,
    read_marks,
    sheet,
    supported_share,
    tally,
)
from llmbook.meetings.qmsum_spans import stored_span_queries

QUERIES = [query for query in stored_span_queries() if query.split == "test"]
ROWS = [{"query": str(query), "system": system, "mark": mark} for query, system, mark in [
    (3, "LoRA", "supported"), (3, "LoRA", "contradicted"), (3, "zero-shot", "empty"), (5, "DoRA", "supported"),
    (5, "DoRA", "empty")]]  # fmt: skip


def test_ten_queries_of_ten_meetings_have_two_samples_each():
    samples = draw_samples(QUERIES)
    assert Counter(sample.system for sample in samples) == {"zero-shot": 10, "LoRA": 5, "DoRA": 5}
    assert set(Counter(sample.query for sample in samples).values()) == {2}
    assert len({QUERIES[sample.query].meeting for sample in samples}) == 10
    assert samples == draw_samples(QUERIES) != draw_samples(QUERIES, seed=1)


def test_the_sheet_does_not_name_a_system():
    samples = draw_samples(QUERIES)
    text = sheet(samples, QUERIES, {name: ["answer"] * len(QUERIES) for name in ("zero-shot", "LoRA", "DoRA")})
    assert text.count("Answer: answer") == 20 and not any(name in text for name in ("zero-shot", "LoRA", "DoRA"))
    assert QUERIES[samples[0].query].answer not in text, "nor does it show the reference"


def test_marks_are_counted_by_system():
    assert tally(ROWS, ["LoRA"]) == dict(zip(MARKS, (1, 0, 1, 0), strict=True))
    assert tally(ROWS, ["LoRA", "DoRA"]) == dict(zip(MARKS, (2, 0, 1, 1), strict=True))
    assert supported_share(ROWS, ["LoRA", "DoRA"]) == {3: 0.5, 5: 1.0}
    assert supported_share(ROWS, ["zero-shot"]) == {3: 0}


def test_the_stored_marks_are_of_the_samples_that_were_drawn():
    rows, samples = read_marks(), draw_samples(QUERIES)
    assert {int(row["sample"]) for row in rows} == set(range(1, 21))
    assert all((int(row["query"]), row["system"]) == (samples[int(row["sample"]) - 1].query,
               samples[int(row["sample"]) - 1].system) for row in rows)  # fmt: skip
    assert all(row["statement"].strip() for row in rows)
    assert all(row["reason"].strip() for row in rows if row["mark"] not in ("supported", "empty"))


@pytest.mark.parametrize(
    "text", ["sample,query\n1,2\n", "sample,query,system,statement,mark,reason\n1,2,LoRA,a,maybe,b\n"]
)
def test_a_mark_outside_of_the_protocol_is_refused(tmp_path, text):
    (tmp_path / "marks.csv").write_text(text)
    with pytest.raises(ValueError, match="row 1 has the columns"):
        read_marks(tmp_path / "marks.csv")
