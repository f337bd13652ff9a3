"""How far a reader is: every exercise of a chapter with its checks, as an object that shows itself."""

from dataclasses import dataclass
from html import escape

from llmbook.exercises.report import EDGES, FAIL, PASS, TODO, Report

MARKS = {PASS: "■", FAIL: "▣", TODO: "□"}
WORDS = {PASS: "done", FAIL: "not right yet", TODO: "not attempted"}


@dataclass(frozen=True)
class Progress:
    """The reports of some exercises, drawn as a line for each with a square for each check."""

    reports: tuple[Report, ...]

    @property
    def done(self) -> int:
        """How many exercises have every point."""
        return sum(report.passed for report in self.reports)

    @property
    def _summary(self) -> str:
        points = sum(report.points for report in self.reports)
        most = sum(report.possible_points for report in self.reports)
        return f"{self.done} of {len(self.reports)} exercises done, {points:g} of {most:g} points"

    def __repr__(self) -> str:
        width = max((len(report.name) for report in self.reports), default=0)
        lines = [f"  {report.name:{width}}  {_squares(report)}  {WORDS[report.status]}" for report in self.reports]
        return "\n".join([self._summary, *lines])

    def _repr_html_(self) -> str:
        rows = "".join(map(_row, self.reports))
        table = f"<table style='border-collapse:collapse;margin-top:0.4em'>{rows}</table>"
        return f"<div class='check-progress'><p style='margin:0'><strong>{self._summary}</strong></p>{table}</div>"


def _squares(report: Report) -> str:
    return "".join(MARKS[outcome.status] for outcome in report.outcomes)


def _row(report: Report) -> str:
    """A line of the table; the words carry the meaning, color and squares only repeat it."""
    squares = f"<span aria-hidden='true' style='color:{EDGES[report.status]}'>{_squares(report)}</span>"
    cells = (escape(report.name), squares, WORDS[report.status])
    return "<tr>" + "".join(f"<td style='text-align:left;padding:0 1em 0 0'>{cell}</td>" for cell in cells) + "</tr>"
