"""Propose the metadata that say where a number comes from, and write them into a notebook.

Conservative: an anchor is proposed only where one place is left. Numbers found beside their text are tightened to a
line if they could drift unseen; others are sent to the one cell of the page, or the one field of a row in `data/` whose
name stands in the sentence, that has them.
"""

import csv
import json
import re
from functools import lru_cache

from prose_check import ROOT, sentence, verdict_on
from prose_match import Printed, printed, supports
from prose_text import numbers_in


def proposals(page, verdicts):
    """{cell: {number: place}} for the numbers that are found nowhere, or loosely, and have one place that is tight."""
    found, refused = {}, set()
    for verdict in verdicts:
        cell, key = verdict.statement.cell, verdict.statement.key
        if key in page.anchors(cell) or not (verdict.fault or verdict.is_loose):
            continue
        place = best_place(page, verdict.statement, far=verdict.statement.number.digits > 2)
        if place is None or found.get(cell, {}).get(key, place) != place:
            refused.add((cell, key))
        else:
            found.setdefault(cell, {})[key] = place
    return {
        cell: kept
        for cell, places in found.items()
        if (kept := {key: place for key, place in places.items() if (cell, key) not in refused})
        and all(holds(page, cell, key, place, verdicts) for key, place in kept.items())
    }


def hints(page, verdicts):
    """Lines that say where the numbers that are found nowhere may come from; by chance as often as not."""
    lines = []
    for verdict in verdicts:
        place = best_place(page, verdict.statement, far=True) if verdict.fault else None
        if place:
            lines.append(f"perhaps, in {page.cells[verdict.statement.cell]['id']}: {verdict.statement.key} <- {place}")
    return lines


def holds(page, cell, key, place, verdicts):
    """Whether a place supports every statement of a number in a cell."""
    return all(
        page.is_found(verdict.statement, [place])
        for verdict in verdicts
        if (verdict.statement.cell, verdict.statement.key) == (cell, key)
    )


def best_place(page, statement, far):
    """The tightest place of the one cell, or of the one field in `data/`, that supports a number; None if in doubt.

    Args:
        page: the page.
        statement: the number.
        far: whether to look on the whole page as well.
    """
    near = page.near(statement.cell, statement.number.digits)
    everywhere = [(page.outputs, "output"), (page.outputs, "code")]
    for cells, kind in [(near, "output"), (near, "code"), *(everywhere if far else [])]:
        lines = supporting_lines(page, statement, cells, kind)
        related = [each for each in lines if is_related(statement, each[2])]
        if cells is near and len(lines) == 1:
            related = lines
        place = tightest(page, statement, related, kind)
        if place:
            return place
    fields = data_fields(page, statement)
    return fields[0] if len(fields) == 1 else None


def supporting_lines(page, statement, cells, kind):
    """(cell, index, text) of the lines of some cells that support a number."""
    lines = [(cell, i, text) for cell in cells for i, text in enumerate(page.source(cell, kind).split("\n"))]
    exact = kind == "code"
    return [each for each in lines if any(supports(number, statement.number) for number in printed(each[2], exact))]


def is_related(statement, line):
    """Whether a line and the sentence of a number have a longer word in common."""
    said = {word.rstrip("s") for word in re.findall(r"[a-z]{4,}", sentence(statement).lower())}
    return any(word.rstrip("s") in said for word in re.findall(r"[a-z]{4,}", line.lower()))


def tightest(page, statement, lines, kind):
    """The place, of some lines, where the most changed digits would be noticed; None if in doubt."""
    if len({cell for cell, _, _ in lines}) > 1 and statement.number.digits < 3:
        return None
    fit = []
    for cell, i, text in lines:
        prefix = ("code of " if kind == "code" else "") + page.cells[cell]["id"]
        whole = prefix + label(page.source(cell, kind).split("\n"), i)
        numbers = [Printed(each.value, each.step, kind == "code") for each in numbers_in(text)]
        which = [k for k, each in enumerate(numbers, start=1) if supports(each, statement.number)]
        for place in [whole, *([f"{prefix} line {i + 1}, number {which[0]}"] if len(which) == 1 else [])]:
            verdict = judged(page, statement, place)
            if not verdict.fault and not verdict.is_loose:
                fit.append((place != whole, -verdict.caught, cell > statement.cell, abs(cell - statement.cell), place))
    return min(fit)[-1] if fit else None


def judged(page, statement, place):
    """The verdict on a statement as if its metadata named a place."""
    metadata = page.cells[statement.cell]["metadata"]
    before = dict(metadata)
    metadata["numbers"] = {statement.key: place}
    try:
        return verdict_on(page, statement)
    finally:
        metadata.clear()
        metadata.update(before)


def label(lines, i):
    """How an anchor names a line: by the words it begins with, if no other line has them, else by its number."""
    words = re.match(r"[^\d]*", lines[i])[0].strip(" .,:;=+-−|[({'\"")
    is_unique = len(words) > 2 and sum(words in line for line in lines) == 1
    return f": {words}" if is_unique else f" line {i + 1}"


def data_fields(page, statement):
    """Places in the tables of `data/` that support a number of three digits, in a row whose name the sentence has."""
    text, places = sentence(statement), set()
    for name, row in data_rows() if statement.number.digits > 2 else ():
        names = [value for value in row.values() if re.match(r"[A-Za-z][\w .+-]{4,}$", value or "") and value in text]
        for column, value in row.items():
            numeric = re.fullmatch(r"-?[\d.]+(e-?\d+)?", value or "")
            if names and numeric and any(supports(each, statement.number) for each in printed(value)):
                places.add(f"data/{name}: {max(names, key=len)}; {column}")
    return [place for place in sorted(places) if not judged(page, statement, place).is_loose]


@lru_cache
def data_rows():
    """(file, row) of all tables in `data/`."""
    found = []
    for path in sorted((ROOT / "data").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found += [(path.name, row) for row in csv.DictReader(file)]
    return found


def write(path, proposed):
    """Add proposed anchors to the metadata of a notebook; nothing else in the file changes. Return how many."""
    raw = path.read_text(encoding="utf-8")
    notebook = json.loads(raw)
    if dumped(notebook) != raw:
        raise ValueError(
            f"{path} is not formatted as the book's notebooks are (indent 1, no escapes): nothing is written"
        )
    for cell, places in proposed.items():
        notebook["cells"][cell]["metadata"].setdefault("numbers", {}).update(places)
    if proposed:
        path.write_text(dumped(notebook), encoding="utf-8")
    return sum(len(places) for places in proposed.values())


def dumped(notebook):
    """A notebook as it stands in a file."""
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
