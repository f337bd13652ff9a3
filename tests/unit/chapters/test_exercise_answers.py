"""Every exercise refuses ten wrong answers or more and takes three right ones or more; no hint stays unheard.

The answers stand in the tests of the pages, ``<chapter>/<topic>/test_*hints*.py``, as WRONG and RIGHT; PREFIX is what
the names of their exercises begin with.
"""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from wrong_answers import too_few, unheard

from llmbook.chapters import all_checks
from llmbook.chapters.all_checks import EXERCISES
from llmbook.exercises import collect

ROOMS = {each.__name__: each for each in vars(all_checks).values() if isinstance(each, ModuleType)}


def loaded(path):
    """A file of answers as a module."""
    spec = importlib.util.spec_from_file_location(f"answers_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def gathered():
    """(name, answer) of all wrong answers, and of all right ones."""
    wrong, right = [], []
    for path in sorted(Path(__file__).parent.glob("*/*/test_*hints*.py")):
        module = loaded(path)
        wrong += [(module.PREFIX + slug, answer) for slug, answer, _ in module.WRONG]
        right += [(module.PREFIX + slug, answer) for slug, answer in module.RIGHT]
    return wrong, right


WRONG, RIGHT = gathered()


def test_each_exercise_has_ten_wrong_and_three_right_answers():
    assert too_few(WRONG, 10, EXERCISES) == too_few(RIGHT, 3, EXERCISES) == {}


@pytest.mark.parametrize("room", ROOMS)
def test_every_hint_is_heard(room):
    own = collect([ROOMS[room]])
    assert unheard(ROOMS[room], [(name, answer) for name, answer in WRONG if name in own]) == []


def test_a_hint_that_nobody_gets_is_noticed():
    """The twin: without the answers of one exercise."""
    room = ROOMS["llmbook.chapters.gemma.norms.checks"]
    assert unheard(room, [(name, answer) for name, answer in WRONG if name == "gemma-ex-norm-place"])
