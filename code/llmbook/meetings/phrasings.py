"""Ways to state one claim, and the way back: a sentence is written from a template and read with the same template.

A :class:`Claim` is what a sentence of a summary says, apart from how: the kind of fact, what it is about, and the
values that make it true or false. Three writers state the same claims in words of their own: ``plain`` writes the
references of the corpus, ``minutes`` and ``notes`` are the others. What speakers say aloud is only read, not written.
Words that carry a fact (the task, the option, the day) are the same for all; only the frame around them differs.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from llmbook.meetings.domains import FILLERS, FIRST_NAMES, MONTHS, REPAIRS, WEEKDAYS

VALUES = {"topic": ("topic",), "decision": ("choice",), "action": ("owner", "day"), "number": ("number",),
          "date": ("date",)}  # fmt: skip
"""For each kind of claim, what makes it true or false."""
WORDINGS = {
    "plain": {
        "topic": "The meeting was about {topic}.",
        "decision": "On {subject}, the group decided to {choice}.",
        "action": "{owner} will {subject} by {day}.",
        "date": "{subject} is on {date}.",
    },
    "minutes": {
        "topic": "Main item of the agenda: {topic}.",
        "decision": "They agreed to {choice} when it comes to {subject}.",
        "action": "It is up to {owner} to {subject}, no later than {day}.",
        "date": "Everybody should expect {subject} on {date}.",
    },
    "notes": {
        "topic": "Topic: {topic}.",
        "decision": "Decided for {subject}: {choice}.",
        "action": "To do for {owner}: {subject}, until {day}.",
        "date": "Calendar: {subject}, {date}.",
    },
}
SPOKEN = (
    ("decision", "On {subject}, we could {either}. Let's decide: we {choice}."),
    ("action", "{owner}, can you {subject} by {day}?"),
    ("action", "I'll {subject} by {day}."),  # the owner is who says it
    ("date", "Please note, {subject} is on {date}."),
)
NUMBERS = {  # the plain sentence, and the one in the minutes
    "the crash rate is {number} percent": "{number} percent of all sessions end in a crash",
    "{number} tickets are open": "the list of unsolved tickets has {number} entries",
    "the app loads in {number} seconds": "users wait {number} seconds for the start screen",
    "we had {number} sign-ups": "registrations stand at {number}",
    "the average wait is {number} minutes": "people sit there for {number} minutes in the mean",
    "{number} patients missed their slot": "no-shows: {number}",
    "{number} people are on leave": "absent staff: {number}",
    "we gave {number} vaccinations": "doses administered: {number}",
    "weekly sales are {number} euros": "customers spend {number} euros every seven days",
    "{number} items came back": "returned goods: {number}",
    "we counted {number} visitors": "footfall of {number}",
    "{number} coats are unsold": "coats that nobody wanted: {number}",
    "the delay is {number} days": "work is {number} days behind",
    "the extra cost is {number} euros": "another {number} euros have to be paid",
    "{number} workers are on site": "the crew has {number} members",
    "there are {number} open defects": "flaws still to be fixed: {number}",
    "the {thing} costs {number} euros a month": "{number} euros go into the {thing} every four weeks",
    "we got {number} questions about the {thing}": "people asked {number} times how the {thing} works",
    "the {thing} is {number} days late": "a delay of {number} days for the {thing}",
}
PLACES = {"owner": r"[\w'-]+", "number": r"\d[\d.,]*"}  # what may stand in a place of a template; elsewhere anything
DENIALS = [(re.compile(pattern, re.IGNORECASE), plain) for pattern, plain in (
    (r"\bwon't\b", "will not"), (r"\b(is|are|did)n't\b", r"\1 not"), (r"\bdid not decide\b", "not decided"))]
_VALUE = rf"(?:(?:{'|'.join(MONTHS)}) )?\d+|{'|'.join(WEEKDAYS)}"
REPAIR = re.compile(rf"(?:{_VALUE}), (?:{'|'.join(REPAIRS)}), ")
FILLER = re.compile("|".join(FILLERS), re.IGNORECASE)
CAPITALS = re.compile(rf"\b(?:{'|'.join((*FIRST_NAMES, *MONTHS, *WEEKDAYS, 'Sundays', 'Easter'))})\b", re.IGNORECASE)
SPEAKER = re.compile(rf"({'|'.join(FIRST_NAMES)}): ")


class Claim(NamedTuple):
    """What one sentence says; two that say the same are equal, whatever their words and capitals."""

    kind: str
    """A key of ``VALUES``."""
    subject: str
    """The matter, task or event; for a number its plain sentence with ``{}``; empty for a topic."""
    values: tuple[str, ...]
    """What ``VALUES`` names, in lower case."""
    holds: bool = True
    """False where the sentence denies it."""


def write_claim(claim: Claim, style: str = "plain") -> str:
    """One sentence.

    Args:
        claim: as :func:`read_claim` returned it. Names, days and months get their capitals back.
        style: a key of ``WORDINGS``.

    Raises:
        ValueError: an unknown style, or a claim that denies something, for which there is no template.
    """
    if style not in WORDINGS or not claim.holds:
        raise ValueError(f"pass one of the styles {', '.join(WORDINGS)}, not {style!r}, and a claim that holds")
    values = dict(zip(VALUES[claim.kind], claim.values, strict=True))
    if claim.kind == "number":
        template, thing = _number_template(claim.subject)
        inner = (NUMBERS[template] if style == "minutes" else template).format(thing=thing, **values)
        text = f"Figure: {inner}." if style == "notes" else f"{inner}."
    else:
        text = WORDINGS[style][claim.kind].format(subject=claim.subject, **values)
    return _capitals(text[0].upper() + text[1:])


@lru_cache(maxsize=2**16)
def read_claim(line: str) -> Claim | None:
    """What a line says, or None where no template fits.

    Args:
        line: one sentence, written by any of the writers or said aloud, with or without the speaker's name before it.
            Filler words and repaired values are understood.
    """
    text = " ".join(line.split()).rstrip(".?!")
    speaker = SPEAKER.match(text)
    text = text[speaker.end():] if speaker else text
    filler = FILLER.match(text)
    text = REPAIR.sub("", text[filler.end():] if filler else text)
    for pattern, plain in DENIALS:
        text = pattern.sub(plain, text)
    text, denied = re.subn(r"\b(?:not|never)\b ?", "", text, flags=re.IGNORECASE)
    for kind, template, reader in _readers():
        if found := reader.fullmatch(text):
            places = {name: value.lower() for name, value in found.groupdict().items()}
            if "I'll" in template:
                places["owner"] = speaker.group(1).lower() if speaker else "i"
            subject = template.format(number="{}", **_thing(places)) if kind == "number" else places.get("subject", "")
            return Claim(kind, subject, tuple(places[name] for name in VALUES[kind]), denied % 2 == 0)
    return None


def _thing(places: dict[str, str]) -> dict[str, str]:
    return {"thing": places["thing"]} if "thing" in places else {}


@cache
def _readers() -> tuple[tuple[str, str, re.Pattern], ...]:
    """For each template its kind, the template (of a number: the plain one), and what reads it."""
    return tuple((kind, plain, _reader(template)) for kind, plain, template in _templates())


def _templates() -> Iterator[tuple[str, str, str]]:
    """All of them; what people say first, because "Please note, X is on Y" is a plain sentence with more in front."""
    yield from ((kind, template, template) for kind, template in SPOKEN)
    for plain, other in NUMBERS.items():
        yield from (("number", plain, text) for text in (f"As of today, {plain}.", f"Figure: {plain}.", f"{plain}.",
                                                         f"{other}."))  # fmt: skip
    for wording in reversed(WORDINGS.values()):  # the plain "X is on Y" fits most, so it comes last
        yield from ((kind, template, template) for kind, template in wording.items())


def _reader(template: str) -> re.Pattern:
    """A template with its places open and without its last stop."""
    parts = re.split(r"\{(\w+)\}", template.rstrip(".?"))  # words and names of places in turn
    pieces = (f"(?P<{part}>{PLACES.get(part, '.+')})" if index % 2 else re.escape(part)
              for index, part in enumerate(parts))
    return re.compile("".join(pieces), re.IGNORECASE)


@cache
def _number_template(subject: str) -> tuple[str, str]:
    """The plain template that a number's subject was read with, and its thing."""
    for template in NUMBERS:
        if found := _reader(template.replace("{number}", "{hole}")).fullmatch(subject.replace("{}", "hole")):
            return template, found.groupdict().get("thing", "")
    raise ValueError(f"no number is reported as {subject!r}")


def _capitals(text: str) -> str:
    """Names, days, months and Easter with their capitals, which a claim has lost."""
    return CAPITALS.sub(lambda found: found.group().capitalize(), text)
