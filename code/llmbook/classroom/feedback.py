"""The page that a student gets: what each check says, and the head of what the notebook printed. Nothing of it is code
of a check, and every text of the submission is escaped."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from types import MappingProxyType

from llmbook.classroom.grading import Graded, Result
from llmbook.exercises.report import EDGES, PASS, TODO

LOG = 4000
"""Characters of output that are shown."""
LOOK = """body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1B2330}
h2{font-size:1.1rem;margin:1.4rem 0 .3rem}ul{margin:.2rem 0;padding-left:1.2rem}li{margin:.2rem 0}
pre{background:#f4f5f7;padding:.6rem;overflow:auto;white-space:pre-wrap}
table{border-collapse:collapse}td,th{padding:.2rem .7rem;text-align:left;border-bottom:1px solid #D5D9E0}
svg{max-width:100%;height:auto}"""
SAID = {
    "timeout": "Some of your code took too long.", "memory": "Some of your code took too much memory.",
    "processes": "Some of your code started too many processes.", "crashed": "Some of your code ended its process.",
    "garbled": "Some of your code wrote into the channel to the grader.",
    "unreadable": "Your notebook could not be read. Save it in Jupyter, and hand in that file.",
    "not attempted": "Nothing was attempted yet.", "not graded": "The grader failed; ask your teacher.",
}  # fmt: skip


def feedback_page(result: Result, titles: Mapping[str, str] = MappingProxyType({})) -> str:
    """The HTML page of a result.

    Args:
        result: of one student.
        titles: of the exercises, by their names; one without a title is called by its name.
    """
    most = sum(outcome.points for outcome in result.outcomes)
    parts = [f"<p><strong>{result.score:g} of {most:g} points.</strong> {SAID.get(result.status, '')}</p>"]
    parts += [f"<p>{clean(result.note)}</p>"] if result.note else []
    for name, outcomes in groupby(result.outcomes, lambda outcome: outcome.exercise):
        parts.append(_exercise(titles.get(name, name), list(outcomes)))
    if result.log.strip():
        parts += ["<h2>What your notebook printed</h2>", f"<pre>{clean(result.log[:LOG])}</pre>"]
    return page(f"Feedback for {result.student}", parts)


def page(title: str, parts: Sequence[str]) -> str:
    """An HTML page that loads nothing and runs nothing."""
    policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    head = f"<!doctype html><html lang='en'><head><meta charset='utf-8'>{policy}"
    body = "\n".join([f"<h1>{clean(title)}</h1>", *parts])
    return f"{head}<title>{clean(title)}</title><style>{LOOK}</style></head><body>{body}</body></html>\n"


def clean(text: str) -> str:
    """A text for HTML, without markup and without half characters or controls."""
    plain = "".join(each if each.isprintable() or each == "\n" else " " for each in text)
    return escape(plain.encode("utf-8", "replace").decode())


def _exercise(name: str, outcomes: list[Graded]) -> str:
    earned, most = (sum(getattr(each, part) for each in outcomes) for part in ("earned", "points"))
    items = "".join(map(_item, outcomes))
    return f"<h2>{clean(name)} ({earned:g} of {most:g} points)</h2><ul>{items}</ul>"


def _item(outcome: Graded) -> str:
    """One check. Of a hidden one a student learns whether it passed, since its message may tell what it asks."""
    word = f"<strong style='color:{EDGES[outcome.status]}'>{outcome.status}</strong>"
    message = "" if outcome.hidden or outcome.status in (PASS, TODO) else f"<br>{clean(outcome.message)}"
    return f"<li>{word} {clean(outcome.title)}{' (hidden check)' if outcome.hidden else ''}{message}</li>"
