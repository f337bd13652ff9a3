"""What people talk about in the synthetic meetings: plain tables, one entry per domain.

Everything here was written for this book; no name, product or figure refers to a real one.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

FIRST_NAMES = (
    "Aisha", "Ben", "Carla", "Deniz", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kavya", "Liam",
    "Mei", "Nadia", "Omar", "Priya", "Quinn", "Rosa", "Stefan", "Tara", "Uma", "Victor", "Wanda", "Yusuf",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
MONTHS = ("January", "February", "March", "April", "May", "June", "September", "October", "November")

OPENINGS = (
    "Okay, let's get started. Today is mostly about {topic}.",
    "Thanks for joining. The main thing on the list is {topic}.",
    "Right, can everybody hear me? Good. We need to talk about {topic}.",
)
CLOSINGS = (
    "Great, I think that's everything. Thanks, everyone.",
    "Okay, let's stop here. Talk to you next week.",
    "Good. I'll send the notes around this afternoon.",
)
AGREEMENTS = ("Yeah, that makes sense.", "Agreed.", "Fine with me.", "Okay, works for me.", "Sure, go ahead.")
DOUBTS = (
    "I'm not sure about that, to be honest.",
    "Hmm, what happens if it takes longer?",
    "We said something similar last month, didn't we?",
    "Is that really our biggest problem?",
)
DIGRESSIONS = (
    ("Did anyone else lose the connection this morning?", "Twice. I restarted the router and made tea."),
    ("By the way, the coffee machine is broken again.", "Again? It was fixed on Monday."),
    ("Sorry, that was my dog.", "He has strong opinions about meetings."),
    ("Is it just me, or is the room freezing?", "The window has been open since the weekend."),
    ("Who is bringing the cake for the anniversary?", "I thought you were."),
)
FILLERS = ("um, ", "uh, ", "you know, ", "I mean, ", "so, ", "well, ")
REPAIRS = ("no, sorry", "wait, no", "I mean", "sorry, that was last time")


@dataclass(frozen=True)
class Domain:
    """The vocabulary of one kind of workplace."""

    topics: tuple[str, ...]
    """What a meeting is about."""
    choices: tuple[tuple[str, str, str], ...]
    """A matter and two ways to settle it; the meeting decides for one of them."""
    tasks: tuple[str, ...]
    """What somebody promises to do, as a verb phrase."""
    metrics: tuple[tuple[str, str, int, int], ...]
    """A number that is reported: a sentence with a place for it, the word a summary needs, and its range."""
    jargon: tuple[tuple[str, str], ...]
    """A word that only insiders use, and the plain one; somebody always explains it."""
    events: tuple[str, ...] = ()
    """What gets a date."""
    code_names: tuple[tuple[str, str], ...] = ()
    """What insiders call a thing that facts are about, and its plain name. Nobody explains these."""

    def matters(self, kinds: Sequence[str]) -> list[tuple[str, tuple]]:
        """Everything that a fact of these kinds can be about, with the kind."""
        tables = {"decision": self.choices, "action": self.tasks, "number": self.metrics, "date": self.events}
        return [(kind, matter) for kind, table in tables.items() if kind in kinds for matter in table]

    def draw(self, rng: random.Random, kinds: Sequence[str], count: int) -> list[tuple[str, tuple]]:
        """So many different matters, all equally likely."""
        return rng.sample(self.matters(kinds), count)


DOMAINS = {
    "software": Domain(
        topics=("the release of the mobile app", "the move to the new database", "the outage of last week"),
        choices=(
            ("the release", "ship it in two parts", "wait for the whole package"),
            ("the old interface", "switch it off", "keep it for another quarter"),
            ("the search service", "rewrite it", "buy it from a vendor"),
            ("the tests", "run them at night", "run them on every change"),
        ),
        tasks=("write the migration script", "talk to the design team", "fix the login page",
               "measure the loading time", "update the status page", "draft the release notes"),
        metrics=(("the crash rate is {} percent", "crash rate", 1, 9), ("{} tickets are open", "tickets", 20, 180),
                 ("the app loads in {} seconds", "loads", 2, 14), ("we had {} sign-ups", "sign-ups", 300, 4000)),
        jargon=(("prod", "the live system"), ("the greenfield repo", "the new code base"),
                ("a P-one", "an urgent bug"), ("the canary", "the small test group")),
    ),
    "clinic": Domain(
        topics=("the new appointment system", "the waiting times", "the vaccination days"),
        choices=(
            ("the phone line", "open it one hour earlier", "move bookings to the web"),
            ("the night shift", "add a second nurse", "call the doctor in from home"),
            ("the lab", "send samples twice a day", "test them in the house"),
            ("the waiting room", "split it in two", "give patients a pager"),
        ),
        tasks=("call the supplier", "print the new forms", "train the front desk", "check the fridge alarm",
               "order more test kits", "ask the insurance about the codes"),
        metrics=(("the average wait is {} minutes", "wait", 12, 75), ("{} patients missed their slot", "missed", 5, 60),
                 ("{} people are on leave", "on leave", 2, 9), ("we gave {} vaccinations", "vaccinations", 80, 900)),
        jargon=(("triage", "the first check"), ("the chart", "the patient's record"),
                ("a no-show", "a missed appointment"), ("the crash cart", "the emergency trolley")),
    ),
    "retail": Domain(
        topics=("the spring sale", "the second shop", "the returns at the counter"),
        choices=(
            ("the opening hours", "open on Sundays", "close earlier on weekdays"),
            ("the supplier of boxes", "change to the local one", "renew the contract"),
            ("the loyalty card", "move it to the phone", "drop it"),
            ("the window display", "hire the artist again", "do it ourselves"),
        ),
        tasks=("count the stock", "compare the delivery prices", "prepare the price tags",
               "interview the two candidates", "call the landlord", "photograph the new products"),
        metrics=(("weekly sales are {} euros", "sales", 4000, 30000), ("{} items came back", "came back", 10, 240),
                 ("we counted {} visitors", "visitors", 200, 2600), ("{} coats are unsold", "coats", 15, 140)),
        jargon=(("the planogram", "the shelf plan"), ("shrink", "lost stock"),
                ("the gondola", "the middle shelf"), ("footfall", "the number of visitors")),
    ),
    "construction": Domain(
        topics=("the school roof", "the delay at the bridge", "the safety inspection"),
        choices=(
            ("the scaffolding", "rent it for another month", "take it down on one side"),
            ("the concrete", "pour it in one go", "pour it in three sections"),
            ("the crane", "move it to the north gate", "leave it where it is"),
            ("the cladding", "use timber", "use steel panels"),
        ),
        tasks=("call the inspector", "order the window frames", "update the site plan", "repair the fence",
               "check the weather for the pour", "collect the missing signatures"),
        metrics=(("the delay is {} days", "delay", 2, 45), ("the extra cost is {} euros", "extra cost", 1500, 60000),
                 ("{} workers are on site", "workers", 8, 60), ("there are {} open defects", "defects", 4, 70)),
        jargon=(("the snag list", "the list of defects"), ("a toolbox talk", "a short safety meeting"),
                ("the critical path", "the tasks that decide the date"), ("first fix", "the work before plaster")),
    ),
}  # fmt: skip
