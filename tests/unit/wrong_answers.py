"""What the tests of every page ask of wrong answers: each fails, and its hint names the misconception behind it."""

import pytest

from llmbook.chapters import evaluate
from llmbook.exercises import collect


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


def check_two_for_each(prefix, wrong, checks):
    """Every exercise of a page has at least two wrong answers, and there is no other.

    Args:
        prefix: as for ``hint_cases``.
        wrong: as for ``hint_cases``.
        checks: the page's module of checks, ``llmbook.chapters.<chapter>.<topic>.checks``.
    """
    given = [prefix + slug for slug, _, _ in wrong]
    assert set(given) == collect([checks]).keys()
    assert min(map(given.count, given)) >= 2
