"""Wrong answers to the exercises on meetings fail, and the hint names the misconception behind them."""

import random
import re

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters import evaluate
from llmbook.chapters.tiny_titans.meetings import checks
from llmbook.meetings.meeting import Fact, Turn
from llmbook.summarizers import seq2seq
from llmbook.summarizers.baselines import lead as package_lead

PREFIX = "tt-ex-meet-"


def kept(lower=str.lower, edge=r"\b", lines=str.splitlines, every=all, order=False):
    """Whether a fact is kept, with its parts open."""
    def is_kept(keys, summary):
        found = lambda key, line: re.search(edge + re.escape(key) + edge, line) is not None  # noqa: E731
        return any(every(found(key, line) for key in keys) for line in lines(lower(summary)))
    return is_kept


def lead(first=lambda turns, count: turns[:count], form="{}: {}", join="\n"):
    """The first turns, with their form open."""
    return lambda turns, count: join.join(form.format(*turn) for turn in first(turns, count))


def split(of=lambda pair: pair[0], shuffle=True, seeded=True, count=lambda share, n: round(share * n), order=sorted):
    """A split, with what is divided open."""
    def divide(pairs, share, seed):
        groups = order({of(pair): None for pair in pairs})
        if shuffle:
            random.Random(seed if seeded else None).shuffle(groups)
        test = set(groups[: count(share, len(groups))])
        return [pair for pair in pairs if of(pair) not in test], [pair for pair in pairs if of(pair) in test]
    return divide


def batch(cut=lambda ids, limit: [*ids[: limit - 1], 1], filler=-100, left=False):
    """Labels, with the usual slips."""
    def make(targets, limit):
        rows = [cut(ids, limit) for ids in targets]
        width = max(map(len, rows))
        pads = [[filler] * (width - len(row)) for row in rows]
        return torch.tensor([pad + row if left else row + pad for row, pad in zip(rows, pads, strict=True)])
    return make


WRONG = [
    ("fact", kept(edge=""), "inside of a longer number"),
    ("fact", kept(lines=lambda text: [text]), "in different lines"),
    ("fact", kept(lines=lambda text: text.splitlines()[:1]), "look at every line"),
    ("fact", kept(lower=str), "lower case"),
    ("fact", kept(every=any), "one key is missing"),
    ("fact", kept(edge=r"(?:^|\s)"), "punctuation|lower case|order"),
    ("fact", lambda keys, summary: re.search(".*".join(keys), summary.lower()) is not None, "order of the keys"),
    ("fact", lambda keys, summary: [key in summary for key in keys], "expected True or False"),
    ("lead", lead(form="{1}"), "speakers are missing"),
    ("lead", lead(join=" "), "a line of its own"),
    ("lead", lead(first=lambda turns, count: turns[-count:]), "last turns"),
    ("lead", lead(first=lambda turns, count: turns[: count + 1]), "one turn too many"),
    ("lead", lead(first=lambda turns, count: turns[: count - 1]), "one turn too few"),
    ("lead", lambda turns, count: lead()(turns, count) + "\n", "no line break"),
    ("lead", lambda turns, count: turns[:count], "expected one text"),
    ("lead", lambda turns, count: "\n".join(": ".join(turns[n]) for n in range(count)), "IndexError"),
    ("split", split(of=lambda pair: pair), "on both sides"),
    ("split", split(shuffle=False), "shuffle first"),
    ("split", split(seeded=False), "same seed gave another split"),
    ("split", split(count=lambda share, n: round((1 - share) * n)), "share is of the meetings"),
    ("split", split(order=lambda groups: list(set(groups))), "another run of Python"),
    ("split", lambda pairs, share, seed: [part[:5] for part in split()(pairs, share, seed)], "are lost"),
    ("split", lambda pairs, share, seed: split()(pairs + pairs, share, seed), "stand twice"),
    ("batch", batch(filler=0), "padding as a label"),
    ("batch", batch(left=True), "goes to the right"),
    ("batch", batch(cut=lambda ids, limit: ids[:limit]), "never learns to stop"),
    ("batch", batch(cut=lambda ids, limit: [*ids, 1][:limit]), "lost its end token"),
    ("batch", batch(cut=lambda ids, limit: [*ids[:limit], 1]), "one longer than the limit"),
    ("batch", batch(cut=lambda ids, limit: [*ids, 1]), "nothing was cut"),
]  # fmt: skip
@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def split_by_array(pairs, share, seed):
    """A split whose dictionary knows numpy's texts."""
    names = np.unique([meeting for meeting, _ in pairs]).tolist()
    random.Random(seed).shuffle(names)
    side = {name: number < round(share * len(names)) for number, name in enumerate(names)}
    return [pair for pair in pairs if not side[pair[0]]], [pair for pair in pairs if side[pair[0]]]


@pytest.mark.parametrize("name, right", [
    ("split", split_by_array),
    ("fact", kept()), ("lead", lead()), ("split", split()), ("batch", batch()), ("split", split(order=list)),
    ("fact", lambda keys, text: np.bool_(kept()(keys, text))), ("fact", lambda *given: torch.tensor(kept()(*given))),
])  # fmt: skip
def test_right_answers_pass(name, right):
    assert evaluate(f"tt-ex-meet-{name}", right).passed


def test_the_package_passes():
    assert (checks.END, checks.PAD, checks.IGNORED) == (1, 0, -100)
    assert evaluate("tt-ex-meet-fact", lambda keys, text: Fact("date", "", tuple(keys), 0).is_in(text)).passed
    assert evaluate("tt-ex-meet-lead", lambda turns, n: package_lead([Turn(*turn) for turn in turns], n)).passed

    def package(targets, limit):
        pairs = [seq2seq.Pair([2], [*ids[: limit - 1], 1]) for ids in targets]
        return seq2seq.collate(pairs, 0).labels

    assert evaluate("tt-ex-meet-batch", package).passed


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
