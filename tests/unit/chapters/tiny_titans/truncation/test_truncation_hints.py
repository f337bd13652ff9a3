"""Wrong answers to the exercises on truncation fail, and the hint names the misconception behind them."""

import math
from bisect import bisect_right
from functools import cache
from itertools import accumulate

import numpy as np
import pytest
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters.tiny_titans.truncation.experiment import meetings_of
from llmbook.experiments.meetings_t5 import load_summarizer_tokenizer
from llmbook.summarizers import seq2seq

PREFIX = "tt-ex-trunc-"


def kept(end=1, before=True, fits=lambda end, size, room: end <= room, of=lambda fits, facts: sum(map(fits, facts))):
    """Facts that a cut leaves, with the parts of the count open."""
    def count(prompt, turns, facts, context):
        ends = [prompt * before + each for each in accumulate(turns)]
        return of(lambda turn: fits(ends[turn], turns[turn], context - end), facts)
    return count


def pieces(end=1, first=1, later=1, fits=lambda total, room: total <= room, lonely=True):
    """Pieces of whole turns, with the room of each open."""
    def count(prompt, turns, context):
        found, room = [[]], context - end - first * prompt
        for turn in turns:
            if (found[-1] or not lonely) and not fits(sum(found[-1]) + turn, room):
                found, room = [*found, []], context - end - later * prompt
            found[-1].append(turn)
        return len(found)
    return count


def every_turn(prompt, turns, facts, context):
    return sum(turn < context for turn in facts)


def turns_read(prompt, turns, facts, context):
    return sum(prompt + end < context for end in accumulate(turns))


def skipping(prompt, turns, facts, context):
    """Turns that do not fit are left out, and later ones are read."""
    left, read = context - 1 - prompt, set()
    for number, turn in enumerate(turns):
        if turn <= left:
            left -= turn
            read.add(number)
    return sum(turn in read for turn in facts)


def shared_out(prompt, turns, facts, context):
    """As large a share of the facts as of the tokens."""
    return int(len(facts) * min(1, (context - 1 - prompt) / sum(turns)))


def from_one(prompt, turns, facts, context):
    """Turns counted from 1."""
    return kept()(prompt, turns, [max(turn - 1, 0) for turn in facts], context)


def from_the_end(prompt, turns, facts, context):
    """The last turns in place of the first ones."""
    return kept()(prompt, turns[::-1], [len(turns) - 1 - turn for turn in facts], context)


def by_search(prompt, turns, facts, context):
    whole = bisect_right(list(accumulate(turns)), context - prompt - 1)
    return sum(turn < whole for turn in facts)


def by_array(before, turns, facts, room):
    return (before + np.cumsum(turns) < room)[np.array(facts)].sum()


def step_by_step(prompt, turns, facts, context):
    left, found = context - prompt - 1, 0
    for number, turn in enumerate(turns):
        left -= turn
        if left < 0:
            return found
        found += facts.count(number)
    return found


def packed(prompt, turns, context):
    """In any order, the longest first."""
    room, found = context - 1 - prompt, []
    for turn in sorted(turns, reverse=True):
        for piece in found:
            if sum(piece) + turn <= room:
                piece.append(turn)
                break
        else:
            found.append([turn])
    return len(found)


def cut_apart(prompt, turns, context):
    """A turn that is too long has as many pieces as it fills."""
    room, found = context - 1 - prompt, 0
    left = 0
    for turn in turns:
        if turn > room:
            found, left = found + math.ceil(turn / room), 0
        elif turn > left:
            found, left = found + 1, room - turn
        else:
            left -= turn
    return found


def appended(prompt, turns, context):
    """A turn that is too long joins the piece before it."""
    room, count, left = context - 1 - prompt, 1, context - 1 - prompt
    for turn in turns:
        if turn > left and turn <= room:
            count, left = count + 1, room
        left = max(left - turn, 0)
    return count


def from_behind(prompt, turns, context):
    return pieces()(prompt, turns[::-1], context)


def by_least(prompt, turns, context):
    """The fewest pieces of all divisions."""
    room = context - 1 - prompt

    @cache
    def least(start):
        ends = range(start + 1, len(turns) + 1)
        return min((1 + least(end) for end in ends if end == start + 1 or sum(turns[start:end]) <= room), default=0)

    return least(0)


def by_sums(prompt, turns, context):
    """Where each piece ends among the running sums."""
    ends, start, count = [0, *accumulate(turns)], 0, 0
    while start < len(turns):
        start, count = max(bisect_right(ends, ends[start] + context - 1 - prompt) - 1, start + 1), count + 1
    return count


