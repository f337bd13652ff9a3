"""Read the plans of lessons: their headings, the minutes of their rows, the questions and exercises that they name."""

import re
from dataclasses import dataclass

HEADING = re.compile(r"^## (\d+) minutes: (.+)$", re.MULTILINE)
ROW = re.compile(r"^\| (\d+) \| (.+) \|$", re.MULTILINE)
TABLE = re.compile(r"^\| min \| what happens \|\n\| ---: \| --- \|\n((?:\|.*\n)+)", re.MULTILINE)
EXERCISE = re.compile(r"\{ref\}`(?:[^`<]*<)?((?:tt|dora|olmo|gemma)-(?:ex|q)-[\w-]+)>?`")
PARTS = ("**Goal.**", "**From the book.**", "**Needs.**", "**Exit ticket.**")


@dataclass(frozen=True)
class Plan:
    """One lesson."""

    minutes: int
    title: str
    text: str
    rows: tuple

    @property
    def sum(self):
        """The minutes of its rows."""
        return sum(minutes for minutes, _ in self.rows)


def plans(text):
    """The plans of a page."""
    pieces = HEADING.split(text)[1:]
    found = []
    for minutes, title, body in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        table = TABLE.search(body)
        rows = tuple((int(number), what) for number, what in ROW.findall(table[1] if table else ""))
        found.append(Plan(int(minutes), title, body, rows))
    return found


def faults(plan):
    """What is wrong with a plan."""
    found = [f"its minutes are {plan.sum}"] if plan.sum != plan.minutes else []
    found += [f"it lacks {part}" for part in PARTS if part not in plan.text]
    if not plan.rows or not plan.rows[-1][1].startswith("**Exit ticket.**"):
        found.append("it does not end with the exit ticket")
    if not any("**Vote.**" in what for _, what in plan.rows):
        found.append("nobody votes")
    if not any("**Demo.**" in what for _, what in plan.rows):
        found.append("nothing is shown")
    return found
