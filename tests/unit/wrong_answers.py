"""What the tests of every page ask of wrong answers: each fails, and its hint names the misconception behind it."""

import ast
import inspect
import re
from functools import cache

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


@cache
def report_of(name, answer):
    """What the checks say about an answer."""
    return evaluate(name, answer)


def messages(report):
    """What the checks say, without the line of the answer that they quote: a test has the hint on that same line."""
    return [re.sub(r" \(line \d+, `.*`\)", "", outcome.message, flags=re.DOTALL) for outcome in report.outcomes]


def check_hint(name, answer, phrases):
    """The answer fails, costs points, and a message has one of the phrases."""
    report = report_of(name, answer)
    assert report.status == "FAIL" and report.points < report.possible_points
    assert any(phrase in message for phrase in phrases for message in messages(report)), report


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


def hints(source):
    """The sentences of checks: what stands beside a wrong value, or is raised as a ``Mistake``."""
    def sentence(node):
        return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2 and sentence(node.elts[0]) is None:
            yield sentence(node.elts[1])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Mistake":
            yield from map(sentence, node.args)


def check_every_hint(prefix, wrong, checks):
    """Every hint of a page's checks is heard by one of the wrong answers; arguments as for ``check_two_for_each``."""
    reports = [report_of(prefix + slug, answer) for slug, answer, _ in wrong]
    heard = "\n".join(message for report in reports for message in messages(report))
    unheard = [hint for hint in hints(inspect.getsource(checks)) if hint and hint not in heard]
    assert not unheard, unheard
