"""Checks for the page on meetings: a split without a leak, and a batch of labels."""

from collections.abc import Sequence
from zlib import crc32

import torch
from torch import Tensor

from llmbook.exercises.checking import AttemptError
from llmbook.exercises.compare import Mistake, expect_items, expect_tensor
from llmbook.exercises.registry import exercise

END, PAD, IGNORED = 1, 0, -100


# --- a split ---------------------------------------------------------------------------------------------------------

def expect_split(f, meetings: int, share: float) -> tuple[list, list]:
    """Insist on a division of pairs in which each meeting is on one side, and give all pairs and those of the test."""
    pairs = [(f"m{number}", name) for number in range(meetings) for name in ("short", "medium", "long")[number % 2 :]]
    train, test = (list(map(tuple, part)) for part in expect_items(f(list(pairs), share, 0), 2, "train and test"))
    if shared := {pair[0] for pair in train} & {pair[0] for pair in test}:
        raise Mistake(f"{len(shared)} of {meetings} meetings are on both sides: divide the meetings, not the pairs")
    if sorted(train + test) != sorted(pairs):
        lost = len(pairs) - len(set(train + test))
        raise Mistake(f"{lost} pairs are lost: all pairs of a meeting go with it" if lost else "some pairs stand twice")
    wanted, found = round(share * meetings), len({pair[0] for pair in test})
    if found == meetings - wanted != wanted:
        raise Mistake(f"{found} of {meetings} meetings are in the second list: share is of the meetings for the test, "
                      "and training first, then the test")  # fmt: skip
    if found != wanted:
        raise Mistake(f"{found} of {meetings} meetings are in the test, expected {wanted}: share is of the meetings")
    return pairs, test


def expect_drawn_split(f, meetings: int, share: float) -> None:
    """Insist on such a division, on chance, and on the same one in every run."""
    pairs, test = expect_split(f, meetings, share)
    expect_shuffled(f, pairs, share, test)
    expect_lasting(f, pairs, share)


class Name(str):
    """A text whose hash depends on a number, as that of every text depends on the run of Python."""

    def __new__(cls, text: str, run: int = 0) -> "Name":
        name = super().__new__(cls, text)
        name.run = run
        return name

    def __hash__(self) -> int:
        return crc32(f"{self.run} {str.__str__(self)}".encode())

    __eq__ = str.__eq__


def expect_lasting(f, pairs: list, share: float) -> None:
    """Insist on the same split in every run of Python, where a set has another order."""
    runs = [[(Name(meeting, run), name) for meeting, name in pairs] for run in range(4)]
    try:
        tests = [sorted((str(meeting), name) for meeting, name in f(each, share, 0)[1]) for each in runs]
    except AttemptError:  # it splits plain texts; who makes a dictionary of plain ones finds no Name in it
        return
    if any(test != tests[0] for test in tests):
        raise Mistake("another run of Python would split otherwise, although the seed is the same: a set of texts has "
                      "no order that lasts, so sort the meetings before you draw")  # fmt: skip


def expect_shuffled(f, pairs: list, share: float, test: list) -> None:
    """Insist on chance, and on the same chance for the same seed."""
    tests = [sorted(map(tuple, f(list(pairs), share, seed)[1])) for seed in (0, 1, 2)]
    if tests[0] != sorted(test):
        raise Mistake("the same seed gave another split: draw from random.Random(seed) and from nothing else")
    if tests[0] == tests[1] == tests[2]:
        raise Mistake("every seed gives the same split: shuffle first, since files are often sorted by day or by "
                      "topic, and the seed decides how")  # fmt: skip


def expect_single_draws(f, meetings: int, share: float, seeds: int) -> None:
    """Insist on another split for each seed, which a run of neighbors cannot give."""
    pairs = [(f"m{number}", "long") for number in range(meetings)]
    found = {tuple(sorted(name for name, _ in f(list(pairs), share, seed)[1])) for seed in range(seeds)}
    if len(found) < seeds:
        raise Mistake(f"{seeds} seeds gave only {len(found)} splits: draw each meeting by itself; let the seed choose "
                      "more than where a run of neighbors begins")  # fmt: skip


