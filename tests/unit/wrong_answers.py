"""What the tests of every page ask of answers: a wrong one fails with the hint that names it; a right one passes."""

import ast
import inspect
import re
from collections import Counter
from functools import cache

import pytest

from llmbook.chapters import evaluate


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


def right_cases(prefix, right):
    """Parameters (name, answer) of a test.

    Args:
        prefix: as for ``hint_cases``.
        right: (rest of the name, a right answer in a form of its own: lists, numpy, float32, other names, in place).
    """
    return [pytest.param(prefix + slug, answer, id=f"{slug}-{number}") for number, (slug, answer) in enumerate(right)]


def check_right(name, answer):
    """The answer earns every point."""
    assert report_of(name, answer).passed, report_of(name, answer)


def hints(source):
    """The sentences of checks: what stands beside a wrong value, or is raised as a ``Mistake``."""
    def sentence(node):
        return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2 and sentence(node.elts[0]) is None:
            yield sentence(node.elts[1])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Mistake":
            yield from map(sentence, node.args)


def too_few(answers, least, names):
    """{exercise: how many answers it has} where there are fewer than ``least``, or where there is no such exercise.

    Args:
        answers: (name of the exercise, answer).
        least: how many each should have.
        names: of all exercises.
    """
    given = Counter(name for name, _ in answers)
    return {name: given[name] for name in names if given[name] < least} | {
        name: count for name, count in given.items() if name not in names}  # fmt: skip


def unheard(checks, wrong):
    """The hints of a page's checks that none of the wrong answers gets.

    Args:
        checks: the page's module of checks, ``llmbook.chapters.<chapter>.<topic>.checks``.
        wrong: (name of the exercise, wrong answer) of all its exercises.
    """
    heard = "\n".join(message for name, answer in wrong for message in messages(report_of(name, answer)))
    return [hint for hint in hints(inspect.getsource(checks)) if hint and hint not in heard]
