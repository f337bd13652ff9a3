"""Every number that a page states is found where it comes from. The manual for authors:

`python scripts/prose_numbers.py PAGE...` lists the numbers of a page that nothing supports; `--write` adds the anchors
that are beyond doubt. Read are all numbers of two or more significant digits in Markdown, captions and alt texts
(prose_text.py says what is no such number: code, references, names, dates, displayed equations). A number is found

1. in the output of a code cell *beside* its text: the code cells up to the next Markdown cell, before and after it;
   for a caption or an alt text the cell itself and the code cells around it. Text in a figure counts if it is equal;
   an explorer does not, nor does an output that is "illustrative". An exercise with its solution is one such place. A
   number of three digits may stand anywhere in its section, one of four digits anywhere on the page;
2. as a setting in the source of one of these cells, equal and not merely rounded: `steps=200` is exact by construction;
3. as the result of arithmetic that the sentence itself shows, as in $0.02 \\cdot 64 = 1.28$;
4. where the cell's metadata send it, farther away:

       "numbers": {"0.31": "train-ends",                        the output of the cell with this id
                   "1.6": "train-ends: LoRA+",                  the lines of it that contain "LoRA+"
                   "1.7": "train-ends line 3, number 2",        one line of it, or one number of a line
                   "200": "code of train-ends",                 a setting in its source (or: in lines of it)
                   "2,048": "data/olmo_sizes.csv: OLMo 7B; width",  the rows with this value; their column width
                   "63": "data/results/truncation.json: settings.meetings",    a place in a file of results
                   "7.3": "given: the reader's screen"}         a reason, where nothing prints it; at most three a page

   A key is the number as it is written. A list of places is allowed, where one number stands for several things.
   In a Markdown page (`.md`) the same object stands in a comment: `<!-- numbers: {"7.3": "given: ..."} -->`.

A printed number supports a stated one if it rounds to it: 0.3127 supports 0.31 and 31 %, 8,537,680,896 supports
8.5 billion, and neither supports a number with more digits than it has. After "more than" or "below" it must be a bound
within one unit of the last digit; after "about" the zeros that end a whole number need not be exact.

Few places for each number are what makes the test see one that drifted: where more than a tenth of the changes of a
digit would be found as well, the test asks for a line. `--write` adds most of these lines by itself; `--propose` shows
them, and guesses where the numbers that are found nowhere may come from.
"""

import csv
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from prose_match import is_computed, output_text, printed, supports
from prose_text import prose_numbers

ROOT = Path(__file__).resolve().parents[2]
MOST_GIVEN = 3
LABEL = re.compile(r"\s*\*Reproduces:\s*(.*?)\*", re.DOTALL)  # under an output: how closely it comes out again
LEVEL = "95"  # of every interval in the book, in percent
CODE = re.compile(r"^(?P<fence>`{3,}|~{3,})(?:.*\n)*?(?P=fence)", re.M)
COMMENT = re.compile(r"<!--\s*numbers:\s*(\{(?:.|\n)*?\})\s*-->")
PLACE = re.compile(
    r"(?P<code>code of )?(?P<id>[a-z0-9-]+)(?: line (?P<line>\d+)(?:, number (?P<which>\d+))?|: (?P<words>.+))?$"
)


@dataclass
class Statement:
    """A number that a page states, with the text around it and the cell it stands in."""

    cell: int
    part: str
    text: str
    number: object

    @property
    def key(self):
        """The number as metadata name it."""
        return self.number.text.replace("{,}", ",").replace("\\,", ",")


