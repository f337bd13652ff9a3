"""Every number that a page states is found where it comes from. The manual for authors:

`python scripts/prose_numbers.py PAGE...` lists the numbers of a page that nothing supports; `--write` adds the anchors
that are beyond doubt. Read are all numbers of two or more significant digits in Markdown, captions and alt texts
(prose_text.py says what is no such number: code, references, names, dates, displayed equations). A number is found

1. in the output of a code cell *beside* its text: the code cells up to the next Markdown cell, before and after it,
   and for a caption or an alt text the cell itself and the code cells around it; text in a figure counts as output;
2. as a setting in the source of one of these cells, equal and not merely rounded: `steps=200` is exact by construction;
3. as the result of arithmetic that the sentence itself shows, as in $0.02 \\cdot 64 = 1.28$;
4. where the cell's metadata send it, farther away:

       "numbers": {"0.31": "train-ends",                        the output of the cell with this id
                   "1.6": "train-ends line 3",                  one line of it
                   "200": "code of train-ends",                 a setting in its source
                   "2,048": "data/olmo_sizes.csv: OLMo 7B; width",  the rows with this value; their column width
                   "63": "data/results/truncation.json: settings.meetings",    a place in a file of results
                   "7.3": "given: the reader's screen"}         a reason, where nothing prints it; at most three a page

   A key is the number as it is written. A list of places is allowed, where one number stands for several things.
   In a Markdown page (`.md`) the same object stands in a comment: `<!-- numbers: {"7.3": "given: ..."} -->`.

A printed number supports a stated one if it rounds to it: 0.3127 supports 0.31 and 31 %, 8,537,680,896 supports
8.5 billion, and neither supports a number with more digits than it has. After "about", "more than" and the like the
last digit may be off by less than one. Few places for each number are what makes the test see a number that drifted.
"""

import csv
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from prose_text import numbers_in, prose_numbers

ROOT = Path(__file__).resolve().parents[2]
MOST_GIVEN = 3
HEADING_OR_CODE = re.compile(r"^(?P<fence>`{3,}|~{3,})(?:.*\n)*?(?P=fence)|<!--(?:.|\n)*?-->", re.M)
COMMENT = re.compile(r"<!--\s*numbers:\s*(\{(?:.|\n)*?\})\s*-->")
PLACE = re.compile(r"(?P<code>code of )?(?P<id>[a-z0-9-]+)(?: line (?P<line>\d+))?$")


@dataclass(frozen=True)
class Printed:
    """A number of a source: value, unit of the last digit, and whether only equality counts (a setting in code)."""

    value: float
    step: float
    exact: bool = False


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


def printed(text, exact=False):
    """The numbers of what a cell prints, or of its source, each as a tuple of Printed; percent count as shares, too."""
    found = []
    for each in numbers_in(text):
        found.append(Printed(each.value, each.step, exact))
        if each.scale == 100:
            found.append(Printed(each.value / 100, each.step / 100, exact))
    return found


def supports(source, number):
    """Whether a printed number rounds to a stated one, in its own unit or in that of the statement."""
    for scale in {1.0, number.scale}:
        value, step = source.value * scale, source.step * scale
        distance = abs((value if number.value < 0 else abs(value)) - number.value)
        if source.exact and distance <= 1e-9 * abs(number.value):
            return True
        if source.exact or step > number.step * 1.000001:
            continue
        if distance <= number.step / 2 * 1.000000001 or (number.loose and distance < number.step * 0.999999):
            return True
    return False


def output_text(cell):
    """All that a reader sees of the output of an executed cell, the words of its figures included."""
    texts = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        html, svg = "".join(data.get("text/html", "")), "".join(data.get("image/svg+xml", ""))
        if 'class="explorer' in html:
            continue  # hundreds of frames: nearly any number stands in one of them
        texts.append("".join(output.get("text", "")))
        texts.append(re.sub(r"<[^>]+>", " ", html))
        texts.append("\n".join(re.findall(r"<!--(.*?)-->", svg)))  # matplotlib's glyphs, with their words beside them
        texts.append("" if html or svg else "".join(data.get("text/plain", "")))
    return "\n".join(text for text in texts if text)


