"""What wrong_answers.py reports: a right answer, a hint that says something else or to nobody, a task without two."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from package_imports import CHECKOUT, FILES, page_room
from wrong_answers import check_every_hint, check_hint, check_two_for_each, hints

from llmbook.exercises import exercise

WRONG = [("cache", lambda *sizes: 7, "expected")] * 2
TESTS = {path.relative_to(CHECKOUT / "tests/unit").as_posix(): path.read_text(encoding="utf-8")
         for path in CHECKOUT.glob("tests/unit/chapters/*/*/test_*.py")}  # fmt: skip


def right(layers, heads, kv_heads, head_size, tokens, size):
    return 2 * layers * kv_heads * head_size * tokens * size


def page_of(*names):
    """A page's module of checks, for exercises with these names."""
    page = ModuleType("a_page")
    for name in names:
        def run(f):
            """Anything."""

        run.__module__ = page.__name__
        setattr(page, f"check_{len(vars(page))}", exercise(name)(run))
    return page


def pages_that_ask_nobody(tests):
    """Pages with exercises and no test in their folder that asks for two wrong answers to each, one to each hint."""
    asked = set()
    for name, source in tests.items():
        folder = Path(name).parent.as_posix()
        both = "check_two_for_each(" in source and "check_every_hint(" in source
        if both and f"from llmbook.{folder.replace('/', '.')} import checks\n" in source:
            asked.add(folder)
    return {f"chapters/{page_room(name)}" for name in FILES if name.endswith("/checks.py")} - asked


def test_a_wrong_answer_with_its_hint_is_fine():
    check_hint("gemma-ex-kv-cache", WRONG[0][1], ["not this", "expected"])


@pytest.mark.parametrize(("answer", "phrase"), [(right, ""), (WRONG[0][1], "something else")])
def test_a_right_answer_and_another_hint_are_reported(answer, phrase):
    with pytest.raises(AssertionError):
        check_hint("gemma-ex-kv-cache", answer, [phrase])


@pytest.mark.parametrize("wrong", [WRONG[:1], [*WRONG, *[("no-such", *WRONG[0][1:])] * 2]])
def test_one_wrong_answer_and_an_unknown_task_are_reported(wrong):
    page = page_of("gemma-ex-kv-cache")
    with pytest.raises(AssertionError):
        check_two_for_each("gemma-ex-kv-", wrong, page)
    check_two_for_each("gemma-ex-kv-", WRONG, page)


def test_a_task_without_wrong_answers_is_reported():
    with pytest.raises(AssertionError):
        check_two_for_each("gemma-ex-kv-", WRONG, page_of("gemma-ex-kv-cache", "olmo-ex-window"))


def test_the_line_that_a_message_quotes_is_no_hint():
    answer = lambda *sizes: 1 / 0  # noqa: E731  count the keys
    check_hint("gemma-ex-kv-cache", answer, ["ZeroDivisionError"])
    with pytest.raises(AssertionError):
        check_hint("gemma-ex-kv-cache", answer, ["count the keys"])


def test_hints_stand_beside_wrong_values_and_in_mistakes():
    source = 'slips = [(2 * x, "twice"), ("Ada", "Hello."), (1, 2, "three")]\nraise Mistake("none")\nraise Other("no")'
    assert sorted(hints(source)) == ["none", "twice"]


def test_a_hint_that_nobody_hears_is_reported():
    checks = import_module("llmbook.chapters.dora.costs.checks")

    def forward_alone(tokens, inputs, outputs, rank, kind):
        return 2 * tokens * inputs * outputs

    with pytest.raises(AssertionError, match="the base works too"):
        check_every_hint("dora-ex-", [("flops", forward_alone, "")], checks)


def test_every_page_with_exercises_asks_for_two_wrong_answers():
    assert pages_that_ask_nobody(TESTS) == set()


def test_a_page_that_asks_nobody_or_about_another_page_is_seen():
    name = "chapters/gemma/norms/test_norms_hints.py"
    alone = {other: source for other, source in TESTS.items() if other != name}
    assert pages_that_ask_nobody(alone) == {"chapters/gemma/norms"}
    for check in ("check_two_for_each(", "check_every_hint("):
        assert pages_that_ask_nobody(alone | {name: TESTS[name].replace(check, "")}) == {"chapters/gemma/norms"}
    exchanged = TESTS[name].replace("gemma.norms import checks", "gemma.embedding import checks")
    assert pages_that_ask_nobody(alone | {name: exchanged}) == {"chapters/gemma/norms"}
