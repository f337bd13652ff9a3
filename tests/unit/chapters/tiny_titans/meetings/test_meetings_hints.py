"""Wrong answers on kept facts and on the first turns fail, and the hint names the misconception behind them."""

import re
from itertools import islice

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.meetings.meeting import Fact, Turn
from llmbook.summarizers.baselines import lead as package_lead

PREFIX = "tt-ex-meet-"


def kept(lower=str.lower, edge=r"\b", end=r"\b", lines=str.splitlines, every=all, escape=re.escape):
    """Whether a fact is kept, with its parts open."""
    def is_kept(keys, summary):
        found = lambda key, line: re.search(edge + escape(key) + end, line) is not None  # noqa: E731
        return any(every(found(key, line) for key in keys) for line in lines(lower(summary)))
    return is_kept


def scattered(keys, summary):
    """All words of all keys, wherever they stand in a line."""
    words = {word for key in keys for word in key.split()}
    return any(words <= set(re.findall(r"[\w.]*\w", line)) for line in summary.lower().splitlines())


def parts(keys, summary):
    """Keys among the pieces between spaces."""
    return any(all(key in line.split() for key in keys) for line in summary.lower().splitlines())


def spaced(keys, summary):
    """A line with spaces for its punctuation, and each key with a space on both sides."""
    lines = [" " + re.sub(r"[^\w.]+|\.(?!\w)", " ", line.lower()) + " " for line in summary.splitlines()]
    return any(all(f" {key} " in line for key in keys) for line in lines)


def by_words(keys, summary):
    """Runs of words."""
    words = lambda text: re.findall(r"\w+", text)  # noqa: E731
    for line in summary.lower().split("\n"):
        runs = {tuple(words(line)[i : i + n]) for n in range(1, 6) for i in range(len(words(line)))}
        if {tuple(words(key)) for key in keys} <= runs:
            return True
    return False


def lead(first=lambda turns, count: turns[:count], form="{}: {}", join="\n"):
    """The first turns, with their form open."""
    return lambda turns, count: join.join(form.format(*turn) for turn in first(turns, count))


def by_speakers(turns, count):
    """One line for each of the first speakers."""
    names = list(dict(turns))[:count]
    return [turn for turn in turns if turn[0] in names]


def in_a_loop(turns, count):
    text = ""
    for number, (name, said) in enumerate(turns):
        if number == count:
            break
        text += ("\n" if number else "") + name + ": " + said
    return text


WRONG = [
    ("fact", kept(edge="", end=""), "inside of a longer number"),
    ("fact", kept(edge=""), "inside of a longer number"),
    ("fact", kept(end=""), "inside of a longer number"),
    ("fact", kept(lines=lambda text: [text]), "in different lines"),
    ("fact", kept(lines=lambda text: text.splitlines()[:1]), "look at every line"),
    ("fact", kept(lines=lambda text: text.splitlines()[-1:]), "look at every line"),
    ("fact", kept(lines=lambda text: re.split(r"[.\n]", text)), "a line may have several sentences"),
    ("fact", kept(lower=str), "lower case"),
    ("fact", kept(every=any), "one key is missing"),
    ("fact", kept(edge=r"(?:^|\s)", end=r"(?:$|\s)"), "punctuation"),
    ("fact", kept(end=r"\W"), "the end of a line"),
    ("fact", kept(escape=str), "any character"),
    ("fact", scattered, "a key of several words stands in one piece"),
    ("fact", parts, "a key may have several words"),
    ("fact", lambda keys, summary: re.search(r"\b" + ".*".join(keys) + r"\b", summary.lower()) is not None,
     "order of the keys"),
    ("fact", lambda keys, summary: all(any(kept()([key], line) for line in summary.splitlines()) for key in keys),
     "in different lines"),
    ("fact", lambda keys, summary: True, "one key is missing"),
    ("fact", lambda keys, summary: False, "the summary has them all"),
    ("fact", lambda keys, summary: [key in summary for key in keys], "expected True or False"),
    ("lead", lead(form="{1}"), "speakers are missing"),
    ("lead", lead(join=" "), "a line of its own"),
    ("lead", lead(join=""), "a line of its own"),
    ("lead", lead(join="\n\n"), "no empty line"),
    ("lead", lead(form="{}:{}"), "one space"),
    ("lead", lead(form="{1}: {0}"), "the speaker comes first"),
    ("lead", lead(first=lambda turns, count: turns[-count:]), "last turns"),
    ("lead", lead(first=lambda turns, count: turns[: count + 1]), "one turn too many"),
    ("lead", lead(first=lambda turns, count: turns[: count - 1]), "one turn too few"),
    ("lead", lead(first=lambda turns, count: turns[1 : count + 1]), "begins with the second"),
    ("lead", lead(first=lambda turns, count: list(dict(turns).items())[:count]), "a dictionary has one entry"),
    ("lead", lead(first=by_speakers), "turns, not speakers"),
    ("lead", lead(first=lambda turns, count: sorted(turns)[:count]), "order of the meeting"),
    ("lead", lead(first=lambda turns, count: turns[:2]), "`count`"),
    ("lead", lambda turns, count: lead()(turns, count) + "\n", "no line break"),
    ("lead", lambda turns, count: turns[:count], "expected one text"),
    ("lead", lambda turns, count: lead()(turns, count).lower(), "word for word"),
    ("lead", lambda turns, count: "\n".join(": ".join(turns[n]) for n in range(count)), "IndexError"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = [
    ("fact", kept()), ("fact", kept(edge=r"(?<!\w)", end=r"(?!\w)")), ("fact", spaced), ("fact", by_words),
    ("fact", lambda keys, text: np.bool_(kept()(keys, text))), ("fact", lambda *given: torch.tensor(kept()(*given))),
    ("fact", lambda keys, text: Fact("date", "", tuple(keys), 0).is_in(text)),
    ("lead", lead()), ("lead", in_a_loop), ("lead", lead(first=lambda turns, count: islice(turns, count))),
    ("lead", lambda turns, n: package_lead([Turn(*turn) for turn in turns], n)),
    ("lead", lambda said, many: "".join(f"{who}: {what}\n" for who, what in said[: min(many, len(said))])[:-1]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
