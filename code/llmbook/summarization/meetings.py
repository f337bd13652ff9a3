"""Synthetic meetings: a seed in, a transcript with known facts out.

A meeting is a list of turns. Some of them state a fact (a decision, an action with its owner and its date, a
number); the others are what real meetings are made of: agreement, doubt, digression, filler words and jargon. Because
the generator placed every fact, it knows what a perfect summary must contain and where it was said, which no corpus
of real meetings can tell.
"""

import math
import random
from dataclasses import dataclass

from llmbook.summarization import domains
from llmbook.summarization.domains import DOMAINS, Domain

FACT_KINDS = ("decision", "action", "number")


@dataclass(frozen=True)
class Turn:
    """What one person says without being interrupted."""

    speaker: str
    text: str


@dataclass(frozen=True)
class Fact:
    """Something that a summary should keep."""

    kind: str
    """One of ``FACT_KINDS``."""
    text: str
    """The fact in one plain sentence, as a reference summary would put it."""
    keys: tuple[str, ...]
    """Strings that a text must all contain, in lower case, to have kept the fact."""
    turn: int
    """Index of the turn that states it."""

    def is_in(self, text: str) -> bool:
        """Whether a text has kept this fact, by its keys."""
        lowered = text.lower()
        return all(key in lowered for key in self.keys)


@dataclass(frozen=True)
class Meeting:
    """A transcript and everything that is true in it."""

    seed: int
    domain: str
    topic: str
    date: str
    speakers: tuple[str, ...]
    turns: tuple[Turn, ...]
    facts: tuple[Fact, ...]

    @property
    def transcript(self) -> str:
        """One line for each turn, ``Speaker: text``."""
        return "\n".join(f"{turn.speaker}: {turn.text}" for turn in self.turns)

    @property
    def words(self) -> int:
        """Length of the transcript in words, speakers' names included."""
        return len(self.transcript.split())


def generate_meeting(seed: int, *, domain: str | None = None, facts: int = 6, chatter: float = 2.0) -> Meeting:
    """Make one meeting.

    Args:
        seed: equal seeds and settings give equal meetings, on every machine.
        domain: a key of ``DOMAINS``; by default the seed picks one.
        facts: how many facts the meeting states, no two about the same matter.
        chatter: how many times, on average, people say something else after each fact; it sets the length.

    Returns:
        The meeting.

    Raises:
        ValueError: an unknown domain, more facts than the domain has matters, or negative chatter.
    """
    if domain is not None and domain not in DOMAINS:
        raise ValueError(f"unknown domain {domain!r}; choose one of {', '.join(DOMAINS)}")
    rng = random.Random(seed)
    domain = domain or rng.choice(sorted(DOMAINS))
    most = len(_matters(DOMAINS[domain]))
    if not 1 <= facts <= most or chatter < 0:
        raise ValueError(
            f"facts must be from 1 to {most} and chatter not negative, not {facts} and {chatter}; "
            "raise chatter for longer meetings"
        )
    return _Writer(rng, domain).write(seed, facts, chatter)


def generate_corpus(count: int, *, seed: int = 0, **settings: object) -> list[Meeting]:
    """``count`` meetings with seeds that follow from ``seed``; the settings are those of :func:`generate_meeting`."""
    return [generate_meeting(seed * 1_000_003 + index, **settings) for index in range(count)]


