"""The page of a whole class: how many reached what, which checks fail, and which misconceptions lead."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from matplotlib.figure import Figure

from llmbook.classroom.feedback import clean, page
from llmbook.classroom.gradebook import safe_name
from llmbook.classroom.grading import Graded, Result
from llmbook.exercises.report import FAIL, PASS, TODO
from llmbook.plots.style import PALETTE, new_figure, styled, to_svg

MOST_BARS = 12
LONGEST = 70
MEANING = {
    "not attempted": "handed in the starters as they were, or under other names", "timeout": "some code did not end",
    "memory": "some code took too much memory", "processes": "some code started too many processes",
    "garbled": "some code wrote into the channel to the grader, which hardly happens by accident",
    "crashed": "some code ended its process", "unreadable": "no notebook: ask for the file with the ending .ipynb",
    "not graded": "the grader failed: no mark, run it again",
}  # fmt: skip
"""What a status tells a teacher."""
PREFIX = re.compile(r"^your (result|function) (is|has)[^:]*: ")


def overview_page(results: Sequence[Result], chapter: str, titles: Mapping[str, str] = MappingProxyType({})) -> str:
    """The HTML page of all results, with the titles that the students' notebooks give to the exercises."""
    results = [replace(result, outcomes=tuple(_titled(each, titles) for each in result.outcomes)) for result in results]
    count = len(results)
    parts = [f"<p>{count} submission{'s' if count != 1 else ''} of the exercises of {clean(chapter)}. {_marks(results)}"
             "</p>", *_look_at(results)]  # fmt: skip
    failed, heard = failures(results), misconceptions(results)
    parts += ["<h2>Checks that fail</h2>", _more(failed), _untouched(results)]
    parts += [to_svg(plot_checks(failed, count)) if failed else "<p>None.</p>"]
    parts += ["<h2>Misconceptions</h2>", to_svg(plot_misconceptions(heard, count)) if heard else "<p>None.</p>"]
    items = "".join(f"<li>{clean(hint)} ({number})</li>" for hint, number in heard[:MOST_BARS])
    return page(f"Overview of {chapter}", [*parts, f"<ol>{items}</ol>" if items else "", _table(results)])


def _more(failed: Sequence[tuple[str, int, int]]) -> str:
    """How many checks the drawing leaves out."""
    return f"<p>The {MOST_BARS} that fail most, of {len(failed)}.</p>" if len(failed) > MOST_BARS else ""


def _untouched(results: Sequence[Result]) -> str:
    """The exercises that nobody attempted: no drawing shows them."""
    tried = {each.exercise: False for result in results for each in result.outcomes}
    tried |= {each.exercise: True for result in results for each in result.outcomes if each.status != TODO}
    left = [clean(name) for name, attempted in tried.items() if not attempted]
    return f"<p>Nobody attempted: {'; '.join(left)}.</p>" if left and any(tried.values()) else ""


def _titled(outcome: Graded, titles: Mapping[str, str]) -> Graded:
    return replace(outcome, exercise=titles.get(outcome.exercise, outcome.exercise))


def _marks(results: Sequence[Result]) -> str:
    """The middle of those who attempted something, in a sentence."""
    scores = sorted(result.score for result in results if result.status not in ("not graded", "not attempted"))
    if not scores:
        return ""
    most = max(sum(each.points for each in result.outcomes) for result in results)
    low, middle, high = np.quantile(scores, (0.25, 0.5, 0.75))
    return (f"Of those who attempted something the median is {middle:.4g} of {most:g} points; the middle half has "
            f"{low:.4g} to {high:.4g}, the lowest {scores[0]:g}, the highest {scores[-1]:g}.")  # fmt: skip


def _look_at(results: Sequence[Result]) -> list[str]:
    """Who needs a look, by what happened; nothing if all went well."""
    items = []
    for status, meaning in MEANING.items():
        if names := [_link(result) for result in results if result.status == status]:
            items.append(f"<li><strong>{status}</strong> ({meaning}): {', '.join(names)}</li>")
    if names := [_link(result) for result in results if result.status == "ok" and not result.score]:
        items.append(f"<li><strong>no point</strong> (attempted, and nothing is right): {', '.join(names)}</li>")
    return ["<h2>Look at these</h2>", f"<ul>{''.join(items)}</ul>"] if items else []


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
    values = ", expected " in message or ", measured " in message
    return not (values or re.match(r"your (function|code|process)|there is no|calling |the check could not", message))


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
    first = len(shown)
    names = [f"{first - place}. {_short(name)}" for place, (name, _) in enumerate(shown)]  # as in the list below
    return _finish(figure, ax, names, students, legend=False)


def _finish(figure: Figure, ax: object, names: Sequence[str], students: int, *, legend: bool) -> Figure:
    """The axes of both plots; a text with a dollar sign is no formula."""
    ax.set_yticks(range(len(names)), [name.replace("$", r"\$") for name in names], fontsize=9)
    ax.set_xlim(0, max(students, 1))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set_xlabel("students")
    ax.grid(visible=False, axis="y")
    if legend:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)  # above: a long bar goes all the way to the right
    return figure


def _short(text: str) -> str:
    plain = "".join(each if each.isprintable() else " " for each in text)
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 4] + " ..."


def _name(outcome: object) -> str:
    return f"{outcome.exercise}: {outcome.title}"


def _link(result: Result) -> str:
    """The name of a student, which leads to the page that the student gets."""
    return f"<a href='feedback/{safe_name(result.student)}.html'>{clean(result.student)}</a>"


def _table(results: Sequence[Result]) -> str:
    rows = "".join(
        f"<tr><td>{_link(result)}</td><td>{result.status}</td><td>{result.score:g}</td>"
        f"<td>{sum(each.status == PASS for each in result.outcomes)} of {len(result.outcomes)}</td>"
        f"<td>{clean(result.note)}</td></tr>"
        for result in results
    )
    head = "".join(f"<th scope='col'>{word}</th>" for word in ("student", "status", "points", "checks passed", "note"))
    return f"<h2>Students</h2><table><tr>{head}</tr>{rows}</table>"
