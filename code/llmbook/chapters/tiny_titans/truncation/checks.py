"""Checks for the page on truncation: which facts a cut leaves, and in how many pieces of whole turns a meeting is read.

A context of n tokens holds the prompt, turns, and the end-of-text token, as in ``llmbook.summarizers.seq2seq``.
"""

import math
from collections.abc import Sequence
from itertools import accumulate

from llmbook.exercises.compare import Mistake, as_number, expect_number
from llmbook.exercises.registry import exercise

PROMPT, TURNS = 12, [9, 14, 6, 5, 7, 8, 45]
FACTS = [0, 1, 1, 1, 2, 2, 3, 4, 5, 6]
MANY = [12, 9, 9, 5, 11, 6, 13, 10, 8, 8, 9, 14, 11, 7, 5, 9, 11, 9, 8, 13, 6, 8]


# --- facts that a cut leaves -----------------------------------------------------------------------------------------


def heard(prompt: int, turns: Sequence[int], facts: Sequence[int], room: int) -> int:
    """Facts whose turns end within so many tokens of prompt and turns."""
    ends = [prompt + end for end in accumulate(turns)]
    return sum(ends[turn] <= room for turn in facts)


def expect_facts(f, prompt: int, turns: Sequence[int], facts: Sequence[int], context: int) -> None:
    """Compare with the facts that are heard whole, and with other counts."""
    room = context - 1
    ends = [prompt + end for end in accumulate(turns)]
    expect_number(f(prompt, list(turns), list(facts), context), heard(prompt, turns, facts, room), [
        (heard(prompt, turns, facts, context), "one token of the context is the end-of-text token"),
        (heard(0, turns, facts, room), "the prompt takes its tokens first"),
        (heard(0, turns, facts, context), "the prompt and the end-of-text token take room as well"),
        (heard(prompt, turns, facts, room - 1), "a turn that just fits has been read: <=, not <"),
        (sum(end - size < room for end, size in ((ends[turn], turns[turn]) for turn in facts)),
         "a turn that begins within the context and ends outside has lost its end: its facts do not count"),
        (sum(end <= room for end in ends), "these are turns; asked are the facts in them"),
        (sum(turn < context for turn in facts), "the context is counted in tokens, not in turns"),
        (sum(turns[turn] <= room for turn in facts), "the tokens of all turns before it have to be read as well"),
    ])  # fmt: skip


@exercise("tt-ex-trunc-kept")
def a_turn_that_just_fits(f):
    """A turn that ends where the room ends"""
    expect_facts(f, PROMPT, TURNS, FACTS, 42)


@exercise("tt-ex-trunc-kept")
def a_turn_that_misses_by_one(f):
    """A turn that is one token too long"""
    expect_facts(f, PROMPT, TURNS, FACTS, 41)


@exercise("tt-ex-trunc-kept")
def a_turn_that_is_cut(f):
    """A turn that is cut in its middle"""
    expect_facts(f, PROMPT, TURNS, FACTS, 45)


@exercise("tt-ex-trunc-kept")
def all_and_nothing(f):
    """A meeting that fits as a whole, and one of which nothing does"""
    expect_facts(f, PROMPT, TURNS, FACTS, 200)
    expect_facts(f, PROMPT, TURNS, FACTS, 18)


# --- pieces of whole turns -------------------------------------------------------------------------------------------


def pieces(
    first: int, turns: Sequence[int], later: int | None = None, *, empty: bool = False
) -> list[list[int]]:  # fmt: skip
    """Turns in pieces with room for so many tokens: the first piece, and the later ones if theirs is another."""
    found, room = [[]], first
    for turn in turns:
        if (found[-1] or empty) and sum(found[-1]) + turn > room:
            found, room = [*found, []], first if later is None else later
        found[-1].append(turn)
    return found


def expect_pieces(f, prompt: int, turns: Sequence[int], context: int) -> None:
    """Compare with the number of pieces, and with other ways to count."""
    room = context - 1 - prompt
    count = lambda *rooms: len(pieces(rooms[0], turns, *rooms[1:]))  # noqa: E731
    got, right = as_number(f(prompt, list(turns), context)), count(room)
    if got != int(got):
        raise Mistake(f"your result is {got:.4g}; expected a whole number of pieces")
    expect_number(got, right, [
        (len(pieces(room, turns, empty=True)), "a turn too long for any piece starts a piece, and leaves none empty"),
        (count(room, context - 1), "every piece begins with the prompt, not the first one alone"),
        (math.ceil(sum(turns) / room), "turns are not split: what is left of the room of a piece stays empty"),
        (right - 1, "the last piece is missing: it is not full, and it counts"),
        (count(room + 1), "one token of each piece is the end-of-text token"),
        (count(context - 1), "every piece begins with the prompt"),
        (count(context), "the prompt and the end-of-text token take room in each piece"),
        (len(turns), "a piece holds as many turns as fit, not one"),
        (count(room - 1), "a turn that just fits belongs to the piece"),
        (right + 1, "one piece too many: is one of yours empty?"),
    ])  # fmt: skip


@exercise("tt-ex-trunc-pieces")
def a_long_meeting(f):
    """Twenty-two turns, and little room beside the prompt"""
    expect_pieces(f, 17, MANY, 35)


@exercise("tt-ex-trunc-pieces")
def one_piece(f):
    """A meeting that just fits as a whole, and one that just does not"""
    expect_pieces(f, 17, MANY, sum(MANY) + 18)
    expect_pieces(f, 17, MANY, sum(MANY) + 17)


@exercise("tt-ex-trunc-pieces")
def a_turn_too_long_for_any(f):
    """A turn that is longer than any piece, first, in the middle, and last"""
    for turns in ([40, 5, 6, 7], [5, 6, 40, 7, 8], [5, 6, 7, 40]):
        expect_pieces(f, 4, turns, 25)
