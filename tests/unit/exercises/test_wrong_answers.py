"""What wrong_answers.py reports: a right answer taken for wrong, another hint, a hint to nobody, too few answers."""

from importlib import import_module

import pytest
from wrong_answers import check_hint, check_right, hints, too_few, unheard


def right(layers, heads, kv_heads, head_size, tokens, size):
    return 2 * layers * kv_heads * head_size * tokens * size


def wrong(*sizes):
    return 7


def test_a_wrong_answer_with_its_hint_is_fine():
    check_hint("gemma-ex-kv-cache", wrong, ["not this", "expected"])


@pytest.mark.parametrize(("answer", "phrase"), [(right, ""), (wrong, "something else")])
def test_a_right_answer_and_another_hint_are_reported(answer, phrase):
    with pytest.raises(AssertionError):
        check_hint("gemma-ex-kv-cache", answer, [phrase])


def test_a_wrong_answer_among_the_right_ones_is_reported():
    check_right("gemma-ex-kv-cache", right)
    with pytest.raises(AssertionError):
        check_right("gemma-ex-kv-cache", wrong)


def test_exercises_with_few_answers_are_reported():
    answers = [("a", wrong)] * 10 + [("b", wrong)] * 9
    assert too_few(answers, 10, {"a", "b", "c"}) == {"b": 9, "c": 0}
    assert too_few(answers, 9, {"a", "b"}) == {}


def test_answers_to_no_exercise_are_reported():
    assert too_few([("x", wrong)], 0, {"a"}) == {"x": 1}


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

    assert any("the base works too" in hint for hint in unheard(checks, [("dora-ex-flops", forward_alone)]))
