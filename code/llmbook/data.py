"""The tables of the book: published figures in CSV files, each row with its source and its status.

They lie in ``data/`` of a checkout and in ``llmbook/_data`` of an installed wheel. ``data/README.md`` says where every
file comes from. Numbers are parsed, empty cells are None, and everything else stays text.
"""

import csv
import math
import re
from pathlib import Path

STATUSES = ("VERIFIED", "COMPUTED", "VERIFIED_SECONDARY")
"""How a row is known: read at its source, calculated from such rows, or read in another's account of the source."""

Cell = str | int | float | None
PACKAGE = Path(__file__).resolve().parent
FOLDERS = (PACKAGE / "_data", PACKAGE.parents[1] / "data")  # in a wheel, in a checkout
INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
DECIMAL = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][+-]?\d+)?", re.ASCII)
MOST_DIGITS = 400
AGAIN = "take the file again from the repository of the book, or install llmbook again"


def data_folder() -> Path:
    """The folder that holds the tables.

    Raises:
        FileNotFoundError: the package was installed without them.
    """
    for folder in FOLDERS:
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"no tables in {' or '.join(map(str, FOLDERS))}; install llmbook again")


def tables() -> list[str]:
    """The names of all tables, sorted."""
    return sorted(path.stem for path in data_folder().glob("*.csv"))


def data_path(name: str) -> Path:
    """Where a table lies, or the folder of a stored model.

    Args:
        name: of a table, with or without ``.csv``; or of a model, such as ``models/meetings-olmo``.

    Raises:
        FileNotFoundError: there is no such table or model; the message lists those that exist.
    """
    if name.startswith("models/"):
        return _model_path(name)
    stem = name.removesuffix(".csv")
    if stem not in tables():
        raise FileNotFoundError(f"no table {stem!r}; choose one of {', '.join(tables())}")
    return data_folder() / f"{stem}.csv"


def _model_path(name: str) -> Path:
    """The folder of a small model that comes with the book; models of a family are in a folder of their own."""
    top = data_folder()
    known = {path.parent.relative_to(top).as_posix(): path.parent for path in top.glob("models/**/config.json")}
    if name not in known:
        raise FileNotFoundError(f"no model {name!r}; choose one of {', '.join(sorted(known)) or '(none is stored)'}")
    return known[name]


def read_table(name: str) -> list[dict[str, Cell]]:
    """Read a table.

    Args:
        name: with or without ``.csv``.

    Returns:
        A dict per row. A cell that is a number as a whole becomes an int or a float, an empty one becomes None.

    Raises:
        FileNotFoundError: there is no such table.
        ValueError: the file is no table in UTF-8, it is empty, a column has no name or the name of another, a row has
            more or fewer cells than the header, or a number is too large or too small for a float. The message names
            the file, and the row.
    """
    path = data_path(name)
    header, *lines = _lines(path) or [[]]
    if not lines or not any((header, *lines)):
        raise ValueError(f"{path.name} is empty: a table has a header and at least one row; {AGAIN}")
    if "" in map(str.strip, header) or len(set(header)) < len(header):
        raise ValueError(f"{path.name}: every column needs a name of its own, but the header is {str(header)[:300]}")
    return [_row(header, cells, f"{path.name}, row {number} after the header")
            for number, cells in enumerate(lines, start=1)]  # fmt: skip


def _lines(path: Path) -> list[list[str]]:
    """The cells of each line; some editors begin a file with a byte-order mark, which belongs to no cell."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.reader(file, strict=True))
    except (OSError, csv.Error, UnicodeDecodeError) as error:  # a folder of that name, or one who may not read it
        raise ValueError(f"{path.name} is no table in UTF-8 ({error}); {AGAIN}") from None


def _row(header: list[str], cells: list[str], where: str) -> dict[str, Cell]:
    if len(cells) != len(header):
        raise ValueError(
            f"{where}: {len(cells)} cells, but the header has {len(header)}; put \"...\" around a cell with a comma"
        )
    try:
        return dict(zip(header, map(parse_cell, cells), strict=True))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def parse_cell(text: str) -> Cell:
    """A number if the whole cell is one, None if it is empty, else the text; "4,096" and "3T" stay text.

    Raises:
        ValueError: a number of more than ``MOST_DIGITS`` digits, or one that a float would make infinite or 0.
    """
    text = text.strip()
    if INTEGER.fullmatch(text):
        if len(text) > MOST_DIGITS:
            raise ValueError(f"{text[:20]}... has {len(text)} digits, more than any number of the book")
        return int(text)
    if DECIMAL.fullmatch(text):
        return _float(text)
    return text or None


def _float(text: str) -> float:
    value = float(text)
    vanished = value == 0 and re.search("[1-9]", re.split("[eE]", text)[0])
    if math.isinf(value) or vanished:
        raise ValueError(f"{text[:40]} is too {'small' if vanished else 'large'} for a float, which would be {value}")
    return value
