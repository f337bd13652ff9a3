"""What a check found, as an object that shows itself: text in a terminal, a list in a notebook or on a page."""

from dataclasses import dataclass, replace
from html import escape

PASS, TODO, FAIL = "PASS", "todo", "FAIL"
EDGES = {PASS: "#009E73", TODO: "#8A8A8A", FAIL: "#D55E00"}  # the words carry the meaning, the edge only repeats it


@dataclass(frozen=True)
class Outcome:
    """The outcome of one check."""

    title: str
    status: str
    message: str
    points: float

    def __str__(self) -> str:
        return f"{self.status}  {self.title}" + (f": {self.message}" if self.message else "")


@dataclass(frozen=True)
class Report:
    """The outcomes of all checks of an exercise."""

    name: str
    outcomes: tuple[Outcome, ...]

    @property
    def status(self) -> str:
        """FAIL if any check failed, else todo if any was not attempted, else PASS."""
        found = {outcome.status for outcome in self.outcomes}
        return next(status for status in (FAIL, TODO, PASS) if status in found or status == PASS)

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return self.status == PASS

    @property
    def points(self) -> float:
        """Points of the checks that passed."""
        return sum(outcome.points for outcome in self.outcomes if outcome.status == PASS)

    @property
    def possible_points(self) -> float:
        """Points of all checks."""
        return sum(outcome.points for outcome in self.outcomes)

    @property
    def _untouched(self) -> bool:
        return all(outcome.status == TODO for outcome in self.outcomes)

    @property
    def _summary(self) -> str:
        if self._untouched:
            return f"{self.name}: not attempted yet ({_count(self.possible_points)})"
        return f"{self.name}: {self.points:g} of {_count(self.possible_points)}"

    @property
    def _shown(self) -> list[Outcome]:
        """The outcomes with a message that repeats the one before it cut short; none if nothing was attempted."""
        before = ("", *(outcome.message for outcome in self.outcomes))
        shown = [
            replace(outcome, message="as above") if outcome.message and outcome.message == message else outcome
            for outcome, message in zip(self.outcomes, before, strict=False)
        ]
        return [] if self._untouched else shown

    def __repr__(self) -> str:
        return "\n".join([f"{self.status}  {self._summary}", *(f"  {outcome}" for outcome in self._shown)])

    def _repr_html_(self) -> str:
        head = f"<p style='margin:0'><strong>{self.status}</strong> {escape(self._summary)}</p>"
        items = "".join(map(_item, self._shown))
        listed = f"<ul style='margin:0.3em 0 0;padding-left:1.2em'>{items}</ul>" if items else ""
        edge = f"border-left:4px solid {EDGES[self.status]};padding:0.2em 0 0.2em 0.8em;text-align:left"
        return f"<div class='check-report' style='{edge}'>{head}{listed}</div>"


def _count(points: float) -> str:
    return f"{points:g} point" + ("" if points == 1 else "s")


def _item(outcome: Outcome) -> str:
    message = f"<br>{escape(outcome.message)}" if outcome.message else ""
    return f"<li><strong>{outcome.status}</strong> {escape(outcome.title)}{message}</li>"
