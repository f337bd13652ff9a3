"""What wrong_answers.py reports: an answer that is right, a hint that says something else, a task without two."""

import pytest
from wrong_answers import check_hint, check_two_for_each

WRONG = [("cache", lambda *sizes: 7, "expected")] * 2


def right(layers, heads, kv_heads, head_size, tokens, size):
    return 2 * layers * kv_heads * head_size * tokens * size


def test_a_wrong_answer_with_its_hint_is_fine():
    check_hint("gemma-ex-kv-cache", WRONG[0][1], ["not this", "expected"])


@pytest.mark.parametrize(("answer", "phrase"), [(right, ""), (WRONG[0][1], "something else")])
def test_a_right_answer_and_another_hint_are_reported(answer, phrase):
    with pytest.raises(AssertionError):
        check_hint("gemma-ex-kv-cache", answer, [phrase])


@pytest.mark.parametrize("wrong", [WRONG[:1], [*WRONG, ("no-such", *WRONG[0][1:])]])
def test_one_wrong_answer_and_an_unknown_task_are_reported(wrong):
    with pytest.raises(AssertionError):
        check_two_for_each("gemma-ex-kv-", wrong)
    check_two_for_each("gemma-ex-kv-", WRONG)
