"""Summaries that were changed on purpose, and what is true of each.

A change begins with the facts that a perfect summary keeps. Because we know what it does, we know without any metric
how many facts are still there and how many statements are wrong. Some changes hurt the truth and hardly touch the
words, some touch many words and no truth. How a metric follows the truth can then be measured.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llmbook.meetings.composed_domains import ALL_DOMAINS
from llmbook.meetings.domains import WEEKDAYS
from llmbook.meetings.meeting import Meeting
from llmbook.meetings.phrasings import Claim, read_claim, write_claim

Rewriter = Callable[[random.Random, Meeting, Sequence[Claim]], list[str]]


@dataclass(frozen=True)
class Changed:
    """A summary with the truth about it."""

    text: str
    """One sentence per line."""
    kept: int
    """How many of the expected facts it still states."""
    wrong: int
    """How many of its statements are false."""


def change_summary(
    meeting: Meeting, kind: str, *, count: int | None = None, instruction: str = "long", seed: int = 0
) -> Changed:
    """The reference of a meeting, changed.

    Args:
        meeting: the truth.
        kind: a key of ``CHANGES``.
        count: how many facts are changed, where the change goes fact by fact; by default all that it can change.
        instruction: of which reference.
        seed: of the random choices; equal seeds give equal summaries on every machine.

    Raises:
        ValueError: an unknown kind or instruction, or a negative count.
    """
    if kind not in CHANGES or (count is not None and count < 0):
        raise ValueError(f"pass one of the changes {', '.join(CHANGES)} and a count from 0, not {kind!r} and {count}")
    rng = random.Random(f"{seed} {meeting.seed} {kind}")
    if kind in WHOLE:
        return WHOLE[kind](rng, meeting, instruction)
    kinds, rewrite = BY_FACT[kind]
    lines = meeting.reference(instruction).splitlines()
    claims = [read_claim(line) for line in lines]
    open_places = [place for place, claim in enumerate(claims) if claim.kind in kinds]
    rng.shuffle(open_places)
    places = sorted(open_places[:count])
    for place, line in zip(places, rewrite(rng, meeting, [claims[place] for place in places]), strict=True):
        lines[place] = line
    dropped = sum(not lines[place] for place in places)
    text = "\n".join(filter(None, lines))
    return Changed(text, len(claims) - 1 - len(places), len(places) - dropped)


def restate(summary: str, style: str) -> str:
    """The same statements in another writer's words.

    Args:
        summary: one sentence per line, of any writer; nothing may be denied.
        style: a key of ``phrasings.WORDINGS``.

    Raises:
        ValueError: a line that no template reads, or as in ``write_claim``.
    """
    claims = [(line, read_claim(line)) for line in summary.splitlines()]
    unread = [line for line, claim in claims if claim is None]
    if unread:
        raise ValueError(f"nothing is known about the sentence {unread[0]!r}, so it has no other wording")
    return "\n".join(write_claim(claim, style) for _, claim in claims)


def _deny(rng: random.Random, meeting: Meeting, claims: Sequence[Claim]) -> list[str]:
    """Put "not" into each sentence."""
    places = {"decision": ("decided to", "decided not to"), "action": (" will ", " will not "),
              "date": (" is on ", " is not on ")}  # fmt: skip
    return [write_claim(claim).replace(*places[claim.kind], 1) for claim in claims]


def _swap_names(rng: random.Random, meeting: Meeting, claims: Sequence[Claim]) -> list[str]:
    """Owners move on to the next task; where that changes nothing, somebody else of the meeting gets it."""
    owners = [claim.values[0] for claim in claims]
    moved = owners[1:] + owners[:1]
    for place, owner in enumerate(owners):
        if moved[place] == owner:
            moved[place] = rng.choice([name.lower() for name in meeting.speakers if name.lower() != owner])
    return [write_claim(claim._replace(values=(owner, claim.values[1])))
            for claim, owner in zip(claims, moved, strict=True)]  # fmt: skip


def _swap_values(rng: random.Random, meeting: Meeting, claims: Sequence[Claim]) -> list[str]:
    """Days move on to the next task, numbers to the next number; where that changes nothing, another value comes."""
    values = [claim.values[-1] for claim in claims]
    for kind in {claim.kind: None for claim in claims}:  # in their order; a set's would differ from run to run
        places = [place for place, claim in enumerate(claims) if claim.kind == kind]
        for place, source in zip(places, places[1:] + places[:1], strict=True):
            values[place] = claims[source].values[-1]
            if values[place] == claims[place].values[-1]:
                values[place] = _another(rng, kind, values[place])
    return [write_claim(claim._replace(values=(*claim.values[:-1], value)))
            for claim, value in zip(claims, values, strict=True)]  # fmt: skip


def _another(rng: random.Random, kind: str, value: str) -> str:
    """Another weekday, or a number (of a date: its day) that differs by one or more."""
    if kind == "action":
        return rng.choice([day.lower() for day in WEEKDAYS if day.lower() != value])
    month, _, number = value.rpartition(" ")
    most = 28 if month else 2 * int(number) + 2
    return f"{month} {rng.choice([n for n in range(1, most + 1) if n != int(number)])}".strip()


def _other_option(rng: random.Random, meeting: Meeting, claims: Sequence[Claim]) -> list[str]:
    """The option that was talked about and not chosen."""
    options = {(subject.lower(), chosen.lower()): other
               for subject, *pair in ALL_DOMAINS[meeting.domain].choices
               for chosen, other in (pair, pair[::-1])}  # fmt: skip
    return [write_claim(claim._replace(values=(options[claim.subject, claim.values[0]].lower(),))) for claim in claims]


def _drop(rng: random.Random, meeting: Meeting, claims: Sequence[Claim]) -> list[str]:
    return [""] * len(claims)


def _facts(meeting: Meeting, instruction: str) -> int:
    return len(meeting.kept_facts(instruction))


def _nothing(rng: random.Random, meeting: Meeting, instruction: str) -> Changed:
    return Changed(meeting.reference(instruction), _facts(meeting, instruction), 0)


def _reorder(rng: random.Random, meeting: Meeting, instruction: str) -> Changed:
    """The same sentences, the facts from the last to the first."""
    topic, *facts = meeting.reference(instruction).splitlines()
    return Changed("\n".join([topic, *facts[::-1]]), len(facts), 0)


def _reword(rng: random.Random, meeting: Meeting, instruction: str) -> Changed:
    return Changed(restate(meeting.reference(instruction), "minutes"), _facts(meeting, instruction), 0)


def _shorten(rng: random.Random, meeting: Meeting, instruction: str) -> Changed:
    return Changed(restate(meeting.reference(instruction), "notes"), _facts(meeting, instruction), 0)


def _pad(rng: random.Random, meeting: Meeting, instruction: str) -> Changed:
    """After each sentence two lines of what was said without stating anything."""
    stated = {fact.turn for fact in meeting.facts}
    chatter = [turn.text for place, turn in enumerate(meeting.turns) if place not in stated]
    lines = [[line, *(rng.choice(chatter) for _ in range(2))] for line in meeting.reference(instruction).splitlines()]
    return Changed("\n".join(line for group in lines for line in group), _facts(meeting, instruction), 0)


def _copy(rng: random.Random, meeting: Meeting, instruction: str) -> Changed:
    """The turns that state the facts, word for word. Where a code name was said, the copy states a wrong thing."""
    facts = meeting.kept_facts(instruction)
    lines = [f"{meeting.turns[fact.turn].speaker}: {meeting.turns[fact.turn].text}" for fact in facts]
    coded = sum(bool(fact.code_name) for fact in facts)
    return Changed("\n".join(lines), len(facts) - coded, coded)


def _repeat(rng: random.Random, meeting: Meeting, instruction: str) -> Changed:
    """One fact, as often as the reference has lines."""
    facts = meeting.kept_facts(instruction)
    text = rng.choice(facts).text if facts else meeting.topic_sentence
    return Changed("\n".join([text] * (len(facts) + 1)), min(1, len(facts)), 0)


def _scramble(rng: random.Random, meeting: Meeting, instruction: str) -> Changed:
    """All words of each sentence, in random order: nothing is said any more."""
    lines = []
    for line in meeting.reference(instruction).splitlines():
        words = line.rstrip(".").split()
        while read_claim(" ".join(words)):
            rng.shuffle(words)
        lines.append(" ".join(words))
    return Changed("\n".join(lines), 0, 0)


def _empty(rng: random.Random, meeting: Meeting, instruction: str) -> Changed:
    return Changed("", 0, 0)


BY_FACT: dict[str, tuple[tuple[str, ...], Rewriter]] = {
    "denied": (("decision", "action", "date"), _deny),
    "names swapped": (("action",), _swap_names),
    "values swapped": (("action", "number", "date"), _swap_values),
    "wrong option": (("decision",), _other_option),
    "facts dropped": (("decision", "action", "number", "date"), _drop),
}
"""Changes that go fact by fact: the kinds of fact that they can change, and how."""
WHOLE: dict[str, Callable[[random.Random, Meeting, str], Changed]] = {
    "unchanged": _nothing, "reordered": _reorder, "reworded": _reword, "in short notes": _shorten, "padded": _pad,
    "turns copied": _copy, "one fact repeated": _repeat, "words scrambled": _scramble, "empty": _empty,
}  # fmt: skip
"""Changes of the whole summary."""
CHANGES = (*WHOLE, *BY_FACT)
"""The names of all changes."""
