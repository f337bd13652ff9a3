"""A strict check raises unless it passes, and says nothing on the standard error."""

import sys
import warnings

import pytest

from llmbook.classroom.strict import must_pass
from llmbook.exercises import CheckFailed

NAME = "gemma-ex-kv-cache"


def right(layers, heads, kv_heads, head_size, tokens, bytes_per_number):
    print("a word", file=sys.stderr)
    warnings.warn("a warning", stacklevel=1)
    return 2 * layers * kv_heads * head_size * tokens * bytes_per_number


def half(*sizes):
    return right(*sizes) // 2


def untouched(*sizes):
    raise NotImplementedError


def test_what_passes_is_quiet(capfd):
    assert must_pass(NAME, 1, right) is None
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("attempt", "message"), [(half, "factor 2"), (untouched, "not attempted"), (3, "itself")])
def test_what_does_not_pass_raises(attempt, message):
    with pytest.raises(CheckFailed, match=message):
        must_pass(NAME, 1, attempt)


@pytest.mark.parametrize(("name", "number"), [(NAME, 0), (NAME, 99), ("gemma-ex-none", 1)])
def test_a_check_that_is_not_there(name, number):
    with pytest.raises(LookupError):
        must_pass(name, number, right)