@exercise("tt-ex-meet-split", points=2)
def split_of_a_corpus(f):
    """30 meetings, a third of them for the test"""
    expect_drawn_split(f, 30, 1 / 3)
    expect_single_draws(f, 30, 1 / 3, 60)


@exercise("tt-ex-meet-split")
def split_of_a_small_corpus(f):
    """9 meetings and 11, a fifth"""
    expect_drawn_split(f, 9, 0.2)
    expect_drawn_split(f, 11, 0.2)


@exercise("tt-ex-meet-split")
def split_without_a_test(f):
    """11 meetings, and a share that is less than one of them"""
    expect_split(f, 11, 0.04)


# --- a batch ---------------------------------------------------------------------------------------------------------

def rows(targets: Sequence[Sequence[int]], limit: int, *, cut=lambda ids, limit: [*ids[: limit - 1], END]) -> list:
    """Targets, cut."""
    return [cut(list(ids), limit) for ids in targets]


def padded(targets: Sequence[Sequence[int]], filler: int, *, left: bool = False) -> Tensor:
    """Rows of one length."""
    width = max(map(len, targets))
    more = [[filler] * (width - len(row)) for row in targets]
    return torch.tensor([pad + row if left else row + pad for row, pad in zip(targets, more, strict=True)])


CUTS = (
    (lambda ids, limit: ids[:limit], "the end token is missing, so the model never learns to stop"),
    (lambda ids, limit: [*ids, END][:limit],
     "a text that was cut has lost its end token: cut to limit - 1, then add it"),
    (lambda ids, limit: [*ids[:limit], END], "the rows are one longer than the limit, which counts the end token too"),
    (lambda ids, limit: [*ids, END], "nothing was cut to the limit"),
    (lambda ids, limit: [*(ids if len(ids) <= limit else ids[: limit - 1]), END],
     "a target of exactly `limit` ids is too long as well: the end token needs a place"),
    (lambda ids, limit: [*ids[-(limit - 1) :], END], "keep the beginning of a target, and leave out its end"),
    (lambda ids, limit: [*ids[: limit - 2], END], "one id more fits: with the end token there are `limit` of them"),
    (lambda ids, limit: [END, *ids[: limit - 1]], "the end token stands at the end"),
    (lambda ids, limit: [*ids[: limit - 1], 2], "the end token is 1"),
)
"""Wrong ways to cut a target, each with its hint."""


def expect_batch(f, targets: Sequence[Sequence[int]], limit: int) -> None:
    """Compare the labels."""
    right = rows(targets, limit)
    labels, sizes = padded(right, IGNORED), [len(row) for row in right]
    behind = padded([row[:-1] for row in right], IGNORED)
    behind = torch.cat([behind, torch.full((len(right), 1), END)], 1)
    mistakes = [
        *((padded(rows(targets, limit, cut=cut), IGNORED), hint) for cut, hint in CUTS),
        (padded(right, PAD), "padding as a label is learned from: fill the labels with -100"),
        (padded(right, END), "fill up with -100: more end tokens would be learned from"),
        (padded(right, IGNORED, left=True), "the filler of labels goes to the right: the first label is a word"),
        (padded([*right, [0] * limit], IGNORED)[:-1], "as long as the longest row of the batch, not as the limit"),
        (labels[:, : min(sizes)], "as long as the longest row of the batch, not as the shortest"),
        (behind, "the end token of a target stands right behind its last id, before the filler"),
    ]
    mistakes = [(wrong, hint) for wrong, hint in mistakes if not torch.equal(wrong, labels)]
    expect_tensor(f([list(ids) for ids in targets], limit), labels, mistakes, exact=True, name="labels")


@exercise("tt-ex-meet-batch", points=2)
def batch_of_two(f):
    """Two targets that fit"""
    expect_batch(f, [[5, 6, 7], [8]], 10)


@exercise("tt-ex-meet-batch")
def batch_that_is_cut(f):
    """A target that is too long, by two ids or by one, one that just fits, one that is short"""
    expect_batch(f, [[5, 6, 7, 8, 9], [10, 11, 12, 13], [14, 15, 16], [17]], 4)
    expect_batch(f, [[10, 11, 12, 13], [17]], 4)
