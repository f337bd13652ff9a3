"""The page of a student: every text is escaped, and of a hidden check nothing is told but whether it passed."""

import re
from dataclasses import replace

from llmbook.classroom.feedback import feedback_page
from llmbook.classroom.grading import STATUSES, Graded, Result

EVIL = "<script>alert(1)</script>'\"&\x1b[2J\ud800"
OUTCOMES = (
    Graded("t-ex-softmax", "Three numbers", "FAIL", f"divide by the sum {EVIL}", 1, False),
    Graded("t-ex-softmax", "Random numbers", "FAIL", "seed 314159, expected 0.125", 2, True),
    Graded("t-ex-double", "Seven", "PASS", "", 1, False),
)


def test_texts_are_escaped():
    text = feedback_page(Result(EVIL, "ok", EVIL, OUTCOMES, EVIL * 1000))
    assert "<script" not in text and "\x1b" not in text and "&lt;script&gt;" in text
    assert text.encode() and len(text) < 40_000
    assert set(re.findall(r"<(\w+)", text)) <= {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "ul",
                                                "li", "strong", "br", "pre"}  # fmt: skip


def test_a_hidden_check_tells_whether_it_passed_and_no_more():
    text = feedback_page(Result("ada", "ok", "", OUTCOMES))
    assert "Random numbers (hidden check)" in text and "314159" not in text and "0.125" not in text
    assert "divide by the sum" in text and "1 of 4 points" in text
    visible = tuple(replace(each, hidden=False) for each in OUTCOMES)
    assert "314159" in feedback_page(Result("ada", "ok", "", visible))  # the twin: a visible check tells


def test_every_status_is_said_in_words():
    pages = {status: feedback_page(Result("ada", status, "", OUTCOMES)) for status in STATUSES}
    assert len(set(pages.values())) == len(STATUSES)
