"""Synthetic meetings: a seed in, a transcript with known facts out.

A meeting is a list of turns. Some of them state a fact (a decision, an action with its owner and its day, a number, a
date); the others are what real meetings are made of: agreement, doubt, digression, filler words and jargon. Because
the generator placed every fact, it knows what a perfect summary must contain and where it was said, which no corpus
of real meetings can tell.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from llmbook.meetings import domains
from llmbook.meetings.composed_domains import ALL_DOMAINS
from llmbook.meetings.domains import DOMAINS, Domain
from llmbook.meetings.invented import MIXED, mixed_domain
from llmbook.meetings.meeting import FACT_KINDS, INSTRUCTIONS, Fact, Meeting, Turn
from llmbook.meetings.statements import STATEMENTS, Saying, Statement

__all__ = ["FACT_KINDS", "INSTRUCTIONS", "Fact", "Meeting", "Turn", "generate_corpus", "generate_meeting"]

FIRST_KINDS = ("decision", "action", "number")  # what a meeting states unless asked for more


@dataclass(frozen=True)
class Manner:
    """How people talk."""

    chatter: float
    jargon: float
    repairs: float


def generate_meeting(
    seed: int,
    *,
    domain: str | None = None,
    facts: int = 6,
    chatter: float = 2.0,
    kinds: Sequence[str] = FIRST_KINDS,
    jargon: float = 0.0,
    repairs: float = 0.0,
) -> Meeting:
    """Make one meeting.

    Args:
        seed: equal seeds and settings give equal meetings, on every machine.
        domain: a key of ``ALL_DOMAINS``, or "mixed" for a workplace that exists in this meeting only; by default the
            seed picks one of the hand-written ones.
        facts: how many facts the meeting states, no two about the same matter.
        chatter: how many times, on average, people say something else after each fact; it sets the length.
        kinds: which kinds of fact may occur, of ``FACT_KINDS``.
        jargon: the share of facts about a thing with a code name that insiders call by it.
        repairs: how often a speaker says a wrong day, date or number first and then the right one.

    Returns:
        The meeting.

    Raises:
        ValueError: an unknown domain or kind, more facts than the domain has matters, or a share or chatter out of
            range.
    """
    if domain not in (None, MIXED, *ALL_DOMAINS):
        raise ValueError(f"unknown domain {domain!r}; choose one of {', '.join((MIXED, *ALL_DOMAINS))}")
    if not kinds or not set(kinds) <= set(FACT_KINDS):
        raise ValueError(f"kinds must be some of {', '.join(FACT_KINDS)}, not {kinds!r}")
    if not (0 <= jargon <= 1 and 0 <= repairs <= 1):
        raise ValueError(f"jargon and repairs are shares from 0 to 1, not {jargon} and {repairs}")
    rng = random.Random(seed)
    domain = domain or rng.choice(sorted(DOMAINS))
    words = mixed_domain(rng) if domain == MIXED else ALL_DOMAINS[domain]
    most = len(words.matters(kinds))
    if not 1 <= facts <= most or chatter < 0:
        raise ValueError(
            f"facts must be from 1 to {most} and chatter not negative, not {facts} and {chatter}; "
            "raise chatter for longer meetings"
        )
    return _Writer(rng, domain, words, Manner(chatter, jargon, repairs)).write(seed, facts, kinds)


def generate_corpus(count: int, *, seed: int = 0, **settings: object) -> list[Meeting]:
    """``count`` meetings with seeds that follow from ``seed``; the settings are those of :func:`generate_meeting`."""
    return [generate_meeting(seed * 1_000_003 + index, **settings) for index in range(count)]


class _Writer:
    """The state of a meeting while it is written: who is there, what was said, what was stated."""

    def __init__(self, rng: random.Random, domain: str, words: Domain, manner: Manner):
        self.rng, self.domain, self.words, self.manner = rng, domain, words, manner
        self.speakers = tuple(rng.sample(domains.FIRST_NAMES, rng.randint(3, 5)))
        self.turns: list[Turn] = []
        self.facts: list[Fact] = []

    def write(self, seed: int, facts: int, kinds: Sequence[str]) -> Meeting:
        """Opening, facts with chatter after each, closing."""
        rng, chair = self.rng, self.speakers[0]
        topic = rng.choice(self.words.topics)
        date = f"{rng.choice(domains.MONTHS)} {rng.randint(1, 28)}"
        self.turns.append(Turn(chair, rng.choice(domains.OPENINGS).format(topic=topic)))
        for kind, matter in self.words.draw(rng, kinds, facts):
            self._state(kind, matter)
            for _ in range(_poisson(rng, self.manner.chatter)):
                self._chat()
        self.turns.append(Turn(chair, rng.choice(domains.CLOSINGS)))
        return Meeting(seed, self.domain, topic, date, self.speakers, tuple(self.turns), tuple(self.facts))

    def _state(self, kind: str, matter: tuple) -> None:
        """Add a turn that states a fact."""
        speaker, owner = self.rng.choice(self.speakers), self.rng.choice(self.speakers)
        saying = Saying(self.rng, speaker, owner, self.manner.repairs)
        statement, code = self._in_code(STATEMENTS[kind](saying, matter))
        keys = tuple(key.lower() for key in statement.keys)
        self.facts.append(Fact(kind, statement.written, keys, len(self.turns), code))
        self.turns.append(Turn(speaker, self._disfluent(statement.spoken)))

    def _in_code(self, statement: Statement) -> tuple[Statement, str]:
        """Now and then say the code name of a thing; a statement, and the code name that was used."""
        for code, thing in self.words.code_names if self.manner.jargon else ():
            if thing in statement.spoken and self.rng.random() < self.manner.jargon:
                return statement._replace(spoken=statement.spoken.replace(thing, code)), code
        return statement, ""

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


def _poisson(rng: random.Random, mean: float) -> int:
    """A Poisson count by Knuth's product of uniforms, from Python's generator so that it is the same everywhere."""
    count, product, limit = 0, rng.random(), math.exp(-mean)
    while product > limit:
        count, product = count + 1, product * rng.random()
    return count