class Page:
    """A page with its numbers and the places where they may come from."""

    def __init__(self, name, cells):
        self.name, self.cells = name, cells
        shown = {i: output_text(cell) for i, cell in enumerate(cells) if cell["cell_type"] == "code"}
        self.outputs = {i: text for i, (text, _) in shown.items()}
        self.figures = {i: text for i, (_, text) in shown.items()}
        self.pools = {}

    def texts(self):
        """(cell, part, text) of all that is prose."""
        for i, cell in enumerate(self.cells):
            if cell["cell_type"] == "markdown":
                yield i, "text", "".join(cell["source"])
                continue
            shown = cell["metadata"].get("mystnb", {})
            yield i, "caption", shown.get("figure", {}).get("caption", "")
            yield i, "alt", shown.get("image", {}).get("alt", "")

    def statements(self):
        """Every number the page states."""
        return [Statement(i, part, text, number) for i, part, text in self.texts() for number in prose_numbers(text)]

    def anchors(self, cell):
        """{number: where it comes from} of a cell, each place as a list."""
        given = self.cells[cell]["metadata"].get("numbers", {})
        return {key: place if isinstance(place, list) else [place] for key, place in given.items()}

    def near(self, cell, digits):
        """The code cells where a number is looked for: beside it, from 3 digits in its section, from 4 on the page."""
        if digits >= 4:
            return list(self.outputs)
        first, last = self.exercise(cell) or ((cell, cell) if digits < 3 else self.section(cell))
        while first - 1 in self.outputs:
            first -= 1
        while last + 1 in self.outputs:
            last += 1
        return [i for i in range(first, last + 1) if i in self.outputs]

    def exercise(self, cell):
        """The first and the last cell of the exercise that a cell is part of, its solution included; or None."""
        marks = ["".join(each["source"]) if each["cell_type"] == "markdown" else "" for each in self.cells]
        starts = [i for i, text in enumerate(marks) if "{exercise-start}" in text and i <= cell]
        ends = [i for i, text in enumerate(marks) if "{solution-end}" in text]
        if not starts or any(starts[-1] <= end < cell for end in ends):
            return None
        return starts[-1], min([end for end in ends if end >= cell], default=cell)

    def section(self, cell):
        """The first and the last cell between the headings around a cell."""
        headings = [i for i, each in enumerate(self.cells) if each["cell_type"] == "markdown" and has_heading(each)]
        starts = "".join(self.cells[cell]["source"]).startswith("#") and cell in headings
        first = cell if starts else max([i for i in headings if i < cell], default=0)
        return first, min([i for i in headings if i > cell], default=len(self.cells)) - 1

    def source(self, cell, kind):
        """The text of a code cell's output, or its code."""
        return self.outputs[cell] if kind == "output" else "".join(self.cells[cell]["source"])

    def pool(self, cell, kind, line=None, words=""):
        """The numbers of a code cell's output or code: of all lines, of one, or of those with some words."""
        key = (cell, kind, line, words)
        if key not in self.pools:
            lines = self.source(cell, kind).split("\n")
            lines = [lines[line - 1]] if line else [each for each in lines if words in each]
            if not lines:
                raise ValueError(f"no line there has the words {words!r}")
            self.pools[key] = printed("\n".join(lines), exact=kind == "code")
            if kind == "output" and not line and not words:
                self.pools[key] += printed(self.figures[cell], exact=True)
        return self.pools[key]

    def is_of_this_run(self, cell):
        """Whether an output is called illustrative: it has other numbers on the next machine, and supports nothing."""
        after = next((each for each in self.cells[cell + 1 :] if each["cell_type"] == "markdown"), None)
        label = LABEL.match("".join(after["source"])) if after else None
        return bool(label and "illustrative" in label[1])

    def place(self, place):
        """The numbers of a place that metadata name; raises ValueError where there is none."""
        if place.startswith("data/"):
            return data_numbers(place)
        match = PLACE.match(place)
        ids = {self.cells[i]["id"]: i for i in self.outputs}
        if not match or match["id"] not in ids:
            raise ValueError(f"{place!r} is no code cell of this page")
        cell, kind, line = ids[match["id"]], "code" if match["code"] else "output", int(match["line"] or 0)
        if line > len(self.source(cell, kind).split("\n")):
            raise ValueError(f"{place!r} is beyond the last line")
        pool = self.pool(cell, kind, line, match["words"] or "")
        return pool if not match["which"] else pool[int(match["which"]) - 1 : int(match["which"])]

    def is_found(self, statement, places=None):
        """Whether a stated number is supported; places are its anchors, by default those of the cell."""
        if places is None:
            places = self.anchors(statement.cell).get(statement.key)
        if places:
            return any(
                place.startswith("given: ") or any(supports(each, statement.number) for each in self.place(place))
                for place in places
            )
        near = [
            self.pool(i, kind)
            for i in self.near(statement.cell, statement.number.digits)
            for kind in ("output", "code")
            if kind == "code" or not self.is_of_this_run(i)
        ]
        return any(supports(each, statement.number) for pool in near for each in pool) or (
            is_computed(statement.text, statement.number) or is_level(statement)
        )


def is_level(statement):
    """Whether a number is the level of the book's intervals, the default of llmbook.metrics.intervals."""
    text, number = statement.text, statement.number
    paragraph = text[: number.start].rpartition("\n\n")[2] + text[number.start :].partition("\n\n")[0]
    return statement.key == LEVEL and number.scale == 100 and "interval" in paragraph.lower()


def has_heading(cell):
    """Whether a Markdown cell has a heading."""
    return bool(re.search(r"^#{1,6} ", CODE.sub("", "".join(cell["source"])), re.M))


@lru_cache
def data_numbers(place):
    """The numbers that a place `data/FILE: SELECTION` holds."""
    name, _, selection = place.partition(":")
    path = ROOT / name
    if not path.is_file():
        raise ValueError(f"{name} does not exist")
    wanted = [each.strip() for each in selection.split(";") if each.strip()]
    if not wanted:
        raise ValueError(f"{place!r} names a file; name the row as well: `{name}: VALUE; COLUMN`")
    found = rows_of(path, wanted) if path.suffix == ".csv" else fields_of(path, wanted[0])
    if not found:
        raise ValueError(f"{place!r} selects nothing")
    return printed("\n".join(found))


def rows_of(path, wanted):
    """The fields of the rows that have all the wanted values, only in the wanted columns if any are named."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = [each for each in wanted if rows and each in rows[0]]
    values = set(wanted) - set(columns)
    rows = [row for row in rows if values <= set(row.values())]
    return [row[column] or "" for row in rows for column in columns or row]


def fields_of(path, pointer):
    """The text of a place in a JSON file, named with dots."""
    found = json.loads(path.read_text(encoding="utf-8"))
    for step in pointer.split("."):
        found = found[int(step)] if isinstance(found, list) else found[step]
    return [json.dumps(found)]