class _Writer:
    """The state of a meeting while it is written: who is there, what was said, what was stated."""

    def __init__(self, rng: random.Random, domain: str):
        self.rng, self.domain, self.words = rng, domain, DOMAINS[domain]
        self.speakers = tuple(rng.sample(domains.FIRST_NAMES, rng.randint(3, 5)))
        self.turns: list[Turn] = []
        self.facts: list[Fact] = []

    def write(self, seed: int, facts: int, chatter: float) -> Meeting:
        """Opening, facts with chatter after each, closing."""
        rng, chair = self.rng, self.speakers[0]
        topic = rng.choice(self.words.topics)
        date = f"{rng.choice(domains.MONTHS)} {rng.randint(1, 28)}"
        self.turns.append(Turn(chair, rng.choice(domains.OPENINGS).format(topic=topic)))
        for kind, matter in rng.sample(_matters(self.words), facts):
            self._state(kind, matter)
            for _ in range(_poisson(rng, chatter)):
                self._chat()
        self.turns.append(Turn(chair, rng.choice(domains.CLOSINGS)))
        return Meeting(seed, self.domain, topic, date, self.speakers, tuple(self.turns), tuple(self.facts))

    def _state(self, kind: str, matter: tuple) -> None:
        """Add a turn that states a fact."""
        speaker, owner = self.rng.choice(self.speakers), self.rng.choice(self.speakers)
        spoken, text, keys = STATEMENTS[kind](self.rng, matter, speaker, owner)
        self.facts.append(Fact(kind, text, tuple(key.lower() for key in keys), len(self.turns)))
        self.turns.append(Turn(speaker, self._disfluent(spoken)))

    def _chat(self) -> None:
        """Add a turn or two without a fact."""
        rng, kind = self.rng, self.rng.random()
        if kind < 0.2:
            first, second = rng.sample(self.speakers, 2)
            question, answer = rng.choice(domains.DIGRESSIONS)
            self.turns += [Turn(first, question), Turn(second, answer)]
        elif kind < 0.4:
            inside, plain = rng.choice(self.words.jargon)
            self.turns.append(Turn(rng.choice(self.speakers), f"And {inside}? I mean {plain}, for the new people."))
        else:
            lines = domains.AGREEMENTS if kind < 0.75 else domains.DOUBTS
            self.turns.append(Turn(rng.choice(self.speakers), self._disfluent(rng.choice(lines))))

    def _disfluent(self, text: str) -> str:
        """Now and then start with a filler word, as people do."""
        if self.rng.random() > 0.35:
            return text
        filler = self.rng.choice(domains.FILLERS)
        keeps_capital = text.startswith(("I ", "I'")) or text.split()[0].rstrip(",") in self.speakers
        return filler.capitalize() + (text if keeps_capital else text[0].lower() + text[1:])


def _matters(words: Domain) -> list[tuple[str, tuple]]:
    """Everything a domain can state a fact about, with the kind of fact."""
    tables = {"decision": words.choices, "action": words.tasks, "number": words.metrics}
    return [(kind, matter) for kind, table in tables.items() for matter in table]


def _decision(rng: random.Random, matter: tuple, speaker: str, owner: str) -> tuple[str, str, tuple[str, ...]]:
    """Settle a matter for one of two options."""
    subject, first, second = matter
    chosen = rng.choice((first, second))
    spoken = f"On {subject}, we could {first} or {second}. Let's decide: we {chosen}."
    return spoken, f"On {subject}, the group decided to {chosen}.", (subject, chosen)


def _action(rng: random.Random, task: str, speaker: str, owner: str) -> tuple[str, str, tuple[str, ...]]:
    """Give somebody a task with a day."""
    day = rng.choice(domains.WEEKDAYS)
    spoken = f"I'll {task} by {day}." if speaker == owner else f"{owner}, can you {task} by {day}?"
    return spoken, f"{owner} will {task} by {day}.", (owner, task, day)


def _number(rng: random.Random, matter: tuple, speaker: str, owner: str) -> tuple[str, str, tuple[str, ...]]:
    """Report a number."""
    pattern, word, low, high = matter
    value = str(rng.randint(low, high))
    said = pattern.format(value)
    return f"As of today, {said}.", said[0].upper() + said[1:] + ".", (word, value)


STATEMENTS = {"decision": _decision, "action": _action, "number": _number}
"""For each kind of fact: what is said, the plain sentence, and its keys."""


def _poisson(rng: random.Random, mean: float) -> int:
    """A Poisson count by Knuth's product of uniforms, from Python's generator so that it is the same everywhere."""
    count, product, limit = 0, rng.random(), math.exp(-mean)
    while product > limit:
        count, product = count + 1, product * rng.random()
    return count
