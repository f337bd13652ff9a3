"""What is wrong with the numbers of a page, and how many changed digits the check would notice."""

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from page_caches import executed_page
from prose_numbers import COMMENT, MOST_GIVEN, ROOT, Page, Statement
from prose_text import prose_numbers

ADVICE = (
    "Correct the number, print it in the cell beside it, or name its place in the metadata of its cell, as in "
    '"numbers": {"0.31": "cell-id"}; tests/book/prose_numbers.py tells the forms, scripts/prose_numbers.py helps.'
)
LEAST_CAUGHT = 0.9  # of the changes of one number; over the book it is far more
SURROUNDINGS = {"LLMBOOK_STATIC": "1", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


def read_page(path, kept=None):
    """A page of the book, a notebook with its outputs or a Markdown file."""
    path = Path(path).resolve()
    name = path.relative_to(ROOT).as_posix()
    if path.suffix == ".ipynb":
        return Page(name, executed(path, kept)["cells"])
    text = path.read_text(encoding="utf-8")
    comment = COMMENT.search(text)
    numbers = json.loads(comment[1]) if comment else {}
    return Page(name, [{"cell_type": "markdown", "id": "page", "source": text, "metadata": {"numbers": numbers}}])


def executed(path, kept=None):
    """A notebook with its outputs: those of the last build if it ran the same code, or of a run made for this.

    Args:
        path: the notebook.
        kept: a folder where runs are kept, and read as long as the code is the same, or None.
    """
    notebook = nbformat.read(path, nbformat.NO_CONVERT)
    own = kept and kept / f"{path.parent.name}-{path.name}"
    name = path.relative_to(ROOT).with_suffix("").as_posix()
    done = (own and from_folder(notebook, own)) or executed_page(ROOT, name) or run(path)
    if own:
        nbformat.write(done, own)
    outputs = iter([cell.outputs for cell in done.cells if cell.cell_type == "code"])
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = next(outputs)
    return notebook


def from_folder(notebook, path):
    """A run that was kept, if it ran the same code, or None."""
    done = nbformat.read(path, nbformat.NO_CONVERT) if path.exists() else None
    return done if done and code_of(done) == code_of(notebook) else None


def code_of(notebook):
    """The sources of all code cells."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def run(path):
    """Run a page in a process of its own, and keep nothing."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        command = [sys.executable, ROOT / "book" / "_ext" / "page_run.py", path, result, "300"]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **SURROUNDINGS})
        ran = json.loads(result.read_text(encoding="utf-8")) if done.returncode == 0 else {"fault": done.stderr}
        if ran.get("fault"):
            raise RuntimeError(f"{path} does not run: {ran['fault']}")
        return nbformat.reads(ran["notebook"], nbformat.NO_CONVERT)


@dataclass
class Verdict:
    """What the check says of one stated number, and how many changes of one digit it would notice."""

    statement: Statement
    fault: str = ""
    changed: int = 0
    caught: int = 0

    @property
    def is_loose(self):
        """Whether too many other numbers would be found as well."""
        return self.caught < LEAST_CAUGHT * self.changed


def examine(page):
    """A verdict on every number of a page.

    Its twin changes each digit of the number to every other digit. An anchor follows the number, so that only its place
    can notice the change; the key of a given number stays.
    """
    return [verdict_on(page, statement) for statement in page.statements()]


def verdict_on(page, statement):
    """The verdict on one stated number."""
    try:
        if not page.is_found(statement):
            return Verdict(statement, "is found nowhere")
    except (ValueError, KeyError, IndexError) as error:
        return Verdict(statement, f"has a place that is none: {error}")
    caught = [is_caught(page, statement, changed) for changed in changes(statement)]
    return Verdict(statement, "", len(caught), sum(caught))


def problems(page, verdicts):
    """Numbers without support, too loosely supported, anchors without number, too many given numbers; as lines."""
    lines = [line for verdict in verdicts for line in verdict_problems(page, verdict)]
    stated = {(each.statement.cell, each.statement.key) for each in verdicts}
    for i in range(len(page.cells)):
        for key in page.anchors(i):
            if (i, key) not in stated:
                lines.append(f"{page.name}, {page.cells[i]['id']}: its metadata name {key}, which is not stated there.")
    given = given_numbers(page)
    if len(given) > MOST_GIVEN:
        lines.append(f"{page.name}: {len(given)} given numbers ({', '.join(given)}); at most {MOST_GIVEN}. Print some.")
    return lines


def verdict_problems(page, verdict):
    """What is wrong with one stated number: nothing, or one line."""
    fault, missed = verdict.fault, verdict.changed - verdict.caught
    if not fault and not verdict.is_loose:
        return []
    fault = fault or f"could drift unseen ({missed} of {verdict.changed} changed digits are found, too): name the line"
    statement = verdict.statement
    where = f"{page.name}, {page.cells[statement.cell]['id']} ({statement.part})"
    return [f"{where}: {statement.key} in “{sentence(statement)}” {fault}."]


def sentence(statement):
    """The sentence of a stated number, on one line, with the number marked."""
    text, number = statement.text, statement.number
    start = max([0, *(m.end() for m in re.finditer(r"[.!?]\s+|\n\n", text[: number.start]))], default=0)
    end = re.search(r"[.!?](?:\s|$)|\n\n|$", text[number.end :]).start() + number.end + 1
    before, after = text[max(start, number.start - 120) : number.start], text[number.end : min(end, number.end + 80)]
    return " ".join(f"{before}[{number.text}]{after}".split())


def given_numbers(page):
    """The numbers of a page that are given with a reason."""
    places = [(key, place) for i in range(len(page.cells)) for key, all_ in page.anchors(i).items() for place in all_]
    return sorted({key for key, place in places if place.startswith("given: ")})


def changes(statement):
    """Texts in which one digit of the number is another one; no number begins with a new zero."""
    text, number = statement.text, statement.number
    for i in range(number.start, number.end):
        others = "0123456789".replace(text[i], "") if text[i].isdigit() else ""
        for digit in others:
            if not (digit == "0" and i == number.start and text[i + 1 : i + 2] not in (".", "")):
                yield text[:i] + digit + text[i + 1 :]


def is_caught(page, statement, changed):
    """Whether the check would report the changed text."""
    read = [each for each in prose_numbers(changed) if each.start == statement.number.start]
    if not read:
        return False
    places = page.anchors(statement.cell).get(statement.key)
    if places and any(place.startswith("given: ") for place in places):
        return True
    return not page.is_found(replace(statement, text=changed, number=read[0]), places or [])


def report(page, verdicts):
    """One line on a page: numbers, unsupported and loose ones, given ones, and the share of changes that is noticed."""
    bad, loose = sum(bool(each.fault) for each in verdicts), sum(each.is_loose for each in verdicts)
    counts = f"{len(verdicts)} numbers, {bad} found nowhere, {loose} loose, {len(given_numbers(page))} given"
    return f"{page.name}: {counts}; {share_caught(verdicts):.1%} of changed digits noticed"


def share_caught(verdicts):
    """The share of all changes of one digit that the check notices."""
    changed = sum(each.changed for each in verdicts)
    return sum(each.caught for each in verdicts) / changed if changed else 1.0


def book_pages():
    """Every page of the book that states numbers, by path."""
    found = [*ROOT.glob("chapters/*/*.ipynb"), *ROOT.glob("chapters/*/*.md"), *ROOT.glob("book/*.md")]
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)
