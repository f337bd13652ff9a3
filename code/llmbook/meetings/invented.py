"""Workplaces that exist for one meeting only: things with invented names, so that summarizing means copying.

A model that has read about seven workplaces knows their hundred things by heart and writes them wherever it is in
doubt. Large models have read about everything; a small one can at least be kept from learning by heart. Here every
meeting has things of its own, "the clabo shelf" or "the potato desk", and the only way to name them in a summary is
to copy them from the transcript. ``generate_meeting(seed, domain="mixed")`` uses this.
"""

import random
from collections.abc import Sequence

from llmbook.meetings.composed_domains import WORKPLACES, ComposedDomain, Workplace

MIXED = "mixed"
PUBLIC = tuple(sorted(set(WORKPLACES) - {"theater"}))
"""Workplaces that lend their words; the theater keeps to itself and is the one that nobody has read about."""
THINGS = [thing for name in PUBLIC for thing in WORKPLACES[name].things]
FIRST = sorted({thing.split()[0] for thing in THINGS if " " in thing})
LAST = sorted({thing.split()[-1] for thing in THINGS})
EVENTS = [event for name in PUBLIC for event in WORKPLACES[name].events]
ONSETS = (*"bcdfghjklmnprstvwz", "br", "ch", "cl", "cr", "dr", "fl", "fr", "gl", "gr", "pl", "pr", "sc", "sh", "sl",
          "sp", "st", "str", "th", "tr")  # fmt: skip
VOWELS = (*"aeiouaeo", "ea", "ou", "ai", "ee")
CODAS = (*("",) * 4, "n", "r", "l", "s", "t", "m", "ck", "ng", "st", "x", "nd")
THINGS_OF_A_MEETING = 6


def mixed_domain(rng: random.Random) -> ComposedDomain:
    """A workplace for one meeting. It has no code names: nobody could ever learn them."""
    things = dict.fromkeys(f"{_word(rng, FIRST, 0.4)} {_word(rng, LAST, 0.6)}" for _ in range(THINGS_OF_A_MEETING))
    events = dict.fromkeys(_event(rng) for _ in range(4))
    return Workplace(tuple(things), tuple(events), ()).domain()


def invented_word(rng: random.Random) -> str:
    """One or two syllables that can be spoken, and mean nothing."""
    syllables = rng.choice((1, 2, 2))
    return "".join(rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS) for _ in range(syllables))


def _word(rng: random.Random, known: Sequence[str], share: float) -> str:
    """A known word this often, else an invented one."""
    return rng.choice(known) if rng.random() < share else invented_word(rng)


def _event(rng: random.Random) -> str:
    """A known event or an invented one."""
    return rng.choice(EVENTS) if rng.random() < 0.5 else f"the {_word(rng, FIRST, 0.4)} {_word(rng, LAST, 0.6)}"
