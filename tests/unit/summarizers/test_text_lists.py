"""A text where a list of texts is meant: every letter would be a summary, so it is refused."""

import pytest

from llmbook.meetings.generator import FACT_KINDS, generate_corpus
from llmbook.summarizers import scoring, t5
from llmbook.summarizers.lookup import Lookup
from llmbook.summarizers.scoring import score_summaries
from llmbook.summarizers.t5 import merge, write

MEETINGS = generate_corpus(3, domain="farm", kinds=FACT_KINDS, facts=3, chatter=1.0)


@pytest.mark.parametrize("call", [
    lambda: score_summaries(MEETINGS, "abc"), lambda: score_summaries(MEETINGS, b"abc"),
    lambda: merge("abc"), lambda: merge(""), lambda: merge(b"abc"), lambda: write(None, None, "abc"),
    lambda: Lookup("abc", ["a", "b", "c"]), lambda: Lookup(["a", "b", "c"], "abc"),
])  # fmt: skip
def test_a_text_for_a_list_is_refused(call):
    with pytest.raises(TypeError, match=r"must be a list of str, not one (str|bytes); put brackets around it"):
        call()


def test_what_is_no_text_or_no_list_is_refused():
    with pytest.raises(TypeError, match="each of summaries must be a str, not NoneType; for a missing summary"):
        score_summaries(MEETINGS, ["", None, ""])
    with pytest.raises(TypeError, match="each of summaries must be a str, not bytes"):
        merge([b"abc"])
    with pytest.raises(TypeError, match="meetings must be a list of Meeting, not one"):
        score_summaries(MEETINGS[0], [""])
    with pytest.raises(ValueError, match="there is no summary to merge"):
        merge([])


def test_lists_tuples_and_one_text_in_brackets_are_fine():
    assert score_summaries(MEETINGS[:1], (MEETINGS[0].reference(),))["facts"].tolist() == [1.0]
    assert score_summaries(iter(MEETINGS), (each.reference() for each in MEETINGS))["facts"].tolist() == [1.0] * 3
    assert score_summaries([], [])["facts"].shape == (0,)
    assert merge(["abc"]) == merge(("abc",)) == "abc" and merge([""]) == ""


def test_without_the_check_letters_are_summaries(monkeypatch):
    """The twin: what it did before."""
    for module in (scoring, t5):
        monkeypatch.setattr(module, "check_texts", lambda texts, name: texts)
    assert score_summaries(MEETINGS, "abc")["facts"].tolist() == [0, 0, 0] and merge("ab") == "a\nb"
