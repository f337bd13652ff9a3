"""Under ``python -OO`` there are no docstrings: a check is then called by its function's name, and works as before."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
from llmbook.exercises import collect, exercise
from llmbook.exercises.checking import evaluate
from llmbook.exercises.compare import expect_number
@exercise("twice")
def doubles_whole_numbers(f):
    'Whole numbers are doubled.'
    expect_number(f(3), 6)
check = getattr(doubles_whole_numbers, "checks_exercise")[1]
for attempt in (lambda x: 2 * x, lambda x: 3 * x):
    print(evaluate("twice", attempt, {"twice": (check,)}).outcomes[0])
"""
EVERY = """
from llmbook.chapters import evaluate, exercises
print(len(exercises()), evaluate("gemma-ex-kv-cache", lambda *sizes: 1).status)
assert False, "no assertions under -O"
"""
WRONG = ": your result is 9, expected 6"


def said(program, *options):
    """What a program prints in a process of its own."""
    environment = {key: value for key, value in os.environ.items() if key != "LLMBOOK_STRICT_CHECKS"}
    done = subprocess.run([sys.executable, *options, "-c", program], capture_output=True, text=True, env=environment)
    return done.stdout.splitlines() or done.stderr.splitlines()[-1:]


@pytest.mark.parametrize("options, title", [
    ([], "Whole numbers are doubled."), (["-O"], "Whole numbers are doubled."), (["-OO"], "doubles whole numbers"),
])  # fmt: skip
def test_a_check_has_a_title_and_judges(options, title):
    assert said(PROGRAM, *options) == [f"PASS  {title}", f"FAIL  {title}{WRONG}"]


def test_every_exercise_is_there_without_docstrings():
    found = said(EVERY, "-OO")
    assert found == said(EVERY.partition("assert")[0]) and found[0].endswith("FAIL")


def test_without_the_name_in_place_of_the_docstring_it_would_not_start():
    """The twin: a title from the docstring alone, as before."""
    old = "import llmbook.exercises.registry as r; r._title = lambda run: run.__doc__ or ''\n" + PROGRAM
    assert said(old, "-OO") == ["ValueError: the check doubles_whole_numbers of twice needs a docstring for its title "
                                "and points above 0"]  # fmt: skip
