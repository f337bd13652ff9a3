"""What the tests of every chapter ask of wrong answers: each fails, and its hint names the misconception behind it."""

import pytest

from llmbook.chapters import evaluate, exercises


def hint_cases(prefix, wrong):
    """Parameters (name, answer, phrases) of a test.

    Args:
        prefix: what the names of a chapter's exercises begin with, "gemma-ex-".
        wrong: (rest of the name, wrong answer, what the hint says; "|" stands between phrases of which one is enough).
    """
    return [pytest.param(prefix + slug, answer, phrases.split("|"), id=f"{slug}-{number}")
            for number, (slug, answer, phrases) in enumerate(wrong)]  # fmt: skip


def check_hint(name, answer, phrases):
    """The answer fails, costs points, and a message has one of the phrases."""
    report = evaluate(name, answer)
    assert report.status == "FAIL" and report.points < report.possible_points
    assert any(phrase in outcome.message for phrase in phrases for outcome in report.outcomes), report


def check_two_for_each(prefix, wrong):
    """Every exercise of a prefix has at least two wrong answers, and there is no other."""
    given = [prefix + slug for slug, _, _ in wrong]
    assert set(given) == {name for name in exercises() if name.startswith(prefix)}
    assert min(map(given.count, given)) >= 2
