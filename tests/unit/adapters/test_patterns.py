"""Patterns of adapter configs: the answers of Python's own matching, in a bounded number of steps."""

import random
import re

import pytest

from llmbook.adapters import patterns
from llmbook.adapters.patterns import LONGEST, MOST, STEPS, Patterns

PIECES = ["a", "b", r"\.", ".", "[ab]", "[^a]", "[^a-c.]", r"\d", r"\W", r"\s", r"\D", r"\S", r"\w", r"\b", r"\B", "^",
          "$", r"\Z", r"\A", "1", "_"]  # fmt: skip
REPEATS = ["*", "+", "?", "{2}", "{1,3}", "{0,2}", "*?", "{,2}", "{3,}"]
NAME = "model.layers.10.self_attn.q_proj"
SLOW = ["(a|a)*b", "(.*)*x", "((((.*)*)*)*)*x", "(.|.)" * 90 + "x", ".*" * 200 + "x", "(a{1000000000}){1000000000}",
        "((a?){100000000}){100000000}b", "(.?){50}" * 20 + "x", "((.{0,50}){0,50}){0,50}x"]  # fmt: skip


def drawn(chance: random.Random, depth: int) -> str:
    """A pattern."""
    kind = chance.random()
    if depth == 0 or kind < 0.4:
        return chance.choice(PIECES)
    one, two = drawn(chance, depth - 1), drawn(chance, depth - 1)
    return one + two if kind < 0.6 else f"({one}|{two})" if kind < 0.75 else f"({one}){chance.choice(REPEATS)}"


def differences() -> list[tuple[str, str]]:
    """Patterns and names on which Python's matching and ours differ; at least 200 match and 500 do not."""
    chance, answers, found = random.Random(0), [], []
    for _ in range(2000):
        pattern, name = drawn(chance, 4), "".join(chance.choices("ab.1_ \n", k=chance.randrange(1, 8)))
        expected = bool(re.match(rf"(.*\.)?({pattern})$", name))
        answers.append(expected)
        found += [(pattern, name)] if (Patterns({pattern: 1}).value(name, None) == 1) != expected else []
    assert answers.count(True) > 200 and answers.count(False) > 500
    return found


def test_the_answers_are_those_of_re():
    assert differences() == []


def test_a_fault_in_the_matching_is_seen(monkeypatch):
    monkeypatch.setattr(patterns._Ways, "_repeat", lambda ways, least, most, parts, places: ways.follow(parts, places))
    assert differences()


@pytest.mark.parametrize("pattern", SLOW)
def test_no_pattern_takes_long(pattern):
    found = Patterns({pattern: 1})
    assert found.value(NAME * 3, None) is None and found.steps < 200_000


def test_a_letter_more_costs_little_more():
    """Python's way doubles its steps with each letter: 2**40 for the longest of these names."""
    ways, counts = Patterns({"(a|a)*b": 1}), [0]
    for letters in (10, 20, 40):
        ways.value("a" * letters, None)
        counts.append(ways.steps - sum(counts))
    assert counts[3] < 4 * counts[2] < 16 * counts[1]


def test_the_first_pattern_counts_and_none_leaves_the_default():
    found = Patterns({"v_proj": 2, r".*_proj": 5, "q_proj": 7})
    assert [found.value(f"layers.0.{name}", 3) for name in ("v_proj", "q_proj", "norm")] == [2, 5, 3]
    assert Patterns({"proj": 2}).value("q_proj", 3) == 3  # from a dot on
    assert Patterns({re.escape(NAME): 2}).value(NAME, 3) == 2


@pytest.mark.parametrize(("pattern", "words"), [
    ("(", "no regular expression"), ("a" * (LONGEST + 1), f"{LONGEST} are read"), (r"(a)\1", "groupref"),
    ("(?=a*)", "assert"), ("(?<!a*)b", "assert_not"), ("(?i:a*)", "subpattern"), ("(?i)a*", "no regular expression"),
    ("(a)(?(1)b|c)", "groupref_exists"),
    ("(?>a*)b", "atomic"), ("a*+b", "possessive"), ("a{99999999999999999999}", "no regular expression"),
])  # fmt: skip
def test_what_is_not_read_is_refused(pattern, words):
    with pytest.raises(ValueError, match=words):
        Patterns({pattern: 1})


def test_a_nested_pattern_is_matched_or_refused():
    answers = set()
    for depth in range(10, 300, 10):
        try:
            answers.add(Patterns({"(" * depth + "a" + ")?" * depth: 1}).value("b.a", None))
        except ValueError as error:
            assert "nested" in str(error) or "no regular expression" in str(error)
            answers.add("refused")
    assert answers == {1, "refused"}


def test_the_number_of_patterns_and_steps_is_bounded(monkeypatch):
    Patterns({f"q{number}": 1 for number in range(MOST)})
    with pytest.raises(ValueError, match=f"{MOST} are read"):
        Patterns({f"q{number}": 1 for number in range(MOST + 1)})
    monkeypatch.setattr(patterns, "STEPS", 100)
    with pytest.raises(ValueError, match="too long to match"):
        Patterns({".*x": 1}).value(NAME * 3, None)
    assert STEPS > 10**6
