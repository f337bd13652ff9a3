"""Wrong answers to the exercises on truncation fail, and the hint names the misconception behind them."""

import math
from itertools import accumulate

import pytest
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters import evaluate
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


WRONG = [
    ("kept", kept(end=0), "end-of-text token"),
    ("kept", kept(before=False), "prompt takes its tokens first"),
    ("kept", kept(end=0, before=False), "prompt and the end-of-text"),
    ("kept", kept(fits=lambda end, size, room: end < room), "<=, not <"),
    ("kept", kept(fits=lambda end, size, room: end - size < room), "has lost its end"),
    ("kept", kept(fits=lambda end, size, room: size <= room), "all turns before it"),
    ("kept", turns_read, "these are turns"),
    ("kept", every_turn, "not in turns"),
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


@pytest.mark.parametrize("name, right", [("kept", kept()), ("pieces", pieces())])
def test_right_answers_pass(name, right):
    assert evaluate(f"tt-ex-trunc-{name}", right).passed


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


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
