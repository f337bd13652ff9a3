"""Workplaces whose matters are composed: every thing of a workplace with every verb, so that nothing repeats soon.

The hand-written workplaces of ``domains.py`` know six tasks each, which a model learns by heart. Here a workplace is a
list of things, and 14 things with 12 verbs are 168 tasks. A model that summarizes a workplace it has never read about
has to copy the things from the transcript. What it cannot copy are code names: insiders say "the goat" and a summary
has to say "the delivery van", which only the summaries of that workplace can teach.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from llmbook.meetings.domains import DOMAINS, Domain

VERBS = ("check", "clean", "photograph", "measure", "insure", "label", "test", "order a part for", "find a price for",
         "write a note about", "ask a friend about", "make a drawing of")  # fmt: skip
OPTIONS = (
    ("repair it", "replace it"), ("rent it", "buy it"), ("move it to the first floor", "leave it where it is"),
    ("paint it green", "paint it blue"), ("sell it", "keep it for another year"), ("open it to visitors", "close it"),
)  # fmt: skip
MEASURES = (
    ("the {thing} costs {{}} euros a month", "{thing} costs", 20, 900),
    ("we got {{}} questions about the {thing}", "about the {thing}", 2, 99),
    ("the {thing} is {{}} days late", "{thing} is", 2, 60),
)
JARGON = (("the rota", "the list of shifts"), ("a huddle", "a short talk"), ("the float", "the cash for change"),
          ("the red list", "the list of what is late"))  # fmt: skip


class ComposedDomain(Domain):
    """A domain with many more tasks than dates, which draws the kind of a fact first, so that no kind is rare."""

    def draw(self, rng: random.Random, kinds: Sequence[str], count: int) -> list[tuple[str, tuple]]:
        """So many different matters, their kinds equally likely as long as a kind has any left."""
        left = {kind: [matter for of, matter in self.matters(kinds) if of == kind] for kind in kinds}
        drawn = []
        for _ in range(count):
            kind = rng.choice([kind for kind in kinds if left[kind]])
            drawn.append((kind, left[kind].pop(rng.randrange(len(left[kind])))))
        return drawn


@dataclass(frozen=True)
class Workplace:
    """The words of a composed domain."""

    things: tuple[str, ...]
    events: tuple[str, ...]
    code_names: tuple[tuple[str, str], ...]
    """What insiders say, and which of the things they mean."""

    def domain(self) -> ComposedDomain:
        """Compose every verb, option and measure with every thing."""
        matters = (*(f"the plan for {event}" for event in self.events), *(f"the old {thing}" for thing in self.things))
        return ComposedDomain(
            topics=matters,
            choices=tuple((f"the {thing}", *options) for thing, options in product(self.things, OPTIONS)),
            tasks=tuple(f"{verb} the {thing}" for thing, verb in product(self.things, VERBS)),
            metrics=tuple((pattern.format(thing=thing), word.format(thing=thing), low, high)
                          for thing, (pattern, word, low, high) in product(self.things, MEASURES)),
            jargon=JARGON,
            events=self.events,
            code_names=tuple((code, f"the {thing}") for code, thing in self.code_names),
        )  # fmt: skip


WORKPLACES = {
    "airport": Workplace(
        ("luggage belt", "control tower", "runway light", "fuel truck", "boarding gate", "snow plow", "parking deck",
         "customs desk", "passenger bridge", "weather mast", "duty-free shop", "taxi stand", "fire engine",
         "hangar door"),
        ("the night closure", "the noise hearing", "the safety drill", "the summer timetable"),
        (("the snake", "luggage belt"), ("the candle", "control tower"), ("Big Red", "fire engine")),
    ),
    "bakery": Workplace(
        ("bread oven", "flour silo", "mixing bowl", "cooling rack", "cake counter", "dough roller", "cream machine",
         "shop awning", "coffee corner", "yeast fridge", "sugar store", "bread slicer", "paper bag", "wedding cake"),
        ("the street party", "the hygiene visit", "the apprentice day", "the Easter order"),
        (("the dragon", "bread oven"), ("the well", "mixing bowl"), ("the guillotine", "bread slicer")),
    ),
    "farm": Workplace(
        ("milk tank", "hay barn", "potato field", "apple press", "chicken house", "water pump", "electric fence",
         "seed drill", "manure pit", "farm shop", "grain dryer", "cattle trailer", "beehive row", "garden tractor"),
        ("the open farm day", "the organic audit", "the sheep auction", "the harvest dinner"),
        (("the cathedral", "hay barn"), ("Uncle Bob", "garden tractor"), ("the hotel", "chicken house")),
    ),
    "hotel": Workplace(
        ("breakfast buffet", "swimming pool", "front desk", "laundry room", "key card", "minibar", "elevator",
         "roof terrace", "wine cellar", "conference hall", "guest bathroom", "bicycle rack", "piano bar",
         "ice machine"),
        ("the wedding fair", "the fire inspection", "the staff party", "the winter opening"),
        (("the lagoon", "swimming pool"), ("the bridge", "front desk"), ("the old lady", "elevator")),
    ),
    "library": Workplace(
        ("book drop", "reading room", "picture archive", "lending desk", "map cabinet", "magazine shelf", "audio booth",
         "card catalog", "copy machine", "study carrel", "rare book", "book bus", "quiet corner", "scanner"),
        ("the author evening", "the book sale", "the inventory week", "the school visit"),
        (("the aquarium", "reading room"), ("the elephant", "book bus"), ("the mouth", "book drop")),
    ),
    "museum": Workplace(
        ("glass case", "dinosaur model", "ticket counter", "cloakroom", "video guide", "marble floor", "storage vault",
         "mummy room", "coin collection", "climate sensor", "gift shop", "lecture hall", "picture frame",
         "sculpture yard"),
        ("the night of museums", "the donor dinner", "the restoration week", "the new exhibition"),
        (("Rosie", "dinosaur model"), ("the fridge", "storage vault"), ("the beach", "sculpture yard")),
    ),
    "school": Workplace(
        ("gym hall", "chemistry lab", "school bell", "music room", "lunch counter", "sports field", "reading corner",
         "computer cart", "art studio", "bike shed", "exam folder", "lost-property box", "stage curtain",
         "school garden"),
        ("the parents' evening", "the science fair", "the sports day", "the class trip"),
        (("the oven", "gym hall"), ("the kitchen", "chemistry lab"), ("the zoo", "bike shed")),
    ),
    "theater": Workplace(
        ("lighting desk", "orchestra pit", "costume store", "prompt box", "smoke machine", "box office", "scene lift",
         "rehearsal stage", "makeup room", "velvet seat", "ballet floor", "sound booth", "poster wall", "delivery van"),
        ("the dress rehearsal", "the season opening", "the guest show", "the ticket presale"),
        (("the goat", "delivery van"), ("the volcano", "smoke machine"), ("the grave", "orchestra pit"),
         ("the spaceship", "lighting desk"), ("the wardrobe", "costume store"), ("the pulpit", "prompt box")),
    ),
}  # fmt: skip
COMPOSED = {name: workplace.domain() for name, workplace in WORKPLACES.items()}
ALL_DOMAINS: dict[str, Domain] = DOMAINS | COMPOSED
"""Every workplace that ``generate_meeting`` can be asked for. Without a wish it takes one of ``DOMAINS``."""