class Page:
    """A page with its numbers and the places where they may come from."""

    def __init__(self, name, cells):
        self.name, self.cells = name, cells
        self.outputs = {i: output_text(cell) for i, cell in enumerate(cells) if cell["cell_type"] == "code"}
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

    def beside(self, cell):
        """The code cells beside a cell, up to the next Markdown cell before and after."""
        found = [cell] if cell in self.outputs else []
        for step in (-1, 1):
            i = cell + step
            while i in self.outputs:
                found.append(i)
                i += step
        return found

    def pool(self, cell, kind="output", line=None):
        """The numbers of a code cell's output or source, or of one line of it."""
        key = (cell, kind, line)
        if key not in self.pools:
            text = self.outputs[cell] if kind == "output" else "".join(self.cells[cell]["source"])
            self.pools[key] = printed(text if line is None else text.split("\n")[line - 1], exact=kind == "source")
        return self.pools[key]

    def place(self, place):
        """The numbers of a place that metadata name; raises ValueError where there is none."""
        if place.startswith("data/"):
            return data_numbers(place)
        match = PLACE.match(place)
        ids = {self.cells[i]["id"]: i for i in self.outputs}
        if not match or match["id"] not in ids:
            raise ValueError(f"{place!r} is no code cell of this page")
        lines = self.outputs[ids[match["id"]]].split("\n")
        if match["line"] and int(match["line"]) > len(lines):
            raise ValueError(f"{place!r}: the output has {len(lines)} lines")
        return self.pool(
            ids[match["id"]], "source" if match["code"] else "output", int(match["line"]) if match["line"] else None
        )

    def is_found(self, statement, places=None):
        """Whether a stated number is supported; places are its anchors, by default those of the cell."""
        if places is None:
            places = self.anchors(statement.cell).get(statement.key)
        if places:
            return any(
                place.startswith("given: ") or any(supports(each, statement.number) for each in self.place(place))
                for place in places
            )
        near = [self.pool(i, kind) for i in self.beside(statement.cell) for kind in ("output", "source")]
        return any(supports(each, statement.number) for pool in near for each in pool) or is_computed(statement)


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


SUM = re.compile(r"(?:[\d.,\s()+*/^-]|\\cdot|\\times|\\,|\{,\}|[·×−])+$")


def is_computed(statement):
    """Whether a number is the result of arithmetic that its sentence shows: `2 \\cdot 11{,}008 = 22{,}016`."""
    paragraph = statement.text[: statement.number.start].rpartition("\n\n")[2]
    before = re.match(r"(.*?)(?:=|\\approx|≈)[\s$&*]*$", paragraph, re.S)
    shown = SUM.search(before[1].rstrip("$ ")) if before else None
    if not shown:
        return False
    try:
        value = compute(shown[0])
    except (SyntaxError, ValueError, ZeroDivisionError, OverflowError):
        return False
    return value is not None and supports(Printed(value, 0.0), statement.number)


def compute(written):
    """The value of written arithmetic with two numbers or more, or None."""
    plain = re.sub(r"\{,\}|\\,|(?<=\d),(?=\d{3})", "", written)
    plain = re.sub(r"\\cdot|\\times|[·×]", "*", plain).replace("^", "**").replace("−", "-").strip(" ,.-+\n")
    if len(re.findall(r"\d+(?:\.\d+)?", plain)) < 2 or not re.fullmatch(r"[\d.\s()+*/-]+", plain) or len(plain) > 80:
        return None
    if re.search(r"\*\*\s*\d{3}|\*\*.*\*\*", plain):
        return None
    return float(eval(plain, {"__builtins__": {}}))  # digits and operators only, see above
