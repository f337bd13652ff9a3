"""The page of a whole class: how many reached what, which checks fail, and which misconceptions lead."""

import re
from collections import Counter
from collections.abc import Sequence

from matplotlib.figure import Figure

from llmbook.classroom.feedback import clean, page
from llmbook.classroom.gradebook import safe_name
from llmbook.classroom.grading import Result
from llmbook.exercises.report import FAIL, PASS, TODO
from llmbook.plots.style import PALETTE, new_figure, styled, to_svg

MOST_BARS = 12
LONGEST = 70
PREFIX = re.compile(r"^your (result|function) (is|has)[^:]*: ")


def overview_page(results: Sequence[Result], chapter: str) -> str:
    """The HTML page of all results."""
    count = len(results)
    parts = [f"<p>{count} submission{'s' if count != 1 else ''} of the exercises of {clean(chapter)}.</p>"]
    failed, heard = failures(results), misconceptions(results)
    parts += ["<h2>Checks that fail</h2>", to_svg(plot_checks(failed, count)) if failed else "<p>None.</p>"]
    parts += ["<h2>Misconceptions</h2>", to_svg(plot_misconceptions(heard, count)) if heard else "<p>None.</p>"]
    items = "".join(f"<li>{clean(hint)} ({number})</li>" for hint, number in heard[:MOST_BARS])
    return page(f"Overview of {chapter}", [*parts, f"<ol>{items}</ol>" if items else "", _table(results)])


def failures(results: Sequence[Result]) -> list[tuple[str, int, int]]:
    """(exercise and check, how many failed it, how many did not attempt it), the most failed first."""
    counts = {name: Counter(each.status for result in results for each in result.outcomes if _name(each) == name)
              for name in dict.fromkeys(_name(each) for result in results for each in result.outcomes)}  # fmt: skip
    found = [(name, count[FAIL], count[TODO]) for name, count in counts.items() if count[FAIL]]
    return sorted(found, key=lambda row: -row[1])


def misconceptions(results: Sequence[Result]) -> list[tuple[str, int]]:
    """(hint, how many students it was told), the most frequent first; numbers of their own are left out of it."""
    heard: Counter[str] = Counter()
    for result in results:
        failed = [each for each in result.outcomes if each.status == FAIL and _is_hint(each.message)]
        heard.update({f"{each.exercise}: {PREFIX.sub('', each.message)}" for each in failed})
    return heard.most_common()


def _is_hint(message: str) -> bool:
    """Whether a message names a misconception, and not only a difference or an error."""
    return ", expected " not in message and not re.match(r"your (function|code|process)|there is no|calling ", message)


@styled
def plot_checks(rows: Sequence[tuple[str, int, int]], students: int) -> Figure:
    """Bars of the checks that fail most: how many of the class failed, and how many did not attempt them."""
    shown = rows[:MOST_BARS][::-1]
    figure, ax = new_figure(size=(8.0, 1.2 + 0.42 * len(shown)))
    names = [_short(name) for name, _, _ in shown]
    failed, left = [row[1] for row in shown], [row[2] for row in shown]
    ax.barh(range(len(shown)), failed, color=PALETTE["vermillion"], label="failed")
    ax.barh(range(len(shown)), left, left=failed, color=PALETTE["gray"], hatch="//", label="not attempted")
    return _finish(figure, ax, names, students, legend=True)


@styled
def plot_misconceptions(rows: Sequence[tuple[str, int]], students: int) -> Figure:
    """Bars of the hints that most students were told."""
    shown = rows[:MOST_BARS][::-1]
    figure, ax = new_figure(size=(8.0, 1.2 + 0.42 * len(shown)))
    ax.barh(range(len(shown)), [count for _, count in shown], color=PALETTE["blue"])
    return _finish(figure, ax, [_short(name) for name, _ in shown], students, legend=False)


def _finish(figure: Figure, ax: object, names: Sequence[str], students: int, *, legend: bool) -> Figure:
    """The axes of both plots; a text with a dollar sign is no formula."""
    ax.set_yticks(range(len(names)), [name.replace("$", r"\$") for name in names], fontsize=9)
    ax.set_xlim(0, max(students, 1))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set_xlabel("students")
    ax.grid(visible=False, axis="y")
    if legend:
        ax.legend(loc="lower right")
    return figure


def _short(text: str) -> str:
    plain = "".join(each if each.isprintable() else " " for each in text)
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 4] + " ..."


def _name(outcome: object) -> str:
    return f"{outcome.exercise}: {outcome.title}"


def _table(results: Sequence[Result]) -> str:
    rows = "".join(
        f"<tr><td><a href='feedback/{safe_name(result.student)}.html'>{clean(result.student)}</a></td>"
        f"<td>{result.status}</td><td>{result.score:g}</td>"
        f"<td>{sum(each.status == PASS for each in result.outcomes)}</td><td>{clean(result.note)}</td></tr>"
        for result in results
    )
    head = "".join(f"<th>{word}</th>" for word in ("student", "status", "score", "checks passed", "note"))
    return f"<table><tr>{head}</tr>{rows}</table>"