WRONG = [
    ("kept", kept(end=0), "end-of-text token"),
    ("kept", kept(before=False), "prompt takes its tokens first"),
    ("kept", kept(end=0, before=False), "prompt and the end-of-text"),
    ("kept", kept(fits=lambda end, size, room: end < room), "<=, not <"),
    ("kept", kept(fits=lambda end, size, room: end - size < room), "has lost its end"),
    ("kept", kept(fits=lambda end, size, room: size <= room), "all turns before it"),
    ("kept", turns_read, "these are turns"),
    ("kept", every_turn, "not in turns"),
    ("kept", skipping, "nothing is read behind a turn that does not fit"),
    ("kept", shared_out, "where a fact stands"),
    ("kept", from_one, "turns count from 0"),
    ("kept", from_the_end, "a cut leaves the beginning"),
    ("kept", lambda prompt, turns, facts, context: kept()(prompt, turns, set(facts), context), "several facts"),
    ("kept", lambda prompt, turns, facts, context: kept()(prompt, turns, facts, context) / len(facts), "not a share"),
    ("kept", lambda *given: len(given[2]) - kept()(*given), "not those that are lost"),
    ("kept", lambda prompt, turns, facts, context: len(facts), "not all facts"),
    ("pieces", lambda *given: pieces()(*given) + 1, "one piece too many"),
    ("pieces", packed, "the order of the turns"),
    ("pieces", cut_apart, "a turn that is too long has one piece"),
    ("pieces", appended, "a piece to itself"),
    ("pieces", lambda prompt, turns, context: pieces()(0, turns, context - prompt - 2), "belongs to the piece"),
    ("pieces", lambda prompt, turns, context: pieces()(prompt, [turn + prompt for turn in turns], context),
     "once for each piece, not for each turn"),
    ("pieces", lambda prompt, turns, context: pieces()(prompt, [turn + 1 for turn in turns], context),
     "once for each piece, not for each turn"),
    ("pieces", lambda prompt, turns, context: 1 + sum(turn > context - 1 - prompt for turn in turns), "expected"),
    ("pieces", pieces(end=0), "end-of-text token"),
    ("pieces", pieces(later=0), "not the first one alone"),
    ("pieces", pieces(first=0, later=0), "begins with the prompt"),
    ("pieces", pieces(end=0, first=0, later=0), "take room in each piece"),
    ("pieces", pieces(fits=lambda total, room: total < room), "belongs to the piece"),
    ("pieces", pieces(lonely=False), "leaves none empty"),
    ("pieces", lambda prompt, turns, context: math.ceil(sum(turns) / (context - 1 - prompt)), "turns are not split"),
    ("pieces", lambda prompt, turns, context: sum(turns) / (context - 1 - prompt), "whole number"),
    ("pieces", lambda prompt, turns, context: pieces()(prompt, turns, context) - 1, "last piece is missing"),
    ("pieces", lambda prompt, turns, context: len(turns), "as many turns as fit"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.fixture(scope="module")
def measured():
    """A long meeting: its tokenizer, the tokens of its prompt, and those of each turn with its line break."""
    tokenizer, meeting = load_summarizer_tokenizer(), meetings_of("long")[0]
    size = lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)  # noqa: E731
    lines = [f"{turn.speaker}: {turn.text}\n" for turn in meeting.turns]
    return tokenizer, meeting, size(seq2seq.prompt("", "long")), [size(line) for line in lines]


@pytest.mark.parametrize("context", [80, 150, 160, 320, 640])
def test_a_cut_prompt_of_the_package_holds_as_many_facts(measured, context):
    tokenizer, meeting, prompt, turns = measured
    facts = meeting.kept_facts("long")
    ids = seq2seq.encode(tokenizer, seq2seq.prompt(meeting.transcript, "long"), context)
    read = tokenizer.decode(ids) + "\n"
    whole = [f"\n{meeting.turns[fact.turn].speaker}: {meeting.turns[fact.turn].text}\n" in read for fact in facts]
    assert kept()(prompt, turns, [fact.turn for fact in facts], context + 1) >= sum(whole)
    assert kept()(prompt, turns, [fact.turn for fact in facts], context) <= sum(whole)


@pytest.mark.parametrize("context", [80, 160, 320, 640])
def test_the_package_reads_in_as_many_pieces(measured, context):
    tokenizer, meeting, prompt, turns = measured
    found = len(seq2seq.chunks(meeting, tokenizer, "long", context))
    assert pieces()(prompt, turns, context + 1) <= found <= pieces()(prompt, turns, context)  # the last line break


RIGHT = [
    ("kept", kept()), ("kept", by_search), ("kept", by_array), ("kept", step_by_step),
    ("kept", lambda *given: float(step_by_step(*given))),
    ("pieces", pieces()), ("pieces", from_behind), ("pieces", by_least), ("pieces", by_sums),
    ("pieces", lambda before, turns, room: np.int64(by_sums(before, np.array(turns), room))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
