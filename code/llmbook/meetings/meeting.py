"""What a meeting is: turns that were said, facts that are true in it, and the summaries a reader may ask for."""

import re
from dataclasses import dataclass

FACT_KINDS = ("decision", "action", "number", "date")
INSTRUCTIONS = {"short": ("decision",), "medium": ("decision", "action"), "long": FACT_KINDS}
"""How much a summary is asked to keep: the kinds of fact behind the sentence about the topic."""


@dataclass(frozen=True)
class Turn:
    """What one person says without being interrupted."""

    speaker: str
    text: str

    @property
    def line(self) -> str:
        """The turn as a transcript has it, ``Speaker: text``."""
        return f"{self.speaker}: {self.text}"


@dataclass(frozen=True)
class Fact:
    """Something that a summary should keep."""

    kind: str
    """One of ``FACT_KINDS``."""
    text: str
    """The fact in one plain sentence, as a reference summary would put it."""
    keys: tuple[str, ...]
    """Words that one line of a text must all contain, in lower case, to have kept the fact."""
    turn: int
    """Index of the turn that states it."""
    code_name: str = ""
    """What insiders said in place of one of the keys, if they did; nobody else can know what it means."""

    def is_in(self, text: str) -> bool:
        """Whether one line of a text has all of this fact's keys, as whole words."""
        return any(all(_stands_in(key, line) for key in self.keys) for line in text.lower().splitlines())


def _stands_in(words: str, line: str) -> bool:
    """Whether words occur, and not as a part of longer ones: 9 is not in 90."""
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", line) is not None


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
        return "\n".join(turn.line for turn in self.turns)

    @property
    def words(self) -> int:
        """Length of the transcript in words, speakers' names included."""
        return len(self.transcript.split())

    @property
    def topic_sentence(self) -> str:
        """What the meeting was about; every reference begins with it."""
        return f"The meeting was about {self.topic}."

    def kept_facts(self, instruction: str = "long") -> tuple[Fact, ...]:
        """The facts that a summary of this length keeps, in the order in which they were stated.

        Args:
            instruction: a key of ``INSTRUCTIONS``.

        Raises:
            ValueError: there is no such instruction.
        """
        if instruction not in INSTRUCTIONS:
            raise ValueError(f"unknown instruction {instruction!r}; choose one of {', '.join(INSTRUCTIONS)}")
        return tuple(fact for fact in self.facts if fact.kind in INSTRUCTIONS[instruction])

    def reference(self, instruction: str = "long") -> str:
        """The summary written from the facts, one sentence per line, as ROUGE-Lsum wants it; see :meth:`kept_facts`."""
        return "\n".join([self.topic_sentence, *(fact.text for fact in self.kept_facts(instruction))])
