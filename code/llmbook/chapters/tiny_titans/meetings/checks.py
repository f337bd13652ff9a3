"""Checks for the page on meetings: is a fact kept, the first turns, a split without a leak, and a batch of labels."""

from collections.abc import Sequence
from zlib import crc32

import torch
from torch import Tensor

from llmbook.exercises.checking import AttemptError
from llmbook.exercises.compare import Mistake, as_bool, expect_items, expect_tensor
from llmbook.exercises.registry import exercise

END, PAD, IGNORED = 1, 0, -100
TURNS = [("Ada", "Good morning."), ("Ben", "The oven is 9 days late: no, 19."), ("Ada", "I'll call them."),
         ("Cleo", "Agreed.")]  # fmt: skip


# --- is a fact kept? -------------------------------------------------------------------------------------------------

def expect_kept(f, keys: Sequence[str], summary: str, expected: bool, hint: str) -> None:
    """Insist on True or False."""
    got = as_bool(f(list(keys), summary))
    if got != expected:
        raise Mistake(f"for the keys {list(keys)} and the summary {summary!r} you say {got}: {hint}")


@exercise("tt-ex-meet-fact")
def all_keys_of_a_fact(f):
    """All keys, in any case of letters"""
    expect_kept(f, ["ada", "call the baker", "friday"], "Ada will call the baker by Friday.", True,
                "the summary has them all; keys are in lower case, so make the summary lower case too")
    expect_kept(f, ["ada", "call the baker", "friday"], "Ada will call the baker by Monday.", False,
                "one key is missing, and one wrong word makes a fact wrong")
    expect_kept(f, ["the oven", "repair it"], "Repair it, they said of the oven.", True,
                "the order of the keys does not matter")


@exercise("tt-ex-meet-fact")
def whole_words(f):
    """Keys are whole words"""
    hint = "9 stands inside of a longer number; a key must be a whole word"
    expect_kept(f, ["questions", "9"], "We got 90 questions.", False, hint)
    expect_kept(f, ["questions", "9"], "We got 19 questions.", False, hint)
    expect_kept(f, ["questions", "9"], "Questions: 9.", True, "punctuation beside a word does not make it another word")


@exercise("tt-ex-meet-fact")
def one_line(f):
    """All in one line"""
    two = "Ada will test the bell by Friday.\nBen will test the scanner by Monday."
    expect_kept(f, ["ada", "test the scanner", "friday"], two, False,
                "the keys are in different lines, so the summary gives the task to another person")
    expect_kept(f, ["ada", "test the bell"], "Something else.\nAda will test the bell.", True,
                "the second line has them all; look at every line")


# --- the first turns -------------------------------------------------------------------------------------------------

def expect_lead(f, turns: Sequence[tuple[str, str]], count: int) -> None:
    """Compare with the first turns as lines."""
    got = f(list(turns), count)
    if not isinstance(got, str):
        raise Mistake(f"your function returned a {type(got).__name__}; expected one text with a line for each turn")
    lines = [f"{speaker}: {text}" for speaker, text in turns]
    mistakes = {
        "\n".join(text for _, text in turns[:count]): "the speakers are missing, and with them who \"I\" is",
        " ".join(lines[:count]): "put each turn on a line of its own: ROUGE-Lsum and our facts look at lines",
        "\n".join(lines[-count:]): "these are the last turns",
        "\n".join(lines[: count + 1]): "that is one turn too many",
        "\n".join(lines[: count - 1]): "that is one turn too few",
        "\n".join(lines[:count]) + "\n": "no line break after the last turn",
    }
    right = "\n".join(lines[:count])
    if got != right:
        raise Mistake(mistakes.get(got, f"your summary is {got!r}, expected {right!r}"))


@exercise("tt-ex-meet-lead")
def lead_of_a_meeting(f):
    """Two turns of four"""
    expect_lead(f, TURNS, 2)


