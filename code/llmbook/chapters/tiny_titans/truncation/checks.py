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


def skipped(prompt: int, turns: Sequence[int], facts: Sequence[int], room: int) -> int:
    """Facts that are heard if a turn that does not fit is left out and later ones are read."""
    read = set()
    for number, turn in enumerate(turns):
        if prompt + sum(turns[each] for each in read) + turn <= room:
            read.add(number)
    return sum(turn in read for turn in facts)


def expect_facts(f, prompt: int, turns: Sequence[int], facts: Sequence[int], context: int) -> None:
    """Compare with the facts that are heard whole, and with other counts."""
    room = context - 1
    ends = [prompt + end for end in accumulate(turns)]
    right, count = heard(prompt, turns, facts, room), len(facts)
    mistakes = [
        (heard(prompt, turns, facts, context), "one token of the context is the end-of-text token"),
        (heard(0, turns, facts, room), "the prompt takes its tokens first"),
        (heard(0, turns, facts, context), "the prompt and the end-of-text token take room as well"),
        (heard(prompt, turns, facts, room - 1), "a turn that just fits has been read: <=, not <"),
        (sum(end - size < room for end, size in ((ends[turn], turns[turn]) for turn in facts)),
         "a turn that begins within the context and ends outside has lost its end: its facts do not count"),
        (sum(end <= room for end in ends), "these are turns; asked are the facts in them"),
        (sum(turn < context for turn in facts), "the context is counted in tokens, not in turns"),
        (sum(turns[turn] <= room for turn in facts), "the tokens of all turns before it have to be read as well"),
        (heard(prompt, turns, set(facts), room), "a turn may have several facts, and each counts"),
        (skipped(prompt, turns, facts, room), "nothing is read behind a turn that does not fit"),
        (heard(prompt, turns, [max(turn - 1, 0) for turn in facts], room), "turns count from 0"),
        (heard(prompt, turns[::-1], [len(turns) - 1 - turn for turn in facts], room), "a cut leaves the beginning"),
        (int(count * min(1, (room - prompt) / sum(turns))), "a cut takes the end: look where a fact stands"),
        (right / count, "asked is how many facts are kept, not a share"),
        (count - right, "asked are the facts that are kept, not those that are lost"),
        (count, "not all facts are read: what is behind the cut is lost"),
    ]  # fmt: skip
    got = f(prompt, list(turns), list(facts), context)
    expect_number(got, right, [each for each in mistakes if each[0] != right])


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


@exercise("tt-ex-trunc-kept")
def quiet_turns(f):
    """Turns without a fact, and facts that are listed in another order"""
    expect_facts(f, 10, [7, 9, 4, 12, 6, 3], [3, 0, 3, 2, 2, 0, 4], 43)
    expect_facts(f, 10, [7, 30, 4, 12, 6, 3], [5, 0, 3, 2, 2, 0, 4], 43)


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


def packed(turns: Sequence[int], room: int) -> int:
    """Pieces of turns in any order, the longest first."""
    found = []
    for turn in sorted(turns, reverse=True):
        piece = next((piece for piece in found if sum(piece) + turn <= room), None)
        if piece is None:
            found.append(piece := [])
        piece.append(turn)
    return len(found)


def piece_mistakes(prompt: int, turns: Sequence[int], context: int) -> list[tuple[int, str]]:
    """Wrong counts of pieces with their hints."""
    room = context - 1 - prompt
    count = lambda *rooms, of=turns: len(pieces(rooms[0], of, *rooms[1:]))  # noqa: E731
    right, long = count(room), [turn for turn in turns if turn > room]
    short = [part for part in pieces(room, turns) if part[0] <= room]
    once = "prompt and end-of-text token come once for each piece, not for each turn"
    return [
        (sum(math.ceil(turn / room) for turn in long) + len(short),
         "a turn that is too long has one piece, where it is cut, and not several"),
        (right - sum(turn > room for turn in turns[1:]), "a turn that is too long has a piece to itself"),
        (len(pieces(room, turns, empty=True)), "a turn too long for any piece starts a piece, and leaves none empty"),
        (packed(turns, room), "keep the order of the turns"),
        (count(room, of=[turn + prompt for turn in turns]), once), (count(room, of=[turn + 1 for turn in turns]), once),
        (count(room, context - 1), "every piece begins with the prompt, not the first one alone"),
        (math.ceil(sum(turns) / room), "turns are not split: what is left of the room of a piece stays empty"),
        (right - 1, "the last piece is missing: it is not full, and it counts"),
        (count(room + 1), "one token of each piece is the end-of-text token"),
        (count(context - 1), "every piece begins with the prompt"),
        (count(context), "the prompt and the end-of-text token take room in each piece"),
        (len(turns), "a piece holds as many turns as fit, not one"),
        (count(room - 1), "a turn that just fits belongs to the piece"),
        (right + 1, "one piece too many: is one of yours empty?"),
    ]


def expect_pieces(f, prompt: int, turns: Sequence[int], context: int) -> None:
    """Compare with the number of pieces, and with other ways to count."""
    got, right = as_number(f(prompt, list(turns), context)), len(pieces(context - 1 - prompt, turns))
    if got != int(got):
        raise Mistake(f"your result is {got:.4g}; expected a whole number of pieces")
    expect_number(got, right, [each for each in piece_mistakes(prompt, turns, context) if each[0] != right])


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
    for turns in ([40, 5, 6, 7], [5, 6, 70, 7, 8], [5, 6, 7, 40], [5, 6, 40, 50, 7]):
        expect_pieces(f, 4, turns, 25)
