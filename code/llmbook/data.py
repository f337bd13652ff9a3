"""The tables of the book: published figures in CSV files, each row with its source and its status.

They lie in ``data/`` of a checkout and in ``llmbook/_data`` of an installed wheel. ``data/README.md`` says where every
file comes from. Numbers are parsed, empty cells are None, and everything else stays text.
"""

import csv
import re
from pathlib import Path

STATUSES = ("VERIFIED", "COMPUTED", "VERIFIED_SECONDARY")
"""How a row is known: read at its source, calculated from such rows, or read in another's account of the source."""

Cell = str | int | float | None
PACKAGE = Path(__file__).resolve().parent
FOLDERS = (PACKAGE / "_data", PACKAGE.parents[1] / "data")  # in a wheel, in a checkout
INTEGER = re.compile(r"[+-]?\d+")
DECIMAL = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][+-]?\d+)?")


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
        ValueError: a row has more or fewer cells than the header.
    """
    path = data_path(name)
    with path.open(newline="", encoding="utf-8") as file:
        header, *lines = csv.reader(file)
    for number, cells in enumerate(lines, start=1):
        if len(cells) != len(header):
            raise ValueError(
                f"{path.name}, row {number} after the header: {len(cells)} cells, but the header has {len(header)}; "
                'put "..." around a cell with a comma'
            )
    return [dict(zip(header, map(parse_cell, cells), strict=True)) for cells in lines]


def parse_cell(text: str) -> Cell:
    """A number if the whole cell is one, None if it is empty, else the text; "4,096" and "3T" stay text."""
    text = text.strip()
    if INTEGER.fullmatch(text):
        return int(text)
    if DECIMAL.fullmatch(text):
        return float(text)
    return text or None