@exercise("tt-ex-meet-lead")
def lead_of_a_short_meeting(f):
    """More turns than there are"""
    expect_lead(f, TURNS[:2], 5)


# --- a split ---------------------------------------------------------------------------------------------------------

def expect_split(f, meetings: int, share: float) -> None:
    """Insist on a division of pairs in which each meeting is on one side."""
    pairs = [(f"m{number}", name) for number in range(meetings) for name in ("short", "medium", "long")[number % 2 :]]
    train, test = (list(map(tuple, part)) for part in expect_items(f(list(pairs), share, 0), 2, "train and test"))
    if shared := {pair[0] for pair in train} & {pair[0] for pair in test}:
        raise Mistake(f"{len(shared)} of {meetings} meetings are on both sides: divide the meetings, not the pairs")
    if sorted(train + test) != sorted(pairs):
        lost = len(pairs) - len(set(train + test))
        raise Mistake(f"{lost} pairs are lost: all pairs of a meeting go with it" if lost else "some pairs stand twice")
    wanted, found = round(share * meetings), len({pair[0] for pair in test})
    if found != wanted:
        raise Mistake(f"{found} of {meetings} meetings are in the test, expected {wanted}: share is of the meetings")
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
        raise Mistake("every seed gives the same split: files are often sorted by day or by topic, so shuffle first")


@exercise("tt-ex-meet-split", points=2)
def split_of_a_corpus(f):
    """30 meetings, a third of them for the test"""
    expect_split(f, 30, 1 / 3)


@exercise("tt-ex-meet-split")
def split_of_a_small_corpus(f):
    """9 meetings, a fifth"""
    expect_split(f, 9, 0.2)


# --- a batch ---------------------------------------------------------------------------------------------------------

def rows(targets: Sequence[Sequence[int]], limit: int, *, cut=lambda ids, limit: [*ids[: limit - 1], END]) -> list:
    """Targets, cut."""
    return [cut(list(ids), limit) for ids in targets]


def padded(targets: Sequence[Sequence[int]], filler: int, *, left: bool = False) -> Tensor:
    """Rows of one length."""
    width = max(map(len, targets))
    more = [[filler] * (width - len(row)) for row in targets]
    return torch.tensor([pad + row if left else row + pad for row, pad in zip(targets, more, strict=True)])


def expect_batch(f, targets: Sequence[Sequence[int]], limit: int) -> None:
    """Compare the labels."""
    right = rows(targets, limit)
    labels = padded(right, IGNORED)
    without = rows(targets, limit, cut=lambda ids, limit: ids[:limit])
    expect_tensor(f([list(ids) for ids in targets], limit), labels, [
        (padded(right, PAD), "padding as a label is learned from: fill the labels with -100"),
        (padded(right, IGNORED, left=True), "the filler of labels goes to the right: the first label is a word"),
        (padded(without, IGNORED), "the end token is missing, so the model never learns to stop"),
        (padded(rows(targets, limit, cut=lambda ids, limit: [*ids, END][:limit]), IGNORED),
         "a text that was cut has lost its end token: cut to limit - 1, then add it"),
        (padded(rows(targets, limit, cut=lambda ids, limit: [*ids[:limit], END]), IGNORED),
         "the rows are one longer than the limit, which counts the end token too"),
        (padded(rows(targets, limit, cut=lambda ids, limit: [*ids, END]), IGNORED), "nothing was cut to the limit"),
    ], exact=True, name="labels")  # fmt: skip


@exercise("tt-ex-meet-batch", points=2)
def batch_of_two(f):
    """Two targets that fit"""
    expect_batch(f, [[5, 6, 7], [8]], 10)


@exercise("tt-ex-meet-batch")
def batch_that_is_cut(f):
    """A target that is too long, one that just fits, one that is short"""
    expect_batch(f, [[5, 6, 7, 8, 9], [10, 11, 12], [13]], 4)
