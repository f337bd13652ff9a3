"""How people state a fact: what is said aloud, the plain sentence for a summary, and the words that must survive.

Each function takes the source of chance, the matter, and who speaks, and returns a :class:`Statement`. With repairs,
some speakers say a wrong value first and correct themselves, as people do; the fact is the last thing that they say.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from llmbook.meetings.domains import MONTHS, REPAIRS, WEEKDAYS


class Statement(NamedTuple):
    """A fact as it is said and as it is written."""

    spoken: str
    written: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Saying:
    """Who says it, and how."""

    rng: random.Random
    speaker: str
    owner: str
    """Who has to do it, where something is to be done."""
    repairs: float = 0.0
    """How often a value is said wrong first."""

    def value(self, choose: Callable[[random.Random], str]) -> tuple[str, str]:
        """A value as it is said, perhaps after a wrong one, and as it is."""
        value = choose(self.rng)
        if not self.repairs or self.rng.random() >= self.repairs:
            return value, value
        wrong = next(other for other in iter(lambda: choose(self.rng), None) if other != value)
        return f"{wrong}, {self.rng.choice(REPAIRS)}, {value}", value


def state_decision(saying: Saying, matter: tuple[str, str, str]) -> Statement:
    """Settle a matter for one of two options."""
    subject, first, second = matter
    chosen = saying.rng.choice((first, second))
    spoken = f"On {subject}, we could {first} or {second}. Let's decide: we {chosen}."
    return Statement(spoken, f"On {subject}, the group decided to {chosen}.", (subject, chosen))


def state_action(saying: Saying, task: str) -> Statement:
    """Give somebody a task with a day."""
    said, day = saying.value(lambda rng: rng.choice(WEEKDAYS))
    own = saying.speaker == saying.owner
    spoken = f"I'll {task} by {said}." if own else f"{saying.owner}, can you {task} by {said}?"
    return Statement(spoken, f"{saying.owner} will {task} by {day}.", (saying.owner, task, day))


def state_number(saying: Saying, matter: tuple[str, str, int, int]) -> Statement:
    """Report a number."""
    pattern, word, low, high = matter
    said, value = saying.value(lambda rng: str(rng.randint(low, high)))
    written = pattern.format(value)
    return Statement(f"As of today, {pattern.format(said)}.", written[0].upper() + written[1:] + ".", (word, value))


def state_date(saying: Saying, event: str) -> Statement:
    """Set a date."""
    said, day = saying.value(lambda rng: f"{rng.choice(MONTHS)} {rng.randint(1, 28)}")
    return Statement(f"Please note, {event} is on {said}.", f"{event[0].upper()}{event[1:]} is on {day}.", (event, day))


STATEMENTS: dict[str, Callable[[Saying, Sequence], Statement]] = {
    "decision": state_decision, "action": state_action, "number": state_number, "date": state_date,
}  # fmt: skip
"""For each kind of fact: the function that states it."""
