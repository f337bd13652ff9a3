"""JSON that says two things, or cannot be followed, is refused; all other JSON is read as by Python's own reader."""

import json
import math

import pytest

from llmbook.strict_json import parse_json

TWO_VALUES = ('{"a": 1, "b": 2, "a": 3}', '{"a": 1, "a": true}', '[{"b": {"a": [1], "a": [2]}}]', '{"a": null, "a": 0}')
TEXTS = ('{"a": [1, 2.5, null, true, "é", "\\ud83d\\ude00"], "b": {}}', "[]", " 7 ", '"x"', '{"a": {"b": 1}, "b": 1}')


@pytest.mark.parametrize("text", TWO_VALUES)
def test_a_name_with_two_values_is_refused(text):
    with pytest.raises(ValueError, match="'a' stands twice, with two values"):
        parse_json(text)
    assert json.loads(text)  # the twin: Python's reader takes the last


def test_a_name_that_says_the_same_twice_is_taken():
    assert parse_json('{"a": {"b": [1]}, "a": {"b": [1]}}') == {"a": {"b": [1]}}


@pytest.mark.parametrize("text", TEXTS)
def test_all_else_is_read_as_by_python(text):
    assert parse_json(text) == json.loads(text)
    assert math.isnan(parse_json("[NaN]")[0])


@pytest.mark.parametrize(("text", "said"), [
    ("[" * 100_000, "brackets nested too deeply"),
    ('{"a": "\\ud800"}', "half of a character"),
    ('{"\\uDFFF": 1}', "half of a character"),
    ('{"a": "\ud800\\ud800"}', "half of a character"),
    ("[-" + "1" * 6000 + "]", "a number of thousands of digits"),
])  # fmt: skip
def test_what_cannot_be_followed_is_a_value_error(text, said):
    with pytest.raises(ValueError, match=said):
        parse_json(text)


def test_broken_json_says_where():
    with pytest.raises(json.JSONDecodeError) as caught:
        parse_json('{"a": 1,, "b": 2}')
    assert caught.value.pos == 8
